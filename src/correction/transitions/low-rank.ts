/** Second-order step with a few directions of the exact covariance, and one measured variance for the rest. */
import { checkInteger, checkOptions } from "../../core/check.js";
import { log } from "../../core/elementary.js";
import { BnemError } from "../../core/errors.js";
import { removeMean } from "../../core/subspace.js";
import type { LevelModel } from "../level-model.js";
import type { AnnealedTransition } from "../transition.js";
import { type ClampOptions, checkClamp, clampAt, clampTo } from "./clamp.js";
import { type Covariance, gaussianTransition, posteriorMean } from "./gaussian.js";
import { type RitzPairs, ritzPairs } from "./lanczos.js";

const LOG_2PI = 1.8378770664093453;
/** Numbers that the vectors of one block of rows may take: 32 MiB. */
const MOST_NUMBERS = 2 ** 22;

/** Options of `lowRankTransition`. */
export interface LowRankTransitionOptions extends ClampOptions {
  /** Directions, and Hessian products for each row and step; default 8. */
  readonly rank?: number;
}

/** variance (nu I + sum_i (value_i - nu) u_i u_i^T) on the free dimensions, pairs with clamped values. */
function lowRankCovariance(n: number, model: LevelModel, pairs: RitzPairs, nu: number, variance: number): Covariance {
  const { dim, freeDim, particles } = model;
  const { rank, counts, values, vectors } = pairs;
  /** out <- factor (base I + sum_i (f(value_i) - base) u_i u_i^T) v for one row. */
  const apply = (v: Float64Array, row: number, base: number, f: (value: number) => number) => {
    const shares = new Float64Array(counts[row]);
    for (let i = 0; i < shares.length; i++) {
      const u = (row * rank + i) * dim;
      for (let k = 0; k < dim; k++) shares[i] += vectors[u + k] * v[row * dim + k];
      shares[i] *= f(values[row * rank + i]) - base;
    }
    for (let k = 0; k < dim; k++) v[row * dim + k] *= base;
    shares.forEach((share, i) => {
      const u = (row * rank + i) * dim;
      for (let k = 0; k < dim; k++) v[row * dim + k] += share * vectors[u + k];
    });
  };
  return {
    spread(noise) {
      const out = Float64Array.from(noise);
      if (particles) removeMean(out, n, particles);
      for (let row = 0; row < n; row++) apply(out, row, Math.sqrt(variance * nu), (value) => Math.sqrt(variance * value));
      return out;
    },
    logDensity(deviation) {
      const solved = deviation.slice();
      return Float64Array.from({ length: n }, (_, row) => {
        apply(solved, row, 1 / (variance * nu), (value) => 1 / (variance * value));
        let square = 0;
        for (let k = row * dim; k < (row + 1) * dim; k++) square += deviation[k] * solved[k];
        let logDeterminant = freeDim * log(variance) + (freeDim - counts[row]) * log(nu);
        for (let i = 0; i < counts[row]; i++) logDeterminant += log(values[row * rank + i]);
        return -0.5 * (freeDim * LOG_2PI + logDeterminant + square);
      });
    },
  };
}

/** Eigenvalues of I + q H in place of those of H; a row with NaN in its first keeps NaN. */
function clampPairs(pairs: RitzPairs, noise: number, range: readonly [number, number]): RitzPairs {
  return { ...pairs, values: pairs.values.map((value) => clampTo(1 + noise * value, range)) };
}

/**
 * B = N((x + q s) / a, (q / a^2) (nu I + sum_i (clamp(1 + q theta_i) - nu) u_i u_i^T)), (theta_i, u_i) Ritz pairs of the Hessian of log p at the
 * noisier level after `rank` Lanczos products from the score. nu is measured by the pilot: what E|s|^2 says of the trace (as in `tuned`), less the
 * pairs, over the dimensions that are left. NaN in a product makes the row's ratio NaN.
 *
 * @throws TypeError / RangeError for a rank below 1, a clamp without 0 < least <= 1 <= most or an unknown option; BnemError from steps:
 *   "not-initialized" without the numbers of a pilot, "unsupported" for a model without Hessian products
 */
export function lowRankTransition(options: LowRankTransitionOptions = {}): AnnealedTransition {
  checkOptions("lowRankTransition", options, ["rank", "clamp"]);
  const most = checkInteger("lowRankTransition", "rank", options.rank ?? 8, 1);
  const clamp = checkClamp("lowRankTransition", options.clamp);
  return gaussianTransition({
    name: "low-rank",
    needs: "hessian",
    rowsAtOnce: ({ dim }) => Math.max(1, Math.floor(MOST_NUMBERS / (most * dim))),
    async measure({ interval, x, score, model }) {
      const range = clampAt(interval, clamp);
      const pairs = await ritzPairs(model, x, score, Math.min(most, model.freeDim));
      let trace = 0;
      let left = 0;
      for (let row = 0; row < x.n; row++) {
        if (Number.isNaN(pairs.values[row * pairs.rank])) continue;
        left += model.freeDim - pairs.counts[row];
        trace += model.freeDim - pairs.counts[row];
        for (let i = row * x.dim; i < (row + 1) * x.dim; i++) trace -= interval.noise * score[i] * score[i];
        for (let i = 0; i < pairs.counts[row]; i++) trace -= interval.noise * pairs.values[row * pairs.rank + i];
      }
      return [left > 0 ? clampTo(trace / left, range) : 1];
    },
    law: async ({ interval, x, score, model, frozen }) => {
      if (!frozen) throw new BnemError("not-initialized", "low-rank: this transition needs the numbers of a pilot run");
      const { pull, noise } = interval;
      const pairs = await ritzPairs(model, x, score, Math.min(most, model.freeDim));
      const clamped = clampPairs(pairs, noise, clampAt(interval, clamp));
      const covariance = lowRankCovariance(x.n, model, clamped, frozen[0], noise / (pull * pull));
      return { mean: posteriorMean(interval, x, score), covariance };
    },
  });
}
