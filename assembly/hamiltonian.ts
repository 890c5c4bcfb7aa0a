/**
 * Hamiltonian moves of chains on U(y) = beta E(y) + |y - center|^2 / (2 tether), eight chains side by side. One leapfrog is MALA, none a
 * random walk. Row r, move m uses the normals and the first uniform of the stream (key, step + m, firstRow + r) and nothing else, and
 * lanes never mix, so a row has the same bits in any block.
 *
 *   p ~ N(0, I);  leapfrogs of size stepSize on U + |p|^2 / 2;  accepted where uniform < exp(-(change of U + |p|^2 / 2))
 *
 * Energies are f32, kinetic and tether parts of the change are summed in f64: in LJ-55 they are sums of 165 squares whose difference
 * decides. A proposal whose energy is not finite, or whose change is NaN, is refused and counted.
 *
 * For particles the momentum, a random walk's steps and every proposal lose their mean over the particles: a chain stays on the subspace
 * of center of mass 0, where E and the tether are invariant.
 */
import { pack, unpack } from "./blocks";
import { fillBits, normals, seed, USE_BITS } from "./random";
import { exp, madd, nmadd } from "./simd";

/** Overlay on the request block. Arrays are [n] or [n, dim]; `x` is read and written. */
export class Moves {
  x: usize;
  stepSize: usize;
  /** 0: all 1. */
  beta: usize;
  /** 0: no tether; then `tether`, `mean` and `square` are 0 too. */
  center: usize;
  tether: usize;
  energy: usize;
  gradient: usize;
  acceptance: usize;
  mean: usize;
  square: usize;
  keyA: u32;
  keyB: u32;
  step: u32;
  firstRow: u32;
  moves: i32;
  leapfrogs: i32;
  /** Leapfrogs of moves whose step is odd. */
  leapfrogsOdd: i32;
  /** Particles; 0 for none. */
  count: i32;
  spatialDim: i32;
  /** Not 0: `energy` and (but in random walks) `gradient` hold those at x; a random walk then leaves `gradient` alone. */
  known: i32;
}

// Numbers of the eight lanes, f32 unless said otherwise.
const PROPOSED: usize = 0;
const ENERGY: usize = 32;
const STEP: usize = 64;
const BETA: usize = 96;
const INVERSE: usize = 128;
const UNIFORM: usize = 160;
const RATIO: usize = 192;
const ACCEPTED: usize = 224;
/** f64: twice the change of the kinetic energy. */
const KINETIC: usize = 256;
/** f64: |y - center|^2 of the proposal, of the chain, and its sum over the moves. */
const SQUARE: usize = 320;
const KEPT_SQUARE: usize = 384;
const SUM_SQUARE: usize = 448;
const STATE: usize = 512;
/** Blocks [dim][8] from here on. */
const BLOCKS: usize = 576;
const PROPOSAL: usize = 0;
const PROPOSAL_SLOPE: usize = 1;
const CHAIN: usize = 2;
const SLOPE: usize = 3;
const MOMENTUM: usize = 4;
const CENTER: usize = 5;
/** Sum of the chain over the moves. */
const SUM: usize = 6;
/** Rows of normals, eight and up to seven numbers more. */
const ROWS: usize = 7;

/** Bytes of scratch of `hamiltonianRows`. */
export function hamiltonianScratch(dim: i32): usize {
  return BLOCKS + 32 + ((<usize>dim) << 8);
}

/** Block number k of those. */
function blockOf(lanes: usize, k: usize, dim: i32): usize {
  return lanes + BLOCKS + ((k * <usize>dim) << 5);
}

/** [n] numbers of the rows of a block into its lanes; missing lanes repeat the last row. */
function packNumbers(from: usize, first: i32, count: i32, to: usize): void {
  for (let lane = 0; lane < 8; lane++) {
    store<f32>(to + ((<usize>lane) << 2), load<f32>(from + ((<usize>(first + min(lane, count - 1))) << 2)));
  }
}

function clear(at: usize, bytes: usize): void {
  memory.fill(at, 0, bytes);
}

function widen(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

/** Adds the squares of a block, lane by lane, to eight f64. */
function addSquares(block: usize, dim: i32, out: usize): void {
  for (let half: usize = 0; half < 2; half++, block += 16, out += 32) {
    let low = v128.load(out);
    let high = v128.load(out, 16);
    const end = block + ((<usize>dim) << 5);
    for (let at = block; at < end; at += 32) {
      const a = widen(at);
      const b = widen(at + 8);
      low = f64x2.add(low, f64x2.mul(a, a));
      high = f64x2.add(high, f64x2.mul(b, b));
    }
    v128.store(out, low);
    v128.store(out, high, 16);
  }
}

/** |y - center|^2 of the eight lanes in f64; `spare` [dim][8] takes the differences. */
function measureTether(y: usize, center: usize, spare: usize, dim: i32, out: usize): void {
  const bytes = (<usize>dim) << 5;
  for (let d: usize = 0; d < bytes; d += 16) {
    v128.store(spare + d, f32x4.sub(v128.load(y + d), v128.load(center + d)));
  }
  clear(out, 64);
  addSquares(spare, dim, out);
}

/** Takes the mean over the particles off a block. */
function removeMean(block: usize, count: i32, spatialDim: i32): void {
  if (count == 0) return;
  const stride = (<usize>spatialDim) << 5;
  const share = f32x4.splat(<f32>(1.0 / <f64>count));
  for (let axis: usize = 0; axis < stride; axis += 16) {
    const start = block + axis;
    const end = start + <usize>count * stride;
    let sum = f32x4.splat(0);
    for (let at = start; at < end; at += stride) sum = f32x4.add(sum, v128.load(at));
    const mean = f32x4.mul(sum, share);
    for (let at = start; at < end; at += stride) v128.store(at, f32x4.sub(v128.load(at), mean));
  }
}

/** Momenta (or steps of a random walk) and the uniforms that decide, of one move. */
function draw(ask: Moves, lanes: usize, dim: i32, row: u32, count: i32, step: u32, momentum: usize, rows: usize): void {
  const state = lanes + STATE;
  for (let lane = 0; lane < count; lane++) {
    seed(state, ask.keyA, ask.keyB, step, row + <u32>lane, USE_BITS);
    fillBits(state, rows, 1);
    store<f32>(lanes + UNIFORM + ((<usize>lane) << 2), <f32>(load<u32>(rows) >>> 8) * <f32>5.960464477539063e-8);
  }
  normals(state, rows, ask.keyA, ask.keyB, step, row, count, dim);
  pack(rows, 0, count, dim, momentum);
  removeMean(momentum, ask.count, ask.spatialDim);
}

/** p -= scale stepSize grad U at the proposal. */
function kick(ask: Moves, lanes: usize, dim: i32, scale: f32, y: usize, g: usize, p: usize, center: usize): void {
  const bytes = (<usize>dim) << 5;
  for (let half: usize = 0; half < 32; half += 16) {
    const size = f32x4.mul(v128.load(lanes + half, STEP), f32x4.splat(scale));
    const beta = f32x4.mul(size, v128.load(lanes + half, BETA));
    const pull = f32x4.mul(size, v128.load(lanes + half, INVERSE));
    const tethered = ask.center != 0;
    for (let d = half; d < bytes; d += 32) {
      let next = nmadd(beta, v128.load(g + d), v128.load(p + d));
      if (tethered) next = nmadd(pull, f32x4.sub(v128.load(y + d), v128.load(center + d)), next);
      v128.store(p + d, next);
    }
  }
}

/** y += stepSize p. */
function drift(lanes: usize, dim: i32, y: usize, p: usize): void {
  const bytes = (<usize>dim) << 5;
  for (let half: usize = 0; half < 32; half += 16) {
    const size = v128.load(lanes + half, STEP);
    for (let d = half; d < bytes; d += 32) v128.store(y + d, madd(size, v128.load(p + d), v128.load(y + d)));
  }
}

/** log of the acceptance ratio of each lane, at most 0, into RATIO; returns how many of the first `count` were not finite. */
function compare(lanes: usize, count: i32): i32 {
  let nonFinite = 0;
  for (let lane: usize = 0; lane < 8; lane++) {
    const at = lanes + (lane << 2);
    const wide = lanes + (lane << 3);
    const proposed = load<f32>(at, PROPOSED);
    const tether = <f64>load<f32>(at, INVERSE) * (load<f64>(wide, SQUARE) - load<f64>(wide, KEPT_SQUARE));
    const change =
      <f64>load<f32>(at, BETA) * (<f64>proposed - <f64>load<f32>(at, ENERGY)) + 0.5 * (tether + load<f64>(wide, KINETIC));
    const good = abs(proposed) <= f32.MAX_VALUE && change == change;
    if (!good && <i32>lane < count) nonFinite++;
    store<f32>(at, good ? <f32>(change > 0 ? -change : 0) : -100, RATIO);
  }
  return nonFinite;
}

/** Keeps the proposal in the lanes where `yes` is all ones. */
function keep(dim: i32, half: usize, yes: v128, from: usize, to: usize): void {
  const bytes = (<usize>dim) << 5;
  for (let d = half; d < bytes; d += 32) {
    v128.store(to + d, v128.bitselect(v128.load(from + d), v128.load(to + d), yes));
  }
}

/** Accepts or refuses lane by lane. */
function decide(lanes: usize, dim: i32, moving: bool): void {
  for (let half: usize = 0; half < 32; half += 16) {
    const at = lanes + half;
    const ratio = exp(v128.load(at, RATIO));
    const yes = f32x4.lt(v128.load(at, UNIFORM), ratio);
    v128.store(at, f32x4.add(v128.load(at, ACCEPTED), ratio), ACCEPTED);
    v128.store(at, v128.bitselect(v128.load(at, PROPOSED), v128.load(at, ENERGY), yes), ENERGY);
    keep(dim, half, yes, blockOf(lanes, PROPOSAL, dim), blockOf(lanes, CHAIN, dim));
    if (moving) keep(dim, half, yes, blockOf(lanes, PROPOSAL_SLOPE, dim), blockOf(lanes, SLOPE, dim));
    const bits = i32x4.bitmask(yes);
    for (let lane: usize = 0; lane < 4; lane++) {
      const wide = lanes + (half << 1) + (lane << 3);
      if (((bits >> <i32>lane) & 1) != 0) store<f64>(wide, load<f64>(wide, SQUARE), KEPT_SQUARE);
    }
  }
}

/** One trajectory from the chains to the proposals. */
function travel<E>(target: E, ask: Moves, lanes: usize, leapfrogs: i32): void {
  const dim = target.dim;
  const y = blockOf(lanes, PROPOSAL, dim);
  const g = blockOf(lanes, PROPOSAL_SLOPE, dim);
  const p = blockOf(lanes, MOMENTUM, dim);
  const center = blockOf(lanes, CENTER, dim);
  clear(lanes + KINETIC, 64);
  if (leapfrogs == 0) {
    drift(lanes, dim, y, p);
    removeMean(y, ask.count, ask.spatialDim);
    target.energyBlock(y, lanes + PROPOSED);
    return;
  }
  addSquares(p, dim, lanes + KINETIC);
  for (let at = lanes + KINETIC; at < lanes + KINETIC + 64; at += 16) v128.store(at, f64x2.neg(v128.load(at)));
  kick(ask, lanes, dim, 0.5, y, g, p, center);
  for (let l = 1; l < leapfrogs; l++) {
    drift(lanes, dim, y, p);
    target.gradientBlock(y, lanes + PROPOSED, g);
    kick(ask, lanes, dim, 1, y, g, p, center);
  }
  drift(lanes, dim, y, p);
  removeMean(y, ask.count, ask.spatialDim);
  target.gradientBlock(y, lanes + PROPOSED, g);
  kick(ask, lanes, dim, 0.5, y, g, p, center);
  addSquares(p, dim, lanes + KINETIC);
}

/** Chains of rows first .. first + count - 1 into the lanes, with energy and, where it will be needed, gradient. */
function begin<E>(target: E, ask: Moves, lanes: usize, first: i32, count: i32): void {
  const dim = target.dim;
  const y = blockOf(lanes, CHAIN, dim);
  pack(ask.x, first, count, dim, y);
  packNumbers(ask.stepSize, first, count, lanes + STEP);
  for (let half: usize = 0; half < 32; half += 16) {
    v128.store(lanes + half, f32x4.splat(1), BETA);
    v128.store(lanes + half, f32x4.splat(0), INVERSE);
    v128.store(lanes + half, f32x4.splat(0), ACCEPTED);
    v128.store(lanes + half, f32x4.splat(0), UNIFORM);
  }
  if (ask.beta != 0) packNumbers(ask.beta, first, count, lanes + BETA);
  clear(lanes + KINETIC, 256);
  if (ask.center != 0) {
    packNumbers(ask.tether, first, count, lanes + INVERSE);
    for (let half = lanes; half < lanes + 32; half += 16) {
      v128.store(half, f32x4.div(f32x4.splat(1), v128.load(half, INVERSE)), INVERSE);
    }
    pack(ask.center, first, count, dim, blockOf(lanes, CENTER, dim));
    measureTether(y, blockOf(lanes, CENTER, dim), blockOf(lanes, MOMENTUM, dim), dim, lanes + KEPT_SQUARE);
    clear(blockOf(lanes, SUM, dim), (<usize>dim) << 5);
  }
  if (ask.known != 0) {
    packNumbers(ask.energy, first, count, lanes + ENERGY);
    if (ask.leapfrogs != 0) pack(ask.gradient, first, count, dim, blockOf(lanes, SLOPE, dim));
  } else if (ask.leapfrogs == 0) target.energyBlock(y, lanes + ENERGY);
  else target.gradientBlock(y, lanes + ENERGY, blockOf(lanes, SLOPE, dim));
}

/** Adds the chains to their sums. */
function gather(lanes: usize, dim: i32): void {
  const y = blockOf(lanes, CHAIN, dim);
  const sum = blockOf(lanes, SUM, dim);
  const bytes = (<usize>dim) << 5;
  for (let d: usize = 0; d < bytes; d += 16) v128.store(sum + d, f32x4.add(v128.load(sum + d), v128.load(y + d)));
  for (let at = lanes; at < lanes + 64; at += 16) {
    v128.store(at, f64x2.add(v128.load(at, SUM_SQUARE), v128.load(at, KEPT_SQUARE)), SUM_SQUARE);
  }
}

/** Results of rows first .. first + count - 1. */
function finish(ask: Moves, lanes: usize, dim: i32, first: i32, count: i32): void {
  const row = (<usize>first * <usize>dim) << 2;
  const share = <f32>(1.0 / <f64>ask.moves);
  unpack(blockOf(lanes, CHAIN, dim), count, dim, ask.x + row);
  if (ask.leapfrogs != 0 || ask.known == 0) unpack(blockOf(lanes, SLOPE, dim), count, dim, ask.gradient + row);
  memory.copy(ask.energy + ((<usize>first) << 2), lanes + ENERGY, (<usize>count) << 2);
  for (let lane: usize = 0; lane < <usize>count; lane++) {
    const out = (<usize>first + lane) << 2;
    store<f32>(ask.acceptance + out, load<f32>(lanes + (lane << 2), ACCEPTED) * share);
    if (ask.center != 0) store<f32>(ask.square + out, <f32>(load<f64>(lanes + (lane << 3), SUM_SQUARE) / <f64>ask.moves));
  }
  if (ask.center == 0) return;
  const sum = blockOf(lanes, SUM, dim);
  const bytes = (<usize>dim) << 5;
  for (let d: usize = 0; d < bytes; d += 16) v128.store(sum + d, f32x4.mul(v128.load(sum + d), f32x4.splat(share)));
  unpack(sum, count, dim, ask.mean + row);
}

/** One move of a block of chains; returns how many proposals were not finite. */
function move<E>(target: E, ask: Moves, lanes: usize, first: i32, count: i32, m: i32): i32 {
  const dim = target.dim;
  const bytes = (<usize>dim) << 5;
  const step = ask.step + <u32>m;
  const leapfrogs = (step & 1) != 0 ? ask.leapfrogsOdd : ask.leapfrogs;
  draw(ask, lanes, dim, ask.firstRow + <u32>first, count, step, blockOf(lanes, MOMENTUM, dim), blockOf(lanes, ROWS, dim));
  memory.copy(blockOf(lanes, PROPOSAL, dim), blockOf(lanes, CHAIN, dim), bytes);
  if (leapfrogs != 0) memory.copy(blockOf(lanes, PROPOSAL_SLOPE, dim), blockOf(lanes, SLOPE, dim), bytes);
  travel<E>(target, ask, lanes, leapfrogs);
  if (ask.center != 0) {
    measureTether(blockOf(lanes, PROPOSAL, dim), blockOf(lanes, CENTER, dim), blockOf(lanes, MOMENTUM, dim), dim, lanes + SQUARE);
  }
  const nonFinite = compare(lanes, count);
  decide(lanes, dim, leapfrogs != 0);
  if (ask.center != 0) gather(lanes, dim);
  return nonFinite;
}

/**
 * All moves of n rows; returns the number of proposals that were not finite. `E` as in blocks.ts; one copy of this loop is compiled per
 * energy. Leapfrogs are 0 in moves of even and odd steps alike, or in neither.
 */
export function hamiltonianRows<E>(target: E, request: usize, n: i32, scratch: usize): f64 {
  const ask = changetype<Moves>(request);
  const dim = target.dim;
  let nonFinite: f64 = 0;
  for (let first = 0; first < n; first += 8) {
    const count = min(n - first, 8);
    begin<E>(target, ask, scratch, first, count);
    for (let m = 0; m < ask.moves; m++) nonFinite += <f64>move<E>(target, ask, scratch, first, count, m);
    if (ask.leapfrogs == 0 && ask.known == 0) {
      target.gradientBlock(blockOf(scratch, CHAIN, dim), scratch + PROPOSED, blockOf(scratch, SLOPE, dim));
    }
    finish(ask, scratch, dim, first, count);
  }
  return nonFinite;
}
