/** A few eigenpairs of every row's Hessian from products alone: Lanczos with full reorthogonalization, then Rayleigh-Ritz. */
import { symmetricEigen } from "../../core/symmetric-eigen.js";
import type { Batch } from "../../core/types.js";
import type { LevelModel } from "../level-model.js";

/** What is left of a product after orthogonalization must be this share of it, or the space is closed: products are f32. */
const CLOSED = 1e-5;

/** Ritz pairs of n rows; row r has counts[r] <= rank of them, or NaN in its first value where a product was not finite. */
export interface RitzPairs {
  readonly rank: number;
  readonly counts: Int32Array;
  /** [n, rank]. */
  readonly values: Float64Array;
  /** Orthonormal, [n, rank, dim]. */
  readonly vectors: Float64Array;
}

function dot(a: Float64Array, at: number, b: Float64Array, bt: number, dim: number): number {
  let sum = 0;
  for (let i = 0; i < dim; i++) sum += a[at + i] * b[bt + i];
  return sum;
}

/** basis[at ..] <- w / |w|; false where w is 0 or not finite. */
function setUnit(basis: Float64Array, at: number, w: Float64Array, least: number): boolean {
  const norm = Math.sqrt(dot(w, 0, w, 0, w.length));
  if (!(norm > least) || norm === Infinity) return false;
  for (let i = 0; i < w.length; i++) basis[at + i] = w[i] / norm;
  return true;
}

/** Takes the span of `count` basis vectors off w, twice, because once leaves what rounding put in. */
function orthogonalize(w: Float64Array, basis: Float64Array, at: number, count: number): void {
  const dim = w.length;
  for (let pass = 0; pass < 2; pass++) {
    for (let j = 0; j < count; j++) {
      const share = dot(w, 0, basis, at + j * dim, dim);
      for (let i = 0; i < dim; i++) w[i] -= share * basis[at + j * dim + i];
    }
  }
}

/** One row's Krylov space while it grows. */
class Space {
  count = 0;
  open: boolean;
  /** V^T H V, [rank, rank]. */
  readonly projected: Float64Array;

  constructor(
    readonly basis: Float64Array,
    readonly at: number,
    readonly rank: number,
    start: Float64Array,
  ) {
    this.projected = new Float64Array(rank * rank);
    this.open = setUnit(basis, at, start, 0);
  }

  /** Takes H times the newest basis vector, and opens the next direction if there is room. */
  take(product: Float64Array): void {
    const { basis, at, rank, projected } = this;
    const dim = product.length;
    const j = this.count++;
    for (let i = 0; i <= j; i++) {
      projected[i * rank + j] = dot(basis, at + i * dim, product, 0, dim);
      projected[j * rank + i] = projected[i * rank + j];
    }
    this.open = false;
    if (this.count === rank) return;
    const whole = Math.sqrt(dot(product, 0, product, 0, dim));
    orthogonalize(product, basis, at, this.count);
    this.open = setUnit(basis, at + this.count * dim, product, CLOSED * whole);
  }

  /** Turns the basis into Ritz vectors. */
  rotate(values: Float64Array, valuesAt: number, dim: number): void {
    const { basis, at, rank, count, projected } = this;
    const small = new Float64Array(count * count);
    for (let i = 0; i < count; i++) for (let j = 0; j < count; j++) small[i * count + j] = projected[i * rank + j];
    const own = symmetricEigen(small, count);
    values.set(own.values, valuesAt);
    const old = basis.slice(at, at + count * dim);
    basis.fill(0, at, at + rank * dim);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) {
        const share = own.vectors[i * count + j];
        for (let k = 0; k < dim; k++) basis[at + i * dim + k] += share * old[j * dim + k];
      }
    }
  }
}

/** A start that is 0 is replaced by the direction that takes the first two coordinates (or particles) apart. */
function startOf(start: Float32Array, row: number, { dim, particles }: LevelModel): Float64Array {
  const own = Float64Array.from(start.subarray(row * dim, (row + 1) * dim));
  if (own.some((value) => value !== 0)) return own;
  own[0] = 1;
  if (particles) own[particles.spatialDim] = -1;
  return own;
}

/**
 * Eigenpairs of the Hessian of -U on the Krylov space of `start` [n, dim], which must be on the subspace: `rank` products of all rows. Where a space
 * closes earlier it is invariant, and its eigenpairs are exact. Any start is legal that is a function of x.
 */
export async function ritzPairs(model: LevelModel, x: Batch, start: Float32Array, rank: number): Promise<RitzPairs> {
  const { n, dim } = x;
  const vectors = new Float64Array(n * rank * dim);
  const spaces = Array.from({ length: n }, (_, row) => new Space(vectors, row * rank * dim, rank, startOf(start, row, model)));
  for (let j = 0; j < rank && spaces.some((space) => space.open); j++) {
    const direction = new Float32Array(n * dim);
    spaces.forEach(({ open, at }, row) => {
      if (open) direction.set(vectors.subarray(at + j * dim, at + (j + 1) * dim), row * dim);
    });
    const products = await model.hessianProduct(x, direction);
    spaces.forEach((space, row) => {
      if (space.open) space.take(Float64Array.from(products.subarray(row * dim, (row + 1) * dim)));
    });
  }
  const values = new Float64Array(n * rank);
  const counts = Int32Array.from(spaces, ({ count }) => count);
  spaces.forEach((space, row) => {
    const finite = space.count > 0 && space.projected.every(Number.isFinite);
    if (finite) space.rotate(values, row * rank, dim);
    else values[row * rank] = Number.NaN;
  });
  return { rank, counts, values, vectors };
}
