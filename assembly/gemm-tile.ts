import { madd } from "./simd";

/**
 * A tile of 5 rows and 8 columns: to = from + A B over packed panels, a [depth, 5], b [depth, 8]; each entry is summed over depth
 * in order, so its bits depend on nothing but its row, its column and its start. Strides in bytes.
 *
 * 5 x 8 keeps 10 sums, 2 columns, 1 row and 1 product in the 15 vector registers V8 leaves. Zen 5, depth 128, GFLOP/s relaxed and
 * plain: 4 x 8 60 and 50, 5 x 8 61 and 58, 6 x 8 64 and 34 (spills). Unrolling by 2 or 4: 36 (V8 loads everything first and
 * spills); A unpacked: 41 and 40 on Node 20, equal on newer V8.
 */
export function tile(a: usize, b: usize, depth: i32, from: usize, fromStride: usize, to: usize, toStride: usize): void {
  let s0 = v128.load(from);
  let t0 = v128.load(from, 16);
  from += fromStride;
  let s1 = v128.load(from);
  let t1 = v128.load(from, 16);
  from += fromStride;
  let s2 = v128.load(from);
  let t2 = v128.load(from, 16);
  from += fromStride;
  let s3 = v128.load(from);
  let t3 = v128.load(from, 16);
  from += fromStride;
  let s4 = v128.load(from);
  let t4 = v128.load(from, 16);
  for (const end = b + ((<usize>depth) << 5); b < end; b += 32, a += 20) {
    const left = v128.load(b);
    const right = v128.load(b, 16);
    const x0 = v128.load32_splat(a);
    s0 = madd(x0, left, s0);
    t0 = madd(x0, right, t0);
    const x1 = v128.load32_splat(a, 4);
    s1 = madd(x1, left, s1);
    t1 = madd(x1, right, t1);
    const x2 = v128.load32_splat(a, 8);
    s2 = madd(x2, left, s2);
    t2 = madd(x2, right, t2);
    const x3 = v128.load32_splat(a, 12);
    s3 = madd(x3, left, s3);
    t3 = madd(x3, right, t3);
    const x4 = v128.load32_splat(a, 16);
    s4 = madd(x4, left, s4);
    t4 = madd(x4, right, t4);
  }
  v128.store(to, s0);
  v128.store(to, t0, 16);
  to += toStride;
  v128.store(to, s1);
  v128.store(to, t1, 16);
  to += toStride;
  v128.store(to, s2);
  v128.store(to, t2, 16);
  to += toStride;
  v128.store(to, s3);
  v128.store(to, t3, 16);
  to += toStride;
  v128.store(to, s4);
  v128.store(to, t4, 16);
}
