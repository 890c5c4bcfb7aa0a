/** Averages over a sample with their standard errors, weighted or not. Standard errors suppose independent rows. */

/** A mean, or a function of means, and its standard error. */
export interface Average {
  readonly value: number;
  readonly standardError: number;
}

/** 1 / n or w_i, and the factor 1 / (1 - sum_i w_i^2), for equal weights n / (n - 1), that makes a sum of squared deviations unbiased. */
function shares(n: number, weights: Float64Array | undefined): { share: (i: number) => number; unbiased: number } {
  if (!weights) return { share: () => 1 / n, unbiased: n / (n - 1) };
  // As a sum of terms that are not negative, it is 0 for a single row and never below.
  const rest = weights.reduce((sum, w) => sum + w * (1 - w), 0);
  return { share: (i) => weights[i], unbiased: 1 / rest };
}

/**
 * sum_i w_i v_i; its standard error sqrt(sum_i w_i^2 (v_i - mean)^2 / (1 - sum_i w_i^2)), which is the usual one for equal weights and the
 * delta method's, to order 1 / n, for self-normalised ones; NaN for a single row. NaN passes through.
 *
 * @param weights probabilities [n]; absent: equal
 */
export function meanOf(values: ArrayLike<number>, weights?: Float64Array): Average {
  const n = values.length;
  const { share, unbiased } = shares(n, weights);
  let value = 0;
  for (let i = 0; i < n; i++) value += share(i) * values[i];
  let spread = 0;
  for (let i = 0; i < n; i++) spread += (share(i) * (values[i] - value)) ** 2;
  return { value, standardError: Math.sqrt(spread * unbiased) };
}

/** Variance sum_i w_i (v_i - mean)^2 / (1 - sum_i w_i^2) of the values, and its standard error by the spread of (v_i - mean)^2. */
export function varianceOf(values: ArrayLike<number>, weights?: Float64Array): Average {
  const { value: middle } = meanOf(values, weights);
  const squares = Float64Array.from(values, (v) => (v - middle) ** 2);
  const { value, standardError } = meanOf(squares, weights);
  const { unbiased } = shares(values.length, weights);
  return { value: value * unbiased, standardError };
}
