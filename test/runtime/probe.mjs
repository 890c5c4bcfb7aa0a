/**
 * What every runtime computes, from nothing but the bundle's namespace: plain ECMAScript, no import, so the same text runs in
 * Node, Deno, Bun, a page, a worker and inside the standalone page.
 *
 * `bits` must come out identical everywhere. Each entry returns arrays or numbers; their bytes are hashed (FNV-1a, 2 x 32 bits).
 * To cover a new part, add an entry. Work small: each entry runs in about ten environments.
 */

/** FNV-1a over bytes, twice with different bases, as 16 hexadecimal digits. */
function hash(arrays) {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (const array of arrays) {
    const view = typeof array === "number" ? new Float64Array([array]) : array;
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    // Engines are free in the bits of a NaN.
    if (view.some(Number.isNaN)) throw new Error("NaN among the results");
    for (let i = 0; i < bytes.length; i++) {
      a = Math.imul(a ^ bytes[i], 0x01000193);
      b = Math.imul(b ^ bytes[i], 0x01000193);
    }
  }
  return [a, b].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** Points on a line through the plane of GMM-40, in raw units; made with exact arithmetic only. */
function points(n, dim = 2) {
  const data = new Float32Array(n * dim);
  for (let i = 0; i < data.length; i++) data[i] = ((i * 37) % 101) - 50 + i / 64;
  return { data, n, dim };
}

function filled(n, value) {
  return new Float32Array(n).fill(value);
}

const key = { a: 0x12345678, b: 0x9abcdef0 };

function noised(bnem, mode, quantity) {
  const energy = bnem.gaussianMixture({ components: 40, seed: 0 });
  const x = points(16);
  const variance = Float32Array.from({ length: 16 }, (_, i) => (i + 1) / 4);
  const result = energy.noised({ x, variance, mcSamples: 64, mode, key, quantity });
  return [result.energy, ...(result.score ? [result.score] : []), ...(result.mean ? [result.mean] : [])];
}

function schedule(make, options) {
  const s = make(options);
  const values = [];
  for (let i = 0; i <= 32; i++) {
    const t = i / 32;
    values.push(s.sigma(t), s.variance(t), i === 0 ? 0 : s.diffusion(t), s.timeOf(s.variance(t)));
  }
  return [Float64Array.from(values)];
}

/** The closed-form score of the noised mixture, so that the sampler is tested without a network. */
function exactModel(energy) {
  return { dim: energy.dim, score: async (x, variance) => energy.noisedExact(x, variance).score };
}

function samplerOptions(bnem, n) {
  const grid = bnem.edmGrid({ steps: 16, sigmaMin: 0.05, sigmaMax: 60 });
  return { n, key, draws: bnem.normalRows, grid, chunk: 24 };
}

/** A user's energy in plain arithmetic: a ring, with its gradient. */
function ring(bnem) {
  return bnem.customEnergy({
    name: "ring",
    dim: 2,
    evaluate(x, gradientOut) {
      const gap = x[0] * x[0] + x[1] * x[1] - 25;
      gradientOut[0] = 0.04 * gap * x[0];
      gradientOut[1] = 0.04 * gap * x[1];
      return 0.01 * gap * gap;
    },
  });
}

async function estimate(bnem, estimator, target) {
  const energy = target ?? bnem.gaussianMixture({ components: 40, seed: 0 });
  const schedule = bnem.geometricSchedule({ sigmaMin: 0.1, sigmaMax: 60 });
  const variance = Float32Array.from({ length: 16 }, (_, i) => (i + 1) / (target ? 1024 : 4));
  const x = target ? places(target, 16) : points(16);
  const request = { energy, schedule, x, variance, key, exact: true, progress: 0, memory: new Map() };
  return [(await estimator.estimate(request)).target];
}

/** Every energy with a kernel of its own but GMM-40, small. */
const energies = {
  "DW-4": (bnem) => bnem.doubleWell(),
  "LJ-13": (bnem) => bnem.lennardJones(),
  "LJ-55": (bnem) => bnem.lennardJones({ count: 55 }),
  "soft Lennard-Jones in the plane": (bnem) =>
    bnem.lennardJones({ count: 5, spatialDim: 2, pairCounting: "unordered", softCore: true, trap: 0.5 }),
  ManyWell: (bnem) => bnem.manyWell({ dim: 8 }),
  "Mueller-Brown": (bnem) => bnem.muellerBrown(),
  funnel: (bnem) => bnem.funnel({ dim: 3 }),
  rings: (bnem) => bnem.rings(),
  "two moons": (bnem) => bnem.twoMoons(),
  "modes 20 apart": (bnem) => bnem.gmm16(),
};

/** Configurations where the energy is small: particles about a grid with center of mass 0, anything else near the origin. */
function places({ dim, particles }, n, unit = 1.1) {
  const data = new Float32Array(n * dim);
  if (!particles) return { data: data.map((_, i) => (((i * 37) % 101) - 50) / 32), n, dim };
  const { count, spatialDim } = particles;
  const jitter = (i) => (((i * 37) % 101) - 50) / 1024;
  for (let i = 0; i < data.length; i++) {
    const axis = i % spatialDim;
    const particle = Math.floor(i / spatialDim) % count;
    data[i] =
      unit * [particle % 3, Math.floor(particle / 3) % (spatialDim === 2 ? 64 : 3), Math.floor(particle / 9)][axis] + jitter(i);
  }
  for (let row = 0; row < n; row++) {
    for (let axis = 0; axis < spatialDim; axis++) {
      let sum = 0;
      for (let i = row * dim + axis; i < (row + 1) * dim; i += spatialDim) sum += data[i];
      for (let i = row * dim + axis; i < (row + 1) * dim; i += spatialDim) data[i] -= sum / count;
    }
  }
  return { data, n, dim };
}

/** What every energy with kernels has: value, gradient, noised score, and moves without and with a tether. */
function rowsOf(name, make) {
  const moved = (energy, more) => {
    const x = places(energy, 12);
    const request = { x, key, step: 5, moves: 4, leapfrogs: 3, leapfrogsOdd: 2, stepSize: filled(12, 1 / 64), ...more };
    return Object.values(energy.hamiltonian(request)).map((value) => value.data ?? value);
  };
  return {
    [`${name}: energy and gradient`]: (bnem) => Object.values(make(bnem).energyAndGradient(places(make(bnem), 17))),
    [`${name}: noised`]: (bnem) => {
      const energy = make(bnem);
      const request = { x: places(energy, 9), variance: filled(9, 1 / 256), mcSamples: 32, mode: "antithetic", key };
      const { score, energy: values } = energy.noised({ ...request, quantity: "score" });
      return [score, values, energy.noised({ ...request, mode: "iid", quantity: "mean" }).mean];
    },
    [`${name}: moves`]: (bnem) => moved(make(bnem), { beta: Float32Array.from({ length: 12 }, (_, i) => 1 / (1 + i)) }),
    [`${name}: tethered moves`]: (bnem) => {
      const energy = make(bnem);
      return moved(energy, { center: places(energy, 12, 1.125), tether: filled(12, 1 / 32) });
    },
  };
}

async function chains(bnem, energy, move, more = {}) {
  const run = await bnem.runChains(energy, { chains: 8, steps: 12, warmup: 12, seed: 4, workers: 1, ...more, move });
  const found = run.diagnostics.flatMap((each) => Object.values(each).filter(Number.isFinite));
  return [run.x.data, run.energy, run.stepSize, ...found];
}

/** One batch of stationary targets on LJ-13, with chains as the trainer makes them. */
async function posteriorTargets(bnem) {
  const energy = bnem.lennardJones();
  const memory = new Map();
  const start = async (count) => {
    const run = await bnem.runChains(energy, { chains: count, steps: 1, warmup: 20, move: bnem.hmc(), seed: 1, workers: 1 });
    return { x: run.x, stepSize: run.stepSize, energyCalls: 0, nonFinite: 0 };
  };
  const tools = { equilibrate: start, hamiltonian: async (request) => bnem.hamiltonian(energy, request) };
  const estimator = bnem.posterior({ chains: 16, moves: 2, rowsPerLevel: 4 });
  const request = { energy, n: 12, low: 1e-4, high: 1, key, exact: true, progress: 0, memory, chains: tools };
  const { x, variance, target, slope } = await estimator.draw(request);
  return [x.data, variance, target, slope, ...memory.values()];
}

function priorValues(energy, prior) {
  const x = places(energy, 9);
  const values = prior.evaluate(
    x,
    Float32Array.from({ length: 9 }, (_, i) => (i * i + 1) / 64),
  );
  return [...Object.values(values), ...Object.values(prior.options)];
}

/** Metrics of DW-4 against chains: everything that is measured, averages and curves. */
async function particleMetrics(bnem) {
  const energy = bnem.doubleWell();
  const { x: reference } = await bnem.runChains(energy, { chains: 16, steps: 8, warmup: 20, move: bnem.hmc(), seed: 2 });
  const logWeights = Float64Array.from({ length: 24 }, (_, i) => i / 32);
  const found = await bnem.evaluate(places(energy, 24, 3), energy, { reference, logWeights, seed: 5, workers: 1 });
  const numbers = [];
  JSON.stringify(found, (_, value) => {
    if (typeof value === "number") numbers.push(value);
    return ArrayBuffer.isView(value) ? Array.from(value) : value;
  });
  return [Float64Array.from(numbers)];
}

/** Paths with a step variance from a pilot batch, driven by a prior. */
async function nuPaths(bnem, weighted) {
  const energy = bnem.doubleWell();
  const prior = bnem.twoBodyPrior(energy, { std: 1.75 });
  const model = { dim: energy.dim, score: async (x, variance) => prior.evaluate(x, variance).score };
  const schedule = bnem.geometricSchedule({ sigmaMin: 0.05, sigmaMax: 8 });
  const grid = bnem.edmGrid({ steps: 12, sigmaMin: 0.05, sigmaMax: 8 });
  const options = { n: 40, key, draws: bnem.normalRows, grid, chunk: 16, nu: 0.5, particles: energy.particles };
  const path = await bnem.reverseSde(model, weighted ? energy : undefined, schedule, options);
  return [path.x.data, ...(weighted ? [path.logWeights] : [])];
}

function proposed(bnem, proposal) {
  const energy = bnem.lennardJones({ count: 4 });
  const request = { x: places(energy, 5), variance: filled(5, 1 / 64), mcSamples: 32, mode: "iid", key, quantity: "score" };
  const result = bnem.noised(energy, { ...request, proposal });
  return [result.energy, result.score, result.fellBack, result.energyCalls];
}

const bits = {
  ...Object.assign({}, ...Object.entries(energies).map(([name, make]) => rowsOf(name, make))),
  "exact draws of other energies": (bnem) =>
    ["ManyWell", "funnel", "rings", "modes 20 apart"].flatMap((name) => {
      const { exact } = energies[name](bnem);
      return [exact.logZ, exact.sample(65, 3).data];
    }),
  "moves of a custom energy": (bnem) =>
    Object.values(bnem.hamiltonian(ring(bnem), { x: points(8), key, moves: 3, leapfrogs: 2, stepSize: filled(8, 0.01) })).map(
      (value) => value.data ?? value,
    ),
  "chains of HMC": (bnem) => chains(bnem, bnem.lennardJones(), bnem.hmc({ leapfrogs: 4 })),
  "chains of MALA": (bnem) => chains(bnem, bnem.doubleWell(), bnem.mala()),
  "chains of random walks": (bnem) => chains(bnem, bnem.funnel({ dim: 3 }), bnem.randomWalk()),
  "chains of NUTS": (bnem) => chains(bnem, bnem.manyWell({ dim: 8 }), bnem.nuts({ maxDepth: 4 })),
  "chains of tempering": (bnem) =>
    chains(bnem, bnem.doubleWell(), bnem.tempering({ replicas: 4, move: bnem.hmc({ leapfrogs: 3 }) })),
  "shifted proposals": (bnem) => proposed(bnem, "shifted"),
  "Laplace proposals": (bnem) => proposed(bnem, "laplace"),
  "posterior targets": posteriorTargets,
  "Gaussian prior": (bnem) => priorValues(bnem.doubleWell(), bnem.gaussianPrior(bnem.doubleWell())),
  "two-body prior": (bnem) => priorValues(bnem.doubleWell(), bnem.twoBodyPrior(bnem.doubleWell())),
  "Moreau prior": (bnem) => priorValues(bnem.lennardJones(), bnem.moreauPrior(bnem.lennardJones())),
  "metrics of particles": particleMetrics,
  "extended XYZ": (bnem) => {
    const energy = bnem.lennardJones();
    const x = places(energy, 5);
    const text = bnem.writeExtxyz(
      { x, energy: energy.energy(x), logWeights: Float64Array.of(0, 0.1, -1 / 3, 1e-7, 5) },
      energy.particles,
    );
    return [new TextEncoder().encode(text), bnem.readExtxyz(text).x.data];
  },
  "paths with a pilot": (bnem) => nuPaths(bnem, false),
  "weighted paths with a pilot": (bnem) => nuPaths(bnem, true),
  "estimator of NEM, particle by particle": (bnem) =>
    estimate(bnem, bnem.noisedEnergy({ perParticle: true }), bnem.lennardJones()),
  "random bits": (bnem) => [bnem.bits(key, 3, 5, 1001)],
  "uniforms and normals": (bnem) => [bnem.uniforms(key, 0, 1, 1001), bnem.normals(key, 2, 7, 1001)],
  "normal rows and perturbations": (bnem) => [
    bnem.normalRows(key, 1, 100, 33, 7).data,
    bnem.perturb(
      points(33, 3),
      Float32Array.from({ length: 33 }, (_, i) => i / 8),
      key,
      4,
    ).data,
  ],
  "exact noised energy and score": (bnem) => {
    const { energy, score } = bnem.gaussianMixture({ components: 40, seed: 0 }).noisedExact(points(33), filled(33, 2.5));
    return [energy, score];
  },
  "custom energy": (bnem) => {
    const { energy, gradient } = ring(bnem).energyAndGradient(points(33));
    return [energy, gradient];
  },
  "noised custom energy": (bnem) => [
    bnem.noised(ring(bnem), {
      x: points(8),
      variance: filled(8, 0.5),
      mcSamples: 32,
      mode: "antithetic",
      key,
      quantity: "energy",
    }).energy,
  ],
  "estimator of NEM": (bnem) => estimate(bnem, bnem.noisedEnergy({ mcSamples: 128, mode: "lattice" })),
  "estimator of iDEM": (bnem) => estimate(bnem, bnem.noisedScore({ mcSamples: 64, scoreClip: 20 })),
  "estimator of TweeDEM": (bnem) => estimate(bnem, bnem.tweedie({ mcSamples: 64 })),
  "weighted reverse diffusion": async (bnem) => {
    const energy = bnem.gaussianMixture({ components: 40, seed: 0 });
    const schedule = bnem.geometricSchedule({ sigmaMin: 0.05, sigmaMax: 60 });
    const path = await bnem.reverseSde(exactModel(energy), energy, schedule, {
      ...samplerOptions(bnem, 50),
      transition: bnem.bridge({ dataVariance: 1 }),
    });
    return [path.x.data, path.energy, path.logWeights];
  },
  "probability flow": async (bnem) => {
    const energy = bnem.gaussianMixture({ components: 40, seed: 0 });
    return [(await bnem.probabilityFlow(exactModel(energy), samplerOptions(bnem, 50))).x.data];
  },
  "exact draws": (bnem) => [bnem.gaussianMixture({ components: 40, seed: 0 }).exact.sample(257, 3).data],
  "energy and gradient": (bnem) => {
    const { energy, gradient } = bnem.gaussianMixture({ components: 40, seed: 0 }).energyAndGradient(points(101));
    return [energy, gradient];
  },
  "energy in 5 dimensions": (bnem) => {
    const means = { data: points(3, 5).data, n: 3, dim: 5 };
    return [bnem.gaussianMixture({ means, std: filled(3, 2), weights: [0.5, 0.3, 0.2] }).energy(points(33, 5))];
  },
  "noised energy, iid": (bnem) => noised(bnem, "iid", "energy"),
  "noised energy, antithetic": (bnem) => noised(bnem, "antithetic", "energy"),
  "noised energy, lattice": (bnem) => noised(bnem, "lattice", "energy"),
  "noised score, iid": (bnem) => noised(bnem, "iid", "score"),
  "noised score, lattice": (bnem) => noised(bnem, "lattice", "score"),
  "posterior mean, antithetic": (bnem) => noised(bnem, "antithetic", "mean"),
  "metrics and their floors": async (bnem) => {
    const energy = bnem.gaussianMixture({ components: 40, seed: 0 });
    const { metrics } = await bnem.evaluate(points(67), energy, { seed: 5 });
    return [Float64Array.from(Object.values(metrics).flatMap((m) => [m.value, m.floor, m.floorLimit]))];
  },
  "bytes of a reference set": async (bnem) => {
    const options = { n: 40, seed: 3, chains: 8, warmup: 40, pilotSteps: 40 };
    return [bnem.saveReference(await bnem.reference(bnem.doubleWell(), options))];
  },
  "geometric schedule": (bnem) => schedule(bnem.geometricSchedule, { sigmaMin: 0.01, sigmaMax: 60 }),
  "linear schedule": (bnem) => schedule(bnem.linearSchedule, { sigmaMax: 60 }),
  "quadratic schedule": (bnem) => schedule(bnem.quadraticSchedule, { sigmaMax: 60 }),
  "power schedule": (bnem) => schedule(bnem.powerSchedule, { sigmaMax: 60, exponent: 1.5 }),
  "cosine schedule": (bnem) => schedule(bnem.cosineSchedule, { sigmaMax: 60 }),
};

/** Runs every entry; a throw is reported under the entry's name, so one broken part does not hide the others. */
export async function probe(bnem) {
  await bnem.init();
  const hashes = {};
  for (const [name, compute] of Object.entries(bits)) {
    try {
      hashes[name] = hash(await compute(bnem));
    } catch (error) {
      hashes[name] = `threw ${error}`;
    }
  }
  return hashes;
}
