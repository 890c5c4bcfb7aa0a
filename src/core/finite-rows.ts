/** The rows of a sample that came out finite. */
import type { Batch } from "./types.js";

/** Rows whose coordinates are all finite, as a batch, and their numbers in x. */
export function finiteRows(x: Batch): { kept: Batch; rows: readonly number[] } {
  const { data, n, dim } = x;
  const rows: number[] = [];
  for (let i = 0; i < n; i++) if (data.subarray(i * dim, (i + 1) * dim).every(Number.isFinite)) rows.push(i);
  if (rows.length === n) return { kept: x, rows };
  const kept = new Float32Array(rows.length * dim);
  rows.forEach((row, i) => {
    kept.set(data.subarray(row * dim, (row + 1) * dim), i * dim);
  });
  return { kept: { data: kept, n: rows.length, dim }, rows };
}
