/**
 * The K perturbations y_k = x + sigma eps_k of one row, eight at a time.
 *
 *   iid         eps from the row's own stream, re-seeded every DRAW_BLOCK draws: any (row, block) can be made alone
 *   antithetic  lanes 0-3 are x + sigma eps, lanes 4-7 x - sigma eps
 *   lattice     eps_kd = table_d[k + rotation_d], table_d[k] = normal quantile of ((k z_d mod K) + u_d) / K written twice;
 *               the rotation is the row's own, uniform on 0 .. K-1, so every draw is exactly normal by itself
 */
import { fillAround, fillBits, fillNormals, STATE_BYTES, seed, USE_DRAWS, USE_LATTICE } from "./random";
import { madd } from "./simd";

export const IID: i32 = 0;
export const ANTITHETIC: i32 = 1;
export const LATTICE: i32 = 2;

/** Quantity of a request that needs eps (noised.ts). */
export const MEAN: i32 = 2;

/** Draws between two seedings; a multiple of 8. Seeding costs about 25 ns, below 1 % of a block's work. */
export const DRAW_BLOCK: i32 = 128;

/** Overlay on the request block: what is the same for every row of a call. */
export class Request {
  /** IID, ANTITHETIC or LATTICE. */
  mode: i32;
  /** ENERGY, SCORE or MEAN (noised.ts). */
  quantity: i32;
  /** K. */
  mcSamples: i32;
  /** Row number of the first row in its stream. */
  firstRow: u32;
  keyA: u32;
  keyB: u32;
  /** Lattice: table of dim * (2 K + 8) f32; 0 otherwise. */
  table: usize;
}

/** Blocks of eight draws whose normals are made at once, a power of two: fewer calls, but no buffer worth a cache in many dimensions. */
function batchOf(dim: i32): i32 {
  return dim <= 4 ? DRAW_BLOCK >> 3 : dim <= 16 ? 4 : 1;
}

/**
 * Scratch: generator, y block [dim][8], eps blocks [dim][8] of one batch, and as many half blocks [dim + 1][4]; in lattice mode
 * the last holds the rotated rows of the table instead.
 */
export function drawsScratch(dim: i32): usize {
  const blocks = <usize>(dim + 1) * <usize>batchOf(dim);
  return STATE_BYTES + ((<usize>dim) << 5) + (blocks << 5) + (blocks << 4);
}

/** The y block. */
export function configurationsOf(scratch: usize): usize {
  return scratch + STATE_BYTES;
}

/** The eps block of draws first .. first + 7. */
export function epsOf(request: Request, first: i32, dim: i32, scratch: usize): usize {
  const slot = request.mode == IID ? (first >> 3) & (batchOf(dim) - 1) : 0;
  return scratch + STATE_BYTES + ((<usize>dim * <usize>(1 + slot)) << 5);
}

function halvesOf(scratch: usize, dim: i32): usize {
  return scratch + STATE_BYTES + ((<usize>dim) << 5) + ((<usize>((dim + 1) * batchOf(dim))) << 5);
}

/** Rotations of one row, once per row in lattice mode. */
export function startRow(request: Request, row: u32, dim: i32, scratch: usize): void {
  if (request.mode != LATTICE) return;
  seed(scratch, request.keyA, request.keyB, 0, row, USE_LATTICE);
  const rotations = halvesOf(scratch, dim);
  fillBits(scratch, rotations, (dim + 3) >> 2);
  const length = ((<usize>request.mcSamples) << 3) + 32;
  const mask = request.mcSamples - 1;
  for (let d: usize = 0; d < <usize>dim; d++) {
    const at = rotations + (d << 2);
    store<usize>(at, request.table + d * length + ((<usize>(load<i32>(at) & mask)) << 2));
  }
}

/** Seeds the row's stream where a block of draws begins. */
function seedDraws(request: Request, row: u32, first: i32, scratch: usize): void {
  if ((first & (DRAW_BLOCK - 1)) != 0) return;
  seed(scratch, request.keyA, request.keyB, 0, row, USE_DRAWS | (<u32>first / <u32>DRAW_BLOCK));
}

/** eps of draws first .. first + 7 into their eps block; `first` goes up by 8 from 0 or from a multiple of DRAW_BLOCK. */
function fill(request: Request, row: u32, first: i32, dim: i32, scratch: usize): void {
  const eps = epsOf(request, first, dim, scratch);
  if (request.mode == LATTICE) {
    const rotations = halvesOf(scratch, dim);
    const offset = (<usize>first) << 2;
    for (let d: usize = 0; d < <usize>dim; d++) {
      const from = load<usize>(rotations + (d << 2)) + offset;
      v128.store(eps + (d << 5), v128.load(from));
      v128.store(eps + (d << 5), v128.load(from, 16), 16);
    }
    return;
  }
  seedDraws(request, row, first, scratch);
  const batch = batchOf(dim);
  const slot = (first >> 3) & (batch - 1);
  const blocks = min(batch, (request.mcSamples - first + 7) >> 3);
  if (request.mode == IID) {
    if (slot == 0) fillNormals(scratch, eps, dim * blocks);
    return;
  }
  const octets = (dim + 1) >> 1;
  let half = halvesOf(scratch, dim);
  if (slot == 0) fillNormals(scratch, half, octets * blocks);
  half += (<usize>(octets * slot)) << 5;
  for (let d: usize = 0; d < <usize>dim; d++, half += 16) {
    const value = v128.load(half);
    v128.store(eps + (d << 5), value);
    v128.store(eps + (d << 5), f32x4.neg(value), 16);
  }
}

/** y block of draws first .. first + 7 around x [dim]. */
export function perturbBlock(request: Request, row: u32, x: usize, sigma: f32, first: i32, dim: i32, scratch: usize): void {
  const scale = f32x4.splat(sigma);
  if (request.mode == IID && request.quantity != MEAN && batchOf(dim) == 1) {
    // Nobody asks for eps, and each block is drawn by itself.
    seedDraws(request, row, first, scratch);
    fillAround(scratch, configurationsOf(scratch), dim, x, scale);
    return;
  }
  fill(request, row, first, dim, scratch);
  const bytes = (<usize>dim) << 5;
  const eps = epsOf(request, first, dim, scratch);
  const y = configurationsOf(scratch);
  for (let d: usize = 0; d < bytes; d += 32) {
    const center = v128.load32_splat(x + (d >>> 3));
    v128.store(y + d, madd(v128.load(eps + d), scale, center));
    v128.store(y + d, madd(v128.load(eps + d, 16), scale, center), 16);
  }
}

/** Bits of the lanes that belong to the first K draws, when `left` of them remain from this block on. */
export function lanes(mode: i32, left: i32): i32 {
  if (left >= 8) return 255;
  if (mode != ANTITHETIC) return (1 << left) - 1;
  return ((1 << ((left + 1) >> 1)) - 1) | (((1 << (left >> 1)) - 1) << 4);
}

/** All K perturbations of one row: out [K, dim]; the very numbers the fused loop uses. */
export function perturbations(request: usize, x: usize, variance: f32, row: u32, dim: i32, out: usize, scratch: usize): void {
  const ask = changetype<Request>(request);
  const sigma = sqrt<f32>(variance);
  const y = configurationsOf(scratch);
  startRow(ask, row, dim, scratch);
  for (let first = 0; first < ask.mcSamples; first += 8) {
    perturbBlock(ask, row, x, sigma, first, dim, scratch);
    const valid = lanes(ask.mode, ask.mcSamples - first);
    for (let lane = 0; lane < 8; lane++) {
      if (((valid >> lane) & 1) == 0) continue;
      for (let d: usize = 0; d < <usize>dim; d++, out += 4) {
        store<f32>(out, load<f32>(y + (d << 5) + ((<usize>lane) << 2)));
      }
    }
  }
}
