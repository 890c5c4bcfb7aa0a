/**
 * log Z of particles from Markov chains alone: rungs E_b = (1 - b) G + b E from a Gaussian G = |x|^2 / 2v (b = 0) to the target (b = 1), HMC on every
 * rung, and the acceptance ratio of all of them together. For Lennard-Jones clusters G is their trap, v = 1 / trap, so that b switches the pairs on.
 *
 * The measure is the Lebesgue measure of orthonormal coordinates on the mean-free subspace, of dimension d = (count - 1) spatialDim, where the
 * Gaussian has log Z = d / 2 log(2 pi v).
 */
import { derive, hmc, keyOf, normalRows, runChains } from "bnem";
import { mbarOfBlocks } from "../support/mbar.mjs";

/** Blocks of chains that share nothing: the error is their spread. */
const BLOCKS = 10;

/** Of every rung. Warm-up moves, moves and those between two that are kept. */
const chains = { chains: 400, warmup: 250, steps: 240, thin: 12 };
const quickChains = { chains: 40, warmup: 20, steps: 20, thin: 4 };

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

const squares = ({ data, n, dim }) =>
  Float64Array.from({ length: n }, (_, row) => {
    let sum = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) sum += data[i] * data[i];
    return sum;
  });

/** (1 - b) |x|^2 / 2v + b E */
function rungOf(energy, variance, b) {
  const { dim, particles } = energy;
  const trap = (1 - b) / variance;
  const mixed = (x, energies) => {
    const square = squares(x);
    return energies.map((value, row) => b * value + (trap * square[row]) / 2);
  };
  const energyAndGradient = (x) => {
    const made = energy.energyAndGradient(x);
    const gradient = made.gradient.map((value, i) => b * value + trap * x.data[i]);
    return { energy: mixed(x, made.energy), gradient };
  };
  return {
    name: `${energy.name}-rung`,
    dim,
    convention: "a rung of a ladder, kT",
    options: null,
    check: energy.check,
    particles,
    pairs: energy.pairs,
    energy: (x) => mixed(x, energy.energy(x)),
    energyAndGradient,
  };
}

/** Mean-free draws of the Gaussian. */
function gaussianDraws({ dim, particles }, variance, n, seed) {
  const { spatialDim, count } = particles;
  const x = normalRows(derive(keyOf(seed), "ladder"), 0, 0, n, dim);
  const { data } = x;
  for (let row = 0; row < n; row++) {
    for (let axis = 0; axis < spatialDim; axis++) {
      let mean = 0;
      for (let i = 0; i < count; i++) mean += data[row * dim + i * spatialDim + axis] / count;
      for (let i = 0; i < count; i++) {
        const at = row * dim + i * spatialDim + axis;
        data[at] = Math.sqrt(variance) * (data[at] - mean);
      }
    }
  }
  return x;
}

/** E - G of rows from every rung, chain by chain: [chains][draws]. */
async function rungDraws(energy, variance, b, plan, seed) {
  const { chains: count, steps, thin } = plan;
  const draws = steps / thin;
  const difference = (x) => {
    const square = squares(x);
    return Float64Array.from(energy.energy(x), (value, row) => value - square[row] / (2 * variance));
  };
  const byChain = (values) => Array.from({ length: count }, (_, chain) => values.filter((_, row) => row % count === chain));
  if (b === 0) return { values: byChain(difference(gaussianDraws(energy, variance, count * draws, seed))), calls: count * draws };
  const move = hmc({ leapfrogs: 10, leapfrogsOdd: 7, targetAcceptance: 0.8 });
  const run = await runChains(rungOf(energy, variance, b), { move, ...plan, seed });
  const rhat = Math.max(...run.diagnostics.map(({ splitRhat }) => splitRhat));
  return { values: byChain(difference(run.x)), calls: run.energyCalls + run.x.n, rhat, acceptance: run.acceptance };
}

/** Draws of chains from .. to - 1 of all rungs, as the acceptance ratio takes them. */
function blockOf(all, rungs, from, to) {
  const parts = all.map(({ values }) => values.slice(from, to).flatMap((draws) => Array.from(draws)));
  const differences = parts.flat();
  // 0 times Infinity: two particles on each other are nothing to the Gaussian.
  const energies = rungs.map((b) => Float64Array.from(differences, (value) => (b === 0 ? 0 : b * value)));
  return { energies, counts: parts.map((part) => part.length) };
}

/**
 * log Z of dw4 or lj13 with its standard error.
 * @returns { logZ, standardError, reference, rungs, worstRhat, energyCalls, seconds }
 */
export async function ladderLogZ(task, energy, { seed, quick }) {
  const began = performance.now();
  const { variance, rungs } = ladders[task];
  const plan = quick ? quickChains : chains;
  const all = [];
  for (const [at, b] of rungs.entries()) all.push(await rungDraws(energy, variance, b, plan, seed + at));
  const each = plan.chains / BLOCKS;
  const blocks = Array.from({ length: BLOCKS }, (_, i) => blockOf(all, rungs, i * each, (i + 1) * each));
  const { f, standardError } = mbarOfBlocks(blocks);
  const { count, spatialDim } = energy.particles;
  const reference = (((count - 1) * spatialDim) / 2) * Math.log(2 * Math.PI * variance);
  const last = rungs.length - 1;
  return {
    logZ: reference - f[last],
    standardError: standardError[last],
    reference,
    rungs,
    worstRhat: Math.max(...all.map(({ rhat = 1 }) => rhat)),
    leastAcceptance: Math.min(...all.map(({ acceptance = 1 }) => acceptance)),
    energyCalls: all.reduce((sum, { calls }) => sum + calls, 0),
    seconds: (performance.now() - began) / 1000,
  };
}
