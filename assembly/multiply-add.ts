/** out[r, c] = a b + c with the strides of zip.ts; one rounding instead of two in the relaxed build. */
import { loadLanes, storeLanes } from "./lanes";
import { Held, isFlat, Streamed } from "./operands";
import { madd } from "./simd";

function multiplyAddRows<A, B, C>(
  a: usize,
  aRow: i32,
  b: usize,
  bRow: i32,
  c: usize,
  cRow: i32,
  out: usize,
  rows: i32,
  cols: i32,
): void {
  const first = changetype<A>(0);
  const second = changetype<B>(0);
  const third = changetype<C>(0);
  const wide = (<usize>(cols & ~7)) << 2;
  const rest = cols & 3;
  for (let r = 0; r < rows; r++, a += (<usize>aRow) << 2, b += (<usize>bRow) << 2, c += (<usize>cRow) << 2) {
    const heldA = first.hold(a);
    const heldB = second.hold(b);
    const heldC = third.hold(c);
    let p = a;
    let q = b;
    let s = c;
    const end = out + wide;
    for (; out < end; out += 32, p += first.step(32), q += second.step(32), s += third.step(32)) {
      v128.store(out, madd(first.read(p, heldA), second.read(q, heldB), third.read(s, heldC)));
      v128.store(out, madd(first.read16(p, heldA), second.read16(q, heldB), third.read16(s, heldC)), 16);
    }
    if ((cols & 4) != 0) {
      v128.store(out, madd(first.read(p, heldA), second.read(q, heldB), third.read(s, heldC)));
      p += first.step(16);
      q += second.step(16);
      s += third.step(16);
      out += 16;
    }
    if (rest == 0) continue;
    const lastA = first.step(1) == 0 ? heldA : loadLanes(p, rest);
    const lastB = second.step(1) == 0 ? heldB : loadLanes(q, rest);
    const lastC = third.step(1) == 0 ? heldC : loadLanes(s, rest);
    storeLanes(out, madd(lastA, lastB, lastC), rest);
    out += (<usize>rest) << 2;
  }
}

function withFirst<A>(
  a: usize,
  aRow: i32,
  b: usize,
  bRow: i32,
  bCol: i32,
  c: usize,
  cRow: i32,
  cCol: i32,
  out: usize,
  rows: i32,
  cols: i32,
): void {
  if (bCol == 0) {
    if (cCol == 0) multiplyAddRows<A, Held, Held>(a, aRow, b, bRow, c, cRow, out, rows, cols);
    else multiplyAddRows<A, Held, Streamed>(a, aRow, b, bRow, c, cRow, out, rows, cols);
  } else if (cCol == 0) multiplyAddRows<A, Streamed, Held>(a, aRow, b, bRow, c, cRow, out, rows, cols);
  else multiplyAddRows<A, Streamed, Streamed>(a, aRow, b, bRow, c, cRow, out, rows, cols);
}

export function zipMultiplyAdd(
  a: usize,
  aRow: i32,
  aCol: i32,
  b: usize,
  bRow: i32,
  bCol: i32,
  c: usize,
  cRow: i32,
  cCol: i32,
  out: usize,
  rows: i32,
  cols: i32,
): void {
  if (cols == 1 && (aRow | bRow | cRow | 1) == 1) {
    aCol = aRow;
    bCol = bRow;
    cCol = cRow;
    cols = rows;
    rows = 1;
  } else if (isFlat(aRow, aCol, cols) && isFlat(bRow, bCol, cols) && isFlat(cRow, cCol, cols)) {
    cols *= rows;
    rows = 1;
  }
  if (aCol == 0) withFirst<Held>(a, aRow, b, bRow, bCol, c, cRow, cCol, out, rows, cols);
  else withFirst<Streamed>(a, aRow, b, bRow, bCol, c, cRow, cCol, out, rows, cols);
}
