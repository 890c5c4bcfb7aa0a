/**
 * Distances between distributions of energies, kT, by quantile coupling:
 *
 *   W2 = sqrt( integral over q in (0, 1) of (F^-1(q) - G^-1(q))^2 ),   F, G the (weighted) empirical distribution functions.
 *
 * The published "energy W2" is the square of this one; it has its own name here. A NaN energy gives NaN, an infinite one Infinity.
 */
import { sorted } from "../kernels/sorted.js";
import type { Cloud, Metric } from "./metric.js";

/** Fraction cut off at each end by the trimmed flavour. */
const TRIM = 0.01;

/** Values in ascending order and the cumulative probability after each. */
export interface Quantiles {
  readonly value: Float64Array;
  readonly upTo: Float64Array;
}

function quantiles(values: ArrayLike<number>, weights?: Float64Array): Quantiles {
  const n = values.length;
  if (!weights) return { value: sorted(values), upTo: Float64Array.from({ length: n }, (_, i) => (i + 1) / n) };
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => values[i] - values[j]);
  const upTo = new Float64Array(n);
  let sum = 0;
  for (let k = 0; k < n; k++) {
    sum += weights[order[k]];
    upTo[k] = sum;
  }
  for (let k = 0; k < n; k++) upTo[k] /= sum;
  return { value: Float64Array.from(order, (i) => values[i]), upTo };
}

/**
 * 1-D W2 of two weighted samples restricted to the quantiles in [trim, 1 - trim], divided by 1 - 2 trim. O(n log n).
 * aWeights, bWeights: probabilities of the rows, any positive total; absent: equal.
 */
export function energyDistance(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: { readonly aWeights?: Float64Array; readonly bWeights?: Float64Array; readonly trim?: number } = {},
): number {
  const { trim = 0 } = options;
  let infinite = false;
  for (const values of [a, b]) {
    for (let i = 0; i < values.length; i++) {
      if (Number.isNaN(values[i])) return Number.NaN;
      if (!Number.isFinite(values[i])) infinite = true;
    }
  }
  if (infinite && trim === 0) return Infinity;
  return quantileDistance(quantiles(a, options.aWeights), quantiles(b, options.bWeights), trim);
}

/** 1-D W2 of two laws given by their quantiles, restricted to [trim, 1 - trim] and divided by 1 - 2 trim. */
export function quantileDistance(p: Quantiles, q: Quantiles, trim = 0): number {
  let total = 0;
  let at = trim;
  let i = 0;
  let j = 0;
  while (at < 1 - trim && i < p.value.length && j < q.value.length) {
    const next = Math.min(p.upTo[i], q.upTo[j], 1 - trim);
    if (next > at) {
      total += (next - at) * (p.value[i] - q.value[j]) ** 2;
      at = next;
    }
    if (p.upTo[i] <= next) i++;
    if (q.upTo[j] <= next) j++;
  }
  return Math.sqrt(total / (1 - 2 * trim));
}

function between(sample: Cloud, reference: Cloud, trim: number): number {
  return energyDistance(sample.energies, reference.energies, { aWeights: sample.weights, bWeights: reference.weights, trim });
}

const energies = {
  better: "lower",
  needsReference: true,
  weighting: "native",
  supports: () => true,
  rows: (n: number) => n,
} as const;

/** Energy W2, true (unsquared). */
export const energyW2: Metric = {
  ...energies,
  name: "energyW2",
  label: "energy W2",
  definition: "2-Wasserstein distance of the energies, kT, unsquared, by sorting.",
  compute: (sample, reference) => between(sample, reference, 0),
};

/** What the papers call energy W2: the square. */
export const energyW2Paper: Metric = {
  ...energies,
  name: "energyW2Paper",
  label: "energy W2, squared as published",
  definition: "the square of energy W2, kT^2: what the iDEM and BNEM codes report as energy W2.",
  compute: (sample, reference) => between(sample, reference, 0) ** 2,
};

/** Energy W2 without the outer percent on each side: one overlapping pair of particles does not decide it. */
export const energyW2Trimmed: Metric = {
  ...energies,
  name: "energyW2Trimmed",
  label: "energy W2, trimmed",
  definition: "energy W2 over the quantiles from 1 % to 99 %, kT, unsquared: blind to the outer percent on each side.",
  compute: (sample, reference) => between(sample, reference, TRIM),
};
