/** iDEM: the network regresses the Monte-Carlo score S_K, its norm clipped. */
import { checkOptions, checkPositive } from "../core/check.js";
import type { Estimator } from "../core/types.js";
import { clipRows, markMissed } from "./clip.js";
import { noised } from "./noised.js";
import { type MonteCarloOptions, monteCarlo } from "./noised-energy.js";

export interface NoisedScoreOptions extends MonteCarloOptions {
  /** Largest Euclidean norm of a target, in 1 / units of x; Infinity (default) clips nothing. The paper uses 70 / 50 on GMM-40. */
  readonly scoreClip?: number;
}

/** @internal A clip is positive and may be infinite; JSON has no Infinity, so options hold null for it. */
export function clipLimit(call: string, clip: number | undefined): number {
  return clip === undefined || clip === Infinity ? Infinity : checkPositive(call, "scoreClip", clip);
}

/**
 * Target S_K(x, h) = -sum_k softmax(-E(y_k)) grad E(y_k) [n, dim], in 1 / units of x. Cost: n K energies with gradients.
 * @throws RangeError for mcSamples < 1, scoreClip <= 0 or an unknown option
 * @see Akhound-Sadegh et al. 2024, arXiv:2402.06121
 */
export function noisedScore(options: NoisedScoreOptions = {}): Estimator {
  checkOptions("noisedScore", options, ["mcSamples", "mode", "scoreClip"]);
  const settings = monteCarlo("noisedScore", options);
  const limit = clipLimit("noisedScore", options.scoreClip);
  return {
    name: "noisedScore",
    kind: "score",
    options: limit === Infinity ? settings : { ...settings, scoreClip: limit },
    needsTeacher: false,
    async estimate({ energy, x, variance, key, exact }) {
      const result = noised(energy, {
        x,
        variance,
        key,
        exact,
        quantity: "score",
        mcSamples: settings.mcSamples,
        mode: settings.mode,
      });
      const target = result.score as Float32Array;
      const excluded = new Uint8Array(x.n);
      markMissed(result.energy, excluded);
      const { clipped, dropped } = clipRows(target, x.dim, limit, excluded);
      const notes = { clippedFraction: clipped / x.n, droppedRows: dropped };
      return { target, excluded, energyCalls: result.energyCalls, networkCalls: 0, nonFinite: result.nonFinite, notes };
    },
  };
}
