/** How far means move when the weights of rows are left out. */
import { checkBatch, checkOptions } from "../core/check.js";
import type { Batch } from "../core/types.js";
import { importance } from "./importance.js";

/** The largest move among the means that were looked at. */
export interface RawShift {
  /** |mean without weights - weighted mean| in weighted standard deviations of the quantity. */
  readonly value: number;
  readonly of: "energy" | "coordinate" | "square";
}

/** Rows as `annealed` and `sample` return them. */
export interface ShiftedRows {
  /** [n, dim]. */
  readonly x: Batch;
  /** kT, [n]. */
  readonly energy: ArrayLike<number>;
  /** [n]; rows that came out non-finite have weight zero and NaN energy, and count in neither mean. */
  readonly logWeights: Float64Array;
  /** True for particles: single coordinates mean nothing there, and only the sum of all squares is looked at beside the energy. */
  readonly particles?: boolean;
}

const CALL = "rawShift";

/** Move of one quantity; 0 where it does not vary. */
function moveOf(value: (row: number) => number, rows: readonly number[], weights: Float64Array): number {
  // Around the value of one row, which keeps the digits of what varies little.
  const origin = value(rows[0]);
  let [raw, mean, square] = [0, 0, 0];
  for (const row of rows) {
    const own = value(row) - origin;
    raw += own / rows.length;
    mean += weights[row] * own;
    square += weights[row] * own * own;
  }
  const variance = square - mean * mean;
  return variance > 0 ? Math.abs(raw - mean) / Math.sqrt(variance) : 0;
}

/**
 * max over f of |mean f - sum_i W_i f(x_i)| / sd_W(f), W normalised, for f the energy, every coordinate and the square of every coordinate: what
 * leaving out the weights does to means, in standard deviations. Times sqrt(n) it is in standard errors of n independent rows, where rows without any
 * shift have sqrt(CV^2 of the weights) in each f, by chance. f64, linear in n dim.
 *
 * @returns undefined with fewer than 2 finite rows, Infinity where a row has infinite energy, which no mean without weights survives
 * @throws TypeError / RangeError for the wrong kind or lengths that differ, BnemError("degenerate-weights") where every weight is zero
 */
export function rawShift(given: ShiftedRows): RawShift | undefined {
  if (given === undefined) throw new TypeError(`${CALL}: rows must be { x, energy, logWeights, particles? }`);
  checkOptions(CALL, given, ["x", "energy", "logWeights", "particles"]);
  const { x, energy, logWeights, particles = false } = given;
  checkBatch(CALL, x, x?.dim, false);
  const { weights } = importance(logWeights);
  for (const [name, { length }] of Object.entries({ energy, logWeights })) {
    if (length !== x.n) throw new RangeError(`${CALL}: ${name} must have ${x.n} entries, one per row, got ${length}`);
  }
  const { data, dim } = x;
  const rows = Array.from({ length: x.n }, (_, row) => row).filter((row) => Number.isFinite(energy[row]));
  if (rows.length < 2) return undefined;
  for (let row = 0; row < x.n; row++) if (energy[row] === Infinity) return { value: Infinity, of: "energy" };
  let worst: RawShift = { value: moveOf((row) => energy[row], rows, weights), of: "energy" };
  const offer = (of: RawShift["of"], value: (row: number) => number) => {
    const move = moveOf(value, rows, weights);
    if (move > worst.value) worst = { value: move, of };
  };
  if (particles) {
    offer("square", (row) => data.subarray(row * dim, (row + 1) * dim).reduce((sum, value) => sum + value * value, 0));
    return worst;
  }
  for (let i = 0; i < dim; i++) {
    offer("coordinate", (row) => data[row * dim + i]);
    offer("square", (row) => data[row * dim + i] ** 2);
  }
  return worst;
}
