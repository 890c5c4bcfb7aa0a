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

/** @param values one per pair, at least 2 */
export function floorOf(values: ArrayLike<number>, better: "lower" | "higher"): Floor {
  const { mean, deviation } = moments(values);
  return { mean, standardError: deviation / Math.sqrt(values.length), limit: predictionLimit(values, better) };
}

/**
 * mean + t sd sqrt(1 + 1/pairs) (minus where more is better), t the 95 % quantile of Student's law with pairs - 1 degrees of freedom; of
 * the logarithms where all values are positive, because distances are skewed to the right, and because a metric and its square then
 * pass or fail together.
 */
function predictionLimit(values: ArrayLike<number>, better: "lower" | "higher"): number {
  const positive = Array.from(values).every((v) => v > 0);
  const { mean, deviation } = moments(positive ? Array.from(values, log) : values);
  const margin = student95(values.length - 1) * deviation * Math.sqrt(1 + 1 / values.length);
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

/** 95 % quantile of Student's law by its expansion at the normal one; error below .0015 for 9 or more degrees of freedom. */
function student95(degrees: number): number {
  const z = 1.6448536269514722;
  const z3 = z ** 3;
  return z + (z3 + z) / (4 * degrees) + (5 * z3 * z * z + 16 * z3 + 3 * z) / (96 * degrees * degrees);
}

/** True where the value could be that of exact draws: inside the limit. NaN never is. */
export function isAtFloor(value: number, floor: Floor, better: "lower" | "higher"): boolean {
  // A hair of slack: sums of equal numbers differ in the last bit.
  const slack = 1e-9 * Math.abs(floor.limit);
  return better === "lower" ? value <= floor.limit + slack : value >= floor.limit - slack;
}
