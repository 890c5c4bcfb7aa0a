/**
 * Wasserstein distances of positions in the target's own units: no alignment, no rescaling, no squared values.
 *
 *   W_p = (min over permutations of (1/n) sum_i |a_i - b_pi(i)|^p)^(1/p)
 */

import { cos, log, sin } from "../core/elementary.js";
import { derive, uniformAt } from "../core/random.js";
import type { Batch, Key } from "../core/types.js";
import { matchRows } from "../kernels/assignment.js";
import { slicedSquares } from "../kernels/sorted.js";
import { type Cloud, firstRows, type Metric, type MetricContext, POSITION_ROWS } from "./metric.js";

/** Directions of slicedW2. */
const DIRECTIONS = 50;
/** slicedW2 uses the first 20,000 rows at most. */
const SLICED_ROWS = 20_000;

/**
 * Mean costs under the exact optimal assignments of the first min(a.n, b.n, 4000) rows: W1 = cost 1, W2 = sqrt(cost 2).
 * The assignment is exact for costs rounded to f32; the mean is summed in f64. One pair, both powers: n = 2000 0.25 s, n = 4000 1.4 s.
 */
export function transportCosts(a: Batch, b: Batch, powers: readonly (1 | 2)[]): number[] {
  const n = Math.min(a.n, b.n, POSITION_ROWS);
  const from = firstRows(a, n);
  const to = firstRows(b, n);
  return matchRows(from, to, powers).map((columns, k) => meanCost(from, to, columns, powers[k]));
}

function meanCost(a: Batch, b: Batch, columns: Int32Array, power: 1 | 2): number {
  let total = 0;
  for (let i = 0; i < a.n; i++) {
    let squared = 0;
    for (let d = 0; d < a.dim; d++) {
      const difference = a.data[i * a.dim + d] - b.data[columns[i] * a.dim + d];
      squared += difference * difference;
    }
    total += power === 2 ? squared : Math.sqrt(squared);
  }
  return total / a.n;
}

/** A `transportCost` that computes both powers of a pair from one cost matrix, or one power where only that is asked for. */
export function transportMemory(powers: readonly (1 | 2)[]): MetricContext["transportCost"] {
  const known = new WeakMap<Cloud, WeakMap<Cloud, number[]>>();
  return (sample, reference, power) => {
    const ofSample = known.get(sample) ?? new WeakMap<Cloud, number[]>();
    known.set(sample, ofSample);
    const costs = ofSample.get(reference) ?? transportCosts(sample.x, reference.x, powers);
    ofSample.set(reference, costs);
    return costs[powers.indexOf(power)];
  };
}

/**
 * Sliced W2: sqrt of the mean over 50 random directions of the squared 1-D W2 of the projections, on the first min(a.n, b.n, 20000)
 * rows. Not comparable with W2: smaller by about sqrt(dim).
 */
export function slicedWasserstein(a: Batch, b: Batch, key: Key): number {
  const n = Math.min(a.n, b.n, SLICED_ROWS);
  const directions = new Float64Array(DIRECTIONS * a.dim);
  for (let k = 0; k < DIRECTIONS; k++) directions.set(randomDirection(derive(key, k), a.dim), k * a.dim);
  return Math.sqrt(slicedSquares(firstRows(a, n), firstRows(b, n), directions) / n / DIRECTIONS);
}

/** Uniform on the sphere: normalised Box-Muller pairs. */
function randomDirection(key: Key, dim: number): Float64Array {
  const direction = new Float64Array(dim);
  let norm = 0;
  for (let d = 0; d < dim; d++) {
    const radius = Math.sqrt(-2 * log(1 - uniformAt(key, d & ~1)));
    const angle = 2 * Math.PI * uniformAt(key, d | 1);
    direction[d] = radius * (d & 1 ? sin(angle) : cos(angle));
    norm += direction[d] ** 2;
  }
  return direction.map((c) => c / Math.sqrt(norm));
}

const positions = {
  better: "lower",
  needsReference: true,
  weighting: "resample",
  supports: () => true,
  rows: (n: number) => Math.min(n, POSITION_ROWS),
} as const;

/** Position W2, true (unsquared). */
export const positionW2: Metric = {
  ...positions,
  name: "positionW2",
  label: "position W2",
  definition:
    "2-Wasserstein distance of positions by exact assignment, raw units, no alignment, the first 4,000 rows; particles from their center of mass.",
  compute: (sample, reference, context) => Math.sqrt(context.transportCost(sample, reference, 2)),
};

/** Position W1. */
export const positionW1: Metric = {
  ...positions,
  name: "positionW1",
  weighting: "none",
  // Beside raw and aligned W2 a third distance of the same rows would only cost time.
  supports: ({ particles }) => particles === undefined,
  label: "position W1",
  definition: "1-Wasserstein distance of positions by exact assignment, raw units, no alignment, the first 4,000 rows.",
  compute: (sample, reference, context) => context.transportCost(sample, reference, 1),
};

/** Sliced W2. */
export const slicedW2: Metric = {
  ...positions,
  name: "slicedW2",
  weighting: "none",
  supports: ({ particles }) => particles === undefined,
  label: "sliced W2",
  definition:
    "root mean square over 50 seeded directions of the W2 of the projections, the first 20,000 rows; not comparable with W2.",
  rows: (n) => Math.min(n, SLICED_ROWS),
  compute: (sample, reference, context) => slicedWasserstein(sample.x, reference.x, derive(context.key, "sliced")),
};
