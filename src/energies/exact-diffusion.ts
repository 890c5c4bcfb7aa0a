/** The diffusion model that a mixture of normals has in closed form: what sampling and weights are worth when nothing had to be learned. */
import { checkBatch, checkOptions } from "../core/check.js";
import { MixtureLevel } from "../core/mixture-level.js";
import { belowTarget, type HasMixture, hasMixture, type TargetLevel } from "../core/normal-mixture.js";
import type { Batch, ScoreModel } from "../core/types.js";
import { checkVariance } from "../kernels/check-variance.js";

/** Options of `exactDiffusion`. */
export interface ExactDiffusionOptions {
  /**
   * Level 0 of a path that puts the unsmoothed target there although the level has a variance h_0. The model at h is then the target with noise of
   * h - h_0, which is what the path's noising kernels make of it. Default: the target with noise of h.
   */
  readonly target?: TargetLevel;
}

/** A model with everything a transition may ask for. */
export type ExactDiffusion = Required<ScoreModel>;

/** Calls `each` with every row loaded at its level, and its log density. */
type EachRow = (x: Batch, variance: Float32Array, each: (logDensity: number, row: number) => void) => void;

function rowsAt(level: MixtureLevel): EachRow {
  return (x, variance, each) => {
    checkBatch("exactDiffusion", x, level.mixture.dim, false);
    checkVariance("exactDiffusion", variance, x.n);
    for (let r = 0; r < x.n; r++) each(level.set(1, variance[r]).load(x.data, r * x.dim), r);
  };
}

/**
 * Energy, score and Hessian of E_h(x) = -log sum_j w_j N(x; mean_j, C_j + h I) for a mixture, h >= 0 per row; f64 inside, energies and scores
 * rounded to f32, Hessians [n, dim, dim] of log p_h = -E_h in f64. A row with NaN has NaN everywhere.
 *
 * Measured with two modes at dim 2, 16 and 64, microseconds a row: score .2, .2 and .5, Hessian .2, 1 and 4; with turned axes of unlike variances score .2, .5
 * and 9, Hessian .3, .8 and 10. GMM-40: .6 and .8; 40 modes at dim 64: 8 and 22. Rows of one level
 * belong together: another h costs count * dim divisions and, with a rotation, dim^3 for a Hessian.
 *
 * @throws TypeError for a target that is no such mixture, BnemError("unsupported") where the variance of `target` is not below those of the mixture
 */
export function exactDiffusion(source: HasMixture, options: ExactDiffusionOptions = {}): ExactDiffusion {
  const call = "exactDiffusion";
  checkOptions(call, options, ["target"]);
  if (!hasMixture(source)) throw new TypeError(`${call}: the target must be a mixture of normals, such as gaussianMixture()`);
  const mixture = belowTarget(call, source.mixture, options.target);
  const { dim } = mixture;
  const level = new MixtureLevel(mixture);
  const eachRow = rowsAt(level);
  const evaluate = (x: Batch, variance: Float32Array) => {
    const energy = new Float32Array(x.n);
    const score = new Float32Array(x.n * dim);
    eachRow(x, variance, (logDensity, r) => {
      energy[r] = -logDensity;
      level.score(score, r * dim);
    });
    return { energy, score };
  };
  return {
    dim,
    score: async (x, variance) => evaluate(x, variance).score,
    async energy(x, variance) {
      const energy = new Float32Array(x.n);
      eachRow(x, variance, (logDensity, r) => {
        energy[r] = -logDensity;
      });
      return energy;
    },
    energyAndScore: async (x, variance) => evaluate(x, variance),
    async hessianProduct(x, variance, direction) {
      const product = new Float32Array(x.n * dim);
      eachRow(x, variance, (_, r) => level.product(direction, r * dim, product, r * dim));
      return product;
    },
    async hessian(x, variance) {
      const whole = new Float64Array(x.n * dim * dim);
      eachRow(x, variance, (_, r) => level.hessian(whole, r * dim * dim));
      return whole;
    },
  };
}
