/** Sums over the columns of each row, over the rows of each column, and of all squares. */
import { loadLanes, storeLanes } from "./lanes";

/** x0 + x1 + x2 + x3, in pairs. */
export function laneSum(x: v128): f32 {
  const pairs = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** Four accumulators of four lanes, so that the additions of a long row do not wait for each other. */
function rowSum(x: usize, cols: i32): f32 {
  let s0 = f32x4.splat(0);
  const wideEnd = x + ((<usize>(cols & ~15)) << 2);
  const end = x + ((<usize>(cols & ~3)) << 2);
  if (x < wideEnd) {
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (; x < wideEnd; x += 64) {
      s0 = f32x4.add(s0, v128.load(x));
      s1 = f32x4.add(s1, v128.load(x, 16));
      s2 = f32x4.add(s2, v128.load(x, 32));
      s3 = f32x4.add(s3, v128.load(x, 48));
    }
    s0 = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  }
  for (; x < end; x += 16) s0 = f32x4.add(s0, v128.load(x));
  const rest = cols & 3;
  if (rest != 0) s0 = f32x4.add(s0, loadLanes(x, rest));
  return laneSum(s0);
}

/** out [rows]: the sum of each row of x [rows, cols]. A row's bits depend on that row only. */
export function rowSums(x: usize, out: usize, rows: i32, cols: i32): void {
  for (let r = 0; r < rows; r++, x += (<usize>cols) << 2, out += 4) store<f32>(out, rowSum(x, cols));
}

/** Sums of 16 neighbouring columns, even and odd rows apart. */
function sixteenColumns(x: usize, out: usize, rows: i32, rowBytes: usize): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  for (let r = rows >> 1; r > 0; r--, x += rowBytes) {
    a0 = f32x4.add(a0, v128.load(x));
    a1 = f32x4.add(a1, v128.load(x, 16));
    a2 = f32x4.add(a2, v128.load(x, 32));
    a3 = f32x4.add(a3, v128.load(x, 48));
    x += rowBytes;
    b0 = f32x4.add(b0, v128.load(x));
    b1 = f32x4.add(b1, v128.load(x, 16));
    b2 = f32x4.add(b2, v128.load(x, 32));
    b3 = f32x4.add(b3, v128.load(x, 48));
  }
  if ((rows & 1) != 0) {
    a0 = f32x4.add(a0, v128.load(x));
    a1 = f32x4.add(a1, v128.load(x, 16));
    a2 = f32x4.add(a2, v128.load(x, 32));
    a3 = f32x4.add(a3, v128.load(x, 48));
  }
  v128.store(out, f32x4.add(a0, b0));
  v128.store(out, f32x4.add(a1, b1), 16);
  v128.store(out, f32x4.add(a2, b2), 32);
  v128.store(out, f32x4.add(a3, b3), 48);
}

/** Sums of four neighbouring columns, by rows modulo 4. */
function fourColumns(x: usize, out: usize, rows: i32, rowBytes: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let r = rows >> 2; r > 0; r--, x += rowBytes << 2) {
    s0 = f32x4.add(s0, v128.load(x));
    s1 = f32x4.add(s1, v128.load(x + rowBytes));
    s2 = f32x4.add(s2, v128.load(x + (rowBytes << 1)));
    s3 = f32x4.add(s3, v128.load(x + rowBytes * 3));
  }
  for (let r = rows & 3; r > 0; r--, x += rowBytes) s0 = f32x4.add(s0, v128.load(x));
  v128.store(out, f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}

/** Sums of the last one to three columns. */
function fewColumns(x: usize, out: usize, rows: i32, rowBytes: usize, count: i32): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  for (let r = rows >> 1; r > 0; r--, x += rowBytes << 1) {
    s0 = f32x4.add(s0, loadLanes(x, count));
    s1 = f32x4.add(s1, loadLanes(x + rowBytes, count));
  }
  if ((rows & 1) != 0) s0 = f32x4.add(s0, loadLanes(x, count));
  storeLanes(out, f32x4.add(s0, s1), count);
}

/** out [cols]: the sum of each column of x [rows, cols]. */
export function columnSums(x: usize, out: usize, rows: i32, cols: i32): void {
  if (cols == 1) {
    store<f32>(out, rowSum(x, rows));
    return;
  }
  const rowBytes = (<usize>cols) << 2;
  for (let c = cols >> 4; c > 0; c--, x += 64, out += 64) sixteenColumns(x, out, rows, rowBytes);
  for (let c = (cols & 15) >> 2; c > 0; c--, x += 16, out += 16) fourColumns(x, out, rows, rowBytes);
  if ((cols & 3) != 0) fewColumns(x, out, rows, rowBytes, cols & 3);
}

function squares(low: v128, sum: v128): v128 {
  return f64x2.add(sum, f64x2.mul(low, low));
}

/** Sum of squares in f64: every square is exact, so a gradient of size 1e20 still has a norm. */
export function sumOfSquares(x: usize, count: i32): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const end = x + ((<usize>(count & ~7)) << 2);
  for (; x < end; x += 32) {
    const a = v128.load(x);
    const b = v128.load(x, 16);
    s0 = squares(f64x2.promote_low_f32x4(a), s0);
    s1 = squares(f64x2.promote_low_f32x4(v128.shuffle<f32>(a, a, 2, 3, 2, 3)), s1);
    s2 = squares(f64x2.promote_low_f32x4(b), s2);
    s3 = squares(f64x2.promote_low_f32x4(v128.shuffle<f32>(b, b, 2, 3, 2, 3)), s3);
  }
  const lanes = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  let sum = f64x2.extract_lane(lanes, 0) + f64x2.extract_lane(lanes, 1);
  for (let i = count & 7; i > 0; i--, x += 4) {
    const value = <f64>load<f32>(x);
    sum += value * value;
  }
  return sum;
}
