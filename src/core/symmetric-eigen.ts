/** Eigenvalues and vectors of a symmetric matrix in f64: Householder reflections to a tridiagonal matrix, then implicit QL. */

/** QL steps for one eigenvalue; 1.7 are needed on average. */
const MOST_STEPS = 60;
const EPSILON = 2.220446049250313e-16;

/** p <- B v, B the block [from, dim) of `a`, of which the upper triangle is read. */
function blockTimes(a: Float64Array, dim: number, from: number, v: Float64Array, p: Float64Array): void {
  p.fill(0, from, dim);
  for (let i = from; i < dim; i++) {
    const row = i * dim;
    const own = v[i];
    let sum = a[row + i] * own;
    for (let j = i + 1; j < dim; j++) {
      sum += a[row + j] * v[j];
      p[j] += a[row + j] * own;
    }
    p[i] += sum;
  }
}

/**
 * Q^T A Q = T with diagonal `d` and off-diagonal `e` (e[i] beside d[i] and d[i + 1]), Q = H_0 H_1 ..., H_k = I - beta_k v_k v_k^T. v_k ends in
 * row k of `a` right of its diagonal. Reads the upper triangle.
 */
function tridiagonal(a: Float64Array, dim: number, d: Float64Array, e: Float64Array, beta: Float64Array): void {
  const v = new Float64Array(dim);
  const p = new Float64Array(dim);
  for (let k = 0; k < dim; k++) {
    const row = k * dim;
    d[k] = a[row + k];
    if (k >= dim - 2) {
      if (k === dim - 2) e[k] = a[row + k + 1];
      continue;
    }
    let rest = 0;
    for (let j = k + 2; j < dim; j++) rest += a[row + j] * a[row + j];
    const head = a[row + k + 1];
    beta[k] = 0;
    e[k] = head;
    if (rest === 0) continue;
    const norm = Math.sqrt(head * head + rest);
    e[k] = head > 0 ? -norm : norm;
    const first = head - e[k];
    beta[k] = 2 / (first * first + rest);
    a[row + k + 1] = first;
    for (let j = k + 1; j < dim; j++) v[j] = a[row + j];
    blockTimes(a, dim, k + 1, v, p);
    let dot = 0;
    for (let j = k + 1; j < dim; j++) {
      p[j] *= beta[k];
      dot += p[j] * v[j];
    }
    for (let j = k + 1; j < dim; j++) p[j] -= 0.5 * beta[k] * dot * v[j];
    for (let i = k + 1; i < dim; i++) for (let j = i, at = i * dim + i; j < dim; j++, at++) a[at] -= v[i] * p[j] + p[i] * v[j];
  }
}

/** Rows i and i + 1 of `w` turned by (c, s). */
function turn(w: Float64Array, dim: number, i: number, c: number, s: number): void {
  for (let k = 0, at = i * dim, next = at + dim; k < dim; k++, at++, next++) {
    const low = w[at];
    const high = w[next];
    w[next] = s * low + c * high;
    w[at] = c * low - s * high;
  }
}

/** One implicit QL step on rows l .. m. */
function step(d: Float64Array, e: Float64Array, l: number, m: number, w: Float64Array | undefined): void {
  const slope = (d[l + 1] - d[l]) / (2 * e[l]);
  const root = Math.sqrt(slope * slope + 1);
  let g = d[m] - d[l] + e[l] / (slope + (slope < 0 ? -root : root));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i];
    const b = c * e[i];
    const r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] -= p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1] - p;
    const t = (d[i] - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
    if (w) turn(w, d.length, i, c, s);
  }
  d[l] -= p;
  e[l] = g;
  e[m] = 0;
}

/** d <- eigenvalues of T, in no order; rows of `w` turned along. */
function diagonalize(d: Float64Array, e: Float64Array, w: Float64Array | undefined): void {
  const last = d.length - 1;
  for (let l = 0; l < last; l++) {
    for (let steps = 0; steps < MOST_STEPS; steps++) {
      let m = l;
      while (m < last && Math.abs(e[m]) > EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]))) m++;
      if (m === l) break;
      step(d, e, l, m, w);
    }
  }
}

/**
 * Eigenvalues of A, in no order; NaN everywhere where A is not finite. `a` [dim, dim] is overwritten; its upper triangle is read. dim^3
 * operations.
 */
export function symmetricEigenvalues(a: Float64Array, dim: number): Float64Array {
  const d = new Float64Array(dim);
  const e = new Float64Array(dim);
  tridiagonal(a, dim, d, e, new Float64Array(dim));
  diagonalize(d, e, undefined);
  return d;
}

/** A = V^T diag(values) V; row i of V is the i-th eigenvector. `a` [dim, dim] is overwritten; its upper triangle is read. */
export function symmetricEigen(a: Float64Array, dim: number): { values: Float64Array; vectors: Float64Array } {
  const values = new Float64Array(dim);
  const e = new Float64Array(dim);
  const beta = new Float64Array(dim);
  tridiagonal(a, dim, values, e, beta);
  const vectors = new Float64Array(dim * dim);
  for (let i = 0; i < dim; i++) vectors[i * dim + i] = 1;
  diagonalize(values, e, vectors);
  for (let i = 0; i < dim; i++) {
    const row = i * dim;
    for (let k = dim - 3; k >= 0; k--) {
      if (beta[k] === 0) continue;
      let dot = 0;
      for (let j = k + 1; j < dim; j++) dot += a[k * dim + j] * vectors[row + j];
      dot *= beta[k];
      for (let j = k + 1; j < dim; j++) vectors[row + j] -= dot * a[k * dim + j];
    }
  }
  return { values, vectors };
}
