/** W2 of the distances between particles. */
import { type Quantiles, quantileDistance } from "./energy-distance.js";
import type { Metric } from "./metric.js";
import { distanceShares, rangeOf } from "./pair-distances.js";

/** Fine bins over the joint range instead of a sort of n count^2 / 2 numbers: each distance moves by half a bin at most. */
const BINS = 1 << 16;

/** Centers of the bins that hold anything, and the probability up to each. */
function quantilesOf(shares: Float64Array, [low, high]: readonly [number, number]): Quantiles {
  const value: number[] = [];
  const upTo: number[] = [];
  let sum = 0;
  for (let k = 0; k < shares.length; k++) {
    if (shares[k] === 0) continue;
    sum += shares[k];
    value.push(low + ((k + 0.5) * (high - low)) / shares.length);
    upTo.push(sum);
  }
  return { value: Float64Array.from(value), upTo: Float64Array.from(upTo, (u) => u / sum) };
}

/** 1-D W2, unsquared, in the target's length unit; exact up to 2^-16 of the joint range. */
export const pairDistanceW2: Metric = {
  name: "pairDistanceW2",
  label: "pair-distance W2",
  better: "lower",
  needsReference: true,
  weighting: "native",
  definition: "2-Wasserstein distance of the distances between particles, unsquared, in the target's length unit.",
  supports: ({ particles }) => particles !== undefined && particles.count > 1,
  rows: (n) => n,
  compute: (sample, reference, { pairDistances }) => {
    const [a, b] = [pairDistances(sample), pairDistances(reference)];
    const [first, second] = [rangeOf(a), rangeOf(b)];
    const range = [Math.min(first[0], second[0]), Math.max(first[1], second[1])] as const;
    return quantileDistance(
      quantilesOf(distanceShares(a, sample.x.n, range, BINS, sample.weights), range),
      quantilesOf(distanceShares(b, reference.x.n, range, BINS, reference.weights), range),
    );
  },
};
