/** Noise levels of a path, exploding or preserving the variance, in terms of the learned variances h. */
import { checkPositive } from "../core/check.js";

/** x = scale x_0 + sqrt(variance) z. The learned variance of a level is h = variance / scale^2. */
export interface Level {
  readonly scale: number;
  readonly variance: number;
}

/** Two neighbours on a path: the noising kernel is F(x_from | x_to) = N(pull x_to, noise I). */
export interface Interval {
  /** The noisier level. */
  readonly from: Level;
  readonly to: Level;
  /** a = from.scale / to.scale. */
  readonly pull: number;
  /** q = from.variance - a^2 to.variance, > 0. */
  readonly noise: number;
}

/** Scales 1: the levels are the variances themselves. */
export function explodingLevels(variances: Float64Array): Level[] {
  return Array.from(variances, (variance) => ({ scale: 1, variance }));
}

/**
 * The same learned variances with scale^2 = v / (v + h) and variance = scale^2 h, so that data of variance v keeps it at every level:
 * the variance-preserving process with integral of beta = log(1 + h / v). The lowest level is that of the target itself and keeps scale 1.
 */
export function preservingLevels(variances: Float64Array, v: number): Level[] {
  checkPositive("preservingLevels", "v", v);
  return Array.from(variances, (h, k) => {
    const square = k === 0 ? 1 : v / (v + h);
    return { scale: Math.sqrt(square), variance: square * h };
  });
}

export function intervalOf(from: Level, to: Level): Interval {
  const pull = from.scale / to.scale;
  return { from, to, pull, noise: from.variance - pull * pull * to.variance };
}
