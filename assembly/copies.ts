/** Copies: strided rows, transposed matrices, one value everywhere. */
import { storeLanes } from "./lanes";

/** Beyond this many floats the engine's own copy is faster than this loop. */
const LARGE: i32 = 256;

/** count floats to a place that does not overlap them. */
export function copyFloats(from: usize, to: usize, count: i32): void {
  if (count >= LARGE) {
    memory.copy(to, from, (<usize>count) << 2);
    return;
  }
  if (count < 4) {
    for (let i = 0; i < count; i++, from += 4, to += 4) store<f32>(to, load<f32>(from));
    return;
  }
  const last = ((<usize>count) << 2) - 16;
  for (let at: usize = 0; at < last; at += 16) v128.store(to + at, v128.load(from + at));
  v128.store(to + last, v128.load(from + last));
}

/** rows of cols floats, `fromRow` and `toRow` floats apart; fromRow 0 repeats a row. */
export function copyRows(from: usize, fromRow: i32, to: usize, toRow: i32, rows: i32, cols: i32): void {
  if (fromRow == cols && toRow == cols) {
    copyFloats(from, to, rows * cols);
    return;
  }
  for (let r = 0; r < rows; r++, from += (<usize>fromRow) << 2, to += (<usize>toRow) << 2) copyFloats(from, to, cols);
}

/** out[0 .. count) = value. */
export function fillArray(out: usize, value: f32, count: i32): void {
  const values = f32x4.splat(value);
  const end = out + ((<usize>(count & ~3)) << 2);
  for (; out < end; out += 16) v128.store(out, values);
  if ((count & 3) != 0) storeLanes(out, values, count & 3);
}

/** A 4 x 4 tile; strides in bytes. */
function transposeTile(x: usize, xRow: usize, out: usize, outRow: usize): void {
  const a = v128.load(x);
  const b = v128.load(x + xRow);
  const c = v128.load(x + (xRow << 1));
  const d = v128.load(x + xRow * 3);
  const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const cd1 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<f64>(ab0, cd0, 0, 2));
  v128.store(out + outRow, v128.shuffle<f64>(ab0, cd0, 1, 3));
  v128.store(out + (outRow << 1), v128.shuffle<f64>(ab1, cd1, 0, 2));
  v128.store(out + outRow * 3, v128.shuffle<f64>(ab1, cd1, 1, 3));
}

/** One column of x [rows][xRow bytes] as a row of out. */
function transposeColumn(x: usize, xRow: usize, out: usize, rows: i32): void {
  for (let r = 0; r < rows; r++, x += xRow, out += 4) store<f32>(out, load<f32>(x));
}

/** out [cols, rows] = x [rows, cols] transposed; out must not overlap x. */
export function transposeMatrix(x: usize, out: usize, rows: i32, cols: i32): void {
  const xRow = (<usize>cols) << 2;
  const outRow = (<usize>rows) << 2;
  const wholeRows = rows & ~3;
  const wholeCols = cols & ~3;
  for (let c = 0; c < wholeCols; c += 4) {
    let from = x + ((<usize>c) << 2);
    let to = out + <usize>c * outRow;
    for (let r = 0; r < wholeRows; r += 4, from += xRow << 2, to += 16) transposeTile(from, xRow, to, outRow);
    if (wholeRows == rows) continue;
    for (let i = 0; i < 4; i++, from += 4, to += outRow) transposeColumn(from, xRow, to, rows - wholeRows);
  }
  for (let c = wholeCols; c < cols; c++) transposeColumn(x + ((<usize>c) << 2), xRow, out + <usize>c * outRow, rows);
}
