/** Samples by the reverse SDE, each path with its importance weight. */
import { checkNumber, checkOptions, hasMethods } from "../core/check.js";
import { Pace } from "../core/task.js";
import type { Energy, NoiseSchedule, Particles, ScoreModel } from "../core/types.js";
import { bridge } from "./bridge.js";
import { checkGrid } from "./grid.js";
import type { Corrector } from "./langevin.js";
import type { PathPlan } from "./path-plan.js";
import type { Path } from "./path-result.js";
import { pilotVariances } from "./pilot.js";
import { type PlannedRun, planRows, RUN_OPTIONS, type RunOptions, runHere } from "./run-rows.js";
import type { Transition } from "./transition.js";

/** Options of `reverseSde`: `n`, `key`, `draws` and `grid` are needed. */
export interface ReverseSdeOptions extends RunOptions {
  /** Default `bridge()`. */
  readonly transition?: Transition;
  /**
   * In place of a transition: drift Delta, and a variance between that of the DDPM posterior (0) and the optimal one (1), (1 - nu) Delta h_u / h_t +
   * nu Delta (1 - Delta E|s|^2 / d). The mean squared score of each level comes from a pilot batch of 32 to 512 rows with a key of its own, whose
   * scores are counted. Raw output takes a step to variance 0 without noise.
   */
  readonly nu?: number;
  /** Langevin steps at the levels between transitions; none by default. */
  readonly corrector?: Corrector;
  /** Ends with x + h_0 s(x, h_0), the posterior mean of the data. It has no density: raw output only (no energy). Default false. */
  readonly tweedie?: boolean;
}

type Coefficients = Pick<PathPlan, "drift" | "variance">;

/** Coefficients of every transition, [k] for level k to k - 1. @throws RangeError when a weighted step has no noise */
function coefficientsOf(schedule: NoiseSchedule, grid: Float64Array, transition: Transition, weighted: boolean): Coefficients {
  const drift = new Float64Array(grid.length);
  const variance = new Float64Array(grid.length);
  for (let k = 1; k < grid.length; k++) {
    const step = transition.coefficients({ from: grid[k], to: grid[k - 1], schedule });
    if (!(step.variance >= 0 && step.variance < Infinity && Math.abs(step.drift) < Infinity)) {
      throw new RangeError(
        `reverseSde: transition "${transition.name}" gave variance ${step.variance} at level ${k}; it must be >= 0`,
      );
    }
    if (weighted && step.variance === 0) throw noDensity(transition.name, k);
    drift[k] = step.drift;
    variance[k] = step.variance;
  }
  return { drift, variance };
}

function noDensity(name: string, k: number): RangeError {
  return new RangeError(
    `reverseSde: transition "${name}" has no noise from level ${k} to ${k - 1}, hence no density and no weight; ` +
      "end the grid at sigmaMin > 0 or ask for raw output",
  );
}

/** The particles of a run. @throws RangeError when they are not those of the energy that weighs its paths */
function particlesOf(energy: Energy | undefined, given: Particles | undefined): Particles | undefined {
  if (!energy || given === undefined) return energy?.particles ?? given;
  const own = energy.particles;
  if (own?.count === given?.count && own?.spatialDim === given?.spatialDim) return own;
  throw new RangeError(
    `reverseSde: particles must be those of the energy ${energy.name}, or left out, got ${JSON.stringify(given)}`,
  );
}

const OPTIONS = [...RUN_OPTIONS, "transition", "nu", "corrector", "tweedie"];

function checkParts(
  model: ScoreModel,
  energy: Energy | undefined,
  schedule: NoiseSchedule,
  { transition, nu, corrector }: ReverseSdeOptions,
): void {
  const call = "reverseSde";
  if (transition !== undefined && !hasMethods(transition, ["coefficients"]))
    throw new TypeError(`${call}: transition must be a Transition, such as bridge()`);
  if (nu !== undefined) {
    checkNumber(call, "nu", nu, 0, 1);
    if (transition)
      throw new RangeError(`${call}: nu is a transition of its own, got "${transition.name}" with it; leave one out`);
  }
  if (corrector !== undefined && !(corrector?.steps >= 1)) throw new TypeError(`${call}: corrector must come from langevin()`);
  if (!hasMethods(schedule, ["timeOf", "diffusion"])) {
    throw new TypeError(`${call}: schedule must be a NoiseSchedule, such as geometricSchedule({ sigmaMin, sigmaMax })`);
  }
  if (!hasMethods(model, ["score"])) throw new TypeError(`${call}: model must be a ScoreModel { dim, score(x, variance) }`);
  if (energy && energy.dim !== model.dim) throw new RangeError(`${call}: energy.dim is ${energy.dim}, model.dim ${model.dim}`);
}

/** The plan with the variances that its pilot batch has measured. @throws what the model throws, the signal's reason */
async function withPilot({ plan, settings }: PlannedRun, model: ScoreModel, nu: number): Promise<PlannedRun> {
  const { draws, chunk, signal } = settings;
  const pace = new Pace(signal);
  const { variance, calls } = await pilotVariances(plan, model, nu, { draws, chunk, breathe: () => pace.breathe() });
  if (plan.grid[0] === 0 && !plan.weighted) variance[1] = 0;
  const silent = variance.indexOf(0, 1);
  if (plan.weighted && silent > 0) throw noDensity(`nu = ${nu}`, silent);
  return { plan: { ...plan, variance, pilotCalls: calls }, settings };
}

/**
 * Checks a run and decides everything about it but the scores: no schedule and no transition is needed any more. With nu > 0 the model is asked for
 * the scores of a pilot batch.
 * @throws as `reverseSde`
 */
export async function planReverseSde(
  model: ScoreModel,
  energy: Energy | undefined,
  schedule: NoiseSchedule,
  options: ReverseSdeOptions,
): Promise<PlannedRun> {
  const call = "reverseSde";
  checkOptions(call, options, OPTIONS);
  const grid = checkGrid(call, options?.grid);
  checkParts(model, energy, schedule, options);
  const { corrector, transition = bridge(), nu = 0, tweedie = false } = options;
  if (energy && tweedie) throw new RangeError(`${call}: tweedie has no density and so no weight; ask for raw output with it`);
  if (tweedie && grid[0] === 0) throw new RangeError(`${call}: tweedie needs a grid that ends above variance 0`);
  const weighted = energy !== undefined;
  const moves = corrector && { steps: corrector.steps, stepScale: corrector.stepScale, minVariance: corrector.minVariance ?? 0 };
  // Where a pilot decides about the variances, those of the bridge hold their place: its last one may be 0 in weighted runs too.
  const coefficients = coefficientsOf(schedule, grid, transition, weighted && nu === 0);
  const particles = particlesOf(energy, options.particles);
  const part = { ...coefficients, weighted, tweedie, corrector: moves, pilotCalls: 0 };
  const planned = planRows(call, model, { ...options, particles }, part);
  return nu === 0 ? planned : withPilot(planned, model, nu);
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
 * Energies of particles: everything is on the subspace with center of mass 0, and every density in the weight, log Z too, is the Lebesgue density
 * on its (count - 1) spatialDim orthonormal axes.
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
  return runHere(await planReverseSde(model, energy, schedule, options), model, energy);
}
