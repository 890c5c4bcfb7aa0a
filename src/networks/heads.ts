/** What turns a network's last layer into an energy or a score with the right limits at large noise and far from the data. */
import {
  add,
  div,
  log,
  maximum,
  mul,
  neg,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from "@tensorflow/tfjs-core";
import type { Features } from "./features.js";

/** What the heads need to know of a batch. */
export type Base = Pick<Features, "square" | "total">;

/** Where a target is known to have no mass, in raw units. */
export interface Confinement {
  /** Every |x_i| of the target stays below this; 0: nothing is known, no wall. */
  readonly halfWidth: number;
  /** Softness of the wall: the finest length of the target. */
  readonly detail: number;
}

interface Wall {
  /** z^2 / (1 + z), [n, 1], kT. */
  readonly energy: Tensor;
  /** Its gradient, [n, dim]. */
  readonly gradient: Tensor;
}

/**
 * Outside the box of half-width R a noised target rises at least about like |t|^2 / (2 (h + detail^2)), t_i = sign(x_i) max(0, |x_i| - R), which at
 * small noise h is far steeper than the Gaussian base. What is missing, z = max(0, |t|^2 / (2 (h + detail^2)) - |x|^2 / (2 v)), is added as
 * z^2 / (1 + z) (smooth at z = 0). GMM-40 without it: samples that start 2.5 standard deviations out come to rest at 90 to 130, and position
 * W2 is 7 where 4 is reached.
 */
function wall(x: Tensor2D, variance: Tensor1D, features: Base, { halfWidth, detail }: Confinement): Wall {
  const excess = sub(maximum(sub(x, halfWidth), 0), maximum(sub(neg(x), halfWidth), 0));
  const width = add(reshape(variance, [variance.shape[0], 1]), detail * detail);
  const z = maximum(sub(div(sum(square(excess), 1, true), mul(width, 2)), mul(features.square, 0.5)), 0);
  const onePlus = add(z, 1);
  const slope = div(mul(z, add(z, 2)), square(onePlus));
  const gradient = mul(slope, sub(div(excess, width), div(x, features.total)));
  return { energy: div(square(z), onePlus), gradient };
}

/**
 * E = |x|^2 / (2 v) + (freeDim / 2) log(2 pi v) + outputScale raw + wall, with v = (baseStd scale)^2 + variance in raw units squared. With raw = 0
 * (as initialised) and inside the wall it is the energy of the normalised Gaussian N(0, v I), which the noised target tends to at large noise.
 *
 * @param raw [n, 1]
 * @param freeDim dimension of the space the density is on; below that of x for particles, whose center of mass stays at 0
 * @returns [n], kT
 */
export function energyHead(
  raw: Tensor2D,
  features: Base,
  x: Tensor2D,
  variance: Tensor1D,
  outputScale: number,
  confinement: Confinement,
  freeDim = x.shape[1],
): Tensor1D {
  const normalizer = mul(add(log(features.total), Math.log(2 * Math.PI)), 0.5 * freeDim);
  const base = add(add(mul(raw, outputScale), mul(features.square, 0.5)), normalizer);
  const energy = confinement.halfWidth === 0 ? base : add(base, wall(x, variance, features, confinement).energy);
  return reshape(energy, [raw.shape[0]]) as Tensor1D;
}

/**
 * S = -x / v + raw / sqrt(detail^2 + variance) - grad wall: the Gaussian base's score, and a correction that may grow as the noise shrinks, down
 * to the raw length `detail`, the finest structure expected.
 *
 * @param raw [n, dim]
 * @returns [n, dim], 1 / raw unit
 */
export function scoreHead(raw: Tensor2D, features: Base, x: Tensor2D, variance: Tensor1D, confinement: Confinement): Tensor2D {
  const { detail } = confinement;
  const reach = sqrt(add(reshape(variance, [variance.shape[0], 1]), detail * detail));
  const score = sub(div(raw, reach), div(x, features.total));
  if (confinement.halfWidth === 0) return score as Tensor2D;
  return sub(score, wall(x, variance, features, confinement).gradient) as Tensor2D;
}
