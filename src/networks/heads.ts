/** What turns a network's last layer into an energy or a score with the right limits at large noise and far from the data. */
import {
  add,
  div,
  log,
  maximum,
  mul,
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

/** Where a target is known to have no mass, in raw units. */
export interface Confinement {
  /** Radius around the origin that holds the target; 0: nothing is known, no wall. */
  readonly radius: number;
  /** Softness of the wall: the finest length of the target. */
  readonly detail: number;
}

interface Wall {
  /** z^2 / (1 + z), [n, 1], kT. */
  readonly energy: Tensor;
  /** Its gradient along x: gradient = along * x, [n, 1]. */
  readonly along: Tensor;
}

/**
 * Outside its radius R a noised target rises at least like t^2 / (2 (h + detail^2)), t = |x| - R, which at small noise h is far steeper than
 * the Gaussian base. What is missing, z = max(0, t^2 / (2 (h + detail^2)) - |x|^2 / (2 v)), is added as z^2 / (1 + z) (smooth at z = 0).
 * GMM-40 without it: samples that start 2.5 standard deviations out come to rest at 90 to 130, and position W2 is 7 where 4 is reached.
 */
function wall(x: Tensor2D, variance: Tensor1D, features: Features, { radius, detail }: Confinement): Wall {
  // The 1e-12 keeps the root's derivative finite at x = 0, inside every wall.
  const norm = sqrt(add(sum(square(x), 1, true), 1e-12));
  const beyond = maximum(sub(norm, radius), 0);
  const width = add(reshape(variance, [variance.shape[0], 1]), detail * detail);
  const z = maximum(sub(div(square(beyond), mul(width, 2)), mul(features.square, 0.5)), 0);
  const onePlus = add(z, 1);
  const slope = div(mul(z, add(z, 2)), square(onePlus));
  const along = mul(slope, sub(div(div(beyond, norm), width), div(1, features.total)));
  return { energy: div(square(z), onePlus), along };
}

/**
 * E = |x|^2 / (2 v) + (dim / 2) log(2 pi v) + outputScale raw + wall, with v = (baseStd scale)^2 + variance in raw units squared. With raw = 0
 * (as initialised) and inside the wall it is the energy of the normalised Gaussian N(0, v I), which the noised target tends to at large noise.
 *
 * @param raw [n, 1]
 * @returns [n], kT
 */
export function energyHead(
  raw: Tensor2D,
  features: Features,
  x: Tensor2D,
  variance: Tensor1D,
  outputScale: number,
  confinement: Confinement,
): Tensor1D {
  const normalizer = mul(add(log(features.total), Math.log(2 * Math.PI)), 0.5 * x.shape[1]);
  const base = add(add(mul(raw, outputScale), mul(features.square, 0.5)), normalizer);
  const energy = confinement.radius === 0 ? base : add(base, wall(x, variance, features, confinement).energy);
  return reshape(energy, [raw.shape[0]]) as Tensor1D;
}

/**
 * S = -x / v + raw / sqrt(detail^2 + variance) - grad wall: the Gaussian base's score, and a correction that may grow as the noise shrinks, down
 * to the raw length `detail`, the finest structure expected.
 *
 * @param raw [n, dim]
 * @returns [n, dim], 1 / raw unit
 */
export function scoreHead(
  raw: Tensor2D,
  features: Features,
  x: Tensor2D,
  variance: Tensor1D,
  confinement: Confinement,
): Tensor2D {
  const { detail } = confinement;
  const reach = sqrt(add(reshape(variance, [variance.shape[0], 1]), detail * detail));
  const score = sub(div(raw, reach), div(x, features.total));
  if (confinement.radius === 0) return score as Tensor2D;
  return sub(score, mul(x, wall(x, variance, features, confinement).along)) as Tensor2D;
}
