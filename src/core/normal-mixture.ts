/** Mixtures of normals as plain values: what a target that is one hands to whatever knows how to use its closed forms. */
import { BnemError } from "./errors.js";

/** sum_j w_j N(mean_j, R diag(variance_j) R^T). Typed arrays only, so that it can be sent to a worker. */
export interface NormalMixture {
  readonly count: number;
  readonly dim: number;
  /** Sum to 1, [count]. */
  readonly weights: Float64Array;
  /** [count, dim]. */
  readonly means: Float64Array;
  /** Along the axes of the rotation, > 0, [count, dim]. */
  readonly variances: Float64Array;
  /** Orthogonal R [dim, dim], row-major: column k is axis k. Absent where the axes are the coordinates. */
  readonly rotation?: Float64Array;
}

/** What has a closed form: `gaussianMixture`, `anisotropicMixture`, `twoModes` and what is made of them. */
export interface HasMixture {
  readonly mixture: NormalMixture;
}

export function hasMixture(value: unknown): value is HasMixture {
  const mixture = (value as Partial<HasMixture> | null | undefined)?.mixture;
  return mixture?.means instanceof Float64Array && mixture.variances instanceof Float64Array;
}

/** Coordinates along the axes, R^T x, of the row at `from` in x. */
export function toAxes({ dim, rotation }: NormalMixture, x: ArrayLike<number>, from: number, out: Float64Array): void {
  if (!rotation) {
    for (let d = 0; d < dim; d++) out[d] = x[from + d];
    return;
  }
  out.fill(0);
  for (let i = 0, at = 0; i < dim; i++) {
    const value = x[from + i];
    for (let k = 0; k < dim; k++) out[k] += rotation[at++] * value;
  }
}

/** R y, the inverse of `toAxes`, to out[at ...]. */
export function fromAxes({ dim, rotation }: NormalMixture, y: Float64Array, out: Float32Array | Float64Array, at: number): void {
  for (let i = 0, cell = 0; i < dim; i++) {
    let sum = 0;
    if (!rotation) sum = y[i];
    else for (let k = 0; k < dim; k++) sum += rotation[cell++] * y[k];
    out[at + i] = sum;
  }
}

/** Where the lowest level of a path stands: at variance h_0, though the density there is the target's own. */
export interface TargetLevel {
  readonly scale: number;
  readonly variance: number;
}

/**
 * The mixture which noise of variance h_0 = variance / scale^2 turns into this one. A path whose level 0 is the unsmoothed target, and whose
 * noising kernels add h_k - h_0 up to level k, is exactly the diffusion of this mixture with variances h_k.
 *
 * @throws BnemError("unsupported") where h_0 is not below every variance of the mixture
 */
export function belowTarget(call: string, mixture: NormalMixture, target: TargetLevel | undefined): NormalMixture {
  const noise = target ? target.variance / (target.scale * target.scale) : 0;
  if (noise === 0) return mixture;
  const least = mixture.variances.reduce((a, b) => Math.min(a, b), Infinity);
  if (!(noise < least)) {
    throw new BnemError(
      "unsupported",
      `${call}: the variance of the lowest level must be below the least of the mixture, ${least}, got ${noise}; lower sigmaMin`,
    );
  }
  return { ...mixture, variances: mixture.variances.map((value) => value - noise) };
}
