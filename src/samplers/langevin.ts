/** Unadjusted Langevin steps at a fixed noise level, with their own ratio of densities in the path weight. */
import { checkInteger, checkNumber, checkOptions } from "../core/check.js";
import { derive } from "../core/random.js";
import type { Key } from "../core/types.js";
import type { NormalSource } from "./normal-source.js";
import { addWayBack, move, type Rows } from "./rows.js";

/** Options of `langevin`. */
export interface LangevinOptions {
  /** Steps per level, default 1; each costs one score, which the next step uses again. */
  readonly steps?: number;
  /** Step tau in units of the level's variance h, in (0, 2); default 0.1. Stable because a noised density has curvature at most 1/h. */
  readonly stepScale?: number;
  /** No steps at levels of less noise than this, raw units: below the smallest sigma it was trained on, a score is a guess. Default 0. */
  readonly sigmaMin?: number;
}

/** Corrector of a sampler; made by `langevin`. */
export interface Corrector {
  readonly steps: number;
  readonly stepScale: number;
  /** Least variance of a level that it works at. */
  readonly minVariance: number;
}

/**
 * x' = x + tau s(x) + sqrt(2 tau) eps, tau = stepScale h, at each level between transitions.
 *
 * The chain is not exactly invariant (it has a bias of order tau), so it is not free: the extended-space weight gets
 * log N(x; x' + tau s(x'), 2 tau) - log N(x'; x + tau s(x), 2 tau), which is exact for any score and any step, and close to 0 for small steps.
 *
 * @throws TypeError / RangeError for steps < 1, stepScale outside (0, 2), sigmaMin < 0 and unknown options
 * @see Song et al. 2021, arXiv:2011.13456 (predictor-corrector); Doucet et al. 2022, arXiv:2208.07698 (the weight)
 */
export function langevin(options: LangevinOptions = {}): Corrector {
  checkOptions("langevin", options, ["steps", "stepScale", "sigmaMin"]);
  const steps = checkInteger("langevin", "steps", options.steps ?? 1, 1, 1000);
  const stepScale = checkNumber("langevin", "stepScale", options.stepScale ?? 0.1, Number.MIN_VALUE, 2);
  const sigmaMin = checkNumber("langevin", "sigmaMin", options.sigmaMin ?? 0, 0, 1e18);
  return { steps, stepScale, minVariance: sigmaMin * sigmaMin };
}

/** Applies the corrector at level k of variance h. `rows.score` must be the score at x; on return it is again. */
export async function correctRows(
  rows: Rows,
  corrector: Corrector,
  level: { readonly k: number; readonly variance: number },
  random: { readonly key: Key; readonly draws: NormalSource },
  score: () => Promise<Float32Array>,
): Promise<void> {
  const tau = corrector.stepScale * level.variance;
  const key = derive(random.key, "langevin");
  for (let j = 0; j < corrector.steps; j++) {
    const noise = random.draws(key, level.k * corrector.steps + j, rows.firstRow, rows.n, rows.dim).data;
    move(rows, tau, 2 * tau, noise);
    rows.score = await score();
    addWayBack(rows, tau, 2 * tau);
  }
}
