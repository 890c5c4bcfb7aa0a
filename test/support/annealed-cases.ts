/** Annealed runs on two modes with known Z = 1, in many small islands: each is a batch of its own, whose mean weight is its estimate of Z. */
import {
  type AnnealedOptions,
  type AnnealedRun,
  type AnnealedTransition,
  annealed,
  derive,
  exactDiffusion,
  exactTransition,
  explodingLevels,
  keyOf,
  type Level,
  makeTransition,
  preservingLevels,
  type ScoreModel,
  transitionNames,
  twoModes,
  uniformSource,
} from "bnem";
import { zOfMean } from "./z-scores.js";

/** Rows of one batch, and batches. */
export const BATCH = 32;
export const BATCHES = 300;

export const target = twoModes({ dim: 2, separation: 0.5 });

const variances = Float64Array.from({ length: 11 }, (_, k) => (0.1 * 15 ** (k / 10)) ** 2);
/** Variance of the data around 0, per coordinate. */
const SPREAD = 0.3;

export interface PathCase {
  readonly levels: readonly Level[];
  readonly priorVariance: number;
}

/** Both kinds of path, with the variance of their top level as that of the reference. */
export const paths: { readonly [name: string]: PathCase } = {
  VE: { levels: explodingLevels(variances), priorVariance: variances[10] + SPREAD },
  VP: { levels: preservingLevels(variances, 0.5), priorVariance: (0.5 * (variances[10] + SPREAD)) / (0.5 + variances[10]) },
};

/** The exact model of the path whose level 0 is the target itself. */
export function exactModel(dim = 2): Required<ScoreModel> {
  return exactDiffusion(dim === 2 ? target : twoModes({ dim, separation: 0.5 }), {
    target: { scale: 1, variance: variances[0] },
  });
}

export interface Corruption {
  /** Energies times this. */
  readonly energyScale?: number;
  readonly scoreScale?: number;
  /** kT: each level and mode has an error of its own, uniform between plus and minus this. */
  readonly modeOffset?: number;
}

/** A model that is wrong at every level. The mode of a row is the sign of its first coordinate. */
export function corrupted(
  model: Required<ScoreModel>,
  { energyScale = 1, scoreScale = 1, modeOffset = 0 }: Corruption,
): ScoreModel {
  const key = keyOf(404);
  const wrong = (energy: Float32Array, data: Float32Array, variance: number) => {
    const level = variances.findIndex((h) => Math.abs(h - variance) < 1e-4 * h);
    const offset = [0, 1].map((mode) => modeOffset * (2 * uniformSource(derive(key, level, mode))() - 1));
    const dim = data.length / energy.length;
    return energy.map((value, row) => energyScale * value + offset[data[row * dim] > 0 ? 1 : 0]);
  };
  return {
    ...model,
    score: async (x, variance) => (await model.score(x, variance)).map((value) => scoreScale * value),
    energy: async (x, variance) => wrong(await model.energy(x, variance), x.data, variance[0]),
    async energyAndScore(x, variance) {
      const { energy, score } = await model.energyAndScore(x, variance);
      return { energy: wrong(energy, x.data, variance[0]), score: score.map((value) => scoreScale * value) };
    },
    // Of the score: a map's Jacobian has to be its own, and the score of a wrong model need not be that of its energy.
    hessian: async (x, variance) => (await model.hessian(x, variance)).map((value) => scoreScale * value),
    hessianProduct: async (x, variance, along) =>
      (await model.hessianProduct(x, variance, along)).map((value) => scoreScale * value),
  };
}

/** Estimate of Z of each island over that of all rows counted equally, [islands]; 0 where every weight is zero. Their mean estimates Z. */
export function islandEstimates({ starts, logWeights }: Pick<AnnealedRun, "starts" | "logWeights">): Float64Array {
  const islands = starts.length - 1;
  const mean = logWeights.length / islands;
  return Float64Array.from({ length: islands }, (_, i) => {
    let sum = 0;
    for (let row = starts[i]; row < starts[i + 1]; row++) sum += Math.exp(logWeights[row]);
    return sum / mean;
  });
}

/** 1 / (1 + N CV^2) of the estimates from N rows: effective rows for Z, as a share. For independent rows it is their ESS / N. */
export function effectiveShare(estimates: Float64Array, rows: number): number {
  const mean = estimates.reduce((a, b) => a + b, 0) / estimates.length;
  const variance = estimates.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (estimates.length - 1);
  return 1 / (1 + (rows * variance) / (mean * mean));
}

/** Resampling at every level, whatever the pilot says. */
export const forced = { threshold: 1, trust: Infinity };

/** All that need no numbers of their own, and the exact one. */
export const transitions: readonly (readonly [string, AnnealedTransition])[] = [
  ...transitionNames.filter((name) => name !== "given").map((name) => [name, makeTransition(name)] as const),
  ["exact", exactTransition(target, { target: paths.VE.levels[0] })],
];

/** A run on the exploding path unless told otherwise, and z of its mean estimate against 1. */
export async function estimate(
  transition: AnnealedTransition,
  more: Partial<AnnealedOptions> = {},
  model: ScoreModel = exactModel(),
) {
  const all = { n: BATCH * BATCHES, islands: BATCHES, key: keyOf(11), transition, ...paths.VE, ...more };
  const estimates = islandEstimates(await annealed(model, target, all));
  return { estimates, share: effectiveShare(estimates, all.n / all.islands), z: zOfMean(estimates, 1) };
}
