/** Distances between configurations of particles up to rotation, reflection and permutation, made in the kernel's memory. */
import { checkBatch } from "../core/check.js";
import type { Batch, Particles } from "../core/types.js";
import { strideOf } from "./distance.js";
import { kernels } from "./load.js";

/** Where rows of unused particles lie: far from all, and their squares fit f32. */
const FAR = 1e18;

/** How hard the alternation searches; see `alignedSquares`. */
export interface AlignEffort {
  /** Pairs of particles of the second configuration tried as images of two anchors of the first. */
  readonly anchors: number;
  /** Starts followed to their end. */
  readonly tries: number;
}

/** Eigenvectors of a symmetric 3 x 3 matrix in columns, by cyclic Jacobi rotations. The matrix [9] is overwritten. */
function principalAxes(m: Float64Array): Float64Array {
  const v = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  const turn = (of: Float64Array, a: number, b: number, c: number, s: number) => {
    const x = of[a];
    const y = of[b];
    of[a] = c * x - s * y;
    of[b] = s * x + c * y;
  };
  for (let sweep = 0; sweep < 8; sweep++) {
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ]) {
      const apart = m[3 * a + b];
      if (apart === 0) continue;
      const theta = (m[4 * b] - m[4 * a]) / (2 * apart);
      const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
      const c = 1 / Math.sqrt(t * t + 1);
      const s = t * c;
      for (let k = 0; k < 3; k++) turn(m, 3 * k + a, 3 * k + b, c, s);
      for (let k = 0; k < 3; k++) turn(m, 3 * a + k, 3 * b + k, c, s);
      for (let k = 0; k < 3; k++) turn(v, 3 * k + a, 3 * k + b, c, s);
    }
  }
  return v;
}

/** Columns by falling eigenvalue: configurations that are copies then have the same axes up to signs. */
function sortedAxes(gyration: Float64Array): Float64Array {
  const m = gyration.slice();
  const v = principalAxes(m);
  const order = [0, 1, 2].sort((i, j) => m[4 * j] - m[4 * i]);
  return Float64Array.from({ length: 9 }, (_, k) => v[3 * Math.floor(k / 3) + order[k % 3]]);
}

/** Frame of two vectors, in columns: u / |u|, what is left of v at right angles to it, their cross product. */
function frameOf(u: readonly number[], v: readonly number[]): Float64Array {
  const length = (w: readonly number[]) => Math.max(Math.sqrt(w[0] ** 2 + w[1] ** 2 + w[2] ** 2), 1e-30);
  const a = u.map((c) => c / length(u));
  const along = a[0] * v[0] + a[1] * v[1] + a[2] * v[2];
  const rest = v.map((c, i) => c - along * a[i]);
  const b = rest.map((c) => c / length(rest));
  const c = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  return Float64Array.of(a[0], b[0], c[0], a[1], b[1], c[1], a[2], b[2], c[2]);
}

/** Points of one configuration around their center, 3 coordinates each. */
function centeredPoints(x: Batch, row: number, { count, spatialDim }: Particles): number[][] {
  const points = Array.from({ length: count }, (_, i) =>
    Array.from({ length: 3 }, (_, d) => (d < spatialDim ? x.data[row * x.dim + i * spatialDim + d] : 0)),
  );
  for (let d = 0; d < 3; d++) {
    const middle = points.reduce((sum, point) => sum + point[d], 0) / count;
    for (const point of points) point[d] -= middle;
  }
  return points;
}

/** The particle farthest out, and the one with which it spans the largest triangle. */
function anchorsOf(points: readonly number[][]): readonly [number[], number[]] {
  const square = (p: number[]) => p[0] ** 2 + p[1] ** 2 + p[2] ** 2;
  const first = points.reduce((best, p) => (square(p) > square(best) ? p : best));
  const dot = (p: number[]) => p[0] * first[0] + p[1] * first[1] + p[2] * first[2];
  const area = (p: number[]) => square(first) * square(p) - dot(p) ** 2;
  return [first, points.reduce((best, p) => (area(p) > area(best) ? p : best))];
}

/** The records of assembly/align.ts, one after the other. */
function records(x: Batch, particles: Particles, bytes: number): Float32Array {
  const { count } = particles;
  const pitch = strideOf(count);
  const buffer = new ArrayBuffer(x.n * bytes);
  for (let row = 0; row < x.n; row++) {
    const points = centeredPoints(x, row, particles);
    const at = row * bytes;
    const columns = new Float32Array(buffer, at, 3 * pitch).fill(FAR);
    const gyration = new Float64Array(9);
    points.forEach((point, i) => {
      for (let d = 0; d < 3; d++) columns[d * pitch + i] = point[d];
      for (let k = 0; k < 9; k++) gyration[k] += point[Math.floor(k / 3)] * point[k % 3];
    });
    const [first, second] = anchorsOf(points);
    const matrices = new Float64Array(buffer, at + 12 * pitch, 18);
    matrices.set(sortedAxes(gyration));
    matrices.set(frameOf(first, second), 9);
    const dot = (a: readonly number[], b: readonly number[]) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    const rest = new Float32Array(buffer, at + 12 * pitch + 144, 4 + count * count);
    rest.set([Math.sqrt(dot(first, first)), Math.sqrt(dot(second, second)), dot(first, second)]);
    points.forEach((a, i) => {
      points.forEach((b, j) => {
        rest[4 + i * count + j] = dot(a, b);
      });
    });
  }
  return new Float32Array(buffer);
}

/**
 * D(a_i, b_j) = min over rotations, reflections and permutations of |Q a_i - P b_j|^2, [a.n, b.n] f32, centers of mass taken off; an upper
 * bound found by alternating exact assignment and the best orthogonal matrix from several starts (assembly/align.ts). 0 up to rounding for
 * rotated, reflected and permuted copies. The same for pairs in the other order up to the search. a, b [n, count * spatialDim].
 * @throws TypeError / RangeError for bad batches or coordinates of 1e12 and more
 */
export function alignedSquares(a: Batch, b: Batch, particles: Particles, effort: AlignEffort): Float32Array {
  const call = "alignedSquares";
  const { count, spatialDim } = particles;
  for (const x of [a, b]) {
    checkBatch(call, x, count * spatialDim);
    if (x.data.some((v) => Math.abs(v) >= 1e12)) throw new RangeError(`${call}: coordinates must be below 1e12`);
  }
  const { exports, arena } = kernels(call);
  const bytes = exports.alignRecord(count);
  const scratchBytes = exports.alignScratch(count, effort.anchors);
  const stride = strideOf(b.n);
  return arena.lease([a.n * bytes, b.n * bytes, 4 * a.n * stride, scratchBytes], (lease) => {
    const out = lease.take(4 * a.n * stride);
    const from = lease.put(records(a, particles, bytes));
    const to = lease.put(records(b, particles, bytes));
    const { anchors, tries } = effort;
    exports.alignedSquares(from, a.n, to, b.n, count, +(spatialDim < 3), anchors, tries, out, stride, lease.take(scratchBytes));
    const padded = lease.get(out, a.n * stride);
    const plain = new Float32Array(a.n * b.n);
    for (let i = 0; i < a.n; i++) plain.set(padded.subarray(i * stride, i * stride + b.n), i * b.n);
    return plain;
  });
}
