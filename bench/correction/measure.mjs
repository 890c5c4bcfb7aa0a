/** What one row of the study is made of: a model, a transition and a corrector on one target, with every figure there is. */

import {
  annealed,
  derive,
  evaluate,
  exactDiffusion,
  forwardPaths,
  keyOf,
  normalRows,
  pathFigures,
  replicaExchange,
  summarizeIslands,
} from "bnem";
import { finiteSample } from "../tasks/score.mjs";
import { freshSeed } from "./denoising.mjs";
import { counted, needsHessian, transitionOf } from "./models.mjs";

/** Share of the forward paths that may fail; with more there is no figure of the others. */
const FAILED_SHARE = 0.01;
/** Sweeps that tune a ladder, of all. */
const BURN_IN = 1 / 3;
const CHAINS = 16;
const MOST_REPLICAS = 24;

const seconds = (began) => (performance.now() - began) / 1000;

/** Options of the annealed engine for each corrector that weighs rows. */
const weighing = {
  path: {},
  smc: { resample: {} },
  "smc moves": { resample: {}, moves: { count: 1 } },
};
export const correctorNames = [...Object.keys(weighing), "exchange"];

/** Total variation of the mode weights, weighted and not, beside what exact draws of as many rows give. */
async function modeTv(energy, given, seed) {
  if (!energy.modes) return {};
  const { sample } = finiteSample(energy, given);
  const { metrics, weighted } = await evaluate(sample, energy, { seed: freshSeed(seed, "floors"), metrics: ["modeWeightTv"] });
  const figures = ({ value, floor, floorLimit }) => ({ value, floor, floorLimit });
  const own = weighted?.metrics.modeWeightTv;
  return { modeTv: { raw: figures(metrics.modeWeightTv), ...(own && { weighted: figures(own) }) } };
}

/** Paths from exact draws: what sees modes that the sampler misses. Rows that cannot be weighed are left out where they are few. */
async function forwardOf(run, options, reverse) {
  const { energy, seed } = run;
  const n = run.forwardRows;
  const began = performance.now();
  const x = energy.exact.sample(n, freshSeed(seed, "target"));
  const { logWeights, nonFinite } = await forwardPaths(run.model, energy, x, options);
  const about = { n, failed: nonFinite, seconds: seconds(began) };
  const good = logWeights.filter((value) => !Number.isNaN(value));
  const figures = pathFigures({ reverse, ...(nonFinite <= FAILED_SHARE * n && { forward: good }) });
  return { figures, about };
}

const uniqueShare = (ancestors, logWeights) =>
  new Set(ancestors.filter((_, i) => logWeights[i] > -Infinity)).size / ancestors.length;

/** Calls of the network and of the energy, and for one effective row. */
function costs(calls, energyCalls, nEff) {
  const network = calls.scores + calls.products;
  return {
    calls: { ...calls, energy: energyCalls },
    perEffective: { network: network / nEff, energy: energyCalls / nEff },
  };
}

async function weighedRow(run) {
  const { energy, corrector, n, seed, transition, levels, priorMean, priorCovariance } = run;
  const { model, calls } = counted(run.model);
  const path = { key: derive(keyOf(seed), run.name), levels, priorMean, priorCovariance, transition };
  const began = performance.now();
  const made = await annealed(model, energy, { ...path, n, ...weighing[corrector] });
  const took = seconds(began);
  const islands = made.starts.length - 1;
  const summary = summarizeIslands({
    logWeights: made.logWeights,
    sizes: Array.from({ length: islands }, (_, i) => made.starts[i + 1] - made.starts[i]),
    energy: made.energy,
    independentRows: corrector === "path",
  });
  const forward = corrector === "path" ? await forwardOf(run, path, made.logWeights) : undefined;
  const figures = forward?.figures ?? pathFigures({ reverse: made.logWeights });
  const isPath = corrector === "path";
  const nEff = summary.effective?.value;
  return {
    ess: { reverse: figures.reverseEss.fraction, ...(figures.forwardEss && { forward: figures.forwardEss.fraction }) },
    nEff: summary.effective && { value: nEff, over: summary.effective.over, limitedBy: summary.effective.limitedBy },
    logZ: { value: summary.logZ, error: summary.logZError },
    kHat: figures.kHat,
    maxWeight: figures.maxWeight,
    // Of rows that were resampled neither is a bound.
    ...(isPath && { elbo: figures.elbo.mean }),
    ...(figures.eubo && { eubo: figures.eubo.mean }),
    ...(forward && { forward: forward.about }),
    ...(await modeTv(energy, made, seed)),
    resamplings: made.resampledAt.reduce((sum, { length }) => sum + length, 0) / islands,
    ancestors: uniqueShare(made.ancestors, made.logWeights),
    ...costs(calls, made.energyCalls, nEff ?? figures.reverseEss.value),
    trustedTo: made.trustedTo,
    nonFinite: made.nonFinite,
    notInvertible: made.notInvertible,
    ...(Number.isFinite(made.acceptance) && { acceptance: made.acceptance }),
    seconds: took,
  };
}

/** As many rows of the network as SMC without moves takes. */
async function exchangeRow(run) {
  const { energy, n, seed, transition, levels, priorMean, priorCovariance } = run;
  const { model, calls } = counted(run.model);
  const replicas = Math.min(MOST_REPLICAS, levels.length);
  const total = Math.max(8, Math.round((n * (levels.length - 1)) / (2 * CHAINS * (replicas - 1))));
  const burnIn = Math.ceil(BURN_IN * total);
  const began = performance.now();
  const made = await replicaExchange(model, energy, {
    ...{ levels, transition, priorMean, priorCovariance, replicas, chains: CHAINS, burnIn, sweeps: total - burnIn },
    seed: freshSeed(seed, "exchange"),
  });
  const took = seconds(began);
  const energies = made.calls.burnIn.energies + made.calls.sampling.energies;
  const swaps = made.swapAcceptance.filter((value) => !Number.isNaN(value));
  return {
    nEff: { value: made.nEff, over: "chains" },
    rows: made.x.n,
    ...(await modeTv(energy, made, seed)),
    ...costs(calls, energies, made.nEff),
    swaps: { least: Math.min(...swaps), roundTrips: made.roundTrips },
    acceptance: made.acceptance[0],
    seconds: took,
  };
}

/** How right a model's density and score are at a level: exact draws of it, weighed by the model's density over the exact one. */
async function densityAt({ model, energy, n, seed }, level, k) {
  const { dim } = energy;
  const z = normalRows(derive(keyOf(seed), "density"), k, 0, n, dim).data;
  const y = energy.exact.sample(n, freshSeed(seed, "density"));
  const sigma = Math.sqrt(level.variance);
  const x = { data: z.map((value, i) => y.data[i] + sigma * value), n, dim };
  const variance = new Float32Array(n).fill(level.variance);
  const exact = await exactDiffusion(energy).energyAndScore(x, variance);
  const own = await model.energyAndScore(x, variance);
  const { reverseEss } = pathFigures({ reverse: Float64Array.from(exact.energy, (value, i) => value - own.energy[i]) });
  let off = 0;
  let all = 0;
  exact.score.forEach((value, i) => {
    off += (own.score[i] - value) ** 2;
    all += value ** 2;
  });
  return { sigma, density: reverseEss.fraction, scoreError: Math.sqrt(off / all) };
}

/** Levels at which densities are looked at. */
const LOOKS = 13;

async function densityRow(run) {
  const began = performance.now();
  const levels = [];
  const top = run.levels.length - 1;
  const looked = new Set(Array.from({ length: LOOKS }, (_, i) => Math.max(1, Math.round((i * top) / (LOOKS - 1)))));
  for (const k of looked) levels.push(await densityAt(run, run.levels[k], k));
  return { density: levels, seconds: seconds(began) };
}

const rows = {
  ...Object.fromEntries(Object.keys(weighing).map((name) => [name, weighedRow])),
  exchange: exchangeRow,
  density: densityRow,
};

/**
 * Figures of one row.
 * @param run { model, energy, corrector, transition (name), levels, priorMean, priorCovariance, n, seed, name, isLearned }
 */
export async function measure(run) {
  const { corrector, transition, energy, levels, n } = run;
  const own = corrector === "density" ? undefined : transitionOf(transition, energy, levels);
  // The inverse of a learned map is found by iteration, and whole Hessians cost a product for each dimension.
  const dear = corrector !== "density" && run.isLearned && needsHessian(transition);
  return rows[corrector]({ ...run, transition: own, forwardRows: dear ? Math.min(n, 256) : n });
}
