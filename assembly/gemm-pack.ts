/**
 * Panels of matrix products: [depth, width] with width 8 for B and 5 for A, whatever way the matrix lies. Rows or columns beyond
 * the matrix repeat its last one or hold zeros: their products are never stored.
 */
import { loadLanes } from "./lanes";

/** Eight columns of `from`, whose rows are `stride` bytes apart; columns beyond `columns` are zero. */
export function packColumns8(from: usize, stride: usize, columns: i32, depth: i32, to: usize): void {
  const end = to + ((<usize>depth) << 5);
  if (columns >= 8) {
    for (; to < end; to += 32, from += stride) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
    return;
  }
  for (; to < end; to += 32, from += stride) {
    v128.store(to, loadLanes(from, columns));
    v128.store(to, columns > 4 ? loadLanes(from + 16, columns - 4) : f32x4.splat(0), 16);
  }
}

/** Eight rows of `from`, turned; rows beyond `rows` repeat the last one. */
export function packRows8(from: usize, stride: usize, rows: i32, depth: i32, to: usize): void {
  fourRows8(from, stride, rows, depth, to);
  fourRows8(from + <usize>min(4, rows - 1) * stride, stride, max(1, rows - 4), depth, to + 16);
}

/** Five columns of `from`, whose rows are `stride` bytes apart; columns beyond `columns` are zero. */
export function packColumns5(from: usize, stride: usize, columns: i32, depth: i32, to: usize): void {
  const end = to + <usize>depth * 20;
  if (columns >= 5) {
    for (; to < end; to += 20, from += stride) {
      v128.store(to, v128.load(from));
      store<f32>(to, load<f32>(from, 16), 16);
    }
    return;
  }
  for (; to < end; to += 20, from += stride) {
    v128.store(to, loadLanes(from, columns));
    store<f32>(to, 0, 16);
  }
}

/** Five rows of `from`, turned; rows beyond `rows` repeat the last one. */
export function packRows5(from: usize, stride: usize, rows: i32, depth: i32, to: usize): void {
  const last = from + <usize>(rows - 1) * stride;
  let r0 = from;
  let r1 = min(from + stride, last);
  let r2 = min(from + 2 * stride, last);
  let r3 = min(from + 3 * stride, last);
  let r4 = min(from + 4 * stride, last);
  for (; depth >= 4; depth -= 4, to += 80) {
    const a = v128.load(r0);
    const b = v128.load(r1);
    const c = v128.load(r2);
    const d = v128.load(r3);
    const fifth = v128.load(r4);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    v128.store(to, v128.shuffle<f64>(ab, cd, 0, 2));
    v128.store32_lane(to, fifth, 0, 16);
    v128.store(to, v128.shuffle<f64>(ab, cd, 1, 3), 20);
    v128.store32_lane(to, fifth, 1, 36);
    const ef = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const gh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f64>(ef, gh, 0, 2), 40);
    v128.store32_lane(to, fifth, 2, 56);
    v128.store(to, v128.shuffle<f64>(ef, gh, 1, 3), 60);
    v128.store32_lane(to, fifth, 3, 76);
    r0 += 16;
    r1 += 16;
    r2 += 16;
    r3 += 16;
    r4 += 16;
  }
  for (; depth > 0; depth--, to += 20, r0 += 4, r1 += 4, r2 += 4, r3 += 4, r4 += 4) {
    store<f32>(to, load<f32>(r0));
    store<f32>(to, load<f32>(r1), 4);
    store<f32>(to, load<f32>(r2), 8);
    store<f32>(to, load<f32>(r3), 12);
    store<f32>(to, load<f32>(r4), 16);
  }
}

/** Four rows turned into four columns of a panel of eight; rows beyond `rows` repeat the last one. */
function fourRows8(from: usize, stride: usize, rows: i32, depth: i32, to: usize): void {
  const last = from + <usize>(rows - 1) * stride;
  let r0 = from;
  let r1 = min(from + stride, last);
  let r2 = min(from + 2 * stride, last);
  let r3 = min(from + 3 * stride, last);
  for (; depth >= 4; depth -= 4, to += 128) {
    const a = v128.load(r0);
    const b = v128.load(r1);
    const c = v128.load(r2);
    const d = v128.load(r3);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    v128.store(to, v128.shuffle<f64>(ab, cd, 0, 2));
    v128.store(to, v128.shuffle<f64>(ab, cd, 1, 3), 32);
    const ef = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const gh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f64>(ef, gh, 0, 2), 64);
    v128.store(to, v128.shuffle<f64>(ef, gh, 1, 3), 96);
    r0 += 16;
    r1 += 16;
    r2 += 16;
    r3 += 16;
  }
  for (; depth > 0; depth--, to += 32, r0 += 4, r1 += 4, r2 += 4, r3 += 4) {
    store<f32>(to, load<f32>(r0));
    store<f32>(to, load<f32>(r1), 4);
    store<f32>(to, load<f32>(r2), 8);
    store<f32>(to, load<f32>(r3), 12);
  }
}
