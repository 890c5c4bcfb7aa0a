/** The two-body prior over rows: pair sums of the table, and the two harmonic terms that go with them. */
import { nmadd } from "../simd";
import { center, dot, gather, pairProducts, pairSums, planeBytes, spread } from "./pair-sums";
import { PairTable } from "./pair-table";

/** Bytes of scratch of `twoBodyRows`. */
export function twoBodyScratch(count: i32): usize {
  return 64 + 2 * planeBytes(count);
}

/**
 * x [n, count spatialDim] -> per row f64 [pair energy, its derivative by log sigma, |x - center of mass|^2, 0] at `sums`, and score
 * = -(share grad(pairs) + stiffness (x - center of mass)) [n, count spatialDim], whose mean over the particles is 0.
 */
export function twoBodyRows(
  table: usize,
  count: i32,
  spatialDim: i32,
  x: usize,
  n: i32,
  share: f32,
  stiffness: f32,
  sums: usize,
  score: usize,
  scratch: usize,
): void {
  const pairs = changetype<PairTable>(table);
  const bytes = planeBytes(count);
  const at = scratch + 64;
  const gradient = at + bytes;
  const rowBytes = (<usize>(count * spatialDim)) << 2;
  const w = f32x4.splat(-share);
  const c = f32x4.splat(stiffness);
  for (let r = 0; r < n; r++, x += rowBytes, score += rowBytes, sums += 32) {
    spread(x, count, spatialDim, at);
    pairSums(pairs, at, count, gradient, sums, scratch, true);
    store<f64>(sums, dot(at, at, count), 16);
    store<f64>(sums, 0, 24);
    for (let i: usize = 0; i < bytes; i += 16) {
      v128.store(gradient + i, nmadd(c, v128.load(at + i), f32x4.mul(w, v128.load(gradient + i))));
    }
    center(gradient, count);
    gather(gradient, count, spatialDim, 1, score);
  }
}

/** Bytes of scratch of `twoBodyProducts`. */
export function twoBodyProductScratch(count: i32): usize {
  return 64 + 3 * planeBytes(count);
}

/** The derivative of `twoBodyRows`'s score along v [n, count spatialDim], in products [n, count spatialDim]. */
export function twoBodyProducts(
  table: usize,
  count: i32,
  spatialDim: i32,
  x: usize,
  v: usize,
  n: i32,
  share: f32,
  stiffness: f32,
  products: usize,
  scratch: usize,
): void {
  const pairs = changetype<PairTable>(table);
  const bytes = planeBytes(count);
  const at = scratch + 64;
  const direction = at + bytes;
  const out = direction + bytes;
  const rowBytes = (<usize>(count * spatialDim)) << 2;
  const w = f32x4.splat(-share);
  const c = f32x4.splat(stiffness);
  for (let r = 0; r < n; r++, x += rowBytes, v += rowBytes, products += rowBytes) {
    spread(x, count, spatialDim, at);
    spread(v, count, spatialDim, direction);
    pairProducts(pairs, at, direction, count, out, scratch);
    for (let i: usize = 0; i < bytes; i += 16) {
      v128.store(out + i, nmadd(c, v128.load(direction + i), f32x4.mul(w, v128.load(out + i))));
    }
    center(out, count);
    gather(out, count, spatialDim, 1, products);
  }
}
