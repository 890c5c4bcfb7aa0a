/** Exact linear assignment, of a given cost matrix or of the distances between two batches. */
import { checkInteger } from "../core/check.js";
import type { Batch } from "../core/types.js";
import type { Lease } from "./arena.js";
import { checkPair, strideOf } from "./distance.js";
import { kernels } from "./load.js";

/** Most rows: the matrix takes 4 n^2 bytes. */
const MOST = 16_000;

/** An optimal assignment and the prices that prove it: u_i + v_j <= c_ij for all pairs, with equality for the assigned ones. */
export interface PricedAssignment {
  /** Column of each row, [n], a permutation. */
  readonly columns: Int32Array;
  /** u, [n]. */
  readonly rowPrices: Float64Array;
  /** v, [n]. */
  readonly columnPrices: Float64Array;
}

/**
 * Permutation with the least sum of c[i, columns[i]]; cost row-major [n, n], finite. Exact: optimal up to f64 rounding of the prices.
 * O(n^3) at worst; two samples of one law at n = 2000: 0.14 s. Shortest augmenting paths, Jonker and Volgenant 1987.
 * @throws RangeError for a matrix that is not n * n finite numbers, or n > 16,000
 */
export function assignment(cost: Float32Array, n: number): Int32Array {
  return pricedAssignment(cost, n).columns;
}

/** As `assignment`, with the prices. */
export function pricedAssignment(cost: Float32Array, n: number): PricedAssignment {
  const call = "assignment";
  checkInteger(call, "n", n, 1, MOST);
  if (!(cost instanceof Float32Array)) throw new TypeError(`${call}: cost must be a Float32Array [n, n]`);
  if (cost.length !== n * n) throw new RangeError(`${call}: cost must hold n * n = ${n * n} numbers, got ${cost.length}`);
  const stride = strideOf(n);
  const padded = new Float32Array(n * stride).fill(Infinity);
  for (let i = 0; i < cost.length; i++) {
    if (!Number.isFinite(cost[i]))
      throw new RangeError(`${call}: cost must be finite, got ${cost[i]} at row ${Math.floor(i / n)}, column ${i % n}`);
  }
  for (let i = 0; i < n; i++) padded.set(cost.subarray(i * n, (i + 1) * n), i * stride);
  const { exports, arena } = kernels(call);
  const scratchBytes = exports.assignmentScratch(n);
  return arena.lease([4 * padded.length, scratchBytes], (lease) => {
    const matrix = lease.put(padded);
    const scratch = lease.take(scratchBytes);
    exports.assignment(matrix, n, scratch);
    return {
      columns: columnsAt(lease, scratch, n),
      columnPrices: pricesAt(lease, scratch, n),
      rowPrices: pricesAt(lease, scratch + 8 * stride, n),
    };
  });
}

/**
 * Optimal partners in b of the rows of a, for each power p of the cost |a_i - b_j|^p: [n] columns per power. Equal n; the cost
 * matrix (4 n^2 bytes: 64 MB at n = 4000) never leaves the kernel's memory and is shared by the powers.
 * @throws TypeError / RangeError for bad batches, unequal n, n > 16,000
 */
export function matchRows(a: Batch, b: Batch, powers: readonly (1 | 2)[]): Int32Array[] {
  const call = "matchRows";
  checkPair(call, a, b);
  checkInteger(call, "n", a.n, 1, MOST);
  if (a.n !== b.n) throw new RangeError(`${call}: both batches must have the same n, got ${a.n} and ${b.n}`);
  const { n, dim } = a;
  const { exports, arena } = kernels(call);
  const stride = strideOf(n);
  const scratchBytes = exports.assignmentScratch(n);
  const sizes = [4 * n * dim, 4 * n * dim, 4 * n * stride, 4 * dim * stride, scratchBytes];
  return arena.lease(sizes, (lease) => {
    const matrix = lease.take(4 * n * stride);
    exports.squaredDistances(lease.put(a.data), n, lease.put(b.data), n, dim, matrix, stride, lease.take(4 * dim * stride));
    const scratch = lease.take(scratchBytes);
    const squared = powers.includes(2) ? solve(exports.assignment, matrix, n, scratch, lease) : undefined;
    if (!powers.includes(1)) return powers.map(() => squared as Int32Array);
    exports.squareRoots(matrix, n * stride);
    const linear = solve(exports.assignment, matrix, n, scratch, lease);
    return powers.map((power) => (power === 2 ? (squared as Int32Array) : linear));
  });
}

type Solver = (matrix: number, n: number, scratch: number) => number;

function solve(solver: Solver, matrix: number, n: number, scratch: number, lease: Lease): Int32Array {
  solver(matrix, n, scratch);
  return columnsAt(lease, scratch, n);
}

/** The kernel's layout: v f64 [stride], u f64 [stride], columns i32 [n]. */
function columnsAt(lease: Lease, scratch: number, n: number): Int32Array {
  return new Int32Array(lease.words(scratch + 16 * strideOf(n), n).buffer);
}

function pricesAt(lease: Lease, at: number, n: number): Float64Array {
  return new Float64Array(lease.words(at, 2 * n).buffer);
}
