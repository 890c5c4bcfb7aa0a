/** iDEM: the network regresses the Monte-Carlo score S_K, its norm clipped. */
import type { Estimator } from "../core/types.js";
import { type NoisedScoreOptions, scoreEstimator } from "./score-estimator.js";

/**
 * Target S_K(x, h) = -sum_k softmax(-E(y_k)) grad E(y_k) [n, dim], in 1 / units of x. Cost: n K energies with gradients.
 * @throws RangeError for mcSamples < 1, scoreClip <= 0 or an unknown option
 * @see Akhound-Sadegh et al. 2024, arXiv:2402.06121
 */
export function noisedScore(options: NoisedScoreOptions = {}): Estimator {
  return scoreEstimator({ name: "noisedScore", quantity: "score", scoreOf: (result) => result.score as Float32Array }, options);
}
