/**
 * Resampling: `count` row numbers of which row i makes up count W_i on average. All resamplers share one signature, so that a new one is
 * one function and one row of `resamplers`.
 */
import { checkInteger, checkNumber } from "../core/check.js";
import { uniformAt } from "../core/random.js";
import type { Key } from "../core/types.js";
import { checkWeights } from "./check-weights.js";

/** Gives the next uniform in [0, 1) of a stream. */
export type UniformSource = () => number;

/** Row numbers [count], ascending, E[copies of row i] = count W_i; weights normalised, [n]. */
export type Resampler = (weights: Float64Array, count: number, uniforms: UniformSource) => Int32Array;

/** The uniforms of a stream, one after the other, 53 bits each. */
export function uniformSource(key: Key): UniformSource {
  let index = 0;
  return () => uniformAt(key, index++);
}

function checkUniform(call: string, uniform: unknown): number {
  const value = checkNumber(call, "uniform", uniform, 0, 1);
  if (value === 1) throw new RangeError(`${call}: uniform must be below 1, got 1`);
  return value;
}

/**
 * Systematic resampling: row i appears floor(count W_i) or one more times, count W_i on average over u. Ascending row numbers,
 * [count]: shuffle before taking a part of them, and remember that equal rows are one draw.
 *
 * @param weights normalised, [n], from `importance`
 * @param count rows to draw
 * @param uniform u in [0, 1), the only random number needed
 * @throws TypeError for the wrong kind, RangeError for weights that do not sum to 1, a uniform outside [0, 1) or count < 1
 * @see Kitagawa 1996
 */
export function systematicResample(weights: Float64Array, count: number, uniform: number): Int32Array {
  checkWeights("systematicResample", weights);
  checkInteger("systematicResample", "count", count, 1);
  checkUniform("systematicResample", uniform);
  const rows = new Int32Array(count);
  const last = lastPositive(weights);
  let row = 0;
  let cumulative = weights[0];
  for (let i = 0; i < count; i++) {
    // Rounding may leave the sum just below 1: the last row with weight takes what remains.
    while (row < last && cumulative <= (i + uniform) / count) cumulative += weights[++row];
    rows[i] = row;
  }
  return rows;
}

/**
 * Residual resampling: row i appears f_i = floor(count W_i) times for certain, and the R = count - sum f_i places left go to rows drawn
 * independently with probabilities (count W_i - f_i) / R. Unbiased: E[copies] = f_i + R (count W_i - f_i) / R = count W_i. The places left
 * are multinomial and not systematic because the variance of any mean over the rows is then never above that of plain multinomial
 * resampling, whatever the order of the rows; systematic resampling gives no such bound, though it is usually the better one.
 *
 * @param weights normalised, [n], from `importance`
 * @param count rows to draw
 * @param uniforms called R < n times
 * @returns ascending row numbers, [count]: equal rows are one draw
 * @throws TypeError for the wrong kind, RangeError for weights that do not sum to 1, a uniform outside [0, 1) or count < 1
 * @see Liu and Chen 1998; Douc, Cappe and Moulines 2005 (the bound)
 */
export function residualResample(weights: Float64Array, count: number, uniforms: UniformSource): Int32Array {
  const call = "residualResample";
  checkWeights(call, weights);
  checkInteger(call, "count", count, 1);
  if (typeof uniforms !== "function") throw new TypeError(`${call}: uniforms must be a function that returns the next uniform`);
  const n = weights.length;
  // What the weights' sum lacks of 1 would shift every count.
  let total = 0;
  for (let i = 0; i < n; i++) total += weights[i];
  const copies = new Int32Array(n);
  const cumulative = new Float64Array(n);
  let left = count;
  let residual = 0;
  for (let i = 0; i < n; i++) {
    const expected = (count * weights[i]) / total;
    copies[i] = Math.floor(expected);
    left -= copies[i];
    residual += expected - copies[i];
    cumulative[i] = residual;
  }
  const last = lastAbove(cumulative);
  for (; left > 0; left--) copies[Math.min(last, firstAbove(cumulative, checkUniform(call, uniforms()) * residual))]++;
  const rows = new Int32Array(count);
  let at = 0;
  for (let i = 0; i < n; i++) for (let copy = 0; copy < copies[i]; copy++) rows[at++] = i;
  return rows;
}

/** Last row of positive weight. */
function lastPositive(weights: Float64Array): number {
  let last = weights.length - 1;
  while (last > 0 && weights[last] === 0) last--;
  return last;
}

/** Last row at which a cumulative sum rises. */
function lastAbove(cumulative: Float64Array): number {
  let last = cumulative.length - 1;
  while (last > 0 && cumulative[last] === cumulative[last - 1]) last--;
  return last;
}

/** First row whose cumulative sum is above a value; never one that adds nothing. */
function firstAbove(cumulative: Float64Array, value: number): number {
  let low = 0;
  let high = cumulative.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (cumulative[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** All resamplers by name. */
export const resamplers = {
  systematic: (weights, count, uniforms) => systematicResample(weights, count, uniforms()),
  residual: residualResample,
} satisfies { readonly [name: string]: Resampler };

/** Name of a resampler. */
export type ResamplerName = keyof typeof resamplers;
