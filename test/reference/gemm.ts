/** Matrix products in f64 from their definition, with the sizes their rounding is measured by. */

/** mode 0: A[m,k] B[k,n]; 1: A[m,k] B[n,k]^T; 2: A[k,m]^T B[k,n]; 3: A[k,m]^T B[n,k]^T. */
export type GemmMode = 0 | 1 | 2 | 3;

export interface GemmSizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** value = start + A B and size = |start| + |A| |B|, both [m, n]. */
export function referenceGemm(
  mode: GemmMode,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  start: (i: number, j: number) => number,
  { m, n, k }: GemmSizes,
): { value: Float64Array; size: Float64Array } {
  const value = new Float64Array(m * n);
  const size = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = start(i, j);
      let total = Math.abs(sum);
      for (let p = 0; p < k; p++) {
        const term = a[mode >= 2 ? p * m + i : i * k + p] * b[mode % 2 === 1 ? j * k + p : p * n + j];
        sum += term;
        total += Math.abs(term);
      }
      value[i * n + j] = sum;
      size[i * n + j] = total;
    }
  }
  return { value, size };
}
