/**
 * The envelope of a pair energy: U(x) = min over y of sum_{i<j} u(r_ij(y)) + trap / 2 |y|^2 + |y - x|^2 / (2 v), found from y = x by steps of
 * Barzilai and Borwein 1988. What is followed is z = y - x, so that the score z / v keeps its digits where v is small.
 */
import { madd } from "../simd";
import { center, dot, gather, pairSums, planeBytes, spread } from "./pair-sums";
import { PairTable } from "./pair-table";

/** What all rows share; an overlay on 32 bytes. */
export class Envelope {
  count: i32;
  spatialDim: i32;
  /** Steps after the first gradient. */
  steps: i32;
  /** Of the trap, kT / length^2. */
  trap: f32;
  /** v, length^2. */
  tether: f32;
  /** Bounds of a step: one over the largest and over the least curvature. */
  shortest: f32;
  longest: f32;
  /** Farthest that a step moves a coordinate, length: past a clash the energy bends down, and no curvature bounds the step there. */
  reach: f32;
}

/** Bytes of scratch of `moreauRows`: look-ups, then x, y, z, gradient, gradient before. */
export function moreauScratch(count: i32): usize {
  return 64 + 5 * planeBytes(count);
}

/** Gradient of the whole at y = x + z, and y. */
function slopeAt(table: PairTable, ask: Envelope, x: usize, sums: usize, found: usize, last: bool): void {
  const bytes = planeBytes(ask.count);
  const y = x + bytes;
  const z = y + bytes;
  const gradient = z + bytes;
  for (let i: usize = 0; i < bytes; i += 16) v128.store(y + i, f32x4.add(v128.load(x + i), v128.load(z + i)));
  pairSums(table, y, ask.count, gradient, sums, found, last);
  const trap = f32x4.splat(ask.trap);
  const tether = f32x4.splat(1 / ask.tether);
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(gradient + i, madd(trap, v128.load(y + i), madd(tether, v128.load(z + i), v128.load(gradient + i))));
  }
}

/** Largest size of a number in [3][stride]. */
function largest(at: usize, count: i32): f32 {
  let most = f32x4.splat(0);
  const end = at + planeBytes(count);
  for (; at < end; at += 16) most = f32x4.pmax(most, f32x4.abs(v128.load(at)));
  const pair = f32x4.pmax(most, i64x2.shuffle(most, most, 1, 0));
  return max(f32x4.extract_lane(pair, 0), f32x4.extract_lane(pair, 1));
}

/** One step against the gradient; returns its length for the next by the change of the gradient. */
function step(table: PairTable, ask: Envelope, x: usize, length: f32, sums: usize, found: usize, last: bool): f32 {
  const bytes = planeBytes(ask.count);
  const z = x + 2 * bytes;
  const gradient = z + bytes;
  const before = gradient + bytes;
  memory.copy(before, gradient, bytes);
  const most = largest(before, ask.count);
  if (length * most > ask.reach) length = ask.reach / most;
  const factor = f32x4.splat(-length);
  for (let i: usize = 0; i < bytes; i += 16) v128.store(z + i, madd(factor, v128.load(before + i), v128.load(z + i)));
  slopeAt(table, ask, x, sums, found, last);
  // With s = -length g: <s, s> / <s, g' - g> = length <g, g> / (<g, g> - <g, g'>).
  const square = dot(before, before, ask.count);
  const bend = square - dot(before, gradient, ask.count);
  if (!(bend * <f64>ask.longest > square * <f64>length)) return ask.longest;
  return max(ask.shortest, <f32>((<f64>length * square) / bend));
}

/**
 * x [n, dim] -> per row f64 [pair energy at y, its derivative by log of the table's sigma, |y|^2, |y - x|^2] at `sums`, and
 * score = (y - x) share / v - stiffness x [n, dim]; x and y with center of mass 0.
 */
export function moreauRows(
  table: usize,
  request: usize,
  x: usize,
  n: i32,
  share: f32,
  stiffness: f32,
  sums: usize,
  squares: usize,
  score: usize,
  scratch: usize,
): void {
  const pairs = changetype<PairTable>(table);
  const ask = changetype<Envelope>(request);
  const count = ask.count;
  const bytes = planeBytes(count);
  const at = scratch + 64;
  const y = at + bytes;
  const z = y + bytes;
  const gradient = z + bytes;
  const rowBytes = (<usize>(count * ask.spatialDim)) << 2;
  const pull = f32x4.splat(share / ask.tether);
  const base = f32x4.splat(-stiffness);
  for (let r = 0; r < n; r++, x += rowBytes, score += rowBytes, sums += 32, squares += 8) {
    spread(x, count, ask.spatialDim, at);
    memory.fill(z, 0, bytes);
    slopeAt(pairs, ask, at, sums, scratch, ask.steps == 0);
    let length = ask.shortest;
    for (let k = 0; k < ask.steps; k++) length = step(pairs, ask, at, length, sums, scratch, k + 1 == ask.steps);
    store<f64>(sums, dot(y, y, count), 16);
    store<f64>(sums, dot(z, z, count), 24);
    store<f64>(squares, dot(at, at, count));
    for (let i: usize = 0; i < bytes; i += 16) {
      v128.store(gradient + i, madd(pull, v128.load(z + i), f32x4.mul(base, v128.load(at + i))));
    }
    center(gradient, count);
    gather(gradient, count, ask.spatialDim, 1, score);
  }
}
