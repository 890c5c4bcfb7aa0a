/** Samples by the probability-flow ODE: deterministic given the prior draw, raw output only. */
import { checkOptions } from "../core/check.js";
import type { ScoreModel } from "../core/types.js";
import { checkGrid } from "./grid.js";
import type { Path } from "./path-result.js";
import { type PlannedRun, planRows, RUN_OPTIONS, type RunOptions, runHere } from "./run-rows.js";

/** Options of `probabilityFlow`: `n`, `key`, `draws` and `grid` are needed. */
export interface ProbabilityFlowOptions extends RunOptions {
  /** Ends with x + h_0 s(x, h_0), the posterior mean of the data. Default false. */
  readonly tweedie?: boolean;
}

/** Checks a run and decides everything about it but the scores. @throws as `probabilityFlow` */
export function planProbabilityFlow(model: ScoreModel, options: ProbabilityFlowOptions): PlannedRun {
  const call = "probabilityFlow";
  checkOptions(call, options, [...RUN_OPTIONS, "tweedie"]);
  const grid = checkGrid(call, options?.grid);
  const { tweedie = false } = options;
  if (tweedie && grid[0] === 0) throw new RangeError(`${call}: tweedie needs a grid that ends above variance 0`);
  const none = new Float64Array(0);
  return planRows(call, model, options, { drift: none, variance: none, weighted: false, tweedie, pilotCalls: 0 });
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
  return runHere(planProbabilityFlow(model, options), model, undefined);
}
