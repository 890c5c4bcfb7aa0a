/** Second-order step with the whole of the exact covariance. */
import { checkOptions } from "../../core/check.js";
import { multiplyLower, solveLower } from "../../core/cholesky.js";
import { log } from "../../core/elementary.js";
import { freeCoordinates, fromFreeCoordinates } from "../../core/free-basis.js";
import type { LevelModel } from "../level-model.js";
import type { AnnealedTransition } from "../transition.js";
import { type ClampOptions, checkClamp, clampAt } from "./clamp.js";
import { clampedFactor } from "./clamped-factor.js";
import { freeHessians, hessiansAtOnce } from "./free-hessian.js";
import { type Covariance, gaussianTransition, posteriorMean } from "./gaussian.js";

const LOG_2PI = 1.8378770664093453;

/** variance L L^T in free coordinates, factors [n, free, free]. */
function factoredCovariance(n: number, model: LevelModel, factors: Float64Array, variance: number): Covariance {
  const { freeDim: free, particles } = model;
  const deviation = Math.sqrt(variance);
  const constant = -0.5 * free * (LOG_2PI + log(variance));
  const factor = (row: number) => factors.subarray(row * free * free, (row + 1) * free * free);
  return {
    spread(noise) {
      const values = freeCoordinates(noise, n, particles);
      for (let row = 0; row < n; row++) multiplyLower(factor(row), free, values.subarray(row * free, (row + 1) * free));
      for (let i = 0; i < values.length; i++) values[i] *= deviation;
      return fromFreeCoordinates(values, n, particles);
    },
    logDensity(offset) {
      const values = freeCoordinates(offset, n, particles);
      return Float64Array.from({ length: n }, (_, row) => {
        const own = factor(row);
        const solved = values.subarray(row * free, (row + 1) * free);
        solveLower(own, free, solved);
        let square = 0;
        let logDeterminant = 0;
        for (let i = 0; i < free; i++) {
          square += solved[i] * solved[i];
          logDeterminant += log(own[i * free + i]);
        }
        return constant - square / (2 * variance) - logDeterminant;
      });
    },
  };
}

/**
 * B = N((x + q s) / a, (q / a^2) clamp(I + q H)), H the Hessian of log p at the noisier level: mean and covariance of the exact backward kernel, and
 * all of it where the target is normal. The clamp is on eigenvalues; rows within it, which factorizations tell, are never diagonalized.
 * Asks for whole Hessians, or for one product per free direction. NaN in a Hessian makes the row's ratio NaN.
 *
 * @throws TypeError / RangeError for a clamp without 0 < least <= 1 <= most or an unknown option; BnemError("unsupported") from steps of a model
 *   without Hessians
 * @see Grenioux and Noble 2026, arXiv:2601.21026
 */
export function fullTransition(options: ClampOptions = {}): AnnealedTransition {
  checkOptions("fullTransition", options, ["clamp"]);
  const clamp = checkClamp("fullTransition", options.clamp);
  return gaussianTransition({
    name: "full",
    needs: "hessian",
    rowsAtOnce: hessiansAtOnce,
    law: async ({ interval, x, score, model }) => {
      const { pull, noise } = interval;
      const range = clampAt(interval, clamp);
      const free = model.freeDim;
      const matrices = await freeHessians(model, x);
      const scratch = new Float64Array(free * free);
      for (let row = 0, at = 0; row < x.n; row++, at += free * free) {
        const own = matrices.subarray(at, at + free * free);
        for (let i = 0; i < own.length; i++) own[i] *= noise;
        for (let i = 0; i < own.length; i += free + 1) own[i] += 1;
        clampedFactor(own, free, range, scratch);
      }
      const covariance = factoredCovariance(x.n, model, matrices, noise / (pull * pull));
      return { mean: posteriorMean(interval, x, score), covariance };
    },
  });
}
