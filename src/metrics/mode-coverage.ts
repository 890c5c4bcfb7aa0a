/**
 * Which modes were found, and what lies far from all of them. Radii are in standard deviations of the mode and hold the same
 * probability in every dimension: sqrt(chi^2 quantile).
 */
import { exp } from "../core/elementary.js";
import type { Energy, ModeSet } from "../core/types.js";
import { chiSquareQuantile } from "./chi-square.js";
import type { Cloud, Metric } from "./metric.js";

/** Tail of six standard deviations in 2-D, e^-18 = 1.5e-8. */
const STRAGGLER_TAIL = exp(-18);

/** [count] modes: 1 where any row of positive weight lies within std * sqrt(chi^2_{.99, d}) of the mean (9.21 for d = 2). */
export function coveredModes(cloud: Cloud, modes: ModeSet): Uint8Array {
  const { x, weights } = cloud;
  const limit = chiSquareQuantile(0.01, x.dim);
  const covered = new Uint8Array(modes.means.n);
  for (let i = 0; i < x.n; i++) {
    if (weights && weights[i] === 0) continue;
    for (let k = 0; k < covered.length; k++) {
      if (!covered[k] && scaledSquare(cloud, modes, i, k) <= limit) covered[k] = 1;
    }
  }
  return covered;
}

/** Probability of rows farther from every mode than 6 std in 2-D, in d dimensions than the radius with the same tail e^-18. */
export function stragglerFraction(cloud: Cloud, modes: ModeSet): number {
  const { x, weights } = cloud;
  const limit = chiSquareQuantile(STRAGGLER_TAIL, x.dim);
  let far = 0;
  for (let i = 0; i < x.n; i++) {
    let near = false;
    for (let k = 0; k < modes.means.n && !near; k++) near = scaledSquare(cloud, modes, i, k) <= limit;
    if (!near) far += weights ? weights[i] : 1 / x.n;
  }
  return far;
}

/** |x_i - m_k|^2 / std_k^2. */
function scaledSquare(cloud: Cloud, modes: ModeSet, i: number, k: number): number {
  const { data, dim } = cloud.x;
  let squared = 0;
  for (let d = 0; d < dim; d++) squared += (data[i * dim + d] - modes.means.data[k * dim + d]) ** 2;
  return squared / modes.std[k] ** 2;
}

function modesOf(energy: Energy): ModeSet {
  return energy.modes as ModeSet;
}

export const modesCovered: Metric = {
  name: "modesCovered",
  label: "modes covered",
  better: "higher",
  needsReference: false,
  weighting: "none",
  definition: "number of modes with any row within std * sqrt(chi^2_{.99, dim}) of the mean; one stray row is enough.",
  total: (energy) => modesOf(energy).means.n,
  supports: (energy) => energy.modes !== undefined,
  rows: (n) => n,
  compute: (sample, _reference, { energy }) => coveredModes(sample, modesOf(energy)).reduce((sum, c) => sum + c, 0),
};

export const stragglers: Metric = {
  name: "stragglers",
  label: "stragglers",
  better: "lower",
  needsReference: false,
  weighting: "native",
  definition:
    "fraction of rows farther from every mode than 6 std in 2-D (in d dimensions: the radius with the same tail, e^-18).",
  // Less than half a row: weighted samples carry masses like 1e-42 far out, which say nothing.
  resolution: (n) => 0.5 / n,
  supports: (energy) => energy.modes !== undefined,
  rows: (n) => n,
  compute: (sample, _reference, { energy }) => stragglerFraction(sample, modesOf(energy)),
};
