/**
 * silu(x) = x s(x), s(x) = 1 / (1 + exp(-x)), and its first two derivatives. With e = exp(-|x|) and r = 1 / (1 + e), s and
 * 1 - s are r and e r, whichever sign x has: no overflow, and no difference of nearly equal numbers. x is held within 100 where
 * it multiplies: s(-100) is 0 already, and infinity times 0 would be NaN. A NaN of x reaches every result through that factor.
 */
import { loadLanes, storeLanes } from "./lanes";
import { exp, madd } from "./simd";

/** y = silu(x) + residual; residual [count] or 0. y may be x. */
export function silu(x: usize, residual: usize, y: usize, count: i32): void {
  const end = y + ((<usize>(count & ~3)) << 2);
  if (residual == 0) {
    for (; y < end; x += 16, y += 16) v128.store(y, siluOf(v128.load(x)));
  } else {
    for (; y < end; x += 16, y += 16, residual += 16) v128.store(y, f32x4.add(siluOf(v128.load(x)), v128.load(residual)));
  }
  const rest = count & 3;
  if (rest == 0) return;
  const value = siluOf(loadLanes(x, rest));
  storeLanes(y, residual == 0 ? value : f32x4.add(value, loadLanes(residual, rest)), rest);
}

/** out = dy silu'(x). out may be dy or x. */
export function siluGradient(x: usize, dy: usize, out: usize, count: i32): void {
  const end = out + ((<usize>(count & ~3)) << 2);
  for (; out < end; x += 16, dy += 16, out += 16) v128.store(out, f32x4.mul(v128.load(dy), slopeOf(v128.load(x))));
  const rest = count & 3;
  if (rest != 0) storeLanes(out, f32x4.mul(loadLanes(dy, rest), slopeOf(loadLanes(x, rest))), rest);
}

/** outX = g dy silu''(x), outDy = g silu'(x): the gradient of `siluGradient` for an output gradient g. */
export function siluCurvature(x: usize, dy: usize, g: usize, outX: usize, outDy: usize, count: i32): void {
  for (let left = count; left > 0; left -= 4, x += 16, dy += 16, g += 16, outX += 16, outDy += 16) {
    const value = loadLanes(x, left);
    const share = loadLanes(g, left);
    const e = decay(value);
    const r = f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), e));
    const s = rising(value, e, r);
    const t = falling(value, e, r);
    const held = limited(value);
    const slope = f32x4.mul(s, madd(held, t, f32x4.splat(1)));
    const bend = f32x4.mul(f32x4.mul(s, t), madd(held, f32x4.sub(t, s), f32x4.splat(2)));
    storeLanes(outX, f32x4.mul(f32x4.mul(share, loadLanes(dy, left)), bend), left);
    storeLanes(outDy, f32x4.mul(share, slope), left);
  }
}

/** out = dy silu'(x) [rows, cols] and sums [cols] = sum over rows of out, in their order. */
export function siluGradientSums(x: usize, dy: usize, out: usize, sums: usize, rows: i32, cols: i32): void {
  for (let j = 0; j < cols; j++) store<f32>(sums + ((<usize>j) << 2), 0);
  for (let i = 0; i < rows; i++) {
    let at = sums;
    let left = cols;
    for (; left >= 4; left -= 4, at += 16, x += 16, dy += 16, out += 16) {
      const value = f32x4.mul(v128.load(dy), slopeOf(v128.load(x)));
      v128.store(out, value);
      v128.store(at, f32x4.add(v128.load(at), value));
    }
    if (left == 0) continue;
    const value = f32x4.mul(loadLanes(dy, left), slopeOf(loadLanes(x, left)));
    storeLanes(out, value, left);
    storeLanes(at, f32x4.add(loadLanes(at, left), value), left);
    const bytes = (<usize>left) << 2;
    x += bytes;
    dy += bytes;
    out += bytes;
  }
}

function siluOf(x: v128): v128 {
  const e = decay(x);
  const r = f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), e));
  return f32x4.mul(f32x4.pmax(x, f32x4.splat(-100)), rising(x, e, r));
}

/** s (1 + x (1 - s)) */
function slopeOf(x: v128): v128 {
  const e = decay(x);
  const r = f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), e));
  return f32x4.mul(rising(x, e, r), madd(limited(x), falling(x, e, r), f32x4.splat(1)));
}

/** exp(-|x|) */
function decay(x: v128): v128 {
  return exp(v128.or(x, f32x4.splat(-0.0)));
}

/** s(x) */
function rising(x: v128, e: v128, r: v128): v128 {
  return v128.bitselect(r, f32x4.mul(e, r), f32x4.ge(x, f32x4.splat(0)));
}

/** 1 - s(x) */
function falling(x: v128, e: v128, r: v128): v128 {
  return v128.bitselect(f32x4.mul(e, r), r, f32x4.ge(x, f32x4.splat(0)));
}

/** x within -100 .. 100; NaN stays. */
function limited(x: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, f32x4.splat(-100)), f32x4.splat(100));
}
