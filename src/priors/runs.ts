/** Rows that share a noise, next to each other: what depends on the noise alone is computed once for them. */

export interface NoiseRun {
  readonly first: number;
  readonly count: number;
  readonly variance: number;
}

export function noiseRuns(variance: Float32Array): NoiseRun[] {
  const runs: NoiseRun[] = [];
  for (let first = 0; first < variance.length; ) {
    let end = first + 1;
    while (end < variance.length && variance[end] === variance[first]) end++;
    runs.push({ first, count: end - first, variance: variance[first] });
    first = end;
  }
  return runs;
}
