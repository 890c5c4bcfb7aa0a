/** Second-order step with the diagonal of the exact covariance. */
import { checkOptions } from "../../core/check.js";
import { log } from "../../core/elementary.js";
import { freeCoordinates, fromFreeCoordinates } from "../../core/free-basis.js";
import type { LevelModel } from "../level-model.js";
import type { AnnealedTransition } from "../transition.js";
import { type ClampOptions, checkClamp, clampAt, clampTo } from "./clamp.js";
import { freeDiagonals, hessiansAtOnce } from "./free-hessian.js";
import { type Covariance, gaussianTransition, posteriorMean } from "./gaussian.js";

const LOG_2PI = 1.8378770664093453;

/** Variances [n, free] along the axes of the free space. */
function diagonalCovariance(n: number, { freeDim, particles }: LevelModel, variances: Float64Array): Covariance {
  return {
    spread(noise) {
      const free = freeCoordinates(noise, n, particles);
      for (let i = 0; i < free.length; i++) free[i] *= Math.sqrt(variances[i]);
      return fromFreeCoordinates(free, n, particles);
    },
    logDensity(deviation) {
      const free = freeCoordinates(deviation, n, particles);
      return Float64Array.from({ length: n }, (_, row) => {
        let sum = freeDim * LOG_2PI;
        for (let i = row * freeDim; i < (row + 1) * freeDim; i++) sum += (free[i] * free[i]) / variances[i] + log(variances[i]);
        return -0.5 * sum;
      });
    },
  };
}

/**
 * B = N((x + q s) / a, (q / a^2) diag(clamp(1 + q H_ii))), H the Hessian of log p at the noisier level. For particles the diagonal is that in the
 * Helmert basis of their subspace, which depends on their order. Without whole Hessians from the model it costs as many products as `full`.
 * NaN in a Hessian makes the row's ratio NaN.
 *
 * @throws TypeError / RangeError for a clamp without 0 < least <= 1 <= most or an unknown option; BnemError("unsupported") from steps of a model
 *   without Hessians
 */
export function diagonalTransition(options: ClampOptions = {}): AnnealedTransition {
  checkOptions("diagonalTransition", options, ["clamp"]);
  const clamp = checkClamp("diagonalTransition", options.clamp);
  return gaussianTransition({
    name: "diagonal",
    needs: "hessian",
    rowsAtOnce: hessiansAtOnce,
    law: async ({ interval, x, score, model }) => {
      const { pull, noise } = interval;
      const range = clampAt(interval, clamp);
      const diagonal = await freeDiagonals(model, x);
      const variances = diagonal.map((value) => (noise / (pull * pull)) * clampTo(1 + noise * value, range));
      return { mean: posteriorMean(interval, x, score), covariance: diagonalCovariance(x.n, model, variances) };
    },
  });
}
