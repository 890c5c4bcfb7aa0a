/** Slow f64 twins of the sums that the metrics make in kernels: plain loops over pairs, `sort` of the engine. */
import type { Batch } from "../../src/core/types.js";

/** |x_i - x_j|^2. */
function squaredDistance({ data, dim }: Batch, i: number, j: number): number {
  let squared = 0;
  for (let d = 0; d < dim; d++) squared += (data[i * dim + d] - data[j * dim + d]) ** 2;
  return squared;
}

/** Upper median of the squared distances over all pairs. */
export function medianSquare(x: Batch): number {
  const squares: number[] = [];
  for (let i = 0; i < x.n; i++) for (let j = 0; j < i; j++) squares.push(squaredDistance(x, i, j));
  return squares.sort((a, b) => a - b)[squares.length >> 1];
}

/** Sum over directions [count, dim] and ranks of the squared differences of sorted projections. */
export function slicedSquares(a: Batch, b: Batch, directions: Float64Array): number {
  const project = (x: Batch, first: number) =>
    Float64Array.from({ length: x.n }, (_, i) => {
      let sum = 0;
      for (let d = 0; d < x.dim; d++) sum += x.data[i * x.dim + d] * directions[first + d];
      return sum;
    }).sort();
  let total = 0;
  for (let first = 0; first < directions.length; first += a.dim) {
    const p = project(a, first);
    const q = project(b, first);
    for (let i = 0; i < a.n; i++) total += (p[i] - q[i]) ** 2;
  }
  return total;
}

/** Stein kernel of rows i and j for gradient rows g = -score, inverse multiquadric of bandwidth l. */
export function steinKernel(x: Batch, gradient: Float32Array, i: number, j: number, l: number): number {
  const { data, dim } = x;
  let scores = 0;
  let cross = 0;
  for (let d = 0; d < dim; d++) {
    const gi = gradient[i * dim + d];
    const gj = gradient[j * dim + d];
    scores += gi * gj;
    cross += (gj - gi) * (data[i * dim + d] - data[j * dim + d]);
  }
  const r2 = squaredDistance(x, i, j) / l ** 2;
  const q2 = 1 / (1 + r2);
  return Math.sqrt(q2) * (scores + (q2 / l ** 2) * (cross + dim - 3 * r2 * q2));
}

/** v^T H v and the sum of the sizes of its terms, for a bound of the rounding. */
export function steinForm(
  x: Batch,
  gradient: Float32Array,
  l: number,
  v: Float64Array,
): { readonly total: number; readonly size: number } {
  let total = 0;
  let size = 0;
  for (let i = 0; i < x.n; i++) {
    for (let j = 0; j < x.n; j++) {
      const term = v[i] * v[j] * steinKernel(x, gradient, i, j, l);
      total += term;
      size += Math.abs(term);
    }
  }
  return { total, size };
}
