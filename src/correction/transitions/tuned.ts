/** First-order step whose variance is the mean of the exact one, measured on a pilot batch. */
import { checkNumber, checkOptions } from "../../core/check.js";
import { BnemError } from "../../core/errors.js";
import type { AnnealedTransition } from "../transition.js";
import { gaussianTransition, posteriorMean, scalarCovariance } from "./gaussian.js";

/** Options of `tunedTransition`. */
export interface TunedTransitionOptions {
  /** Share of the way from the DDPM step's variance (0) to the measured one (1, default). */
  readonly nu?: number;
}

/**
 * B = N((x + q s) / a, nu (q / a^2) I), nu = 1 - q E|s|^2 / d: the mean of the exact covariance (q / a^2) (I + q H) over rows and directions,
 * because E[-H] = E[s s^T] for the log density of any law. Between the DDPM step's variance, which is exact where the data is a point and so the
 * least there can be, and the whole noise: a larger measured |s|^2 is the fault of the score.
 *
 * @throws TypeError / RangeError for nu outside [0, 1] or an unknown option
 * @see Bao et al. 2022, arXiv:2201.06503 (optimal variance)
 */
export function tunedTransition(options: TunedTransitionOptions = {}): AnnealedTransition {
  checkOptions("tunedTransition", options, ["nu"]);
  const share = checkNumber("tunedTransition", "nu", options.nu ?? 1, 0, 1);
  return gaussianTransition({
    name: "tuned",
    needs: "score",
    async measure({ interval: { from, to, pull, noise }, score, model: { dim, freeDim } }) {
      let sum = 0;
      for (const value of score) sum += value * value;
      const optimal = 1 - (noise * sum) / (freeDim * (score.length / dim));
      const least = (pull * pull * to.variance) / from.variance;
      return [(1 - share) * least + share * Math.max(optimal, least)];
    },
    law: ({ interval, x, score, model, frozen }) => {
      if (!frozen) throw new BnemError("not-initialized", "tuned: this transition needs the numbers of a pilot run");
      const { pull, noise } = interval;
      return {
        mean: posteriorMean(interval, x, score),
        covariance: scalarCovariance(x.n, model, frozen[0] * (noise / (pull * pull))),
      };
    },
  });
}
