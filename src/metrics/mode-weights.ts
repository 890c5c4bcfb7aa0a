/** Weights of the modes by nearest mean, and their total variation from the true weights. */
import type { Batch, ModeSet } from "../core/types.js";
import type { Cloud, Metric } from "./metric.js";

/** Number of the mode with the nearest mean, [n]. */
export function nearestModes({ data, n, dim }: Batch, { means }: ModeSet): Int32Array {
  const modes = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    let least = Infinity;
    for (let k = 0; k < means.n; k++) {
      let squared = 0;
      for (let d = 0; d < dim; d++) squared += (data[i * dim + d] - means.data[k * dim + d]) ** 2;
      if (squared < least) {
        least = squared;
        modes[i] = k;
      }
    }
  }
  return modes;
}

/**
 * Probability of each mode, [count], each row given to the nearest mean. Overlapping modes exchange rows, so exact draws do not
 * reach zero even as n grows: compare with the floor.
 */
export function modeWeights({ x, weights }: Cloud, modes: ModeSet): Float64Array {
  const sums = new Float64Array(modes.means.n);
  nearestModes(x, modes).forEach((mode, i) => {
    sums[mode] += weights ? weights[i] : 1 / x.n;
  });
  return sums;
}

export const modeWeightTv: Metric = {
  name: "modeWeightTv",
  label: "mode-weight TV",
  better: "lower",
  needsReference: false,
  weighting: "native",
  definition: "total variation of the mode weights (rows by nearest mean) from the true weights.",
  supports: (energy) => energy.modes !== undefined,
  rows: (n) => n,
  compute: (sample, _reference, { energy }) => {
    const modes = energy.modes as ModeSet;
    return modeWeights(sample, modes).reduce((sum, w, k) => sum + Math.abs(w - modes.weights[k]), 0) / 2;
  },
};
