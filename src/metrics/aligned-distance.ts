/**
 * W2 of configurations up to what an energy of like particles cannot tell apart: rotation, reflection and permutation.
 *
 *   W2 = min over couplings sqrt( mean of min over Q in O(d), permutations P of |Q x - P y|^2 )
 *
 * The inner minimum is searched from several starts (kernels/align.ts), so every figure is an upper bound: on LJ-13 the W2 is 2 to 3 %
 * high, on DW-4 below 1 %, for sample and floor alike. It costs n^2 searches, so few rows are used: up to 13 particles 128, 55
 * particles 32. It falls slowly with n: compare figures of the same n only.
 */
import type { Batch, Particles } from "../core/types.js";
import { type AlignEffort, alignedSquares } from "../kernels/align.js";
import { assignment } from "../kernels/assignment.js";
import type { Metric } from "./metric.js";
import { spreadRows } from "./spread-rows.js";

/** A tenth to half a second in all: a search takes 7 us at 4 particles, 13 at 13, 450 at 55. */
function alignedRows({ count }: Particles): number {
  return Math.max(32, Math.min(128, Math.round(1664 / count)));
}

/** Measured on the references of DW-4 and LJ-13: twice the starts take twice the time and lower W2 by .1 and 2 %. */
function effortFor({ count }: Particles): AlignEffort {
  return count <= 5 ? { anchors: 12, tries: 8 } : { anchors: 8, tries: 2 };
}

/** Aligned W2 of as many evenly spread rows as both have, `rows` at most. */
export function alignedDistance(a: Batch, b: Batch, particles: Particles, rows = alignedRows(particles)): number {
  const n = Math.min(rows, a.n, b.n);
  const squares = alignedSquares(spreadRows(a, n), spreadRows(b, n), particles, effortFor(particles));
  const columns = assignment(squares, n);
  let total = 0;
  for (let i = 0; i < n; i++) total += squares[i * n + columns[i]];
  return Math.sqrt(total / n);
}

export const alignedW2: Metric = {
  name: "alignedW2",
  label: "position W2, aligned",
  better: "lower",
  needsReference: true,
  weighting: "resample",
  definition:
    "2-Wasserstein distance of configurations up to rotation, reflection and permutation of the particles, unsquared, few rows (n is stated); a search from above, blind to handedness.",
  supports: ({ particles }) => particles !== undefined && particles.count > 1,
  rows: (n, { particles }) => Math.min(n, alignedRows(particles as Particles)),
  compute: (sample, reference, { energy }) => alignedDistance(sample.x, reference.x, energy.particles as Particles),
};
