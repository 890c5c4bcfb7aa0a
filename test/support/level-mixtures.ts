/** Gaussian mixtures as models of every level of a path, right or wrong on purpose, with exact draws of each level. */
import {
  type Batch,
  derive,
  type Energy,
  type ExactDiffusion,
  exactDiffusion,
  explodingLevels,
  gaussianMixture,
  keyOf,
  normalRows,
} from "bnem";

/** Two modes of unequal weight and width in two dimensions. */
export const MEANS = [
  [1.5, 0.5],
  [-1.5, 0],
];
export const STD = [0.5, 0.8];

export function unequalModes(weight = 2 / 3) {
  return gaussianMixture({ means: MEANS, std: STD, weights: [weight, 1 - weight] });
}

export const VARIANCES = Float64Array.of(0.01, 0.2, 1.5, 8, 30);
export const LEVELS = explodingLevels(VARIANCES);

function levelOf(variance: number): number {
  return VARIANCES.findIndex((h) => Math.abs(h - variance) < 1e-5 * h);
}

/**
 * A model that at level k believes the modes weigh weights[k] and the rest; its score, and the derivative of that, times `scale`. Level 0 is not
 * asked.
 */
export function levelModel(weights: readonly number[], scale = 1): ExactDiffusion {
  const models = weights.map((weight) => exactDiffusion(unequalModes(weight)));
  const at = (variance: Float32Array) => models[levelOf(variance[0])];
  const scaled = <T extends Float32Array | Float64Array>(values: T): T => {
    values.forEach((value, i) => {
      values[i] = scale * value;
    });
    return values;
  };
  return {
    dim: 2,
    score: async (x, h) => scaled(await at(h).score(x, h)),
    energy: async (x, h) => at(h).energy(x, h),
    async energyAndScore(x, h) {
      const { energy, score } = await at(h).energyAndScore(x, h);
      return { energy, score: scaled(score) };
    },
    hessian: async (x, h) => scaled(await at(h).hessian(x, h)),
    hessianProduct: async (x, h, direction) => scaled(await at(h).hessianProduct(x, h, direction)),
  };
}

/** n independent draws of what `levelModel` believes, at each level; at the top of N(0, priorVariance). */
export function levelDraws(weights: readonly number[], n: number, priorVariance: number, seed: number): Batch[] {
  const key = keyOf(seed);
  const top = weights.length - 1;
  return weights.map((weight, k) => {
    const noise = normalRows(derive(key, "noise"), k, 0, n, 2).data;
    if (k === top) return { data: noise.map((value) => Math.sqrt(priorVariance) * value), n, dim: 2 };
    const { data } = (unequalModes(weight).exact as NonNullable<Energy["exact"]>).sample(n, seed + k);
    // The density of level 0 is the target's own, without its noise.
    const deviation = k === 0 ? 0 : Math.sqrt(VARIANCES[k]);
    return { data: data.map((value, i) => value + deviation * noise[i]), n, dim: 2 };
  });
}
