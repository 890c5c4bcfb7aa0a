/** Soft places on the axis of log sigma: what depends on the noise is mixed from one value per place. */
import {
  div,
  exp,
  log,
  maximum,
  mul,
  neg,
  reshape,
  square,
  sub,
  sum,
  type Tensor1D,
  type Tensor2D,
  tensor2d,
} from "@tensorflow/tfjs-core";
import { log as logOf } from "../core/elementary.js";

/** Equally spaced places from log low to log high, low < high, in the unit of sigma. */
export interface LevelPlaces {
  readonly levels: number;
  readonly low: number;
  readonly high: number;
}

/**
 * e_m(sigma) = exp(-(p - m)^2 / 2) / sum, p = (levels - 1) log(sigma / low) / log(high / low), held at the ends: smooth, positive, sum 1.
 * @param square1 sigma^2, [n or 1] -> [n or 1, levels]
 */
export function levelWeights(square1: Tensor1D, { levels, low, high }: LevelPlaces): Tensor2D {
  const column = reshape(square1, [square1.shape[0], 1]);
  const spacing = (logOf(high) - logOf(low)) / (levels - 1);
  const held = maximum(neg(maximum(neg(column), -high * high)), low * low);
  const place = mul(sub(mul(log(held), 0.5), logOf(low)), 1 / spacing);
  const places = tensor2d(
    Float32Array.from({ length: levels }, (_, m) => m),
    [1, levels],
  );
  const bumps = exp(mul(square(sub(place, places)), -0.5));
  return div(bumps, sum(bumps, 1, true)) as Tensor2D;
}
