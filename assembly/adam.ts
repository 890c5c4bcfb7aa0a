/**
 * One step of Adam (Kingma, Ba 2015, arXiv:1412.6980) and of the moving average of the parameters, in one pass over the five arrays:
 *
 *   g' = shrink g,   m <- b1 m + (1 - b1) g',   v <- b2 v + (1 - b2) g'^2,
 *   p <- p - rate m / (sqrt(v correction) + epsilon),   ema <- d ema + (1 - d) p
 *
 * rate and correction come bias-corrected. Moments below the least normal number become 0: 0.9 m of a parameter whose gradient stays
 * 0 would stop at a subnormal number, and every later step would be slow.
 */
import { loadPart, storePart } from "./partial";
import { madd } from "./simd";

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
  const keep1 = f32x4.splat(<f32>beta1);
  const keep2 = f32x4.splat(<f32>beta2);
  const take1 = f32x4.splat(<f32>(1 - beta1));
  const take2 = f32x4.splat(<f32>(1 - beta2));
  const short = f32x4.splat(<f32>shrink);
  const step = f32x4.splat(<f32>rate);
  const correct = f32x4.splat(<f32>correction);
  const least = f32x4.splat(<f32>epsilon);
  const keep = f32x4.splat(<f32>emaDecay);
  const take = f32x4.splat(<f32>(1 - emaDecay));
  const zero = f32x4.splat(0);
  for (let left = count; left > 0; left -= 4, p += 16, g += 16, m += 16, v += 16, ema += 16) {
    const whole = left >= 4;
    const gradient = f32x4.mul(whole ? v128.load(g) : loadPart(g, left, zero), short);
    const m1 = moment(whole ? v128.load(m) : loadPart(m, left, zero), keep1, f32x4.mul(gradient, take1));
    const square = f32x4.mul(f32x4.mul(gradient, gradient), take2);
    const v1 = moment(whole ? v128.load(v) : loadPart(v, left, zero), keep2, square);
    const size = f32x4.add(f32x4.sqrt(f32x4.mul(v1, correct)), least);
    const p1 = f32x4.sub(whole ? v128.load(p) : loadPart(p, left, zero), f32x4.div(f32x4.mul(step, m1), size));
    const average = madd(whole ? v128.load(ema) : loadPart(ema, left, zero), keep, f32x4.mul(p1, take));
    if (whole) {
      v128.store(m, m1);
      v128.store(v, v1);
      v128.store(p, p1);
      v128.store(ema, average);
    } else {
      storePart(m, m1, left);
      storePart(v, v1, left);
      storePart(p, p1, left);
      storePart(ema, average, left);
    }
  }
}
