/** Passes over one row of costs minus prices: a filter in f32, four columns at a time, then f64 for the few it lets through. */
import { getf } from "./cells";

/** Smallest and second smallest c - v of the row last asked for, and their columns. */
export let least: f64 = 0;
export let second: f64 = 0;
export let leastColumn: i32 = 0;
export let secondColumn: i32 = 0;

/** f32 above x by at least half a unit in the last place. */
export function roundUp(x: f64): f32 {
  const y = <f32>x;
  return y + abs(y) * <f32>2.4e-7;
}

/**
 * Sets least, second and their columns for one row of c - v. row f32, low f32 (v rounded up), price f64 (v), pitch the bytes of a
 * row, largest a bound of |v|.
 */
export function twoSmallest(row: usize, low: usize, price: usize, pitch: usize, largest: f32): void {
  let a = f32x4.splat(f32.MAX_VALUE);
  let b = f32x4.splat(f32.MAX_VALUE);
  for (let at: usize = 0; at < pitch; at += 32) {
    const x = f32x4.sub(v128.load(row + at), v128.load(low + at));
    const y = f32x4.sub(v128.load(row + at, 16), v128.load(low + at, 16));
    b = f32x4.pmin(b, f32x4.pmax(a, x));
    a = f32x4.pmin(a, x);
    b = f32x4.pmin(b, f32x4.pmax(a, y));
    a = f32x4.pmin(a, y);
  }
  const limit = secondOfLanes(a, b, largest);
  least = f64.MAX_VALUE;
  second = f64.MAX_VALUE;
  leastColumn = -1;
  secondColumn = -1;
  const wall = f32x4.splat(limit);
  for (let at: usize = 0; at < pitch; at += 64) {
    const m0 = f32x4.le(f32x4.sub(v128.load(row + at), v128.load(low + at)), wall);
    const m1 = f32x4.le(f32x4.sub(v128.load(row + at, 16), v128.load(low + at, 16)), wall);
    const m2 = f32x4.le(f32x4.sub(v128.load(row + at, 32), v128.load(low + at, 32)), wall);
    const m3 = f32x4.le(f32x4.sub(v128.load(row + at, 48), v128.load(low + at, 48)), wall);
    if (!v128.any_true(v128.or(v128.or(m0, m1), v128.or(m2, m3)))) continue;
    let bits = mask16(m0, m1, m2, m3);
    const first = <i32>(at >> 2);
    while (bits != 0) {
      consider(row, price, first + ctz(bits));
      bits &= bits - 1;
    }
  }
}

/** Sixteen comparisons as bits, column 0 lowest. */
export function mask16(m0: v128, m1: v128, m2: v128, m3: v128): i32 {
  return i32x4.bitmask(m0) | (i32x4.bitmask(m1) << 4) | (i32x4.bitmask(m2) << 8) | (i32x4.bitmask(m3) << 12);
}

function consider(row: usize, price: usize, j: i32): void {
  const reduced = <f64>load<f32>(row + ((<usize>j) << 2)) - getf(price, j);
  if (reduced < least) {
    second = least;
    secondColumn = leastColumn;
    least = reduced;
    leastColumn = j;
  } else if (reduced < second) {
    second = reduced;
    secondColumn = j;
  }
}

/**
 * Second smallest of the eight lane values, raised so that the two smallest f64 values pass: c - v differs from its f32
 * reading by at most one rounding of v and one of the difference, and both are below 2^-22 of the largest number involved.
 */
function secondOfLanes(a: v128, b: v128, largest: f32): f32 {
  let x = f32x4.extract_lane(a, 0);
  let y = f32x4.extract_lane(b, 0);
  let p = f32x4.extract_lane(a, 1);
  let q = f32x4.extract_lane(b, 1);
  y = min(max(x, p), min(y, q));
  x = min(x, p);
  p = f32x4.extract_lane(a, 2);
  q = f32x4.extract_lane(b, 2);
  y = min(max(x, p), min(y, q));
  x = min(x, p);
  p = f32x4.extract_lane(a, 3);
  q = f32x4.extract_lane(b, 3);
  y = min(max(x, p), min(y, q));
  return y + largest * <f32>4.8e-7 + abs(y) * <f32>2.4e-7;
}
