/** Sums over pairs from a table of noise levels, run by run of rows that share a noise. */
import type { Batch, Particles } from "../core/types.js";
import type { Lease } from "./arena.js";
import { kernels } from "./load.js";

/** A function of r^2 at several noise levels, as assembly/priors/pair-table.ts reads it. */
export interface LeveledPairs {
  readonly intervals: number;
  /** First and last r^2 inside, f32. */
  readonly least: number;
  readonly most: number;
  /** Each [intervals][8] f32. */
  readonly levels: readonly Float32Array[];
}

/** Rows first .. first + count - 1 at one noise between the levels `low` and `low + 1`. */
export interface PairRun {
  readonly first: number;
  readonly count: number;
  readonly low: number;
  /** [8], see `collapsePairs`. */
  readonly weights: Float32Array;
  /** Factor of the pair part in the score, and what x itself is multiplied by. */
  readonly share: number;
  readonly stiffness: number;
}

/** A run whose rows are first moved to the minimum of the pair energy and a spring. */
export interface EnvelopeRun extends PairRun {
  /** kT / length^2 of the trap at the run's table. */
  readonly trap: number;
  /** Variance of the spring. */
  readonly tether: number;
  /** Bounds of a step, length^2. */
  readonly shortest: number;
  readonly longest: number;
  /** Farthest that a step moves a coordinate. */
  readonly reach: number;
}

export interface PairSums {
  /** Per row: pair energy, its derivative by log sigma, |x|^2 about the center of mass, and for envelopes |y - x|^2; [n, 4]. */
  readonly sums: Float64Array;
  /** For envelopes |x|^2 [n]; |x|^2 in `sums` is then that of y. */
  readonly squares?: Float64Array;
  /** [n, dim]. */
  readonly score: Float32Array;
}

const HEADER_BYTES = 16;
const ENVELOPE_WORDS = 8;

function parts(pairs: LeveledPairs, used: readonly number[], x: Batch): number[] {
  const bytes = pairs.levels[0].byteLength;
  return [...used.map(() => bytes), HEADER_BYTES + bytes, 32, x.data.byteLength, x.data.byteLength, 32 * x.n, 8 * x.n];
}

function usedLevels(runs: readonly PairRun[]): number[] {
  const used = new Set<number>();
  for (const { low } of runs) used.add(low).add(low + 1);
  return Array.from(used);
}

/** The header of a table, with room for its records. */
function putHeader(lease: Lease, { least, most, intervals, levels }: LeveledPairs): number {
  const words = new Int32Array((HEADER_BYTES + levels[0].byteLength) / 4);
  new Float32Array(words.buffer).set([least, most]);
  words[2] = intervals;
  return lease.putWords(words);
}

function doubles(lease: Lease, at: number, count: number): Float64Array {
  return new Float64Array(lease.words(at, 2 * count).buffer);
}

/** Collapses the table for every run and calls `rows` with it. */
function eachRun<R extends PairRun>(
  lease: Lease,
  pairs: LeveledPairs,
  runs: readonly R[],
  used: readonly number[],
  rows: (run: R, table: number) => void,
): void {
  const { exports } = kernels("prior");
  const at = new Map(used.map((level) => [level, lease.put(pairs.levels[level])]));
  const table = putHeader(lease, pairs);
  const weights = lease.take(32);
  for (const run of runs) {
    lease.write(weights, run.weights);
    const [low, high] = [at.get(run.low) as number, at.get(run.low + 1) as number];
    exports.collapsePairs(low, high, weights, table + HEADER_BYTES, pairs.intervals);
    rows(run, table);
  }
}

/** x [n, dim] of particles; runs cover all rows. 0.7 us a row of 13 particles in space and 7 us of 55, and 3 us a run. */
export function twoBodySums(pairs: LeveledPairs, particles: Particles, x: Batch, runs: readonly PairRun[]): PairSums {
  const { exports, arena } = kernels("prior");
  const { count, spatialDim } = particles;
  const { n, dim } = x;
  const used = usedLevels(runs);
  const scratchBytes = exports.twoBodyScratch(count);
  return arena.lease([...parts(pairs, used, x), scratchBytes], (lease) => {
    const from = lease.put(x.data);
    const score = lease.take(x.data.byteLength);
    const sums = lease.take(32 * n);
    const scratch = lease.take(scratchBytes);
    eachRun(lease, pairs, runs, used, ({ first, count: rows, share, stiffness }, table) => {
      const row = 4 * first * dim;
      const to = sums + 32 * first;
      exports.twoBodyRows(table, count, spatialDim, from + row, rows, share, stiffness, to, score + row, scratch);
    });
    return { sums: doubles(lease, sums, 4 * n), score: lease.get(score, n * dim) };
  });
}

/** The derivative of `twoBodySums`'s score along a direction per row, both [n, dim]; .7 to .9 times the time of `twoBodySums`. */
export function twoBodyProducts(
  pairs: LeveledPairs,
  particles: Particles,
  x: Batch,
  direction: Float32Array,
  runs: readonly PairRun[],
): Float32Array {
  const { exports, arena } = kernels("prior");
  const { count, spatialDim } = particles;
  const { n, dim } = x;
  const used = usedLevels(runs);
  const scratchBytes = exports.twoBodyProductScratch(count);
  return arena.lease([...parts(pairs, used, x), x.data.byteLength, scratchBytes], (lease) => {
    const from = lease.put(x.data);
    const along = lease.put(direction);
    const products = lease.take(x.data.byteLength);
    const scratch = lease.take(scratchBytes);
    eachRun(lease, pairs, runs, used, ({ first, count: rows, share, stiffness }, table) => {
      const row = 4 * first * dim;
      exports.twoBodyProducts(table, count, spatialDim, from + row, along + row, rows, share, stiffness, products + row, scratch);
    });
    return lease.get(products, n * dim);
  });
}

/** As `twoBodySums`, at the minima y; `steps` gradients after the first. */
export function envelopeSums(
  pairs: LeveledPairs,
  particles: Particles,
  steps: number,
  x: Batch,
  runs: readonly EnvelopeRun[],
): PairSums {
  const { exports, arena } = kernels("prior");
  const { count, spatialDim } = particles;
  const { n, dim } = x;
  const used = usedLevels(runs);
  const scratchBytes = exports.moreauScratch(count);
  return arena.lease([...parts(pairs, used, x), scratchBytes, 4 * ENVELOPE_WORDS], (lease) => {
    const from = lease.put(x.data);
    const score = lease.take(x.data.byteLength);
    const sums = lease.take(32 * n);
    const squares = lease.take(8 * n);
    const scratch = lease.take(scratchBytes);
    const request = lease.take(4 * ENVELOPE_WORDS);
    const words = new Int32Array(ENVELOPE_WORDS);
    const floats = new Float32Array(words.buffer);
    words.set([count, spatialDim, steps]);
    eachRun(lease, pairs, runs, used, (run, table) => {
      floats.set([run.trap, run.tether, run.shortest, run.longest, run.reach], 3);
      lease.write(request, floats);
      const row = 4 * run.first * dim;
      const to = sums + 32 * run.first;
      const also = squares + 8 * run.first;
      exports.moreauRows(table, request, from + row, run.count, run.share, run.stiffness, to, also, score + row, scratch);
    });
    return { sums: doubles(lease, sums, 4 * n), squares: doubles(lease, squares, n), score: lease.get(score, n * dim) };
  });
}
