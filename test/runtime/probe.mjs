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

async function estimate(bnem, estimator) {
  const energy = bnem.gaussianMixture({ components: 40, seed: 0 });
  const schedule = bnem.geometricSchedule({ sigmaMin: 0.1, sigmaMax: 60 });
  const variance = Float32Array.from({ length: 16 }, (_, i) => (i + 1) / 4);
  const request = { energy, schedule, x: points(16), variance, key, exact: true, progress: 0, memory: new Map() };
  return [(await estimator.estimate(request)).target];
}

const bits = {
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
