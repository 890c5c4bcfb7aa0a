/** The K draws y_k = x + sqrt(h) eps_k of an estimator, as numbers: for energies that have no fused kernel, and for tests. */
import { checkBatch, checkInteger, checkKey, checkOneOf } from "../core/check.js";
import type { DrawMode, NoisedRequest, Quantity } from "../core/types.js";
import type { Lease } from "./arena.js";
import { checkVariance } from "./check-variance.js";
import { latticeTable, MOST_LATTICE_DIM, MOST_LATTICE_DRAWS } from "./lattice.js";
import { kernels } from "./load.js";

/** In the order of the numbers of assembly/draws.ts and noised.ts. */
const MODES: readonly DrawMode[] = ["iid", "antithetic", "lattice"];
const QUANTITIES: readonly Quantity[] = ["energy", "score", "mean"];
/** Bytes of the Request overlay in assembly/draws.ts. */
export const REQUEST_BYTES = 32;
const MOST_DRAWS = 2 ** 26;
const LARGEST_ROW = 0xffffffff;

function checkDraws(call: string, mcSamples: number, mode: DrawMode, dim: number): void {
  checkOneOf(call, "mode", mode, MODES);
  checkInteger(call, "mcSamples", mcSamples, 1, MOST_DRAWS);
  if (mode !== "lattice") return;
  if ((mcSamples & (mcSamples - 1)) !== 0) {
    const lower = 2 ** (31 - Math.clz32(mcSamples));
    throw new RangeError(
      `${call}: mcSamples must be a power of two in lattice mode, got ${mcSamples}; use ${lower} or ${2 * lower}`,
    );
  }
  if (mcSamples > MOST_LATTICE_DRAWS || dim > MOST_LATTICE_DIM) {
    throw new RangeError(
      `${call}: lattice mode goes up to mcSamples ${MOST_LATTICE_DRAWS} and dim ${MOST_LATTICE_DIM}, got ${mcSamples} and ${dim}; use mode "antithetic"`,
    );
  }
}

/** @throws TypeError / RangeError for a request that cannot be run: shapes, non-finite x, variance <= 0, K, mode, quantity. */
export function checkRequest(call: string, request: NoisedRequest, dim: number): void {
  if (request === null || typeof request !== "object") {
    throw new TypeError(`${call}: request must be { x, variance, mcSamples, mode, key, quantity }, got ${String(request)}`);
  }
  checkBatch(call, request.x, dim);
  checkKey(call, request.key);
  checkOneOf(call, "quantity", request.quantity, QUANTITIES);
  checkDraws(call, request.mcSamples, request.mode, dim);
  checkVariance(call, request.variance, request.x.n, true);
  const last = LARGEST_ROW - (request.x.n - 1);
  if (request.firstRow !== undefined) checkInteger(call, "firstRow", request.firstRow, 0, last);
}

/** Bytes of the parts that `putRequest` takes from a lease. */
export function requestParts(request: NoisedRequest, dim: number): number[] {
  const table = request.mode === "lattice" ? 4 * dim * (2 * request.mcSamples + 8) : 0;
  return [REQUEST_BYTES, table];
}

/** Writes the request block; its table comes from `latticeTable`, so take that before leasing. */
export function putRequest(lease: Lease, request: NoisedRequest, table: Float32Array | undefined): number {
  const { mode, quantity, mcSamples, key } = request;
  const at = table ? lease.put(table) : 0;
  const words = [MODES.indexOf(mode), QUANTITIES.indexOf(quantity), mcSamples, request.firstRow ?? 0, key.a, key.b, at, 0];
  return lease.putWords(Int32Array.from(words, (word) => word | 0));
}

/** The lattice table of a request, or undefined in the other modes. */
export function tableOf(request: NoisedRequest): Float32Array | undefined {
  return request.mode === "lattice" ? latticeTable(request.key, request.mcSamples, request.x.dim) : undefined;
}

/**
 * y [K, dim] of one row of a request: bit for bit the configurations that the fused kernel evaluates for that row (in the same
 * build), whatever the other rows are. In antithetic mode every eight rows hold four draws and then their four mirror images.
 * Cost: about 6 ns per number.
 *
 * @throws RangeError for a row outside the batch, K < 1, a K that is no power of two in lattice mode
 */
export function perturbations(request: NoisedRequest, row: number): Float32Array {
  const call = "perturbations";
  const { x, variance, mcSamples, mode } = request;
  const { dim } = x;
  checkInteger(call, "row", row, 0, x.n - 1);
  checkDraws(call, mcSamples, mode, dim);
  const { exports, arena } = kernels(call, request.exact !== false);
  const table = tableOf(request);
  const scratchBytes = exports.drawsScratch(dim);
  const outBytes = 4 * mcSamples * dim;
  return arena.lease([...requestParts(request, dim), 4 * dim, outBytes, scratchBytes], (lease) => {
    const block = putRequest(lease, request, table);
    const center = lease.put(x.data.subarray(row * dim, (row + 1) * dim));
    const out = lease.take(outBytes);
    exports.perturbations(block, center, variance[row], (request.firstRow ?? 0) + row, dim, out, lease.take(scratchBytes));
    return lease.get(out, mcSamples * dim);
  });
}
