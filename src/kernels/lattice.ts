/**
 * Tables of randomly shifted rank-1 lattices, mapped to normals: table_d[k] = Phi^-1(((k z_d mod K) + u_d) / K), written twice so
 * that a row may start anywhere in it. u is uniform from the key; each row adds its own rotation, so that every single draw is
 * exactly normal and exp(-E_K) stays unbiased, while the K draws of a row cover space evenly.
 */
import type { Key } from "../core/types.js";
import { LATTICE_VECTORS } from "./lattice-vectors.js";
import { kernels } from "./load.js";
import { normalQuantile } from "./normal-quantile.js";

/** Most draws and coordinates a generating vector is shipped for. */
export const MOST_LATTICE_DRAWS = 2 ** LATTICE_VECTORS.length;
export const MOST_LATTICE_DIM = LATTICE_VECTORS[0].length;

/** Stream of the shifts u, apart from every row's. */
const SHIFT_STEP = 0x1a771ce;

interface Table {
  readonly a: number;
  readonly b: number;
  readonly mcSamples: number;
  readonly dim: number;
  readonly values: Float32Array;
}

let last: Table | undefined;

/** u_d in (0, 1): odd multiples of 2^-33. */
function shifts(key: Key, dim: number): Float64Array {
  const { exports, arena } = kernels("lattice");
  return arena.lease([64, 4 * dim + 16], (lease) => {
    const state = lease.take(64);
    const out = lease.take(4 * dim + 16);
    exports.bits(state, out, key.a, key.b, SHIFT_STEP, 0, dim);
    return Float64Array.from(lease.words(out, dim), (word) => (word + 0.5) / 4294967296);
  });
}

function build(key: Key, mcSamples: number, dim: number): Float32Array {
  const length = 2 * mcSamples + 8;
  const values = new Float32Array(dim * length);
  const u = shifts(key, dim);
  const vector = mcSamples === 1 ? undefined : LATTICE_VECTORS[30 - Math.clz32(mcSamples)];
  for (let d = 0; d < dim; d++) {
    const z = vector ? vector[d] : 0;
    const row = values.subarray(d * length, (d + 1) * length);
    for (let k = 0, cell = 0; k < mcSamples; k++, cell = (cell + z) & (mcSamples - 1)) {
      row[k] = normalQuantile((cell + u[d]) / mcSamples, (mcSamples - cell - u[d]) / mcSamples);
    }
    for (let k = mcSamples; k < length; k++) row[k] = row[k % mcSamples];
  }
  return values;
}

/**
 * The table [dim][2 K + 8] of a key; the latest one is kept, because row-by-row callers ask for it again and again. K a power of
 * two, checked by the caller. About 50 ns per (k, d).
 */
export function latticeTable(key: Key, mcSamples: number, dim: number): Float32Array {
  if (last && last.a === key.a && last.b === key.b && last.mcSamples === mcSamples && last.dim === dim) return last.values;
  last = { a: key.a, b: key.b, mcSamples, dim, values: build(key, mcSamples, dim) };
  return last.values;
}
