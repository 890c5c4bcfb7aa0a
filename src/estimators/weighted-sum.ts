/** Weighted sums of rows, the self-normalized means of the estimators. */

/** out <- sign sum_k weights[k] rows[k], [dim]; rows of weight 0 may hold anything. */
export function weightedSum(rows: Float32Array, weights: Float64Array, dim: number, sign: number, out: Float32Array): void {
  for (let j = 0; j < dim; j++) {
    let sum = 0;
    for (let k = 0; k < weights.length; k++) if (weights[k] > 0) sum += weights[k] * rows[k * dim + j];
    out[j] = sign * sum;
  }
}
