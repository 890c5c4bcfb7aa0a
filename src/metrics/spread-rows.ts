/** Rows taken from all over a sample, evenly spread: in files of chains and in resampled batches the first ones are a part of the target. */
import type { Batch } from "../core/types.js";
import type { Cloud } from "./metric.js";

function spread<T extends Float32Array | Float64Array>(values: T, width: number, n: number, rows: number, out: T): T {
  for (let k = 0; k < rows; k++) {
    const from = Math.floor((k * n) / rows) * width;
    out.set(values.subarray(from, from + width), k * width);
  }
  return out;
}

/** Rows floor(k n / rows), k = 0 .. rows - 1; the batch itself where it has no more. */
export function spreadRows(x: Batch, rows: number): Batch {
  if (rows >= x.n) return x;
  return { data: spread(x.data, x.dim, x.n, rows, new Float32Array(rows * x.dim)), n: rows, dim: x.dim };
}

/** The same rows with their energies, and weights that sum to 1 again: NaN where none of these rows weighs anything. */
export function spreadCloud(cloud: Cloud, rows: number): Cloud {
  const { x, energies, weights } = cloud;
  if (rows >= x.n) return cloud;
  const own = weights && spread(weights, 1, x.n, rows, new Float64Array(rows));
  const mass = own?.reduce((sum, w) => sum + w, 0) ?? 1;
  return {
    x: spreadRows(x, rows),
    energies: spread(energies, 1, x.n, rows, new Float32Array(rows)),
    ...(own && { weights: own.map((w) => w / mass) }),
  };
}
