/**
 * The noise floor of a metric: what a perfect sampler scores at the same n. A value says nothing without it: two exact GMM-40
 * samples of 1,000 rows have position W2 4.3 and total variation .82.
 */
import { exp, log } from "../core/elementary.js";

/** Law of a metric over fresh exact pairs. */
export interface Floor {
  readonly mean: number;
  /** Standard error of the mean. */
  readonly standardError: number;
  /** What one more exact pair stays within with probability .95, see `predictionLimit`. */
  readonly limit: number;
}

/** @param values one per pair, at least 2 @param folded they are absolute values of something about 0 */
export function floorOf(values: ArrayLike<number>, better: "lower" | "higher", folded = false): Floor {
  const { mean, deviation } = moments(values);
  const limit = folded ? foldedLimit(values) : predictionLimit(values, better);
  return { mean, standardError: deviation / Math.sqrt(values.length), limit };
}

/**
 * Root mean square times the two-sided 95 % quantile of Student's law: for |a - b| of averages a and b, which are normal and equal in mean.
 * (Their logarithms have a long tail towards 0, which would put the limit of `predictionLimit` at 6 deviations.)
 */
function foldedLimit(values: ArrayLike<number>): number {
  let squares = 0;
  for (let k = 0; k < values.length; k++) squares += values[k] ** 2 / values.length;
  return student(TWO_SIDED, values.length) * Math.sqrt(squares);
}

/**
 * mean + t sd sqrt(1 + 1/pairs) (minus where more is better), t the 95 % quantile of Student's law with pairs - 1 degrees of freedom; of
 * the logarithms where all values are positive, because distances are skewed to the right, and because a metric and its square then
 * pass or fail together.
 */
function predictionLimit(values: ArrayLike<number>, better: "lower" | "higher"): number {
  const positive = Array.from(values).every((v) => v > 0);
  const { mean, deviation } = moments(positive ? Array.from(values, log) : values);
  const margin = student(ONE_SIDED, values.length - 1) * deviation * Math.sqrt(1 + 1 / values.length);
  const limit = better === "lower" ? mean + margin : mean - margin;
  return positive ? exp(limit) : limit;
}

function moments(values: ArrayLike<number>): { mean: number; deviation: number } {
  const n = values.length;
  let mean = 0;
  for (let k = 0; k < n; k++) mean += values[k] / n;
  let squares = 0;
  for (let k = 0; k < n; k++) squares += (values[k] - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / (n - 1)) };
}

/** Normal quantiles: .95 and .975. */
const ONE_SIDED = 1.6448536269514722;
const TWO_SIDED = 1.959963984540054;

/** Quantile of Student's law by its expansion at the normal one, z; error below .004 for 9 or more degrees of freedom. */
function student(z: number, degrees: number): number {
  const z3 = z * z * z;
  return z + (z3 + z) / (4 * degrees) + (5 * z3 * z * z + 16 * z3 + 3 * z) / (96 * degrees * degrees);
}

/** True where the value could be that of exact draws: inside the limit. NaN never is. */
export function isAtFloor(value: number, floor: Floor, better: "lower" | "higher"): boolean {
  // A hair of slack: sums of equal numbers differ in the last bit.
  const slack = 1e-9 * Math.abs(floor.limit);
  return better === "lower" ? value <= floor.limit + slack : value >= floor.limit - slack;
}
