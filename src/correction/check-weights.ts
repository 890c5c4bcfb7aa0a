/** Guards of weights at the public edge. */

/** Sums of f64 weights stay this close to 1. */
const SUM_TOLERANCE = 1e-6;

/** Normalised weights. @throws TypeError for the wrong kind, RangeError for none, for one that is negative or NaN, or for a sum that is not 1 */
export function checkWeights(call: string, weights: unknown): asserts weights is Float64Array {
  if (!(weights instanceof Float64Array)) throw new TypeError(`${call}: weights must be a Float64Array, from importance()`);
  if (weights.length === 0) throw new RangeError(`${call}: weights must hold at least one value, got none`);
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i] >= 0)) throw new RangeError(`${call}: weights must be >= 0, got ${weights[i]} at row ${i}`);
    sum += weights[i];
  }
  if (!(Math.abs(sum - 1) <= SUM_TOLERANCE)) {
    throw new RangeError(`${call}: weights must sum to 1, got ${sum}; normalise them with importance()`);
  }
}

/** Natural logarithms of weights; -Infinity is a weight of zero. @throws TypeError for the wrong kind, RangeError for none, NaN or +Infinity */
export function checkLogWeights(call: string, logWeights: unknown, name = "logWeights"): asserts logWeights is Float64Array {
  if (!(logWeights instanceof Float64Array)) throw new TypeError(`${call}: ${name} must be a Float64Array`);
  if (logWeights.length === 0) throw new RangeError(`${call}: ${name} must hold at least one value, got none`);
  for (let i = 0; i < logWeights.length; i++) {
    if (!(logWeights[i] < Infinity))
      throw new RangeError(`${call}: ${name} must not be NaN or +Infinity, got ${logWeights[i]} at row ${i}`);
  }
}
