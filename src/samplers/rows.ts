/** A block of rows on its way down the noise levels, with its path weight. Everything accumulates in f64; coordinates are f32. */
import { log } from "../core/elementary.js";
import { freeDimension, removeMean } from "../core/subspace.js";
import type { Batch, Particles } from "../core/types.js";

const LOG_2PI = 1.8378770664093453;

/** State of one block. Arrays are replaced, never written over, because a model may keep what it was given. */
export interface Rows {
  readonly firstRow: number;
  readonly n: number;
  readonly dim: number;
  /** Where present, every x has center of mass 0. Scores are expected to have mean 0 too. */
  readonly particles?: Particles;
  /** Dimension of the space that all densities are on. */
  readonly freeDim: number;
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

/** What rows are made of before the first step. */
interface Start {
  readonly firstRow: number;
  readonly dim: number;
  readonly particles?: Particles;
  /** Variance of the prior. */
  readonly variance: number;
  readonly weighted: boolean;
}

/** Rows drawn from the prior N(0, variance I), for particles on their subspace; their log weight starts at -log of its density. */
export function startRows({ firstRow, dim, particles, variance, weighted }: Start, noise: Float32Array): Rows {
  const n = noise.length / dim;
  const data = new Float32Array(n * dim);
  const deviation = Math.sqrt(variance);
  for (let i = 0; i < data.length; i++) data[i] = deviation * noise[i];
  if (particles) removeMean(data, n, particles);
  const x: Batch = { data, n, dim };
  const freeDim = freeDimension({ dim, particles });
  const rows = { firstRow, n, dim, particles, freeDim, x, previous: x, score: new Float32Array(0), failed: new Uint8Array(n) };
  if (!weighted) return rows;
  const constant = 0.5 * freeDim * (LOG_2PI + log(variance));
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
 * were stored, so that rounding to f32 does not bias it. Particles stay on their subspace, whatever the noise. No noise, no
 * density: pass unweighted rows with variance 0.
 */
export function move(rows: Rows, drift: number, variance: number, noise: Float32Array): void {
  const { n, dim, freeDim, particles, score, logWeights } = rows;
  const from = rows.x.data;
  const next = new Float32Array(n * dim);
  const deviation = Math.sqrt(variance);
  const constant = 0.5 * freeDim * (LOG_2PI + log(variance));
  for (let i = 0; i < next.length; i++) next[i] = from[i] + drift * score[i] + deviation * noise[i];
  // The means of x and of the score are 0, so this takes off the mean of the noise, and what rounding has added.
  if (particles) removeMean(next, n, particles);
  for (let row = 0; row < n; row++) {
    if (rows.failed[row]) {
      next.fill(0, row * dim, (row + 1) * dim);
      continue;
    }
    let square = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) {
      const off = next[i] - (from[i] + drift * score[i]);
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
  const { n, dim, freeDim, score, logWeights } = rows;
  if (!logWeights) return;
  const from = rows.previous.data;
  const to = rows.x.data;
  const constant = 0.5 * freeDim * (LOG_2PI + log(variance));
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
