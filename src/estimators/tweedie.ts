/** TweeDEM: the score from the posterior mean; needs no energy gradient. */
import { checkOptions } from "../core/check.js";
import type { Estimator } from "../core/types.js";
import { clipRows, markMissed } from "./clip.js";
import { noised } from "./noised.js";
import { monteCarlo } from "./noised-energy.js";
import { clipLimit, type NoisedScoreOptions } from "./noised-score.js";

/**
 * Target (D_K(x) - x) / h [n, dim], D_K = sum_k softmax(-E(y_k)) y_k: Tweedie's formula with the self-normalised posterior
 * mean. Its variance grows as 1 / (h K) for small h, where `noisedScore` is better. Cost: n K energies.
 * @throws RangeError for mcSamples < 1, scoreClip <= 0 or an unknown option
 * @see OuYang et al. 2024, arXiv:2409.09787 (TweeDEM)
 */
export function tweedie(options: NoisedScoreOptions = {}): Estimator {
  checkOptions("tweedie", options, ["mcSamples", "mode", "scoreClip"]);
  const settings = monteCarlo("tweedie", options);
  const limit = clipLimit("tweedie", options.scoreClip);
  return {
    name: "tweedie",
    kind: "score",
    options: limit === Infinity ? settings : { ...settings, scoreClip: limit },
    needsTeacher: false,
    async estimate({ energy, x, variance, key, exact }) {
      const result = noised(energy, {
        x,
        variance,
        key,
        exact,
        quantity: "mean",
        mcSamples: settings.mcSamples,
        mode: settings.mode,
      });
      const target = result.mean as Float32Array;
      for (let i = 0; i < x.n; i++) {
        for (let j = 0; j < x.dim; j++) target[i * x.dim + j] = (target[i * x.dim + j] - x.data[i * x.dim + j]) / variance[i];
      }
      const excluded = new Uint8Array(x.n);
      markMissed(result.energy, excluded);
      const { clipped, dropped } = clipRows(target, x.dim, limit, excluded);
      const notes = { clippedFraction: clipped / x.n, droppedRows: dropped };
      return { target, excluded, energyCalls: result.energyCalls, networkCalls: 0, nonFinite: result.nonFinite, notes };
    },
  };
}
