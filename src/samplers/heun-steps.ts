/** Rows down the levels of the probability flow by Heun's rule; the formula is in probability-flow.ts. */
import type { Advance } from "./path-plan.js";
import { move, type Rows } from "./rows.js";

export const heunSteps: Advance = async (rows, { grid, tweedie }, { score, step }) => {
  const silence = new Float32Array(rows.n * rows.dim);
  for (let k = grid.length - 1; k > 0; k--) {
    await heunStep(rows, Math.sqrt(grid[k]), Math.sqrt(grid[k - 1]), silence, (at) => score(rows.x, grid[k - at]));
    await step();
  }
  if (!tweedie) return;
  rows.score = await score(rows.x, grid[0]);
  move(rows, grid[0], 0, silence);
};

/** a s(x) + b s(x'), so that a step of two scores is one `move`. */
function combine(a: number, first: Float32Array, b: number, second: Float32Array): Float32Array {
  const sum = new Float32Array(first.length);
  for (let i = 0; i < sum.length; i++) sum[i] = a * first[i] + b * second[i];
  return sum;
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
