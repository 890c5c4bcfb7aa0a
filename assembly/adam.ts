/**
 * One step of Adam (Kingma, Ba 2015, arXiv:1412.6980) and of the moving average of the parameters, in one pass over the five arrays:
 *
 *   g' = shrink g,   m <- b1 m + (1 - b1) g',   v <- b2 v + (1 - b2) g'^2,
 *   p <- p - rate m / (sqrt(v correction) + epsilon),   ema <- d ema + (1 - d) p
 *
 * rate and correction come bias-corrected. Moments below the least normal number become 0: 0.9 m of a parameter whose gradient stays
 * 0 would stop at a subnormal number, and every later step would be slow.
 */
import { loadLanes, storeLanes } from "./lanes";
import { madd } from "./simd";

/** The numbers of a step, in every lane. */
function splat(value: f64): v128 {
  return f32x4.splat(<f32>value);
}

/** old * keep + added, or 0 where that is subnormal. */
function moment(old: v128, keep: v128, added: v128): v128 {
  const next = madd(old, keep, added);
  return v128.andnot(next, f32x4.lt(f32x4.abs(next), f32x4.splat(f32.MIN_NORMAL_VALUE)));
}

/** In place over count floats. The numbers are rounded to f32 once, after 1 - beta was formed in f64. */
export function adamStep(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  ema: usize,
  count: i32,
  rate: f64,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  correction: f64,
  shrink: f64,
  emaDecay: f64,
): void {
  const keep1 = splat(beta1);
  const keep2 = splat(beta2);
  const take1 = splat(1 - beta1);
  const take2 = splat(1 - beta2);
  const short = splat(shrink);
  const step = splat(rate);
  const correct = splat(correction);
  const least = splat(epsilon);
  const keep = splat(emaDecay);
  const take = splat(1 - emaDecay);
  const end = p + ((<usize>(count & ~3)) << 2);
  for (; p < end; p += 16, g += 16, m += 16, v += 16, ema += 16) {
    const gradient = f32x4.mul(v128.load(g), short);
    const first = moment(v128.load(m), keep1, f32x4.mul(gradient, take1));
    const second = moment(v128.load(v), keep2, f32x4.mul(f32x4.mul(gradient, gradient), take2));
    const size = f32x4.add(f32x4.sqrt(f32x4.mul(second, correct)), least);
    const next = f32x4.sub(v128.load(p), f32x4.div(f32x4.mul(step, first), size));
    v128.store(m, first);
    v128.store(v, second);
    v128.store(p, next);
    v128.store(ema, madd(v128.load(ema), keep, f32x4.mul(next, take)));
  }
  const rest = count & 3;
  if (rest == 0) return;
  const gradient = f32x4.mul(loadLanes(g, rest), short);
  const first = moment(loadLanes(m, rest), keep1, f32x4.mul(gradient, take1));
  const second = moment(loadLanes(v, rest), keep2, f32x4.mul(f32x4.mul(gradient, gradient), take2));
  const size = f32x4.add(f32x4.sqrt(f32x4.mul(second, correct)), least);
  const next = f32x4.sub(loadLanes(p, rest), f32x4.div(f32x4.mul(step, first), size));
  storeLanes(m, first, rest);
  storeLanes(v, second, rest);
  storeLanes(p, next, rest);
  storeLanes(ema, madd(loadLanes(ema, rest), keep, f32x4.mul(next, take)), rest);
}
