/**
 * Random numbers of a stream addressed by (key, step, row): every row can be made alone with the same bits, on every runtime.
 * A stream of n numbers is a prefix of the stream of n + m. `step` and `row` are unsigned 32-bit integers.
 */
import { checkBatch, checkInteger, checkKey } from "../core/check.js";
import type { Batch, Key } from "../core/types.js";
import type { Lease } from "./arena.js";
import { checkVariance } from "./check-variance.js";
import { kernels } from "./load.js";

const STATE_BYTES = 64;
const LARGEST = 0xffffffff;
/** Most numbers in one call: 1 GiB of f32. */
const MOST = 2 ** 28;

function checkAddress(call: string, key: Key, step: number, row: number): void {
  checkKey(call, key);
  checkInteger(call, "step", step, 0, LARGEST);
  checkInteger(call, "row", row, 0, LARGEST);
}

/** One row of `count` 32-bit numbers from the kernel of that name; `read` copies them out. */
function drawRow<T>(
  call: "bits" | "uniforms",
  key: Key,
  step: number,
  row: number,
  count: number,
  read: (lease: Lease, at: number) => T,
): T {
  checkAddress(call, key, step, row);
  checkInteger(call, "count", count, 1, MOST);
  const { exports, arena } = kernels(call);
  return arena.lease([STATE_BYTES, 4 * count + 16], (lease) => {
    const state = lease.take(STATE_BYTES);
    const out = lease.take(4 * count + 16);
    exports[call](state, out, key.a, key.b, step, row, count);
    return read(lease, out);
  });
}

/** `count` words of 32 random bits. */
export function bits(key: Key, step: number, row: number, count: number): Uint32Array {
  return drawRow("bits", key, step, row, count, (lease, at) => lease.words(at, count));
}

/** `count` uniforms in [0, 1), multiples of 2^-24. */
export function uniforms(key: Key, step: number, row: number, count: number): Float32Array {
  return drawRow("uniforms", key, step, row, count, (lease, at) => lease.get(at, count));
}

/** Rows whose address and shape are checked. */
function drawRows(call: string, key: Key, step: number, firstRow: number, n: number, dim: number): Float32Array {
  const { exports, arena } = kernels(call);
  const count = n * dim;
  return arena.lease([STATE_BYTES, 4 * count + 32], (lease) => {
    const state = lease.take(STATE_BYTES);
    const out = lease.take(4 * count + 32);
    exports.normals(state, out, key.a, key.b, step, firstRow, n, dim);
    return lease.get(out, count);
  });
}

/**
 * n rows of dim standard normals; row r is the stream (key, step, firstRow + r). |value| <= 6.56.
 * Cost: about 3 ns a number for long rows, and about 50 ns a row.
 */
export function normalRows(key: Key, step: number, firstRow: number, n: number, dim: number): Batch {
  const call = "normalRows";
  checkAddress(call, key, step, firstRow);
  checkInteger(call, "n", n, 1, MOST);
  checkInteger(call, "dim", dim, 1, MOST);
  checkInteger(call, "n * dim", n * dim, 1, MOST);
  checkInteger(call, "last row", firstRow + n - 1, 0, LARGEST);
  return { data: drawRows(call, key, step, firstRow, n, dim), n, dim };
}

/** `count` standard normals of one row. */
export function normals(key: Key, step: number, row: number, count: number): Float32Array {
  checkAddress("normals", key, step, row);
  checkInteger("normals", "count", count, 1, MOST);
  return drawRows("normals", key, step, row, 1, count);
}

/**
 * x_r + sqrt(h_r) eps_r for every row r, eps_r the stream (key, step, r); x [n, dim], variance h [n] >= 0.
 * @throws RangeError for a negative or non-finite variance, or shapes that do not fit
 */
export function perturb(x: Batch, variance: Float32Array, key: Key, step: number): Batch {
  checkBatch("perturb", x, undefined, false);
  checkAddress("perturb", key, step, 0);
  checkVariance("perturb", variance, x.n);
  const { exports, arena } = kernels("perturb");
  const { n, dim } = x;
  const bytes = 4 * n * dim;
  const data = arena.lease([STATE_BYTES, bytes, bytes + 32, 4 * n], (lease) => {
    const state = lease.take(STATE_BYTES);
    const at = lease.put(x.data);
    const noise = lease.take(bytes + 32);
    exports.normals(state, noise, key.a, key.b, step, 0, n, dim);
    exports.perturb(at, noise, lease.put(variance), n, dim);
    return lease.get(at, n * dim);
  });
  return { data, n, dim };
}
