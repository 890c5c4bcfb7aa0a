/** Variance grids h_0 < ... < h_N of a sampler: h_0 is where it ends, h_N where the prior is. */
import { checkInteger, checkNumber, checkOptions, checkPositive, hasMethods } from "../core/check.js";
import { exp, log, pow } from "../core/elementary.js";
import type { NoiseSchedule } from "../core/types.js";

/** Options of `edmGrid`. */
export interface EdmGridOptions {
  /** N >= 1; the grid has N + 1 levels. */
  readonly steps: number;
  /** sigma of the last level, raw units. Well below the narrowest length of the target: path weights treat it as the exact target. */
  readonly sigmaMin: number;
  /** sigma of the first level, raw units. */
  readonly sigmaMax: number;
  /** 7 by default; Infinity is the geometric grid. */
  readonly rho?: number;
}

/**
 * sigma_i = (sigmaMin^{1/rho} + (i / N) (sigmaMax^{1/rho} - sigmaMin^{1/rho}))^rho, returned as variances, ascending [N + 1].
 *
 * @throws TypeError / RangeError for missing or unordered sigmas, steps < 1, rho < 1 and unknown options
 * @see Karras et al. 2022, arXiv:2206.00364
 */
export function edmGrid(options: EdmGridOptions): Float64Array {
  const call = "edmGrid";
  checkOptions(call, options, ["steps", "sigmaMin", "sigmaMax", "rho"]);
  const steps = checkInteger(call, "steps", options?.steps, 1, 1_000_000);
  const sigmaMin = checkPositive(call, "sigmaMin", options?.sigmaMin);
  const sigmaMax = checkPositive(call, "sigmaMax", options?.sigmaMax);
  if (sigmaMin >= sigmaMax) throw new RangeError(`${call}: sigmaMin must be below sigmaMax, got ${sigmaMin} and ${sigmaMax}`);
  // Their squares are the grid, and the samplers hand it on as f32.
  for (const [name, sigma] of [
    ["sigmaMin", sigmaMin],
    ["sigmaMax", sigmaMax],
  ] as const)
    checkNumber(call, name, sigma, 1e-18, 1e18);
  const rho = checkNumber(call, "rho", options?.rho ?? 7, 1);
  const ratio = sigmaMax / sigmaMin;
  const span = rho === Infinity ? log(ratio) : pow(ratio, 1 / rho) - 1;
  const sigma = (u: number) => sigmaMin * (rho === Infinity ? exp(u * span) : pow(1 + u * span, rho));
  const grid = Float64Array.from({ length: steps + 1 }, (_, i) => sigma(i / steps) * sigma(i / steps));
  grid[0] = sigmaMin * sigmaMin;
  grid[steps] = sigmaMax * sigmaMax;
  return grid;
}

/** Options of `uniformGrid`. */
export interface UniformGridOptions {
  /** N >= 1; the grid has N + 1 levels. */
  readonly steps: number;
  /** sigma of the last level, raw units; 0 (default) ends at the data. */
  readonly sigmaMin?: number;
}

/**
 * Levels h(t_i) at equal steps of time from timeOf(sigmaMin^2) to 1, the papers' grid; ascending [N + 1].
 *
 * @throws TypeError / RangeError for steps < 1, a sigmaMin outside [0, sigma(1)) and unknown options
 */
export function uniformGrid(schedule: NoiseSchedule, options: UniformGridOptions): Float64Array {
  const call = "uniformGrid";
  if (!hasMethods(schedule, ["sigma", "variance", "timeOf"]))
    throw new TypeError(`${call}: schedule must be a NoiseSchedule, such as geometricSchedule({ sigmaMin, sigmaMax })`);
  checkOptions(call, options, ["steps", "sigmaMin"]);
  const steps = checkInteger(call, "steps", options?.steps, 1, 1_000_000);
  const last = schedule.variance(1);
  const sigmaMin = checkNumber(call, "sigmaMin", options?.sigmaMin ?? 0, 0, schedule.sigma(1));
  const least = sigmaMin * sigmaMin;
  if (least >= last) throw new RangeError(`${call}: sigmaMin must be below sigma(1) = ${schedule.sigma(1)}, got ${sigmaMin}`);
  const first = schedule.timeOf(least);
  const grid = Float64Array.from({ length: steps + 1 }, (_, i) => schedule.variance(first + (i / steps) * (1 - first)));
  grid[0] = least;
  grid[steps] = last;
  return grid;
}

/**
 * A grid as samplers need it.
 * @throws TypeError unless a Float64Array; RangeError unless at least two finite, strictly ascending values, the first >= 0
 */
export function checkGrid(call: string, grid: unknown): Float64Array {
  if (!(grid instanceof Float64Array))
    throw new TypeError(`${call}: grid must be a Float64Array of variances; make one with edmGrid`);
  if (grid.length < 2) throw new RangeError(`${call}: grid must hold at least 2 variances, got ${grid.length}`);
  for (let i = 0; i < grid.length; i++) {
    if (!(grid[i] >= 0 && grid[i] < Infinity && (i === 0 || grid[i] > grid[i - 1]))) {
      throw new RangeError(`${call}: grid must be finite, >= 0 and strictly ascending, got ${grid[i]} at position ${i}`);
    }
  }
  return grid;
}
