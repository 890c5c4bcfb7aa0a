/** Dense Cholesky factors in f64, to a few hundred dimensions: Gaussians of proposals and of second-order transitions. */

/** Columns j and j + 1 of rows i and i + 1 of L, i >= j + 2. Four sums at once; each takes its terms in the order of k. */
function pairBlock(a: Float64Array, row: number, next: number, other: number, after: number, j: number): void {
  let s00 = a[row + j];
  let s01 = a[row + j + 1];
  let s10 = a[next + j];
  let s11 = a[next + j + 1];
  for (let k = 0; k < j; k++) {
    const x = a[row + k];
    const y = a[next + k];
    const u = a[other + k];
    const v = a[after + k];
    s00 -= x * u;
    s01 -= x * v;
    s10 -= y * u;
    s11 -= y * v;
  }
  const first = a[other + j];
  const mixed = a[after + j];
  const second = a[after + j + 1];
  s00 /= first;
  s10 /= first;
  a[row + j] = s00;
  a[next + j] = s10;
  a[row + j + 1] = (s01 - s00 * mixed) / second;
  a[next + j + 1] = (s11 - s10 * mixed) / second;
}

/** Columns from .. i of row i of L; false where the pivot is not positive. */
function restOfRow(a: Float64Array, dim: number, i: number, from: number): boolean {
  const row = i * dim;
  for (let j = from; j <= i; j++) {
    const other = j * dim;
    let sum = a[row + j];
    for (let k = 0; k < j; k++) sum -= a[row + k] * a[other + k];
    if (j < i) a[row + j] = sum / a[other + j];
    else if (sum > 0 && sum < Infinity) a[row + i] = Math.sqrt(sum);
    else return false;
  }
  return true;
}

/**
 * a <- L in its lower triangle with L L^T = A; the strict upper triangle is neither read nor written. [dim, dim] row-major, dim^3 / 6
 * multiply-adds.
 * @returns false where A is not positive definite (or not finite); a then holds nothing of use
 */
export function cholesky(a: Float64Array, dim: number): boolean {
  for (let i = 0; i < dim; i += 2) {
    const row = i * dim;
    if (i + 1 < dim) for (let j = 0; j < i; j += 2) pairBlock(a, row, row + dim, j * dim, (j + 1) * dim, j);
    const done = i + 1 < dim ? i : 0;
    if (!restOfRow(a, dim, i, done)) return false;
    if (i + 1 < dim && !restOfRow(a, dim, i + 1, done)) return false;
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

/** b <- L b. */
export function multiplyLower(factor: Float64Array, dim: number, b: Float64Array): void {
  for (let i = dim - 1; i >= 0; i--) {
    let sum = 0;
    for (let k = 0; k <= i; k++) sum += factor[i * dim + k] * b[k];
    b[i] = sum;
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
