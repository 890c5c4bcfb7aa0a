/** Samples by the probability-flow ODE: deterministic given the prior draw, raw output only. */
import { checkOptions } from "../core/check.js";
import type { ScoreModel } from "../core/types.js";
import { checkGrid } from "./grid.js";
import { move, type Rows } from "./rows.js";
import { type Path, RUN_OPTIONS, type RunOptions, runRows, scoreAtLevel } from "./run-rows.js";

/** Options of `probabilityFlow`: `n`, `key`, `draws` and `grid` are needed. */
export interface ProbabilityFlowOptions extends RunOptions {
  /** Ends with x + h_0 s(x, h_0), the posterior mean of the data. Default false. */
  readonly tweedie?: boolean;
}

/** a s(x) + b s(x'), so that a step of two scores is one `move`. */
function combine(a: number, first: Float32Array, b: number, second: Float32Array): Float32Array {
  const sum = new Float32Array(first.length);
  for (let i = 0; i < sum.length; i++) sum[i] = a * first[i] + b * second[i];
  return sum;
}

/**
 * Heun's rule in sigma for dx/dsigma = -sigma s(x, sigma^2), from x ~ N(0, v I) at sigma_N down to sigma_0:
 *
 *   x' = x + (sigma - sigma') sigma s(x);   x_next = x + (sigma - sigma') / 2 [sigma s(x) + sigma' s(x')]
 *
 * Second order in the step; where sigma' = 0 the first line alone. A map has no density here, so there are no weights: callers
 * ask for raw output (`correction: "none"`). Cost per row: 2 N scores.
 *
 * @throws TypeError / RangeError for bad options; BnemError("diverged") above `maxNonFinite`; the signal's reason
 * @see Karras et al. 2022, arXiv:2206.00364, algorithm 1
 */
export async function probabilityFlow(model: ScoreModel, options: ProbabilityFlowOptions): Promise<Path> {
  const call = "probabilityFlow";
  checkOptions(call, options, [...RUN_OPTIONS, "tweedie"]);
  const grid = checkGrid(call, options?.grid);
  const { tweedie = false } = options;
  if (tweedie && grid[0] === 0) throw new RangeError(`${call}: tweedie needs a grid that ends above variance 0`);
  return runRows(call, model, options, false, async (rows, step) => {
    const silence = new Float32Array(rows.n * rows.dim);
    let evaluations = 0;
    const scoreAt = (h: number) => {
      evaluations++;
      return scoreAtLevel(call, model, rows.x, h);
    };
    for (let k = grid.length - 1; k > 0; k--) {
      await heunStep(rows, Math.sqrt(grid[k]), Math.sqrt(grid[k - 1]), silence, (at) => scoreAt(grid[k - at]));
      await step();
    }
    if (tweedie) {
      rows.score = await scoreAt(grid[0]);
      move(rows, grid[0], 0, silence);
    }
    return { evaluations };
  });
}

/** One step from sigma to next; `score(0)` at the upper level, `score(1)` at the lower one. */
async function heunStep(
  rows: Rows,
  sigma: number,
  next: number,
  silence: Float32Array,
  score: (at: 0 | 1) => Promise<Float32Array>,
): Promise<void> {
  const first = await score(0);
  const start = rows.x;
  rows.score = first;
  move(rows, (sigma - next) * sigma, 0, silence);
  if (next === 0) return;
  const second = await score(1);
  rows.x = start;
  rows.score = combine(sigma, first, next, second);
  move(rows, (sigma - next) / 2, 0, silence);
}
