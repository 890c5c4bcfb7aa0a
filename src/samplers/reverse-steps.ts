/** Rows down the levels of a reverse SDE; what the steps are worth is in reverse-sde.ts. */
import { derive } from "../core/random.js";
import { correctRows } from "./langevin.js";
import type { Advance } from "./path-plan.js";
import { addWayBack, move } from "./rows.js";

export const reverseSteps: Advance = async (rows, plan, { score, draws, leaving, step }) => {
  const { grid, drift, variance, corrector, key } = plan;
  const down = derive(key, "reverse");
  for (let k = grid.length - 1; k > 0; k--) {
    rows.score = await score(rows.x, grid[k]);
    if (corrector && k < grid.length - 1 && grid[k] >= corrector.minVariance) {
      await correctRows(rows, corrector, { k, variance: grid[k] }, { key, draws }, () => score(rows.x, grid[k]));
    }
    leaving?.(k, rows);
    move(rows, drift[k], variance[k], draws(down, k, rows.firstRow, rows.n, rows.dim).data);
    addWayBack(rows, 0, grid[k] - grid[k - 1]);
    await step();
  }
  if (!plan.tweedie) return;
  rows.score = await score(rows.x, grid[0]);
  move(rows, grid[0], 0, new Float32Array(rows.n * rows.dim));
};
