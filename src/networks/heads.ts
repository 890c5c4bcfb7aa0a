/** What turns a network's last layer into an energy or a score with the right limits at large noise and far from the data. */
import { add, div, log, mul, reshape, sqrt, square, sub, sum, type Tensor1D, type Tensor2D } from "@tensorflow/tfjs-core";
import type { Features } from "./features.js";

/**
 * E = |x|^2 / (2 v) + (dim / 2) log(2 pi v) + outputScale raw, with v = (baseStd scale)^2 + variance in raw units squared. With raw = 0 (as
 * initialised) it is the energy of the normalised Gaussian N(0, v I), which the noised target tends to at large noise.
 *
 * @param raw [n, 1]
 * @returns [n], kT
 */
export function energyHead(raw: Tensor2D, features: Features, dim: number, outputScale: number): Tensor1D {
  const quadratic = mul(sum(square(features.position), 1, true), 0.5);
  const normalizer = mul(add(log(features.total), Math.log(2 * Math.PI)), 0.5 * dim);
  const energy = add(add(mul(raw, outputScale), quadratic), normalizer);
  return reshape(energy, [raw.shape[0]]) as Tensor1D;
}

/**
 * S = -x / v + raw / sqrt(detail^2 + variance): the Gaussian base's score, and a correction that may grow as the noise shrinks, down to
 * the raw length `detail`, the finest structure expected.
 *
 * @param raw [n, dim]
 * @returns [n, dim], 1 / raw unit
 */
export function scoreHead(raw: Tensor2D, features: Features, x: Tensor2D, variance: Tensor1D, detail: number): Tensor2D {
  const reach = sqrt(add(reshape(variance, [variance.shape[0], 1]), detail * detail));
  return sub(div(raw, reach), div(x, features.total)) as Tensor2D;
}
