/**
 * Importance weights: normalisation, effective sample size, log Z, expectations. It never repairs a weight: NaN and
 * +Infinity are refused, -Infinity is a weight of zero. What is unbiased is Z = mean w; means, resampled rows and log Z
 * have a bias of order 1/n.
 */
import { exp, log } from "../core/elementary.js";
import { BnemError } from "../core/errors.js";
import { checkLogWeights, checkWeights } from "./check-weights.js";

/** Weights of one set of draws and what they are worth. */
export interface ImportanceSummary {
  /** Number of draws, those of weight zero included. */
  readonly n: number;
  /** Normalised weights, [n], summing to 1. */
  readonly weights: Float64Array;
  /** Kish effective sample size 1 / sum W^2, in [1, n], and its share of n. Reverse ESS: it cannot see modes without draws. */
  readonly ess: number;
  readonly essFraction: number;
  /** log mean w, and its delta-method standard error sqrt((n sum W^2 - 1) / (n - 1)); NaN at n = 1. */
  readonly logZ: number;
  readonly logZError: number;
  /** Largest normalised weight. */
  readonly maxWeight: number;
  /** Draws of weight zero. */
  readonly zeros: number;
}

/**
 * Normalised weights W_i = w_i / sum w and their summary; natural logarithms, maximum subtracted.
 *
 * @throws TypeError for the wrong kind, RangeError for NaN or +Infinity, BnemError("degenerate-weights") when every weight is zero
 * @see Kish 1965 (effective sample size); Owen 2013, chapter 9 (delta method)
 */
export function importance(logWeights: Float64Array): ImportanceSummary {
  checkLogWeights("importance", logWeights);
  const n = logWeights.length;
  let top = -Infinity;
  let zeros = 0;
  for (const value of logWeights) {
    if (value > top) top = value;
    if (value === -Infinity) zeros++;
  }
  if (top === -Infinity) {
    throw new BnemError("degenerate-weights", `importance: all ${n} weights are zero; the sampler and the target do not overlap`);
  }
  const weights = new Float64Array(n);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    weights[i] = exp(logWeights[i] - top);
    sum += weights[i];
  }
  let square = 0;
  for (let i = 0; i < n; i++) {
    weights[i] /= sum;
    square += weights[i] * weights[i];
  }
  const ess = 1 / square;
  return {
    n,
    weights,
    ess,
    essFraction: ess / n,
    logZ: top + log(sum / n),
    logZError: n > 1 ? Math.sqrt(Math.max(0, n * square - 1) / (n - 1)) : Number.NaN,
    maxWeight: 1 / sum,
    zeros,
  };
}

/**
 * Self-normalised mean sum W f and its standard error sqrt(sum W^2 (f - mean)^2). Rows of weight zero do not count, whatever f is there.
 *
 * @param values f at each draw, [n]
 * @param weights normalised, [n], from `importance`
 * @throws TypeError for the wrong kind, RangeError when the lengths differ or the weights do not sum to 1
 * @see Owen 2013, Monte Carlo theory, methods and examples, sec 9.2
 */
export function expectation(values: ArrayLike<number>, weights: Float64Array): { mean: number; error: number } {
  checkWeights("expectation", weights);
  if (typeof values?.length !== "number") throw new TypeError("expectation: values must be an array of numbers");
  if (values.length !== weights.length) {
    throw new RangeError(`expectation: values must have ${weights.length} entries, one per weight, got ${values.length}`);
  }
  let mean = 0;
  for (let i = 0; i < weights.length; i++) if (weights[i] > 0) mean += weights[i] * values[i];
  let square = 0;
  for (let i = 0; i < weights.length; i++) {
    const term = weights[i] > 0 ? weights[i] * (values[i] - mean) : 0;
    square += term * term;
  }
  return { mean, error: Math.sqrt(square) };
}
