/** Cholesky factors of symmetric matrices whose eigenvalues are kept in a range, diagonalized only where that is needed. */
import { cholesky } from "../../core/cholesky.js";
import { symmetricEigen } from "../../core/symmetric-eigen.js";
import { clampTo } from "./clamp.js";

/**
 * mean -+ spread holds every eigenvalue: sqrt((dim - 1) / dim) |A - mean I|_F around tr A / dim. NaN where the lower triangle of A holds one.
 * @see Wolkowicz and Styan 1980 (bounds for eigenvalues using traces)
 */
export function eigenvalueBounds(a: Float64Array, dim: number): readonly [number, number] {
  let trace = 0;
  for (let i = 0; i < a.length; i += dim + 1) trace += a[i];
  const mean = trace / dim;
  let square = 0;
  for (let i = 0; i < dim; i++) {
    const row = i * dim;
    for (let j = 0; j < i; j++) square += 2 * a[row + j] * a[row + j];
    square += (a[row + i] - mean) * (a[row + i] - mean);
  }
  const spread = Math.sqrt((square * (dim - 1)) / dim);
  return [mean - spread, mean + spread];
}

/** Whether sign (A - shift I) is positive definite: a factorization in `scratch`. */
export function isDefinite(a: Float64Array, dim: number, sign: 1 | -1, shift: number, scratch: Float64Array): boolean {
  for (let i = 0; i < a.length; i++) scratch[i] = sign * a[i];
  for (let i = 0; i < a.length; i += dim + 1) scratch[i] -= sign * shift;
  return cholesky(scratch, dim);
}

function clampEigenvalues(a: Float64Array, dim: number, range: readonly [number, number], scratch: Float64Array): void {
  scratch.set(a);
  const { values, vectors } = symmetricEigen(scratch, dim);
  a.fill(0);
  for (let k = 0; k < dim; k++) {
    const value = clampTo(values[k], range);
    for (let i = 0; i < dim; i++) {
      const left = value * vectors[k * dim + i];
      for (let j = 0; j <= i; j++) a[i * dim + j] += left * vectors[k * dim + j];
    }
  }
}

/**
 * a <- L in its lower triangle, L L^T = A with eigenvalues clamped to `range` (its lower end above 0); NaN throughout where A is not finite. Bounds
 * from trace and norm settle most rows; others take one factorization for each end in doubt. `scratch` [dim, dim].
 */
export function clampedFactor(a: Float64Array, dim: number, range: readonly [number, number], scratch: Float64Array): void {
  const [least, most] = range;
  const [low, high] = eigenvalueBounds(a, dim);
  if (!Number.isFinite(high)) {
    a.fill(Number.NaN);
    return;
  }
  const within =
    (low >= least || isDefinite(a, dim, 1, least, scratch)) && (high <= most || isDefinite(a, dim, -1, most, scratch));
  if (!within) clampEigenvalues(a, dim, range, scratch);
  if (!cholesky(a, dim)) a.fill(Number.NaN);
}
