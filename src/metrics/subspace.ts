/** Rows of particles on the subspace where their center of mass is 0. */
import type { Batch, Particles } from "../core/types.js";

/** A center of mass below this part of the largest coordinate is f32 rounding, and the row is left as it is. */
const ROUNDING = 1e-6;

/** The rows with their centers of mass at 0; the batch itself where they all are. */
export function centeredRows(x: Batch, { count, spatialDim }: Particles): Batch {
  let data = x.data;
  for (let from = 0; from < x.data.length; from += x.dim) {
    for (let d = 0; d < spatialDim; d++) {
      let sum = 0;
      let largest = 0;
      for (let k = from + d; k < from + x.dim; k += spatialDim) {
        sum += x.data[k];
        largest = Math.max(largest, Math.abs(x.data[k]));
      }
      if (Math.abs(sum / count) <= ROUNDING * largest) continue;
      if (data === x.data) data = x.data.slice();
      for (let k = from + d; k < from + x.dim; k += spatialDim) data[k] = x.data[k] - sum / count;
    }
  }
  return data === x.data ? x : { ...x, data };
}

/**
 * Coordinates along an orthonormal basis of the subspace: y_k = (x_1 + ... + x_k - k x_{k+1}) / sqrt(k (k + 1)), k = 1 .. count - 1, for each
 * spatial coordinate (Helmert 1876). Keeps lengths and scalar products of rows and of gradients; drops the center of mass.
 * [n, count spatialDim] -> [n, (count - 1) spatialDim].
 */
export function subspaceRows(data: Float32Array, n: number, { count, spatialDim }: Particles): Batch {
  const from = count * spatialDim;
  const dim = from - spatialDim;
  const out = new Float32Array(n * dim);
  const norms = Float64Array.from({ length: count }, (_, k) => 1 / Math.sqrt(k * (k + 1)));
  for (let row = 0; row < n; row++) {
    for (let d = 0; d < spatialDim; d++) {
      let sum = data[row * from + d];
      for (let k = 1; k < count; k++) {
        const next = data[row * from + k * spatialDim + d];
        out[row * dim + (k - 1) * spatialDim + d] = (sum - k * next) * norms[k];
        sum += next;
      }
    }
  }
  return { data: out, n, dim };
}
