/** Total variation of the distances between particles, on the published bins. */

import type { Metric } from "./metric.js";
import { distanceShares, rangeOf } from "./pair-distances.js";

/** The iDEM and BNEM codes': 200 over the range of the reference. */
const BINS = 200;

/**
 * 1/2 sum over bins |p - q|, bins spanned by the reference. What the sample has outside of them counts as missing, so disjoint samples score
 * 1; the published codes drop it, which flatters samplers that tear particles away.
 */
export const pairDistanceTv: Metric = {
  name: "pairDistanceTv",
  label: "pair-distance TV",
  better: "lower",
  needsReference: true,
  weighting: "native",
  definition:
    "total variation of the distances between particles on 200 bins spanned by the reference; distances outside count as missing.",
  supports: ({ particles }) => particles !== undefined && particles.count > 1,
  rows: (n) => n,
  compute: (sample, reference, { pairDistances }) => {
    const wanted = pairDistances(reference);
    const range = rangeOf(wanted);
    const q = distanceShares(wanted, reference.x.n, range, BINS, reference.weights);
    const p = distanceShares(pairDistances(sample), sample.x.n, range, BINS, sample.weights);
    let inside = 0;
    let apart = 0;
    for (let k = 0; k < BINS; k++) {
      inside += p[k];
      apart += Math.abs(p[k] - q[k]);
    }
    return (apart + Math.max(0, 1 - inside)) / 2;
  },
};
