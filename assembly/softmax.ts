/** Normalised exponentials of rows. A row's bits depend on that row only. */
import { laneSum, loadPart, storePart } from "./partial";
import { expFull, logFull } from "./simd-full";

const INFINITE: f32 = f32.MAX_VALUE * 2;

/** Largest number of a row, NaN left out (it comes back through the sum of exponentials). */
function rowMax(x: usize, cols: i32): f32 {
  let m = f32x4.splat(-INFINITE);
  const end = x + ((<usize>(cols & ~3)) << 2);
  for (; x < end; x += 16) m = f32x4.pmax(m, v128.load(x));
  const rest = cols & 3;
  if (rest != 0) m = f32x4.pmax(m, loadPart(x, rest, m));
  m = f32x4.pmax(m, v128.shuffle<f32>(m, m, 2, 3, 0, 1));
  return max<f32>(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1));
}

/** Sum of exp(x - shift) over a row; the exponentials themselves go to `out` unless it is 0. */
function exponentials(x: usize, out: usize, cols: i32, shift: v128): f32 {
  let sum = f32x4.splat(0);
  const end = x + ((<usize>(cols & ~3)) << 2);
  for (; x < end; x += 16) {
    const e = expFull(f32x4.sub(v128.load(x), shift));
    if (out != 0) {
      v128.store(out, e);
      out += 16;
    }
    sum = f32x4.add(sum, e);
  }
  const rest = cols & 3;
  if (rest != 0) {
    const e = expFull(f32x4.sub(loadPart(x, rest, f32x4.splat(-INFINITE)), shift));
    if (out != 0) storePart(out, e, rest);
    sum = f32x4.add(sum, e);
  }
  return laneSum(sum);
}

function scaleRow(out: usize, cols: i32, factor: v128): void {
  const end = out + ((<usize>(cols & ~3)) << 2);
  for (; out < end; out += 16) v128.store(out, f32x4.mul(v128.load(out), factor));
  const rest = cols & 3;
  if (rest != 0) storePart(out, f32x4.mul(loadPart(out, rest, factor), factor), rest);
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
