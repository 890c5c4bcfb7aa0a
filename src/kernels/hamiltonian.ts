/** Hamiltonian moves of many chains in the kernels: momenta, trajectories and decisions, eight chains side by side. */
import { checkBatch, checkInteger, checkKey, checkNumber } from "../core/check.js";
import type { Batch, HamiltonianRequest, HamiltonianResult, Particles } from "../core/types.js";
import type { Lease } from "./arena.js";
import type { EnergyKernel } from "./energy-kernel.js";
import { kernels } from "./load.js";

const LARGEST = 0xffffffff;
const MOST_MOVES = 2 ** 24;
const MOST_LEAPFROGS = 2 ** 20;
/** A center of mass is taken for 0 up to this share of the largest coordinate: what rounding leaves, with room. */
const OFF_CENTER = 1e-4;

/** A request that goes on where another ended. */
export interface ChainRequest extends HamiltonianRequest {
  /** Energy [n] and gradient [n, dim] at x, unscaled and untethered; nothing is then computed before the first move, and by a random walk no gradient at all. */
  readonly known?: { readonly energy: Float32Array; readonly gradient: Float32Array };
}

/** n numbers that are finite and above 0 (`zero`: or 0). */
export function checkNumbers(call: string, name: string, values: unknown, n: number, zero = false): void {
  if (!(values instanceof Float32Array)) throw new TypeError(`${call}: ${name} must be a Float32Array of ${n} numbers`);
  if (values.length !== n) throw new RangeError(`${call}: ${name} must hold ${n} numbers, one per row, got ${values.length}`);
  const bad = values.findIndex((value) => !(value < Infinity && (value > 0 || (zero && value === 0))));
  if (bad < 0) return;
  throw new RangeError(`${call}: ${name} must be finite and ${zero ? "at least" : "above"} 0, got ${values[bad]} in row ${bad}`);
}

/** @throws RangeError naming a row whose center of mass is not 0 */
export function checkCentered(call: string, name: string, { data, n }: Batch, { count, spatialDim }: Particles): void {
  const dim = count * spatialDim;
  for (let row = 0; row < n; row++) {
    for (let axis = 0; axis < spatialDim; axis++) {
      let largest = 0;
      let sum = 0;
      for (let i = row * dim + axis; i < (row + 1) * dim; i += spatialDim) {
        const value = data[i];
        sum += value;
        if (value > largest || -value > largest) largest = Math.abs(value);
      }
      if (Math.abs(sum) <= OFF_CENTER * largest * count) continue;
      const found = `row ${row} has ${sum / count} along axis ${axis}`;
      throw new RangeError(`${call}: ${name} must have center of mass 0, ${found}; subtract the mean over the particles`);
    }
  }
}

function checkTether(call: string, { x, center, tether }: HamiltonianRequest, particles: Particles | undefined): void {
  if (center === undefined && tether === undefined) return;
  if (center === undefined || tether === undefined) {
    throw new TypeError(`${call}: center and tether come together, got only ${center ? "center" : "tether"}`);
  }
  checkBatch(`${call}: center`, center, x.dim);
  if (center.n !== x.n) throw new RangeError(`${call}: center must have ${x.n} rows, as x, got ${center.n}`);
  if (particles) checkCentered(call, "center", center, particles);
  checkNumbers(call, "tether", tether, x.n);
}

/** @throws TypeError / RangeError for a request that cannot be run */
export function checkHamiltonian(call: string, request: ChainRequest, dim: number, particles?: Particles): void {
  if (request === null || typeof request !== "object") {
    throw new TypeError(`${call}: request must be { x, key, moves, leapfrogs, stepSize }, got ${String(request)}`);
  }
  const { x, moves, leapfrogs, leapfrogsOdd = leapfrogs, step = 0, firstRow = 0 } = request;
  checkBatch(call, x, dim);
  if (particles) checkCentered(call, "x", x, particles);
  checkKey(call, request.key);
  checkInteger(call, "moves", moves, 1, MOST_MOVES);
  checkInteger(call, "step", step, 0, LARGEST - (moves - 1));
  checkInteger(call, "leapfrogs", leapfrogs, 0, MOST_LEAPFROGS);
  checkNumber(call, "leapfrogsOdd", leapfrogsOdd, leapfrogs === 0 ? 0 : 1, leapfrogs === 0 ? 0 : MOST_LEAPFROGS);
  checkInteger(call, "leapfrogsOdd", leapfrogsOdd, 0, MOST_LEAPFROGS);
  checkInteger(call, "firstRow", firstRow, 0, LARGEST - (x.n - 1));
  checkNumbers(call, "stepSize", request.stepSize, x.n);
  if (request.beta !== undefined) checkNumbers(call, "beta", request.beta, x.n, true);
  checkTether(call, request, particles);
  if (request.known === undefined) return;
  const { energy, gradient } = request.known;
  if (energy.length === x.n && (gradient.length === x.n * dim || leapfrogs === 0)) return;
  throw new RangeError(
    `${call}: known must hold ${x.n} energies and ${x.n * dim} numbers of gradients, got ${energy.length} and ${gradient.length}`,
  );
}

/** Leapfrogs of one row in all moves of a request. */
function leapfrogsOf({ moves, leapfrogs, leapfrogsOdd = leapfrogs, step = 0 }: HamiltonianRequest): number {
  const odd = Math.floor((moves + (step & 1)) / 2);
  return odd * leapfrogsOdd + (moves - odd) * leapfrogs;
}

/** Energies that a request computes: one per leapfrog, in a random walk per move; unless known one at the start, and for a random walk the gradient at the end. */
export function callsOf(request: ChainRequest): number {
  const { x, moves, leapfrogs, known } = request;
  const walk = leapfrogs === 0;
  return x.n * ((walk ? moves : leapfrogsOf(request)) + (known ? 0 : walk ? 2 : 1));
}

interface Places {
  readonly x: number;
  readonly energy: number;
  readonly gradient: number;
  readonly acceptance: number;
  readonly mean: number;
  readonly square: number;
}

/** Words of the Moves overlay in assembly/hamiltonian.ts. */
const WORDS = 20;

/** Writes arrays and request block. */
function putMoves(lease: Lease, request: ChainRequest, particles: Particles | undefined): Places & { ask: number } {
  const { x, key, beta, center, tether, moves, leapfrogs, leapfrogsOdd = leapfrogs, known } = request;
  const [rows, numbers] = [4 * x.n * x.dim, 4 * x.n];
  const at = lease.put(x.data);
  const inputs = [
    lease.put(request.stepSize),
    beta ? lease.put(beta) : 0,
    center ? lease.put(center.data) : 0,
    tether ? lease.put(tether) : 0,
  ];
  const energy = known ? lease.put(known.energy) : lease.take(numbers);
  const gradient = known && leapfrogs > 0 ? lease.put(known.gradient) : lease.take(rows);
  const acceptance = lease.take(numbers);
  const [mean, square] = center ? [lease.take(rows), lease.take(numbers)] : [0, 0];
  const outputs = [energy, gradient, acceptance, mean, square];
  const stream = [key.a, key.b, request.step ?? 0, request.firstRow ?? 0];
  const shape = [moves, leapfrogs, leapfrogsOdd, particles?.count ?? 0, particles?.spatialDim ?? 0, known ? 1 : 0];
  const words = Int32Array.from([at, ...inputs, ...outputs, ...stream, ...shape], (word) => word | 0);
  return { ask: lease.putWords(words), x: at, energy, gradient, acceptance, mean, square };
}

function movesParts({ x, beta, center }: HamiltonianRequest): number[] {
  const [rows, numbers] = [4 * x.n * x.dim, 4 * x.n];
  const parts = [rows, numbers, numbers, rows, numbers, 4 * WORDS];
  if (beta) parts.push(numbers);
  if (center) parts.push(rows, numbers, rows, numbers);
  return parts;
}

/**
 * Moves of each row on U(y) = beta E(y) + |y - center|^2 / (2 tether), see `HamiltonianRequest`:
 *
 *   p ~ N(0, I), leapfrogs of stepSize on U + |p|^2 / 2, accepted with probability min(1, exp(-(change of U + |p|^2 / 2)))
 *
 * Row r draws from (key, step + m, firstRow + r) alone, so that rows can be moved in any blocks, by any thread, with the same bits.
 * x is not changed; energies of refused proposals that are not finite are counted. Cost: a gradient per leapfrog and row, and about 0.1 us
 * + 3 ns dim a move and row for its random numbers.
 *
 * @param particles of the energy: momenta and chains then have center of mass 0
 * @throws TypeError / RangeError naming the argument: shapes, non-finite x, stepSize <= 0, beta < 0, center without tether, tether <= 0,
 * leapfrogs 0 in only one of even and odd moves, a center of mass that is not 0
 * @see Duane et al. 1987; Neal 2011, arXiv:1206.1901
 */
export function kernelHamiltonian(kernel: EnergyKernel, request: ChainRequest, particles?: Particles): HamiltonianResult {
  const call = "hamiltonian";
  checkHamiltonian(call, request, kernel.dim, particles);
  const { exports, arena } = kernels(call, request.exact !== false);
  const { n, dim } = request.x;
  const scratchBytes = exports.hamiltonianScratch(dim);
  return arena.lease([...kernel.parts(), ...movesParts(request), scratchBytes], (lease) => {
    const block = kernel.put(lease);
    const places = putMoves(lease, request, particles);
    const nonFinite = exports[kernel.hamiltonian](block, places.ask, n, lease.take(scratchBytes));
    return {
      x: { data: lease.get(places.x, n * dim), n, dim },
      energy: lease.get(places.energy, n),
      gradient: request.known && request.leapfrogs === 0 ? new Float32Array(0) : lease.get(places.gradient, n * dim),
      acceptance: lease.get(places.acceptance, n),
      ...(request.center && { mean: lease.get(places.mean, n * dim), square: lease.get(places.square, n) }),
      nonFinite,
      energyCalls: callsOf(request),
    };
  });
}
