/** Samples by the reverse SDE, each path with its importance weight. */
import { checkOptions, hasMethods } from "../core/check.js";
import type { Energy, NoiseSchedule, ScoreModel } from "../core/types.js";
import { bridge } from "./bridge.js";
import { checkGrid } from "./grid.js";
import type { Corrector } from "./langevin.js";
import type { PathPlan } from "./path-plan.js";
import type { Path } from "./path-result.js";
import { type PlannedRun, planRows, RUN_OPTIONS, type RunOptions, runHere } from "./run-rows.js";
import type { Transition } from "./transition.js";

/** Options of `reverseSde`: `n`, `key`, `draws` and `grid` are needed. */
export interface ReverseSdeOptions extends RunOptions {
  /** Default `bridge()`. */
  readonly transition?: Transition;
  /** Langevin steps at the levels between transitions; none by default. */
  readonly corrector?: Corrector;
  /** Ends with x + h_0 s(x, h_0), the posterior mean of the data. It has no density: raw output only (no energy). Default false. */
  readonly tweedie?: boolean;
}

/** Coefficients of every transition, [k] for level k to k - 1. @throws RangeError when a weighted step has no noise */
function coefficientsOf(
  schedule: NoiseSchedule,
  grid: Float64Array,
  transition: Transition,
  weighted: boolean,
): Pick<PathPlan, "drift" | "variance"> {
  const drift = new Float64Array(grid.length);
  const variance = new Float64Array(grid.length);
  for (let k = 1; k < grid.length; k++) {
    const step = transition.coefficients({ from: grid[k], to: grid[k - 1], schedule });
    if (!(step.variance >= 0 && step.variance < Infinity && Math.abs(step.drift) < Infinity)) {
      throw new RangeError(
        `reverseSde: transition "${transition.name}" gave variance ${step.variance} at level ${k}; it must be >= 0`,
      );
    }
    if (weighted && step.variance === 0) {
      throw new RangeError(
        `reverseSde: transition "${transition.name}" has no noise from level ${k} to ${k - 1}, hence no density and no weight; ` +
          "end the grid at sigmaMin > 0 or ask for raw output",
      );
    }
    drift[k] = step.drift;
    variance[k] = step.variance;
  }
  return { drift, variance };
}

/** Checks a run and decides everything about it but the scores: no schedule and no transition is needed any more. @throws as `reverseSde` */
export function planReverseSde(
  model: ScoreModel,
  energy: Energy | undefined,
  schedule: NoiseSchedule,
  options: ReverseSdeOptions,
): PlannedRun {
  const call = "reverseSde";
  checkOptions(call, options, [...RUN_OPTIONS, "transition", "corrector", "tweedie"]);
  const grid = checkGrid(call, options?.grid);
  const { corrector, transition = bridge(), tweedie = false } = options;
  if (!hasMethods(transition, ["coefficients"]))
    throw new TypeError(`${call}: transition must be a Transition, such as bridge()`);
  if (corrector !== undefined && !(corrector?.steps >= 1)) throw new TypeError(`${call}: corrector must come from langevin()`);
  if (!hasMethods(schedule, ["timeOf", "diffusion"])) {
    throw new TypeError(`${call}: schedule must be a NoiseSchedule, such as geometricSchedule({ sigmaMin, sigmaMax })`);
  }
  if (!hasMethods(model, ["score"])) throw new TypeError(`${call}: model must be a ScoreModel { dim, score(x, variance) }`);
  if (energy && energy.dim !== model.dim) throw new RangeError(`${call}: energy.dim is ${energy.dim}, model.dim ${model.dim}`);
  if (energy && tweedie) throw new RangeError(`${call}: tweedie has no density and so no weight; ask for raw output with it`);
  if (tweedie && grid[0] === 0) throw new RangeError(`${call}: tweedie needs a grid that ends above variance 0`);
  const weighted = energy !== undefined;
  const moves = corrector && { steps: corrector.steps, stepScale: corrector.stepScale };
  const coefficients = coefficientsOf(schedule, grid, transition, weighted);
  return planRows(call, model, options, { ...coefficients, weighted, tweedie, corrector: moves });
}

/**
 * Reverse diffusion from x_N ~ N(0, v I) down a grid of variances, x_{k-1} ~ B(. | x_k), with the path weight
 *
 *   log w = -E(x_0) - log N(x_N; 0, v) + sum_k [log N(x_k; x_{k-1}, h_k - h_{k-1}) - log B(x_{k-1} | x_k)]
 *
 * and the ratios of the Langevin steps. With an energy, E[w] = Z whatever the score, the transition and the grid are: a bad
 * score costs effective samples, not correctness. Level h_0 takes the exact target, so sigmaMin well below the narrowest
 * length costs nothing. Without an energy the output is raw: no weights.
 *
 * Row r uses the streams (key, level, r) only: same bits for every chunk size, and any n in memory for `chunk` rows plus the result.
 * Cost per row: N scores (and N - 1 per Langevin step), one energy.
 *
 * @param energy the exact target, or undefined for raw output
 * @param schedule used by `eulerMaruyama` only (g and t); the levels come from `options.grid`
 * @throws TypeError / RangeError for bad options; BnemError("diverged") above `maxNonFinite`; the signal's reason
 * @see Doucet et al. 2022, arXiv:2208.07698; OuYang et al. 2024, arXiv:2409.09787
 */
export async function reverseSde(
  model: ScoreModel,
  energy: Energy | undefined,
  schedule: NoiseSchedule,
  options: ReverseSdeOptions,
): Promise<Path> {
  return runHere(planReverseSde(model, energy, schedule, options), model, energy);
}
