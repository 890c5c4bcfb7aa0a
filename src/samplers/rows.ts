/** A block of rows on its way down the noise levels, with its path weight. Everything accumulates in f64; coordinates are f32. */
import { log } from "../core/elementary.js";
import type { Batch } from "../core/types.js";

const LOG_2PI = 1.8378770664093453;

/** State of one block. Arrays are replaced, never written over, because a model may keep what it was given. */
export interface Rows {
  readonly firstRow: number;
  readonly n: number;
  readonly dim: number;
  x: Batch;
  /** x before the last `move`. */
  previous: Batch;
  /** Score at x and the current level. */
  score: Float32Array;
  /** Log importance weight so far, [n]; absent where none was asked for. */
  readonly logWeights?: Float64Array;
  /** 1 where a coordinate came out non-finite. Such rows rest at the origin, so that the model never sees them, and end as NaN. */
  readonly failed: Uint8Array;
}

/** Number of failed rows. */
export function countFailed(rows: Rows): number {
  let count = 0;
  for (const flag of rows.failed) count += flag;
  return count;
}

/** Rows drawn from the prior N(0, variance I); their log weight starts at -log of its density. */
export function startRows(
  firstRow: number,
  n: number,
  dim: number,
  variance: number,
  noise: Float32Array,
  weighted: boolean,
): Rows {
  const data = new Float32Array(n * dim);
  const deviation = Math.sqrt(variance);
  for (let i = 0; i < data.length; i++) data[i] = deviation * noise[i];
  const x: Batch = { data, n, dim };
  const rows = { firstRow, n, dim, x, previous: x, score: new Float32Array(0), failed: new Uint8Array(n) };
  if (!weighted) return rows;
  const constant = 0.5 * dim * (LOG_2PI + log(variance));
  const logWeights = new Float64Array(n);
  for (let row = 0; row < n; row++) {
    let square = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) square += data[i] * data[i];
    logWeights[row] = constant + square / (2 * variance);
  }
  return { ...rows, logWeights };
}

/** Puts a row that came out non-finite to rest. */
function rest(rows: Rows, row: number, next: Float32Array): void {
  rows.failed[row] = 1;
  next.fill(0, row * rows.dim, (row + 1) * rows.dim);
}

/**
 * x <- x + drift s + sqrt(variance) noise. The log weight loses the log density of the move, taken at the coordinates as they
 * were stored, so that rounding to f32 does not bias it. No noise, no density: pass unweighted rows with variance 0.
 */
export function move(rows: Rows, drift: number, variance: number, noise: Float32Array): void {
  const { n, dim, score, logWeights } = rows;
  const from = rows.x.data;
  const next = new Float32Array(n * dim);
  const deviation = Math.sqrt(variance);
  const constant = 0.5 * dim * (LOG_2PI + log(variance));
  for (let row = 0; row < n; row++) {
    if (rows.failed[row]) continue;
    let square = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) {
      const mean = from[i] + drift * score[i];
      next[i] = mean + deviation * noise[i];
      const off = next[i] - mean;
      square += off * off;
    }
    // One non-finite coordinate makes the sum non-finite, and nothing else does short of squares beyond 1e308.
    if (!(square < Infinity)) rest(rows, row, next);
    else if (logWeights) logWeights[row] += constant + square / (2 * variance);
  }
  rows.previous = rows.x;
  rows.x = { data: next, n, dim };
}

/** The log weight gains log N(previous; x + drift s, variance I): the density of going back. s is the score at the new x. */
export function addWayBack(rows: Rows, drift: number, variance: number): void {
  const { n, dim, score, logWeights } = rows;
  if (!logWeights) return;
  const from = rows.previous.data;
  const to = rows.x.data;
  const constant = 0.5 * dim * (LOG_2PI + log(variance));
  for (let row = 0; row < n; row++) {
    if (rows.failed[row]) continue;
    let square = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) {
      const off = from[i] - to[i] - (drift === 0 ? 0 : drift * score[i]);
      square += off * off;
    }
    // A non-finite score only: the coordinates are finite here.
    if (!(square < Infinity)) rows.failed[row] = 1;
    else logWeights[row] -= constant + square / (2 * variance);
  }
}
