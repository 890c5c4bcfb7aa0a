/**
 * Label-free check of a learned energy: with r = E_theta - E_K on draws the network has not been trained on, mean(exp(r)) is 1 at
 * every noise level when E_theta is the noised energy, for every K. Kept as a running mean per bin of log sigma. Targets from a
 * teacher are left out: they would compare the network with its own past.
 */
import { exp, log } from "../core/elementary.js";
import type { EstimateResult } from "../core/types.js";

const BINS = 12;
/** exp(r) enters as at most exp(6), the linex cap: one missed draw must not decide for the rest of the run. */
const CAP = 6;
const DECAY = 0.999;

/** One noise level of the label-free check. */
export interface CalibrationPoint {
  /** Middle of the bin, raw units. */
  readonly sigma: number;
  /** Running mean of exp(min(r, 6)); 1 is unbiased. */
  readonly meanExp: number;
}

interface Range {
  readonly low: number;
  readonly high: number;
}

/** h at `place` in bins from the range's low end; bins are equal in log h. */
function varianceAt({ low, high }: Range, place: number): number {
  return low * exp((log(high / low) * place) / BINS);
}

/** Updates the running means in `memory` (trainer memory, saved in checkpoints). Rows with a target that is not finite count as exp(r) = 0. */
export function observeCalibration(
  memory: Map<string, Float64Array>,
  prediction: Float32Array,
  { target, plain }: Pick<EstimateResult, "target" | "plain">,
  variance: Float32Array,
  range: Range,
): void {
  let means = memory.get("calibration");
  if (!means) {
    means = new Float64Array(BINS).fill(-1);
    memory.set("calibration", means);
  }
  // The bin is found among its edges: a logarithm a row made 38 us of 512 rows, 2 % of a step, of what is now 20.
  const edges = Array.from({ length: BINS - 1 }, (_, i) => varianceAt(range, i + 1));
  for (let i = 0; i < prediction.length; i++) {
    if (plain && !plain[i]) continue;
    const r = prediction[i] - target[i];
    if (Number.isNaN(r)) continue;
    let bin = 0;
    while (bin < BINS - 1 && variance[i] >= edges[bin]) bin++;
    const value = exp(Math.min(r, CAP));
    means[bin] = means[bin] < 0 ? value : DECAY * means[bin] + (1 - DECAY) * value;
  }
}

/** The curve, lowest noise first; bins never visited are left out. */
export function calibrationCurve(memory: ReadonlyMap<string, Float64Array>, range: Range): CalibrationPoint[] {
  const means = memory.get("calibration") ?? [];
  return Array.from(means, (meanExp, bin) => ({ sigma: Math.sqrt(varianceAt(range, bin + 0.5)), meanExp })).filter(
    (point) => point.meanExp >= 0,
  );
}
