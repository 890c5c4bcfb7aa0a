/**
 * Random images of configurations under what leaves every pair energy as it is: rotations, reflections, and permutations of equal
 * particles. Chains forget the orientation and the order of particles last, and no observable of theirs shows it; with an image drawn at
 * random for each row both are exactly uniform, which distances that are not aligned need.
 */
import { derive, uniformAt } from "../core/random.js";
import { removeMean } from "../core/subspace.js";
import type { Batch, Key, Particles } from "../core/types.js";
import { normalRows } from "../kernels/normal.js";

/** 0 .. n - 1 in random order (Fisher and Yates). */
export function randomOrder(key: Key, n: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniformAt(key, i) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Rows of a square matrix of normals made orthonormal one after the other: uniform (Haar) on O(d). In place, [d, d]. */
function orthonormalize(m: Float64Array, d: number): void {
  for (let row = 0; row < d; row++) {
    for (let other = 0; other < row; other++) {
      let along = 0;
      for (let k = 0; k < d; k++) along += m[row * d + k] * m[other * d + k];
      for (let k = 0; k < d; k++) m[row * d + k] -= along * m[other * d + k];
    }
    let square = 0;
    for (let k = 0; k < d; k++) square += m[row * d + k] ** 2;
    const scale = 1 / Math.sqrt(square);
    for (let k = 0; k < d; k++) m[row * d + k] *= scale;
  }
}

/**
 * An image of each row, drawn from streams of its own: y_i = Q x_p(i), Q uniform on O(d), p a uniform permutation; center of mass 0.
 * Pair distances change by rounding to f32. x [n, count * spatialDim] stays as it is.
 */
export function pairImages({ data, n, dim }: Batch, { count, spatialDim: d }: Particles, key: Key): Batch {
  const turns = normalRows(derive(key, "turn"), 0, 0, n, d * d).data;
  const orders = derive(key, "order");
  const images = new Float32Array(n * dim);
  for (let row = 0; row < n; row++) {
    const turn = Float64Array.from(turns.subarray(row * d * d, (row + 1) * d * d));
    orthonormalize(turn, d);
    const order = randomOrder(derive(orders, row), count);
    for (let i = 0; i < count; i++) {
      for (let axis = 0; axis < d; axis++) {
        let sum = 0;
        for (let k = 0; k < d; k++) sum += turn[axis * d + k] * data[row * dim + order[i] * d + k];
        images[row * dim + i * d + axis] = sum;
      }
    }
  }
  removeMean(images, n, { count, spatialDim: d });
  return { data: images, n, dim };
}
