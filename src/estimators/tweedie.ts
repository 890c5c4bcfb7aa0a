/** TweeDEM: the score from the posterior mean; needs no energy gradient. */
import type { Batch, Estimator, NoisedResult } from "../core/types.js";
import { type NoisedScoreOptions, scoreEstimator } from "./score-estimator.js";

/** (D_K - x) / h in place of D_K. */
function fromMean({ mean }: NoisedResult, { data, n, dim }: Batch, variance: Float32Array): Float32Array {
  const score = mean as Float32Array;
  for (let i = 0; i < n; i++) {
    for (let at = i * dim; at < (i + 1) * dim; at++) score[at] = (score[at] - data[at]) / variance[i];
  }
  return score;
}

/**
 * Target (D_K(x) - x) / h [n, dim], D_K = sum_k softmax(-E(y_k)) y_k: Tweedie's formula with the self-normalised posterior
 * mean. Its variance grows as 1 / (h K) for small h, where `noisedScore` is better. Cost: n K energies.
 * @throws RangeError for mcSamples < 1, scoreClip <= 0 or an unknown option
 * @see OuYang et al. 2024, arXiv:2409.09787 (TweeDEM)
 */
export function tweedie(options: NoisedScoreOptions = {}): Estimator {
  return scoreEstimator({ name: "tweedie", quantity: "mean", scoreOf: fromMean }, options);
}
