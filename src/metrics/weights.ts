/** Importance weights as the metrics use them. */

import { exp } from "../core/elementary.js";
import { BnemError } from "../core/errors.js";
import { uniformAt } from "../core/random.js";
import type { Batch, Key } from "../core/types.js";

/**
 * exp(logWeights) / sum, [n], f64. -Infinity is weight zero.
 * @throws RangeError for NaN or +Infinity (the row is named); BnemError "degenerate-weights" when all are zero.
 */
export function normalisedWeights(call: string, logWeights: ArrayLike<number>): Float64Array {
  let largest = -Infinity;
  for (let i = 0; i < logWeights.length; i++) {
    if (!(logWeights[i] < Infinity))
      throw new RangeError(`${call}: logWeights must be below +Infinity, got ${logWeights[i]} at row ${i}`);
    largest = Math.max(largest, logWeights[i]);
  }
  if (largest === -Infinity) {
    throw new BnemError(
      "degenerate-weights",
      `${call}: every weight is zero, so no row represents the target; evaluate the raw sample instead`,
    );
  }
  const weights = Float64Array.from(logWeights, (w) => exp(w - largest));
  const sum = weights.reduce((total, w) => total + w, 0);
  return weights.map((w) => w / sum);
}

/** Kish effective sample size 1 / sum w^2 of probabilities w. */
export function effectiveSize(weights: Float64Array): number {
  return 1 / weights.reduce((total, w) => total + w * w, 0);
}

/**
 * Systematic resampling to `rows` rows: row i is kept floor or ceil of rows * w_i times, in order, from one uniform draw.
 * @param weights probabilities [n]; absent: equal
 */
export function resampleRows(x: Batch, weights: Float64Array | undefined, rows: number, key: Key): Batch {
  const data = new Float32Array(rows * x.dim);
  let from = 0;
  let upTo = weights ? weights[0] : 1 / x.n;
  const start = uniformAt(key, 0);
  for (let k = 0; k < rows; k++) {
    while (upTo * rows < k + start && from < x.n - 1) {
      from++;
      upTo += weights ? weights[from] : 1 / x.n;
    }
    data.set(x.data.subarray(from * x.dim, (from + 1) * x.dim), k * x.dim);
  }
  return { data, n: rows, dim: x.dim };
}
