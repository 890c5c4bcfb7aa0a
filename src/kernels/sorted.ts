/** What the metrics sort: numbers, distances between pairs, projections. Radix sort in the kernel's memory, about 10 ns a number. */
import type { Batch } from "../core/types.js";
import { kernels } from "./load.js";

/** A copy in ascending order, f64; -0 before 0, NaN at the ends. */
export function sorted(values: ArrayLike<number>): Float64Array {
  const { exports, arena } = kernels("sorted");
  const numbers = Float64Array.from(values);
  const scratchBytes = exports.sortScratch(numbers.length);
  return arena.lease([numbers.byteLength, scratchBytes], (lease) => {
    const at = lease.putWords(new Int32Array(numbers.buffer));
    exports.sortNumbers(at, numbers.length, lease.take(scratchBytes));
    return new Float64Array(lease.words(at, 2 * numbers.length).buffer);
  });
}

/** The upper median of |x_i - x_j|^2 over the pairs of rows, f64; x.n >= 2. Takes 8 n^2 bytes while it runs. */
export function medianSquare(x: Batch): number {
  const { exports, arena } = kernels("medianSquare");
  const scratchBytes = exports.medianScratch(x.n);
  return arena.lease([x.data.byteLength, scratchBytes], (lease) =>
    exports.medianSquare(lease.put(x.data), x.n, x.dim, lease.take(scratchBytes)),
  );
}

/**
 * sum over directions and ranks of (p_i - q_i)^2, p and q the sorted projections of the rows of a and b (equal n and dim) on a row of
 * directions f64 [count, dim]. n = 2000, 50 directions: 2 ms.
 */
export function slicedSquares(a: Batch, b: Batch, directions: Float64Array): number {
  const { exports, arena } = kernels("slicedSquares");
  const { n, dim } = a;
  const scratchBytes = exports.slicedScratch(n);
  return arena.lease([a.data.byteLength, b.data.byteLength, directions.byteLength, scratchBytes], (lease) => {
    const from = lease.put(a.data);
    const to = lease.put(b.data);
    const along = lease.putWords(new Int32Array(directions.buffer));
    return exports.slicedSquares(from, to, n, dim, along, directions.length / dim, lease.take(scratchBytes));
  });
}
