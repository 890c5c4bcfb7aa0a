/**
 * A function of r^2 as cubics, tabulated by the bits of the float: interval = exponent and five leading bits of the mantissa (32 intervals
 * an octave), position inside = the bits that follow. No root, no search; r^2 outside of the table goes on along the tangent.
 */
import { madd } from "../simd";

/** Bits of a float below those that name its interval. */
const FRACTION: i32 = 18;

/**
 * Overlay: this header, then per interval [f0 f1 f2 f3, g0 g1 g2 g3] f32, powers of the position in [0, 1): f a pair's energy, g its
 * derivative by log sigma. `least` and `most` are the first r^2 and the last one inside; both normal numbers above 2^-120.
 */
export class PairTable {
  least: f32;
  most: f32;
  intervals: i32;
  reserved: i32;

  /** First interval. */
  records(): usize {
    return changetype<usize>(this) + 16;
  }
}

/**
 * Between two noise levels: f = w0 low_f + w1 high_f + w2 low_s + w3 high_s, g likewise with w4 .. w7. A level holds per interval the cubics
 * [f, s] of the energy and of its derivative by the level's coordinate; `weights` are eight f32, `out` the records of a table.
 */
export function collapsePairs(low: usize, high: usize, weights: usize, out: usize, intervals: i32): void {
  const w0 = v128.load32_splat(weights);
  const w1 = v128.load32_splat(weights, 4);
  const w2 = v128.load32_splat(weights, 8);
  const w3 = v128.load32_splat(weights, 12);
  const w4 = v128.load32_splat(weights, 16);
  const w5 = v128.load32_splat(weights, 20);
  const w6 = v128.load32_splat(weights, 24);
  const w7 = v128.load32_splat(weights, 28);
  const end = out + ((<usize>intervals) << 5);
  for (; out < end; out += 32, low += 32, high += 32) {
    const a = v128.load(low);
    const b = v128.load(high);
    const c = v128.load(low, 16);
    const d = v128.load(high, 16);
    v128.store(out, madd(w0, a, madd(w1, b, madd(w2, c, f32x4.mul(w3, d)))));
    v128.store(out, madd(w4, a, madd(w5, b, madd(w6, c, f32x4.mul(w7, d)))), 16);
  }
}

/** Address of the record of lane `at` is base + 32 * (index of its interval). */
function record(base: usize, index: v128, at: u8): usize {
  if (at == 0) return base + ((<usize>i32x4.extract_lane(index, 0)) << 5);
  if (at == 1) return base + ((<usize>i32x4.extract_lane(index, 1)) << 5);
  if (at == 2) return base + ((<usize>i32x4.extract_lane(index, 2)) << 5);
  return base + ((<usize>i32x4.extract_lane(index, 3)) << 5);
}

/** r^2 held to the table. In this order NaN becomes `most`: whatever comes, the address is inside. */
function heldIn(table: PairTable, square: v128): v128 {
  return f32x4.pmax(f32x4.splat(table.least), f32x4.pmin(f32x4.splat(table.most), square));
}

/** Number of the interval. */
function intervalOf(table: PairTable, inside: v128): v128 {
  return i32x4.sub(i32x4.shr_s(inside, FRACTION), i32x4.splat(reinterpret<i32>(table.least) >> FRACTION));
}

/** Position within the interval, [0, 1). */
function positionOf(inside: v128): v128 {
  const bits = i32x4.shl(v128.and(inside, i32x4.splat((1 << FRACTION) - 1)), 23 - FRACTION);
  return f32x4.sub(v128.or(bits, i32x4.splat(0x3f800000)), f32x4.splat(1));
}

/** 32 / 2^exponent: one over the width of the interval in r^2. */
function densityOf(inside: v128): v128 {
  return i32x4.sub(i32x4.splat((254 + 5) << 23), v128.and(inside, i32x4.splat(0x7f800000)));
}

/** What one look-up of four pairs leaves: energy, derivative by r^2 and derivative by log sigma, [3][4] f32 at `out`. */
export function lookUp(table: PairTable, square: v128, out: usize, slopes: bool): void {
  const inside = heldIn(table, square);
  const excess = f32x4.sub(square, inside);
  const index = intervalOf(table, inside);
  const z = positionOf(inside);
  const inverse = densityOf(inside);
  const at0 = record(table.records(), index, 0);
  const at1 = record(table.records(), index, 1);
  const at2 = record(table.records(), index, 2);
  const at3 = record(table.records(), index, 3);
  const slope = cubics(at0, at1, at2, at3, z, out);
  const derivative = f32x4.mul(slope, inverse);
  v128.store(out, derivative, 16);
  v128.store(out, madd(derivative, excess, v128.load(out)));
  if (!slopes) return;
  const bend = cubics(at0 + 16, at1 + 16, at2 + 16, at3 + 16, z, out + 32);
  v128.store(out, madd(f32x4.mul(bend, inverse), excess, v128.load(out, 32)), 32);
}

/** First and second derivative by r^2 of four pairs' energies, [2][4] f32 at `out`; outside of the table the second is 0. */
export function lookUpBends(table: PairTable, square: v128, out: usize): void {
  const inside = heldIn(table, square);
  const index = intervalOf(table, inside);
  const z = positionOf(inside);
  const inverse = densityOf(inside);
  const a = v128.load(record(table.records(), index, 0));
  const b = v128.load(record(table.records(), index, 1));
  const c = v128.load(record(table.records(), index, 2));
  const d = v128.load(record(table.records(), index, 3));
  const ab = i32x4.shuffle(a, b, 2, 6, 3, 7);
  const cd = i32x4.shuffle(c, d, 2, 6, 3, 7);
  const c1 = i64x2.shuffle(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(c, d, 0, 4, 1, 5), 1, 3);
  const c2 = i64x2.shuffle(ab, cd, 0, 2);
  const three = f32x4.mul(i64x2.shuffle(ab, cd, 1, 3), f32x4.splat(3));
  const twice = f32x4.add(c2, c2);
  v128.store(out, f32x4.mul(madd(madd(three, z, twice), z, c1), inverse));
  const bend = f32x4.mul(f32x4.mul(madd(f32x4.add(three, three), z, twice), inverse), inverse);
  v128.store(out, v128.and(bend, f32x4.eq(inside, square)), 16);
}

/** Four cubics at z: values at `out`, returns the derivatives by z. */
function cubics(at0: usize, at1: usize, at2: usize, at3: usize, z: v128, out: usize): v128 {
  const a = v128.load(at0);
  const b = v128.load(at1);
  const c = v128.load(at2);
  const d = v128.load(at3);
  const ab = i32x4.shuffle(a, b, 0, 4, 1, 5);
  const cd = i32x4.shuffle(c, d, 0, 4, 1, 5);
  const ab2 = i32x4.shuffle(a, b, 2, 6, 3, 7);
  const cd2 = i32x4.shuffle(c, d, 2, 6, 3, 7);
  const c0 = i64x2.shuffle(ab, cd, 0, 2);
  const c1 = i64x2.shuffle(ab, cd, 1, 3);
  const c2 = i64x2.shuffle(ab2, cd2, 0, 2);
  const c3 = i64x2.shuffle(ab2, cd2, 1, 3);
  v128.store(out, madd(madd(madd(c3, z, c2), z, c1), z, c0));
  return madd(madd(f32x4.mul(c3, f32x4.splat(3)), z, f32x4.add(c2, c2)), z, c1);
}
