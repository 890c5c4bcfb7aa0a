/** What iDEM and TweeDEM share: a Monte-Carlo score as target, its norm clipped, rows that missed left out. */
import { checkOptions, checkPositive } from "../core/check.js";
import { removeMean } from "../core/subspace.js";
import type { Batch, Estimator, NoisedResult } from "../core/types.js";
import { clipRows, markMissed } from "./clip.js";
import { DRAW_OPTIONS, drawNoised, type MonteCarloOptions, monteCarlo } from "./monte-carlo.js";

/** Options of `noisedScore` and `tweedie`. */
export interface NoisedScoreOptions extends MonteCarloOptions {
  /** Largest Euclidean norm of a target, in 1 / units of x; Infinity (default) clips nothing. The paper uses 70 / 50 on GMM-40. */
  readonly scoreClip?: number;
}

/** How one rule gets its score [n, dim] from an estimate. */
interface ScoreRule {
  readonly name: string;
  readonly quantity: "score" | "mean";
  readonly scoreOf: (result: NoisedResult, x: Batch, variance: Float32Array) => Float32Array;
}

/** @throws RangeError for mcSamples < 1, scoreClip <= 0 or an unknown option */
export function scoreEstimator({ name, quantity, scoreOf }: ScoreRule, options: NoisedScoreOptions): Estimator {
  checkOptions(name, options, [...DRAW_OPTIONS, "scoreClip"]);
  const settings = monteCarlo(name, options);
  const { scoreClip = Infinity } = options;
  const limit = scoreClip === Infinity ? Infinity : checkPositive(name, "scoreClip", scoreClip);
  return {
    name,
    kind: "score",
    // JSON has no Infinity: an option that clips nothing is left out.
    options: limit === Infinity ? { ...settings } : { ...settings, scoreClip: limit },
    needsTeacher: false,
    async estimate(request) {
      const { energy, x, variance } = request;
      const result = await drawNoised(request, { x, variance, quantity }, settings);
      const target = scoreOf(result, x, variance);
      // The draws move the center of mass, which the energy does not see: in a mean of draws that is noise and nothing else.
      if (energy.particles) removeMean(target, x.n, energy.particles);
      const excluded = new Uint8Array(x.n);
      markMissed(result.energy, excluded);
      const { clipped, dropped } = clipRows(target, x.dim, limit, excluded);
      const notes = { ...result.notes, clippedFraction: clipped / x.n, droppedRows: dropped };
      return { target, excluded, energyCalls: result.energyCalls, networkCalls: 0, nonFinite: result.nonFinite, notes };
    },
  };
}
