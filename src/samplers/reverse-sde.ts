/** Samples by the reverse SDE, each path with its importance weight. */
import { checkOptions, hasMethods } from "../core/check.js";
import { derive } from "../core/random.js";
import type { Batch, Energy, NoiseSchedule, ScoreModel } from "../core/types.js";
import { bridge } from "./bridge.js";
import { checkGrid } from "./grid.js";
import { type Corrector, correctRows } from "./langevin.js";
import { addWayBack, move, type Rows } from "./rows.js";
import { type Path, RUN_OPTIONS, type RunOptions, runRows, scoreAtLevel } from "./run-rows.js";
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
function coefficientsOf(schedule: NoiseSchedule, grid: Float64Array, transition: Transition, weighted: boolean) {
  return Array.from(grid, (from, k) => {
    if (k === 0) return { drift: 0, variance: 0 };
    const step = transition.coefficients({ from, to: grid[k - 1], schedule });
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
    return step;
  });
}

/** Exact energy at the end closes the log weight. Energies of NaN or -Infinity are failures; +Infinity is a weight of 0. */
function closeWeights(rows: Rows, energy: Energy): Float32Array {
  const values = energy.energy(rows.x);
  const logWeights = rows.logWeights as Float64Array;
  for (let row = 0; row < rows.n; row++) {
    if (!(values[row] > -Infinity)) rows.failed[row] = 1;
    else logWeights[row] -= values[row];
  }
  return values;
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
  const call = "reverseSde";
  checkOptions(call, options, [...RUN_OPTIONS, "transition", "corrector", "tweedie"]);
  const grid = checkGrid(call, options?.grid);
  const { corrector, draws, transition = bridge(), tweedie = false } = options;
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
  const steps = coefficientsOf(schedule, grid, transition, energy !== undefined);
  const key = derive(options.key, "reverse");
  return runRows(call, model, options, energy !== undefined, async (rows, step) => {
    let evaluations = 0;
    const scoreAt = (x: Batch, h: number) => {
      evaluations++;
      return scoreAtLevel(call, model, x, h);
    };
    for (let k = grid.length - 1; k > 0; k--) {
      rows.score = await scoreAt(rows.x, grid[k]);
      if (corrector && k < grid.length - 1) {
        await correctRows(rows, corrector, { k, variance: grid[k] }, { key: options.key, draws }, () => scoreAt(rows.x, grid[k]));
      }
      move(rows, steps[k].drift, steps[k].variance, draws(key, k, rows.firstRow, rows.n, rows.dim).data);
      addWayBack(rows, 0, grid[k] - grid[k - 1]);
      await step();
    }
    if (tweedie) {
      rows.score = await scoreAt(rows.x, grid[0]);
      move(rows, grid[0], 0, new Float32Array(rows.n * rows.dim));
    }
    return { evaluations, energy: energy ? closeWeights(rows, energy) : undefined };
  });
}
