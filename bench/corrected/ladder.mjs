/**
 * log Z of particles from Markov chains alone: rungs E_b = (1 - b) G + b E from a Gaussian G = |x|^2 / 2v (b = 0) to the target (b = 1), Hamiltonian
 * moves on every rung, exchange between neighbors, new independent draws at b = 0, and the acceptance ratio of all rungs together. For
 * Lennard-Jones clusters G is their trap, v = 1 / trap, so that b switches the pairs on.
 *
 * The measure is the Lebesgue measure of orthonormal coordinates on the mean-free subspace, of dimension d = (count - 1) spatialDim, where the
 * Gaussian has log Z = d / 2 log(2 pi v).
 */
import { chainDiagnostic, derive, hamiltonian, hmc, keyOf, normalRows, runChains, uniforms } from "bnem";
import { mbarOfBlocks } from "../support/mbar.mjs";

/** Blocks of ladders that share nothing: the error is their spread. */
const BLOCKS = 10;
const LEAPFROGS = { moves: 2, leapfrogs: 8, leapfrogsOdd: 5 };
const ACCEPTANCE = 0.8;

/** Ladders side by side, sweeps before and while draws are kept, and sweeps between two that are. */
const usual = { ladders: 100, warmup: 400, sweeps: 800, thin: 4 };
const quickly = { ladders: 20, warmup: 20, sweeps: 16, thin: 2 };

/** A few rungs to a decade while the pairs are little more than hard cores, then evenly, denser where a cluster condenses. */
const decades = (from, to, each) => {
  const count = Math.round(Math.log10(to / from) * each);
  return Array.from({ length: count }, (_, i) => from * (to / from) ** (i / count));
};
const evenly = (from, to, step) => {
  const count = Math.round((to - from) / step);
  return Array.from({ length: count }, (_, i) => from + ((to - from) * i) / count);
};

export const ladders = {
  dw4: { variance: 4, rungs: [0, ...decades(1e-4, 0.1, 4), ...evenly(0.1, 1, 0.1), 1] },
  lj13: {
    variance: 1,
    rungs: [0, ...decades(1e-6, 0.1, 2), ...evenly(0.1, 0.3, 0.05), ...evenly(0.3, 0.6, 0.03), ...evenly(0.6, 1, 0.05), 1],
  },
};

/** Mean-free draws of the Gaussian, [n, dim]. */
function gaussianDraws({ dim, particles }, variance, n, { key, at }) {
  const { spatialDim, count } = particles;
  const x = normalRows(key, at, 0, n, dim);
  const { data } = x;
  for (let row = 0; row < n; row++) {
    for (let axis = 0; axis < spatialDim; axis++) {
      let mean = 0;
      for (let i = 0; i < count; i++) mean += data[row * dim + i * spatialDim + axis] / count;
      for (let i = 0; i < count; i++) {
        const place = row * dim + i * spatialDim + axis;
        data[place] = Math.sqrt(variance) * (data[place] - mean);
      }
    }
  }
  return x;
}

/** All rungs of all ladders: row r ladders + c is rung r of ladder c. */
class Ladders {
  constructor(energy, { variance, rungs }, count, seed) {
    this.energy = energy;
    this.variance = variance;
    this.rungs = rungs;
    this.count = count;
    this.key = derive(keyOf(seed), "ladders");
    const rows = rungs.length * count;
    const rungOf = (row) => rungs[Math.floor(row / count)];
    this.beta = Float32Array.from({ length: rows }, (_, row) => rungOf(row) || rungs[1]);
    // The whole Gaussian at b = 1 is one without end.
    this.tether = Float32Array.from({ length: rows }, (_, row) => variance / Math.max(1e-12, 1 - rungOf(row)));
    this.stepSize = new Float32Array(rows).fill(0.1);
    this.center = { data: new Float32Array(rows * energy.dim), n: rows, dim: energy.dim };
    this.swapped = new Float64Array(rungs.length - 1);
    this.tried = new Float64Array(rungs.length - 1);
    this.sweeps = 0;
    this.calls = 0;
  }

  /** Every rung begins where short chains of the target are: from the Gaussian particles would begin on each other. */
  async begin(seed) {
    const { count, energy, rungs } = this;
    const made = await runChains(energy, { move: hmc(), chains: count, warmup: 100, steps: 1, seed });
    this.calls += made.energyCalls;
    const data = new Float32Array(rungs.length * made.x.data.length);
    for (let rung = 0; rung < rungs.length; rung++) data.set(made.x.data, rung * made.x.data.length);
    this.x = { data, n: rungs.length * count, dim: energy.dim };
  }

  move(adapting) {
    const { energy, key, beta, tether, center, stepSize, count, rungs } = this;
    const step = this.sweeps * LEAPFROGS.moves;
    const made = hamiltonian(energy, {
      x: this.x,
      key: derive(key, "moves"),
      step,
      ...LEAPFROGS,
      stepSize,
      beta,
      center,
      tether,
    });
    this.x = made.x;
    this.energies = made.energy;
    this.calls += made.energyCalls;
    if (!adapting) return;
    for (let rung = 0; rung < rungs.length; rung++) {
      const own = made.acceptance.subarray(rung * count, (rung + 1) * count);
      const mean = own.reduce((sum, value) => sum + value, 0) / count;
      stepSize.fill(stepSize[rung * count] * Math.exp(0.3 * (mean - ACCEPTANCE)), rung * count, (rung + 1) * count);
    }
  }

  /** Independent draws at b = 0. */
  renew() {
    const { energy, variance, count, key } = this;
    const fresh = gaussianDraws(energy, variance, count, { key: derive(key, "gaussian"), at: this.sweeps });
    this.x.data.set(fresh.data, 0);
    this.energies.set(energy.energy(fresh), 0);
    this.calls += count;
  }

  /** E - G of a row, the whole of what a swap and the acceptance ratio need. */
  difference(row) {
    const { x, energies, variance } = this;
    let square = 0;
    for (let i = row * x.dim; i < (row + 1) * x.dim; i++) square += x.data[i] * x.data[i];
    return energies[row] - square / (2 * variance);
  }

  /** Neighbors exchange with probability min(1, exp((b_i - b_j) (D_i - D_j))), even and odd pairs in turns. */
  exchange() {
    const { x, energies, rungs, count, key } = this;
    const draws = derive(key, "exchange");
    for (let ladder = 0; ladder < count; ladder++) {
      const chances = uniforms(draws, this.sweeps, ladder, rungs.length);
      for (let pair = this.sweeps % 2; pair + 1 < rungs.length; pair += 2) {
        const [a, b] = [pair * count + ladder, (pair + 1) * count + ladder];
        const exponent = (rungs[pair] - rungs[pair + 1]) * (this.difference(a) - this.difference(b));
        this.tried[pair]++;
        if (!(chances[pair] < Math.exp(Math.min(0, exponent)))) continue;
        this.swapped[pair]++;
        const kept = x.data.slice(a * x.dim, (a + 1) * x.dim);
        x.data.copyWithin(a * x.dim, b * x.dim, (b + 1) * x.dim);
        x.data.set(kept, b * x.dim);
        [energies[a], energies[b]] = [energies[b], energies[a]];
      }
    }
  }

  async sweep(adapting) {
    this.move(adapting);
    this.renew();
    this.exchange();
    this.sweeps++;
    // The machine's other work gets a turn.
    if (this.sweeps % 16 === 0) await new Promise((done) => setImmediate(done));
  }

  /** E - G of all rows. */
  differences() {
    return Float64Array.from({ length: this.x.n }, (_, row) => this.difference(row));
  }
}

/** Draws of ladders from .. to - 1 as the acceptance ratio takes them. @param kept [draws] of E - G of all rows */
function blockOf(kept, { rungs, count }, from, to) {
  const parts = rungs.map((_, rung) => kept.flatMap((all) => Array.from(all.subarray(rung * count + from, rung * count + to))));
  const differences = Float64Array.from(parts.flat());
  // 0 times Infinity: two particles on each other are nothing to the Gaussian.
  const energies = rungs.map((b) => differences.map((value) => (b === 0 ? 0 : b * value)));
  return { energies, counts: parts.map((part) => part.length) };
}

/** Largest split R-hat over the rungs that are moved; a draw of a ladder follows that of all others. */
function worstRhat(kept, { rungs, count }) {
  const of = (rung) => {
    const values = kept.flatMap((all) => Array.from(all.subarray(rung * count, (rung + 1) * count)));
    return chainDiagnostic(Float64Array.from(values), count).splitRhat;
  };
  return rungs.reduce((worst, _, rung) => (rung === 0 ? worst : Math.max(worst, of(rung))), 1);
}

/**
 * log Z of dw4 or lj13 with its standard error.
 * @returns { logZ, standardError, reference, rungs, worstRhat, leastSwap, energyCalls, seconds }
 */
export async function ladderLogZ(task, energy, { seed, quick }) {
  const began = performance.now();
  const plan = quick ? quickly : usual;
  const all = new Ladders(energy, ladders[task], plan.ladders, seed);
  await all.begin(seed);
  for (let i = 0; i < plan.warmup; i++) await all.sweep(true);
  all.swapped.fill(0);
  all.tried.fill(0);
  const kept = [];
  for (let i = 0; i < plan.sweeps; i++) {
    await all.sweep(false);
    if (i % plan.thin === 0) kept.push(all.differences());
  }
  const each = plan.ladders / BLOCKS;
  const { f, standardError } = mbarOfBlocks(
    Array.from({ length: BLOCKS }, (_, i) => blockOf(kept, all, i * each, (i + 1) * each)),
  );
  const { count, spatialDim } = energy.particles;
  const reference = (((count - 1) * spatialDim) / 2) * Math.log(2 * Math.PI * all.variance);
  const last = all.rungs.length - 1;
  return {
    ...{ logZ: reference - f[last], standardError: standardError[last], reference, rungs: all.rungs },
    ...{ ...plan, draws: kept.length, worstRhat: worstRhat(kept, all) },
    leastSwap: all.swapped.reduce((least, swaps, pair) => Math.min(least, swaps / all.tried[pair]), 1),
    energyCalls: all.calls,
    seconds: (performance.now() - began) / 1000,
  };
}
