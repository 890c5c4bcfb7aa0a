/**
 * How a loop over columns reads an operand: element by element, or one value for the whole row. Classes without fields, chosen at
 * compile time; `read16` .. `read48` exist because the offset of a load is part of the instruction only where it is a literal.
 */

/** One number per column. */
export class Streamed {
  hold(_at: usize): v128 {
    return f32x4.splat(0);
  }
  read(at: usize, _held: v128): v128 {
    return v128.load(at);
  }
  read16(at: usize, _held: v128): v128 {
    return v128.load(at, 16);
  }
  read32(at: usize, _held: v128): v128 {
    return v128.load(at, 32);
  }
  read48(at: usize, _held: v128): v128 {
    return v128.load(at, 48);
  }
  step(bytes: usize): usize {
    return bytes;
  }
}

/** The same number for every column. */
export class Held {
  hold(at: usize): v128 {
    return v128.load32_splat(at);
  }
  read(_at: usize, held: v128): v128 {
    return held;
  }
  read16(_at: usize, held: v128): v128 {
    return held;
  }
  read32(_at: usize, held: v128): v128 {
    return held;
  }
  read48(_at: usize, held: v128): v128 {
    return held;
  }
  step(_bytes: usize): usize {
    return 0;
  }
}

/** Whether consecutive rows are one long row: a contiguous matrix or a scalar. */
export function isFlat(row: i32, col: i32, cols: i32): boolean {
  return col == 0 ? row == 0 : row == cols;
}
