/** Distance of two configurations up to rotation, reflection and permutation, by trying every permutation. f64, for up to five particles. */

type Points = readonly (readonly number[])[];

function centered(points: Points): number[][] {
  const middle = points[0].map((_, d) => points.reduce((sum, p) => sum + p[d] / points.length, 0));
  return points.map((p) => p.map((c, d) => c - middle[d]));
}

/** Sum of the singular values: on the line |h|, in the plane from the closed form, in space from the roots of the characteristic cubic of H^T H. */
function nuclearNorm(h: readonly (readonly number[])[]): number {
  if (h.length === 1) return Math.abs(h[0][0]);
  if (h.length === 2) {
    const determinant = h[0][0] * h[1][1] - h[0][1] * h[1][0];
    const square = h.flat().reduce((sum, v) => sum + v * v, 0);
    return Math.sqrt(square + 2 * Math.abs(determinant));
  }
  const g = h.map((_, i) => h.map((_, j) => h.reduce((sum, row) => sum + row[i] * row[j], 0)));
  const q = (g[0][0] + g[1][1] + g[2][2]) / 3;
  const p = Math.sqrt(g.flat().reduce((sum, v, k) => sum + (v - (k % 4 === 0 ? q : 0)) ** 2, 0) / 6);
  if (p === 0) return 3 * Math.sqrt(q);
  const b = g.map((row, i) => row.map((v, j) => (v - (i === j ? q : 0)) / p));
  const determinant =
    b[0][0] * (b[1][1] * b[2][2] - b[1][2] * b[2][1]) -
    b[0][1] * (b[1][0] * b[2][2] - b[1][2] * b[2][0]) +
    b[0][2] * (b[1][0] * b[2][1] - b[1][1] * b[2][0]);
  const phi = Math.acos(Math.max(-1, Math.min(1, determinant / 2))) / 3;
  return [0, 1, 2].reduce((sum, k) => sum + Math.sqrt(Math.max(0, q + 2 * p * Math.cos(phi + (2 * Math.PI * k) / 3))), 0);
}

function permutations(n: number): number[][] {
  if (n === 1) return [[0]];
  return permutations(n - 1).flatMap((rest) =>
    Array.from({ length: n }, (_, at) => [...rest.slice(0, at), n - 1, ...rest.slice(at)]),
  );
}

/** min over Q in O(d), permutations pi of sum_i |Q x_i - y_pi(i)|^2 = |x|^2 + |y|^2 - 2 max over pi of the nuclear norm of sum y_pi(i) x_i^T. */
export function alignedSquare(x: Points, y: Points): number {
  const [a, b] = [centered(x), centered(y)];
  const size = [a, b].flat(2).reduce((sum, v) => sum + v * v, 0);
  let best = 0;
  for (const order of permutations(a.length)) {
    const h = a[0].map((_, i) => a[0].map((_, j) => a.reduce((sum, p, k) => sum + b[order[k]][i] * p[j], 0)));
    best = Math.max(best, nuclearNorm(h));
  }
  return Math.max(0, size - 2 * best);
}
