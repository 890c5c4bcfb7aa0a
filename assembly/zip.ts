/**
 * out[r, c] = f(a[r, c], b[r, c]) over rows x cols, out contiguous. Element (r, c) of an operand is at r * row + c * col with col 0 or 1
 * and any row, so 0, 0 is a scalar, 0, 1 a row vector and 1, 0 a column vector; equal shapes run as one long row. out may equal a
 * contiguous operand. Operations are classes without fields, as in map.ts.
 */
import { fillArray } from "./copies";
import { loadLanes, storeLanes } from "./lanes";
import { Held, isFlat, Streamed } from "./operands";

class Add {
  of(a: v128, b: v128): v128 {
    return f32x4.add(a, b);
  }
}
class Sub {
  of(a: v128, b: v128): v128 {
    return f32x4.sub(a, b);
  }
}
class Mul {
  of(a: v128, b: v128): v128 {
    return f32x4.mul(a, b);
  }
}
class Div {
  of(a: v128, b: v128): v128 {
    return f32x4.div(a, b);
  }
}
/** NaN if one of them is, like Math.max. */
class Max {
  of(a: v128, b: v128): v128 {
    return f32x4.max(a, b);
  }
}
class Min {
  of(a: v128, b: v128): v128 {
    return f32x4.min(a, b);
  }
}
/** 1 or 0; 0 where one of them is NaN. */
class GreaterEqual {
  of(a: v128, b: v128): v128 {
    return v128.and(f32x4.ge(a, b), f32x4.splat(1.0));
  }
}
class Less {
  of(a: v128, b: v128): v128 {
    return v128.and(f32x4.lt(a, b), f32x4.splat(1.0));
  }
}

function zipRows<F, A, B>(a: usize, aRow: i32, b: usize, bRow: i32, out: usize, rows: i32, cols: i32): void {
  const f = changetype<F>(0);
  const left = changetype<A>(0);
  const right = changetype<B>(0);
  const wide = (<usize>(cols & ~15)) << 2;
  const whole = (<usize>(cols & ~3)) << 2;
  const rest = cols & 3;
  for (let r = 0; r < rows; r++, a += (<usize>aRow) << 2, b += (<usize>bRow) << 2) {
    const heldA = left.hold(a);
    const heldB = right.hold(b);
    let p = a;
    let q = b;
    const wideEnd = out + wide;
    const end = out + whole;
    for (; out < wideEnd; out += 64, p += left.step(64), q += right.step(64)) {
      v128.store(out, f.of(left.read(p, heldA), right.read(q, heldB)));
      v128.store(out, f.of(left.read16(p, heldA), right.read16(q, heldB)), 16);
      v128.store(out, f.of(left.read32(p, heldA), right.read32(q, heldB)), 32);
      v128.store(out, f.of(left.read48(p, heldA), right.read48(q, heldB)), 48);
    }
    for (; out < end; out += 16, p += left.step(16), q += right.step(16)) {
      v128.store(out, f.of(left.read(p, heldA), right.read(q, heldB)));
    }
    if (rest == 0) continue;
    const lastA = left.step(1) == 0 ? heldA : loadLanes(p, rest);
    const lastB = right.step(1) == 0 ? heldB : loadLanes(q, rest);
    storeLanes(out, f.of(lastA, lastB), rest);
    out += (<usize>rest) << 2;
  }
}

/** Two operands that do not change along a row. */
function fillRows<F>(a: usize, aRow: i32, b: usize, bRow: i32, out: usize, rows: i32, cols: i32): void {
  const f = changetype<F>(0);
  for (let r = 0; r < rows; r++, a += (<usize>aRow) << 2, b += (<usize>bRow) << 2, out += (<usize>cols) << 2) {
    const value = f.of(v128.load32_splat(a), v128.load32_splat(b));
    fillArray(out, f32x4.extract_lane(value, 0), cols);
  }
}

function zip<F>(a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, bCol: i32, out: usize, rows: i32, cols: i32): void {
  if (cols == 1 && (aRow | bRow | 1) == 1) {
    aCol = aRow;
    bCol = bRow;
    cols = rows;
    rows = 1;
  } else if (isFlat(aRow, aCol, cols) && isFlat(bRow, bCol, cols)) {
    cols *= rows;
    rows = 1;
  }
  if (aCol == 0) {
    if (bCol == 0) fillRows<F>(a, aRow, b, bRow, out, rows, cols);
    else zipRows<F, Held, Streamed>(a, aRow, b, bRow, out, rows, cols);
  } else if (bCol == 0) zipRows<F, Streamed, Held>(a, aRow, b, bRow, out, rows, cols);
  else zipRows<F, Streamed, Streamed>(a, aRow, b, bRow, out, rows, cols);
}

export function zipAdd(a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, bCol: i32, out: usize, rows: i32, cols: i32): void {
  zip<Add>(a, aRow, aCol, b, bRow, bCol, out, rows, cols);
}
export function zipSub(a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, bCol: i32, out: usize, rows: i32, cols: i32): void {
  zip<Sub>(a, aRow, aCol, b, bRow, bCol, out, rows, cols);
}
export function zipMul(a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, bCol: i32, out: usize, rows: i32, cols: i32): void {
  zip<Mul>(a, aRow, aCol, b, bRow, bCol, out, rows, cols);
}
export function zipDiv(a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, bCol: i32, out: usize, rows: i32, cols: i32): void {
  zip<Div>(a, aRow, aCol, b, bRow, bCol, out, rows, cols);
}
export function zipMax(a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, bCol: i32, out: usize, rows: i32, cols: i32): void {
  zip<Max>(a, aRow, aCol, b, bRow, bCol, out, rows, cols);
}
export function zipMin(a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, bCol: i32, out: usize, rows: i32, cols: i32): void {
  zip<Min>(a, aRow, aCol, b, bRow, bCol, out, rows, cols);
}
export function zipGreaterEqual(
  a: usize,
  aRow: i32,
  aCol: i32,
  b: usize,
  bRow: i32,
  bCol: i32,
  out: usize,
  rows: i32,
  cols: i32,
): void {
  zip<GreaterEqual>(a, aRow, aCol, b, bRow, bCol, out, rows, cols);
}
export function zipLess(a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, bCol: i32, out: usize, rows: i32, cols: i32): void {
  zip<Less>(a, aRow, aCol, b, bRow, bCol, out, rows, cols);
}

/** out[i] += x[i]. */
export function accumulate(x: usize, out: usize, count: i32): void {
  zipRows<Add, Streamed, Streamed>(out, 0, x, 0, out, 1, count);
}
