/** Dense Cholesky factors in f64, for the Gaussians of proposals: to a few hundred dimensions. */

/**
 * a <- L in its lower triangle with L L^T = A; the strict upper triangle is neither read nor written. [dim, dim] row-major, dim^3 / 6
 * multiply-adds: about 1 ms at 165.
 * @returns false where A is not positive definite (or not finite); a then holds nothing of use
 */
export function cholesky(a: Float64Array, dim: number): boolean {
  for (let i = 0; i < dim; i++) {
    const row = i * dim;
    for (let j = 0; j <= i; j++) {
      const other = j * dim;
      let sum = a[row + j];
      for (let k = 0; k < j; k++) sum -= a[row + k] * a[other + k];
      if (j < i) a[row + j] = sum / a[other + j];
      else if (sum > 0 && sum < Infinity) a[row + i] = Math.sqrt(sum);
      else return false;
    }
  }
  return true;
}

/** b <- L^-1 b. */
export function solveLower(factor: Float64Array, dim: number, b: Float64Array): void {
  for (let i = 0; i < dim; i++) {
    let sum = b[i];
    for (let k = 0; k < i; k++) sum -= factor[i * dim + k] * b[k];
    b[i] = sum / factor[i * dim + i];
  }
}

/** b <- L^-T b. */
export function solveUpper(factor: Float64Array, dim: number, b: Float64Array): void {
  for (let i = dim - 1; i >= 0; i--) {
    b[i] /= factor[i * dim + i];
    for (let k = 0; k < i; k++) b[k] -= factor[i * dim + k] * b[i];
  }
}

/** |L^T v|^2 = v^T A v. */
export function quadraticForm(factor: Float64Array, dim: number, v: Float64Array, scratch: Float64Array): number {
  scratch.fill(0, 0, dim);
  for (let i = 0; i < dim; i++) for (let k = 0; k <= i; k++) scratch[k] += factor[i * dim + k] * v[i];
  let sum = 0;
  for (let k = 0; k < dim; k++) sum += scratch[k] * scratch[k];
  return sum;
}
