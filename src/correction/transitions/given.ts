/** First-order step with numbers from elsewhere: rules that are written in terms of a schedule's time. */
import { checkOptions } from "../../core/check.js";
import { BnemError } from "../../core/errors.js";
import type { Interval } from "../levels.js";
import type { AnnealedTransition } from "../transition.js";
import { gaussianTransition, scalarCovariance } from "./gaussian.js";

/** B = N(x + drift s, variance I). */
export interface GivenStep {
  readonly drift: number;
  readonly variance: number;
}

/** Options of `givenTransition`. */
export interface GivenTransitionOptions {
  /** The step of an interval, on a path of scale 1; absent where the plan already holds the numbers. */
  readonly rule?: (interval: Interval) => GivenStep;
}

/** @throws TypeError for an unknown option */
export function givenTransition(options: GivenTransitionOptions = {}): AnnealedTransition {
  checkOptions("givenTransition", options, ["rule"]);
  const { rule } = options;
  return {
    ...gaussianTransition({
      name: "given",
      needs: "score",
      law: ({ x, score, model, frozen }) => {
        if (!frozen) throw new BnemError("not-initialized", "given: this transition needs the numbers of its plan");
        const [drift, variance] = frozen;
        const mean = new Float64Array(score.length);
        for (let i = 0; i < mean.length; i++) mean[i] = x.data[i] + drift * score[i];
        return { mean, covariance: scalarCovariance(x.n, model, variance) };
      },
    }),
    ...(rule && {
      settle: (interval: Interval) => {
        const { drift, variance } = rule(interval);
        return [drift, variance];
      },
    }),
  };
}
