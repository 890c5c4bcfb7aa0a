/** f64 twins of the kernels that add up or move rows. */

/** Rows of a row-major matrix. */
export function rowsOf(x: Float32Array, cols: number): number[][] {
  return Array.from({ length: x.length / cols }, (_, r) => Array.from(x.subarray(r * cols, (r + 1) * cols)));
}

export function transposed(x: Float32Array, cols: number): Float32Array {
  const rows = x.length / cols;
  return x.map((_, i) => x[(i % rows) * cols + Math.floor(i / rows)]);
}

export const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
export const sumAbs = (values: readonly number[]) => values.reduce((a, b) => a + Math.abs(b), 0);

export function softmax(row: readonly number[]): number[] {
  const largest = Math.max(...row);
  const total = sum(row.map((x) => Math.exp(x - largest)));
  return row.map((x) => Math.exp(x - largest) / total);
}

export function logSumExp(row: readonly number[]): number {
  const largest = Math.max(...row);
  if (!Number.isFinite(largest)) return largest;
  return largest + Math.log(sum(row.map((x) => Math.exp(x - largest))));
}
