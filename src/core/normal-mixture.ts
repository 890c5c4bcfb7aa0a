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

/** Coordinates along the axes, R^T x, of the row at `from` in x. Four rows of R at a time: 64 dimensions take a third of the time. */
export function toAxes({ dim, rotation }: NormalMixture, x: ArrayLike<number>, from: number, out: Float64Array): void {
  if (!rotation) {
    for (let d = 0; d < dim; d++) out[d] = x[from + d];
    return;
  }
  out.fill(0);
  let i = 0;
  for (; i + 4 <= dim; i += 4) {
    const a = x[from + i];
    const b = x[from + i + 1];
    const c = x[from + i + 2];
    const d = x[from + i + 3];
    for (let k = 0, row = i * dim; k < dim; k++, row++) {
      out[k] += rotation[row] * a + rotation[row + dim] * b + (rotation[row + 2 * dim] * c + rotation[row + 3 * dim] * d);
    }
  }
  for (; i < dim; i++) for (let k = 0; k < dim; k++) out[k] += rotation[i * dim + k] * x[from + i];
}

/** R y, the inverse of `toAxes`, to out[at ...]; four rows at a time as well. */
export function fromAxes({ dim, rotation }: NormalMixture, y: Float64Array, out: Float32Array | Float64Array, at: number): void {
  if (!rotation) {
    for (let d = 0; d < dim; d++) out[at + d] = y[d];
    return;
  }
  let i = 0;
  for (; i + 4 <= dim; i += 4) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let k = 0, row = i * dim; k < dim; k++, row++) {
      a += rotation[row] * y[k];
      b += rotation[row + dim] * y[k];
      c += rotation[row + 2 * dim] * y[k];
      d += rotation[row + 3 * dim] * y[k];
    }
    out[at + i] = a;
    out[at + i + 1] = b;
    out[at + i + 2] = c;
    out[at + i + 3] = d;
  }
  for (; i < dim; i++) {
    let sum = 0;
    for (let k = 0; k < dim; k++) sum += rotation[i * dim + k] * y[k];
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
