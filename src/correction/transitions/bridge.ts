/** Posterior (DDPM) step: exact mean, and the covariance that Gaussian data of a known variance has. */
import { checkNumber, checkOptions } from "../../core/check.js";
import type { AnnealedTransition } from "../transition.js";
import { gaussianTransition, posteriorMean, scalarCovariance } from "./gaussian.js";

/** Options of `bridgeTransition`. */
export interface BridgeTransitionOptions {
  /** Variance c of the data around each mode, raw units squared; 0 (default) is the DDPM step, and large c the exponential one of a VE path. */
  readonly dataVariance?: number;
}

/**
 * B = N((x + q s) / a, (q / a^2) (1 - q / (a_t^2 c + g_t^2)) I). Exact for Gaussian data of variance c.
 *
 * @throws TypeError / RangeError for a negative dataVariance or an unknown option
 * @see Ho et al. 2020, arXiv:2006.11239
 */
export function bridgeTransition(options: BridgeTransitionOptions = {}): AnnealedTransition {
  checkOptions("bridgeTransition", options, ["dataVariance"]);
  const c = checkNumber("bridgeTransition", "dataVariance", options.dataVariance ?? 0, 0, Number.MAX_VALUE);
  return gaussianTransition({
    name: "bridge",
    needs: "score",
    law: ({ interval, x, score, model }) => {
      const { from, to, pull, noise } = interval;
      // (1 - q / V) with V = a_t^2 c + g_t^2, written without a difference of nearly equal numbers.
      const share = (pull * pull * (to.scale * to.scale * c + to.variance)) / (from.scale * from.scale * c + from.variance);
      return {
        mean: posteriorMean(interval, x, score),
        covariance: scalarCovariance(x.n, model, (noise / (pull * pull)) * share),
      };
    },
  });
}
