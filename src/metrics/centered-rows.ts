/** Particles taken from their center of mass. */
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
