/** Distances between the particles of a configuration. */
import type { Batch, Particles } from "../core/types.js";

/** |x_a - x_b| for a < b of each row, [n, count (count - 1) / 2], f32. */
export function pairDistances(x: Batch, { count, spatialDim }: Particles): Float32Array {
  const { data, n, dim } = x;
  const out = new Float32Array((n * count * (count - 1)) / 2);
  let at = 0;
  for (let from = 0; from < n * dim; from += dim) {
    for (let a = from; a < from + dim; a += spatialDim) {
      for (let b = a + spatialDim; b < from + dim; b += spatialDim) {
        let squared = 0;
        for (let d = 0; d < spatialDim; d++) squared += (data[a + d] - data[b + d]) ** 2;
        out[at++] = Math.sqrt(squared);
      }
    }
  }
  return out;
}

/** Least and largest of some numbers. */
export function rangeOf(values: Float32Array): readonly [low: number, high: number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/**
 * Probability of each of `bins` equal bins over [low, high], the last one closed, of distances [n, pairs]. What lies outside is in no bin.
 *
 * @param weights probabilities of the rows [n]; absent: equal
 */
export function distanceShares(
  distances: Float32Array,
  n: number,
  [low, high]: readonly [number, number],
  bins: number,
  weights?: Float64Array,
): Float64Array {
  const shares = new Float64Array(bins);
  const pairs = distances.length / n;
  const scale = bins / (high - low || 1);
  for (let i = 0, at = 0; i < n; i++) {
    const share = (weights ? weights[i] : 1 / n) / pairs;
    for (const end = at + pairs; at < end; at++) {
      const value = distances[at];
      if (value >= low && value <= high) shares[Math.min(bins - 1, Math.floor((value - low) * scale))] += share;
    }
  }
  return shares;
}
