/** Cost matrices between two batches, made in the kernel's memory. */
import { checkBatch } from "../core/check.js";
import type { Batch } from "../core/types.js";
import { kernels } from "./load.js";

/** Entries of a padded matrix row: the next multiple of 16. */
export function strideOf(n: number): number {
  return Math.ceil(n / 16) * 16;
}

/**
 * |a_i - b_j|^2 in f32, summed over coordinates in their order; a [na, dim], b [nb, dim] -> [na, nb].
 * @throws TypeError / RangeError for bad batches; RangeError when a square would overflow f32
 */
export function squaredDistances(a: Batch, b: Batch): Float32Array {
  checkPair("squaredDistances", a, b);
  const { exports, arena } = kernels("squaredDistances");
  const stride = strideOf(b.n);
  return arena.lease([4 * a.data.length, 4 * b.data.length, 4 * a.n * stride, 4 * a.dim * stride], (lease) => {
    const out = lease.take(4 * a.n * stride);
    exports.squaredDistances(lease.put(a.data), a.n, lease.put(b.data), b.n, a.dim, out, stride, lease.take(4 * a.dim * stride));
    const padded = lease.get(out, a.n * stride);
    if (stride === b.n) return padded;
    const plain = new Float32Array(a.n * b.n);
    for (let i = 0; i < a.n; i++) plain.set(padded.subarray(i * stride, i * stride + b.n), i * b.n);
    return plain;
  });
}

/** Two finite batches of one dimension whose squared distances stay below the largest f32. */
export function checkPair(call: string, a: Batch, b: Batch): void {
  checkBatch(call, a);
  checkBatch(call, b, a.dim);
  let largest = 0;
  for (const { data } of [a, b]) for (let i = 0; i < data.length; i++) largest = Math.max(largest, Math.abs(data[i]));
  const limit = Math.sqrt(3e38 / a.dim) / 2;
  if (largest > limit) {
    throw new RangeError(`${call}: coordinates must be below ${limit.toExponential(1)} so that squares fit f32, got ${largest}`);
  }
}
