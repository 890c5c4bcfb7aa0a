/** Reverse SDE step that integrates the noise exactly and holds the score. */
import { checkOptions } from "../../core/check.js";
import type { AnnealedTransition } from "../transition.js";
import { gaussianTransition, scalarCovariance } from "./gaussian.js";

/**
 * B = N(x / a + 2 q / (a (1 + a)) s, (q / a^2) I): N(x + Delta s, Delta I) where the variance explodes. Slightly too much noise, by an amount that
 * adds up over levels and dimensions: the step that needs a correction of first order.
 *
 * @throws RangeError for any option
 * @see Zhang and Chen 2022, arXiv:2204.13902
 */
export function exponentialTransition(options: Record<string, never> = {}): AnnealedTransition {
  checkOptions("exponentialTransition", options, []);
  return gaussianTransition({
    name: "exponential",
    needs: "score",
    law: ({ interval: { pull, noise }, x, score, model }) => {
      const drift = (2 * noise) / (pull * (1 + pull));
      const mean = new Float64Array(score.length);
      for (let i = 0; i < mean.length; i++) mean[i] = x.data[i] / pull + drift * score[i];
      return {
        mean,
        covariance: scalarCovariance(x.n, model, noise / (pull * pull)),
      };
    },
  });
}
