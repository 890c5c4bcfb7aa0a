/**
 * silu(x) = x s(x), s(x) = 1 / (1 + exp(-x)), and its first two derivatives. With e = exp(-|x|) and r = 1 / (1 + e), s and
 * 1 - s are r and e r, whichever sign x has: no overflow, and no difference of nearly equal numbers. x is held within 100 where
 * it multiplies: s(-100) is 0 already, and infinity times 0 would be NaN. A NaN of x reaches every result through that factor.
 *
 * Two vectors at a time, because V8 reloads constants for every turn of a loop; ns an entry on Zen 5 with one and with two, relaxed:
 * silu 0.70 and 0.64, gradient 0.95 and 0.85 (C 0.63 and 0.81). Each loop handles its own end, so that the arithmetic stands in one
 * place and is inlined: called, the plain gradient took 1.5 instead of 1.1.
 */
import { loadLanes, storeLanes } from "./lanes";
import { exp, madd } from "./simd";

/** y = silu(x) + residual; residual [count] or 0. y may be x or residual. */
export function silu(x: usize, residual: usize, y: usize, count: i32): void {
  for (; count > 0; count -= 8, x += 32, y += 32) {
    const whole = count >= 8;
    const x0 = whole ? v128.load(x) : loadLanes(x, count);
    const x1 = whole ? v128.load(x, 16) : loadLanes(x + 16, count - 4);
    const e0 = decay(x0);
    const e1 = decay(x1);
    let y0 = f32x4.mul(f32x4.pmax(x0, f32x4.splat(-100)), rising(x0, e0, reciprocal(e0)));
    let y1 = f32x4.mul(f32x4.pmax(x1, f32x4.splat(-100)), rising(x1, e1, reciprocal(e1)));
    if (residual != 0) {
      y0 = f32x4.add(y0, whole ? v128.load(residual) : loadLanes(residual, count));
      y1 = f32x4.add(y1, whole ? v128.load(residual, 16) : loadLanes(residual + 16, count - 4));
      residual += 32;
    }
    if (whole) {
      v128.store(y, y0);
      v128.store(y, y1, 16);
    } else {
      storeLanes(y, y0, count);
      storeLanes(y + 16, y1, count - 4);
    }
  }
}

/** out = dy silu'(x). out may be dy or x. */
export function siluGradient(x: usize, dy: usize, out: usize, count: i32): void {
  for (; count > 0; count -= 8, x += 32, dy += 32, out += 32) {
    const whole = count >= 8;
    const x0 = whole ? v128.load(x) : loadLanes(x, count);
    const x1 = whole ? v128.load(x, 16) : loadLanes(x + 16, count - 4);
    const e0 = decay(x0);
    const e1 = decay(x1);
    const r0 = reciprocal(e0);
    const r1 = reciprocal(e1);
    const slope0 = slope(x0, rising(x0, e0, r0), falling(x0, e0, r0));
    const slope1 = slope(x1, rising(x1, e1, r1), falling(x1, e1, r1));
    if (whole) {
      const out0 = f32x4.mul(v128.load(dy), slope0);
      const out1 = f32x4.mul(v128.load(dy, 16), slope1);
      v128.store(out, out0);
      v128.store(out, out1, 16);
    } else {
      const out0 = f32x4.mul(loadLanes(dy, count), slope0);
      const out1 = f32x4.mul(loadLanes(dy + 16, count - 4), slope1);
      storeLanes(out, out0, count);
      storeLanes(out + 16, out1, count - 4);
    }
  }
}

/** outX = g dy silu''(x), outDy = g silu'(x): the gradient of `siluGradient` for an output gradient g. An output may be an input. */
export function siluCurvature(x: usize, dy: usize, g: usize, outX: usize, outDy: usize, count: i32): void {
  for (; count > 0; count -= 4, x += 16, dy += 16, g += 16, outX += 16, outDy += 16) {
    const value = count >= 4 ? v128.load(x) : loadLanes(x, count);
    const share = count >= 4 ? v128.load(dy) : loadLanes(dy, count);
    const outer = count >= 4 ? v128.load(g) : loadLanes(g, count);
    const e = decay(value);
    const r = reciprocal(e);
    const s = rising(value, e, r);
    const t = falling(value, e, r);
    const ofX = f32x4.mul(f32x4.mul(outer, share), bend(value, s, t));
    const ofDy = f32x4.mul(outer, slope(value, s, t));
    if (count >= 4) {
      v128.store(outX, ofX);
      v128.store(outDy, ofDy);
    } else {
      storeLanes(outX, ofX, count);
      storeLanes(outDy, ofDy, count);
    }
  }
}

/**
 * y = silu(x) + residual, slope = silu'(x) and, unless 0, bend = silu''(x), with the bits of `silu`, `siluGradient` and
 * `siluCurvature` at the price of one exp. residual [count] or 0. y may be x or residual.
 */
export function siluKept(x: usize, residual: usize, y: usize, slopes: usize, bends: usize, count: i32): void {
  for (; count > 0; count -= 8, x += 32, y += 32, slopes += 32) {
    const whole = count >= 8;
    const x0 = whole ? v128.load(x) : loadLanes(x, count);
    const x1 = whole ? v128.load(x, 16) : loadLanes(x + 16, count - 4);
    const e0 = decay(x0);
    const e1 = decay(x1);
    const r0 = reciprocal(e0);
    const r1 = reciprocal(e1);
    const s0 = rising(x0, e0, r0);
    const s1 = rising(x1, e1, r1);
    const t0 = falling(x0, e0, r0);
    const t1 = falling(x1, e1, r1);
    let y0 = f32x4.mul(f32x4.pmax(x0, f32x4.splat(-100)), s0);
    let y1 = f32x4.mul(f32x4.pmax(x1, f32x4.splat(-100)), s1);
    if (residual != 0) {
      y0 = f32x4.add(y0, whole ? v128.load(residual) : loadLanes(residual, count));
      y1 = f32x4.add(y1, whole ? v128.load(residual, 16) : loadLanes(residual + 16, count - 4));
      residual += 32;
    }
    if (whole) {
      v128.store(y, y0);
      v128.store(y, y1, 16);
      v128.store(slopes, slope(x0, s0, t0));
      v128.store(slopes, slope(x1, s1, t1), 16);
      if (bends == 0) continue;
      v128.store(bends, bend(x0, s0, t0));
      v128.store(bends, bend(x1, s1, t1), 16);
      bends += 32;
    } else {
      storeLanes(y, y0, count);
      storeLanes(y + 16, y1, count - 4);
      storeLanes(slopes, slope(x0, s0, t0), count);
      storeLanes(slopes + 16, slope(x1, s1, t1), count - 4);
      if (bends == 0) continue;
      storeLanes(bends, bend(x0, s0, t0), count);
      storeLanes(bends + 16, bend(x1, s1, t1), count - 4);
    }
  }
}

/** outX = g dy bend, outDy = g slope: `siluCurvature` from what `siluKept` kept, with the same bits. An output may be an input. */
export function siluKeptCurvature(slopes: usize, bends: usize, dy: usize, g: usize, outX: usize, outDy: usize, count: i32): void {
  for (; count >= 16; count -= 16, slopes += 64, bends += 64, dy += 64, g += 64, outX += 64, outDy += 64) {
    const g0 = v128.load(g);
    const x0 = f32x4.mul(f32x4.mul(g0, v128.load(dy)), v128.load(bends));
    const y0 = f32x4.mul(g0, v128.load(slopes));
    v128.store(outX, x0);
    v128.store(outDy, y0);
    const g1 = v128.load(g, 16);
    const x1 = f32x4.mul(f32x4.mul(g1, v128.load(dy, 16)), v128.load(bends, 16));
    const y1 = f32x4.mul(g1, v128.load(slopes, 16));
    v128.store(outX, x1, 16);
    v128.store(outDy, y1, 16);
    const g2 = v128.load(g, 32);
    const x2 = f32x4.mul(f32x4.mul(g2, v128.load(dy, 32)), v128.load(bends, 32));
    const y2 = f32x4.mul(g2, v128.load(slopes, 32));
    v128.store(outX, x2, 32);
    v128.store(outDy, y2, 32);
    const g3 = v128.load(g, 48);
    const x3 = f32x4.mul(f32x4.mul(g3, v128.load(dy, 48)), v128.load(bends, 48));
    const y3 = f32x4.mul(g3, v128.load(slopes, 48));
    v128.store(outX, x3, 48);
    v128.store(outDy, y3, 48);
  }
  for (; count > 0; count--, slopes += 4, bends += 4, dy += 4, g += 4, outX += 4, outDy += 4) {
    const outer = load<f32>(g);
    const ofX = outer * load<f32>(dy) * load<f32>(bends);
    const ofDy = outer * load<f32>(slopes);
    store<f32>(outX, ofX);
    store<f32>(outDy, ofDy);
  }
}

/** exp(-|x|) */
export function decay(x: v128): v128 {
  return exp(v128.or(x, f32x4.splat(-0.0)));
}

/** 1 / (1 + e) */
export function reciprocal(e: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), e));
}

/** s(x): r or e r. */
export function rising(x: v128, e: v128, r: v128): v128 {
  return f32x4.mul(r, f32x4.pmax(e, v128.and(f32x4.splat(1), f32x4.ge(x, f32x4.splat(0)))));
}

/** 1 - s(x): e r or r. */
export function falling(x: v128, e: v128, r: v128): v128 {
  return f32x4.mul(r, f32x4.pmax(e, v128.andnot(f32x4.splat(1), f32x4.ge(x, f32x4.splat(0)))));
}

/** s (1 + x t), t = 1 - s */
export function slope(x: v128, s: v128, t: v128): v128 {
  return f32x4.mul(s, madd(limited(x), t, f32x4.splat(1)));
}

/** s t (2 + x (t - s)), t = 1 - s */
function bend(x: v128, s: v128, t: v128): v128 {
  return f32x4.mul(f32x4.mul(s, t), madd(limited(x), f32x4.sub(t, s), f32x4.splat(2)));
}

/** x within -100 .. 100; NaN stays. */
function limited(x: v128): v128 {
  return f32x4.pmin(f32x4.pmax(x, f32x4.splat(-100)), f32x4.splat(100));
}
