/** Small dense matrices as arrays of rows, f64, in the plainest form. */

export type Matrix = number[][];

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export const times = (a: Matrix, v: ArrayLike<number>): number[] => a.map((row) => dot(row, v));
export const transposed = (a: Matrix): Matrix => a[0].map((_, j) => a.map((row) => row[j]));
export const product = (a: Matrix, b: Matrix): Matrix => a.map((row) => transposed(b).map((column) => dot(row, column)));
/** scale A + shift I. */
export const affine = (a: Matrix, scale: number, shift: number): Matrix =>
  a.map((row, i) => row.map((value, j) => scale * value + (i === j ? shift : 0)));

/** Inverse and determinant by Gauss and Jordan with pivots. */
export function inverse(a: Matrix): { inverse: Matrix; determinant: number } {
  const n = a.length;
  const work = a.map((row, i) => [...row, ...row.map((_, j) => Number(i === j))]);
  let determinant = 1;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(work[i][k]) > Math.abs(work[pivot][k])) pivot = i;
    if (pivot !== k) {
      [work[k], work[pivot]] = [work[pivot], work[k]];
      determinant = -determinant;
    }
    determinant *= work[k][k];
    work[k] = work[k].map((value) => value / work[k][k]);
    for (let i = 0; i < n; i++) if (i !== k) work[i] = work[i].map((value, j) => value - work[i][k] * work[k][j]);
  }
  return { inverse: work.map((row) => row.slice(n)), determinant };
}

/** Eigenvalues and orthonormal eigenvectors (rows) of a symmetric matrix by Jacobi rotations. */
export function eigen(a: Matrix): { values: number[]; vectors: Matrix } {
  const n = a.length;
  let work = a.map((row) => [...row]);
  let vectors: Matrix = affine(a, 0, 1);
  for (let sweep = 0; sweep < 8; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const angle = 0.5 * Math.atan2(2 * work[p][q], work[q][q] - work[p][p]);
        const turn = affine(a, 0, 1);
        turn[p][p] = Math.cos(angle);
        turn[q][q] = Math.cos(angle);
        turn[p][q] = -Math.sin(angle);
        turn[q][p] = Math.sin(angle);
        work = product(product(turn, work), transposed(turn));
        vectors = product(turn, vectors);
      }
    }
  }
  return { values: work.map((row, i) => row[i]), vectors };
}

/** sum_i f(value_i) v_i v_i^T. */
export function applied(a: Matrix, f: (value: number) => number): Matrix {
  const { values, vectors } = eigen(a);
  return a.map((_, i) => a.map((__, j) => values.reduce((sum, value, k) => sum + f(value) * vectors[k][i] * vectors[k][j], 0)));
}

/** log N(x; mean, covariance). */
export function logNormal(x: readonly number[], mean: readonly number[], covariance: Matrix): number {
  const { inverse: precision, determinant } = inverse(covariance);
  const off = x.map((value, i) => value - mean[i]);
  return -0.5 * (dot(off, times(precision, off)) + Math.log(determinant) + x.length * Math.log(2 * Math.PI));
}

/** Rows: an orthonormal basis of the configurations with center of mass 0, from differences of neighbours; all axes without particles. */
export function freeAxes(dim: number, particles?: { readonly count: number; readonly spatialDim: number }): Matrix {
  const unit = (i: number) => Array.from({ length: dim }, (_, j) => Number(i === j));
  if (!particles) return Array.from({ length: dim }, (_, i) => unit(i));
  const found: Matrix = [];
  for (let i = particles.spatialDim; i < dim; i++) {
    const before = unit(i - particles.spatialDim);
    let rest = unit(i).map((value, j) => before[j] - value);
    for (const known of found) {
      const share = dot(rest, known);
      rest = rest.map((value, j) => value - share * known[j]);
    }
    const norm = Math.sqrt(dot(rest, rest));
    found.push(rest.map((value) => value / norm));
  }
  return found;
}
