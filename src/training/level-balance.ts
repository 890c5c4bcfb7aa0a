/**
 * Weights that make noise levels count alike in a fit whose residuals differ by orders of magnitude between them: a running mean loss per bin of
 * log sigma, and (mean + .1)^-1/2 as weight. They depend on the noise and on earlier batches alone, so no minimum moves. f64, in the trainer's
 * memory.
 */
import { log } from "../core/elementary.js";

const NAME = "balance.loss";
const BINS = 16;
const DECAY = 0.99;
const FLOOR = 0.1;

interface Range {
  readonly low: number;
  readonly high: number;
}

function binOf(h: number, { low, high }: Range): number {
  const place = Math.floor((BINS * log(h / low)) / log(high / low));
  return Math.min(BINS - 1, Math.max(0, place));
}

/** [n]; 1 / sqrt(.1) where nothing is known yet. */
export function balanceWeights(memory: ReadonlyMap<string, Float64Array>, variance: Float32Array, range: Range): Float32Array {
  const means = memory.get(NAME);
  return variance.map((h) => 1 / Math.sqrt((means ? Math.max(0, means[binOf(h, range)]) : 0) + FLOOR));
}

/** Takes note of the rows' losses without weights, [n]; those that are not finite are left out. */
export function observeBalance(
  memory: Map<string, Float64Array>,
  losses: Float32Array,
  variance: Float32Array,
  range: Range,
): void {
  const means = memory.get(NAME) ?? new Float64Array(BINS).fill(-1);
  memory.set(NAME, means);
  losses.forEach((loss, row) => {
    if (!Number.isFinite(loss)) return;
    const bin = binOf(variance[row], range);
    means[bin] = means[bin] < 0 ? loss : DECAY * means[bin] + (1 - DECAY) * loss;
  });
}
