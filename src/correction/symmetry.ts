/**
 * What follows sampling with resampling. Copies of a row stand beside each other, and particles of copies share their orientation and
 * order: shuffled rows can be cut anywhere, and images drawn at random give every row the orientation, handedness and order that exact
 * draws would have.
 */
import { checkBatch, checkKey } from "../core/check.js";
import { checkParticles } from "../core/subspace.js";
import type { Batch, Key, Particles } from "../core/types.js";
import { pairImages, randomOrder } from "../mcmc/pair-images.js";

/** One number per row. */
type Column = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

/** Rows in a new order, and that order: row i was row `order[i]`. */
export interface ShuffledRows<Columns> {
  readonly x: Batch;
  readonly columns: Columns;
  readonly order: Uint32Array;
}

/**
 * Rows in a random order, every order as likely (Fisher and Yates), and with them what stands beside them. Nothing is changed in place.
 *
 * @param x [n, dim]; rows may be NaN
 * @param columns arrays of [n], each kept with its row
 * @throws TypeError for the wrong kind, RangeError for a column of another length
 */
export function shuffleRows<Columns extends { readonly [name: string]: Column }>(
  x: Batch,
  columns: Columns,
  key: Key,
): ShuffledRows<{ readonly [Name in keyof Columns]: Columns[Name] }> {
  const call = "shuffleRows";
  checkBatch(call, x, undefined, false);
  checkKey(call, key);
  const { n, dim } = x;
  const order = randomOrder(key, n);
  const data = new Float32Array(n * dim);
  for (let i = 0; i < n; i++) data.set(x.data.subarray(order[i] * dim, (order[i] + 1) * dim), i * dim);
  const moved: Record<string, Column> = {};
  for (const [name, column] of Object.entries(columns)) {
    if (!ArrayBuffer.isView(column)) throw new TypeError(`${call}: columns.${name} must be a typed array`);
    if (column.length !== n) throw new RangeError(`${call}: columns.${name} must have ${n} entries, got ${column.length}`);
    const copy = column.slice();
    for (let i = 0; i < n; i++) copy[i] = column[order[i]];
    moved[name] = copy;
  }
  return { x: { data, n, dim }, columns: moved as Columns, order };
}

/**
 * Each row as another, equally likely configuration of the same energy: a rotation with or without reflection, uniform (Haar) on
 * O(spatialDim), and a uniform permutation of the particles; center of mass 0. Row r draws from streams of its own, so that copies get
 * different images. Pair distances change by rounding to f32; a row of NaN stays one.
 *
 * @param x [n, count * spatialDim], not changed
 * @throws TypeError / RangeError for particles or a batch that do not fit
 */
export function randomSymmetry(x: Batch, particles: Particles, key: Key): Batch {
  const call = "randomSymmetry";
  checkBatch(call, x, undefined, false);
  checkParticles(call, particles, x.dim);
  checkKey(call, key);
  return pairImages(x, particles, key);
}
