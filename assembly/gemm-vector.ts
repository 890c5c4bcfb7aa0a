/**
 * Products with one column, C = start + A b: panels would be seven eighths air (512 x 1 x 64: 16 us, this 2). start is the old C, or
 * one number. As in gemm.ts the bits of an entry depend on its row alone.
 */
import { loadLanes, storeLanes } from "./lanes";
import { madd } from "./simd";

/** A [m, k], row by row: four sums of quads, put together in one order. */
export function rowsTimesVector(a: usize, b: usize, bias: f32, again: bool, c: usize, m: i32, k: i32): void {
  for (const end = c + ((<usize>m) << 2); c < end; c += 4, a += (<usize>k) << 2) {
    store<f32>(c, (again ? load<f32>(c) : bias) + dot(a, b, k));
  }
}

/** A [k, m], 16 rows of C at a time; each is summed over k in order. */
export function columnsTimesVector(a: usize, b: usize, bias: f32, again: bool, c: usize, m: i32, k: i32): void {
  const stride = (<usize>m) << 2;
  const start = f32x4.splat(bias);
  for (; m >= 16; m -= 16, a += 64, c += 64) {
    let s0 = again ? v128.load(c) : start;
    let s1 = again ? v128.load(c, 16) : start;
    let s2 = again ? v128.load(c, 32) : start;
    let s3 = again ? v128.load(c, 48) : start;
    let at = a;
    for (let p: usize = 0; p < (<usize>k) << 2; p += 4, at += stride) {
      const x = v128.load32_splat(b + p);
      s0 = madd(v128.load(at), x, s0);
      s1 = madd(v128.load(at, 16), x, s1);
      s2 = madd(v128.load(at, 32), x, s2);
      s3 = madd(v128.load(at, 48), x, s3);
    }
    v128.store(c, s0);
    v128.store(c, s1, 16);
    v128.store(c, s2, 32);
    v128.store(c, s3, 48);
  }
  for (; m > 0; m -= 4, a += 16, c += 16) {
    let s = again ? loadLanes(c, m) : start;
    let at = a;
    for (let p: usize = 0; p < (<usize>k) << 2; p += 4, at += stride) {
      s = madd(m >= 4 ? v128.load(at) : loadLanes(at, m), v128.load32_splat(b + p), s);
    }
    storeLanes(c, s, m);
  }
}

function dot(a: usize, b: usize, k: i32): f32 {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  for (; k >= 16; k -= 16, a += 64, b += 64) {
    s0 = madd(v128.load(a), v128.load(b), s0);
    s1 = madd(v128.load(a, 16), v128.load(b, 16), s1);
    s2 = madd(v128.load(a, 32), v128.load(b, 32), s2);
    s3 = madd(v128.load(a, 48), v128.load(b, 48), s3);
  }
  for (; k >= 4; k -= 4, a += 16, b += 16) s0 = madd(v128.load(a), v128.load(b), s0);
  if (k > 0) s1 = madd(loadLanes(a, k), loadLanes(b, k), s1);
  const s = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  const pair = f32x4.add(s, v128.shuffle<f32>(s, s, 2, 3, 0, 1));
  return f32x4.extract_lane(pair, 0) + f32x4.extract_lane(pair, 1);
}
