/** Normalised exponentials of rows. A row's bits depend on that row only. */
import { loadLanes, storeLanes } from "./lanes";
import { expFull, logFull } from "./simd-full";
import { laneSum } from "./sums";

const INFINITE: f32 = f32.MAX_VALUE * 2;

/** The next four numbers of a row, -inf in the lanes from `count` on. */
function rowEnd(x: usize, count: i32): v128 {
  const inside = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
  return v128.bitselect(loadLanes(x, count), f32x4.splat(-INFINITE), inside);
}

/** Largest number of a row. pmax(m, NaN) is m: a NaN is left out here and comes back through the sum of exponentials. */
function rowMax(x: usize, cols: i32): f32 {
  let m = f32x4.splat(-INFINITE);
  const wideEnd = x + ((<usize>(cols & ~15)) << 2);
  const end = x + ((<usize>(cols & ~3)) << 2);
  if (x < wideEnd) {
    let m1 = m;
    let m2 = m;
    let m3 = m;
    for (; x < wideEnd; x += 64) {
      m = f32x4.pmax(m, v128.load(x));
      m1 = f32x4.pmax(m1, v128.load(x, 16));
      m2 = f32x4.pmax(m2, v128.load(x, 32));
      m3 = f32x4.pmax(m3, v128.load(x, 48));
    }
    m = f32x4.pmax(f32x4.pmax(m, m1), f32x4.pmax(m2, m3));
  }
  for (; x < end; x += 16) m = f32x4.pmax(m, v128.load(x));
  const rest = cols & 3;
  if (rest != 0) m = f32x4.pmax(m, rowEnd(x, rest));
  m = f32x4.pmax(m, v128.shuffle<f32>(m, m, 2, 3, 0, 1));
  return max<f32>(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1));
}

/** Sum of exp(x - shift) over a row; the exponentials themselves go to `out` unless it is 0. */
function exponentials(x: usize, out: usize, cols: i32, shift: v128): f32 {
  let sum = f32x4.splat(0);
  let odd = sum;
  const pairedEnd = x + ((<usize>(cols & ~7)) << 2);
  for (; x < pairedEnd; x += 32) {
    const e0 = expFull(f32x4.sub(v128.load(x), shift));
    const e1 = expFull(f32x4.sub(v128.load(x, 16), shift));
    sum = f32x4.add(sum, e0);
    odd = f32x4.add(odd, e1);
    if (out == 0) continue;
    v128.store(out, e0);
    v128.store(out, e1, 16);
    out += 32;
  }
  for (let left = cols & 7; left > 0; left -= 4, x += 16) {
    const e = expFull(f32x4.sub(rowEnd(x, left), shift));
    sum = f32x4.add(sum, e);
    if (out == 0) continue;
    storeLanes(out, e, left);
    out += 16;
  }
  return laneSum(f32x4.add(sum, odd));
}

function scaleRow(out: usize, cols: i32, factor: v128): void {
  const end = out + ((<usize>(cols & ~3)) << 2);
  for (; out < end; out += 16) v128.store(out, f32x4.mul(v128.load(out), factor));
  const rest = cols & 3;
  if (rest != 0) storeLanes(out, f32x4.mul(loadLanes(out, rest), factor), rest);
}

/** out[r, :] = exp(x[r, :]) / sum of exp(x[r, :]); out may equal x. A row with +inf, or with only -inf, is NaN. */
export function softmaxRows(x: usize, out: usize, rows: i32, cols: i32): void {
  const rowBytes = (<usize>cols) << 2;
  for (let r = 0; r < rows; r++, x += rowBytes, out += rowBytes) {
    const sum = exponentials(x, out, cols, f32x4.splat(rowMax(x, cols)));
    scaleRow(out, cols, f32x4.splat(<f32>1.0 / sum));
  }
}

/** out[r] = log of the sum of exp(x[r, :]); -inf for a row of -inf, +inf where one is +inf. */
export function logSumExpRows(x: usize, out: usize, rows: i32, cols: i32): void {
  for (let r = 0; r < rows; r++, x += (<usize>cols) << 2, out += 4) {
    const largest = rowMax(x, cols);
    // An infinite shift would give inf - inf.
    const shift: f32 = abs<f32>(largest) < INFINITE ? largest : 0;
    const sum = exponentials(x, 0, cols, f32x4.splat(shift));
    store<f32>(out, shift + f32x4.extract_lane(logFull(f32x4.splat(sum)), 0));
  }
}
