/** Means of independent numbers against what they should be. */

export function meanOf(values: ArrayLike<number>): number {
  return Array.from(values).reduce((a, b) => a + b, 0) / values.length;
}

/** z of their mean. */
export function zOfMean(values: ArrayLike<number>, expected: number): number {
  const mean = meanOf(values);
  const variance = Array.from(values).reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
  return (mean - expected) / Math.sqrt(variance / values.length);
}

/** z of mean w against Z, in its own standard error. */
export function zOfWeights(logWeights: Float64Array, logZ: number): number {
  return zOfMean(
    logWeights.map((value) => Math.exp(value - logZ)),
    1,
  );
}
