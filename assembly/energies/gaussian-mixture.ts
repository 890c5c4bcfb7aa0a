/**
 * Gaussian mixture: E(y) = -log sum_k w_k N(y; mean_k, std_k^2 I), any weights, means, per-component std and dimension.
 *
 * Two passes: q_k = |y - mean_k|^2 / (2 std_k^2) + c_k for every component, keeping the least; then exp only for components
 * within CUT of the least in some lane, through a list of their numbers (a branch per component costs a misprediction each).
 * Refuses nothing: coordinates that are NaN or infinite give NaN, a square that overflows gives +inf.
 */
import { evaluateRows } from "../blocks";
import { noisedRows } from "../noised";
import { exp, log, madd } from "../simd";

/** Components more than this above the least add less than 1e-13 of the sum each, far below an f32 ulp. */
const CUT: f32 = 30.0;
/** Where no component is finite the least stays here, so that no infinity is subtracted from another. */
const HUGE: f32 = 3.0e38;

/**
 * Overlay on the parameter block: this header, then per component [half, c, inverse, 0, mean_0 .. mean_{dim-1}] f32 with
 * half = 1 / (2 std^2), inverse = 1 / std^2, c = -log w + dim/2 log(2 pi std^2); `stride` bytes each.
 * `scratch`: 36 bytes per component, 16-byte aligned.
 */
export class GaussianMixture {
  count: i32;
  dim: i32;
  stride: i32;
  scratch: usize;

  /** q of every component into scratch, least into `least` [8]. */
  distances(y: usize, least: usize): void {
    const dim = this.dim;
    const stride = <usize>this.stride;
    let at = changetype<usize>(this) + 16;
    let q = this.scratch;
    const end = q + ((<usize>this.count) << 5);
    let least0 = f32x4.splat(HUGE);
    let least1 = f32x4.splat(HUGE);
    if (dim == 2) {
      const x0 = v128.load(y);
      const x1 = v128.load(y, 16);
      const y0 = v128.load(y, 32);
      const y1 = v128.load(y, 48);
      for (; q < end; q += 32, at += stride) {
        const half = v128.load32_splat(at);
        const c = v128.load32_splat(at, 4);
        const mx = v128.load32_splat(at, 16);
        const my = v128.load32_splat(at, 20);
        const dx0 = f32x4.sub(x0, mx);
        const dy0 = f32x4.sub(y0, my);
        const dx1 = f32x4.sub(x1, mx);
        const dy1 = f32x4.sub(y1, my);
        const q0 = madd(madd(dx0, dx0, f32x4.mul(dy0, dy0)), half, c);
        const q1 = madd(madd(dx1, dx1, f32x4.mul(dy1, dy1)), half, c);
        v128.store(q, q0);
        v128.store(q, q1, 16);
        least0 = f32x4.pmin(least0, q0);
        least1 = f32x4.pmin(least1, q1);
      }
    } else {
      for (; q < end; q += 32, at += stride) {
        let s0 = f32x4.splat(0);
        let s1 = f32x4.splat(0);
        let from = y;
        const last = at + 16 + ((<usize>dim) << 2);
        for (let mean = at + 16; mean < last; mean += 4, from += 32) {
          const m = v128.load32_splat(mean);
          const d0 = f32x4.sub(v128.load(from), m);
          const d1 = f32x4.sub(v128.load(from, 16), m);
          s0 = madd(d0, d0, s0);
          s1 = madd(d1, d1, s1);
        }
        const half = v128.load32_splat(at);
        const c = v128.load32_splat(at, 4);
        const q0 = madd(s0, half, c);
        const q1 = madd(s1, half, c);
        v128.store(q, q0);
        v128.store(q, q1, 16);
        least0 = f32x4.pmin(least0, q0);
        least1 = f32x4.pmin(least1, q1);
      }
    }
    v128.store(least, least0);
    v128.store(least, least1, 16);
  }

  /** Numbers of the components within CUT of the least in any lane, after the distances; returns how many. */
  relevant(least: usize): i32 {
    const cut0 = f32x4.add(v128.load(least), f32x4.splat(CUT));
    const cut1 = f32x4.add(v128.load(least, 16), f32x4.splat(CUT));
    const count = this.count;
    let q = this.scratch;
    const list = q + ((<usize>count) << 5);
    let found = 0;
    for (let k = 0; k < count; k++, q += 32) {
      const near = v128.or(f32x4.le(v128.load(q), cut0), f32x4.le(v128.load(q, 16), cut1));
      store<i32>(list + ((<usize>found) << 2), k);
      found += <i32>v128.any_true(near);
    }
    return found;
  }

  /** 0 where all coordinates of a lane are finite, NaN elsewhere. */
  poison(y: usize): v128 {
    let bad = f32x4.splat(0);
    for (let d = 0; d < this.dim; d++, y += 32) {
      const v = v128.load(y);
      bad = f32x4.add(bad, f32x4.sub(v, v));
    }
    return bad;
  }

  /** least - log(sum), +inf where nothing was near, NaN where a coordinate was not finite. */
  finish(least: v128, sum: v128, y: usize): v128 {
    const energy = f32x4.sub(least, log(sum));
    const infinite = f32x4.splat(f32.MAX_VALUE * 2);
    return f32x4.add(v128.bitselect(energy, infinite, f32x4.gt(sum, f32x4.splat(0))), this.poison(y));
  }

  energyBlock(y: usize, e: usize): void {
    this.distances(y, e);
    const found = this.relevant(e);
    const least0 = v128.load(e);
    const least1 = v128.load(e, 16);
    const q = this.scratch;
    let at = q + ((<usize>this.count) << 5);
    const end = at + ((<usize>found) << 2);
    let sum0 = f32x4.splat(0);
    let sum1 = f32x4.splat(0);
    for (; at < end; at += 4) {
      const from = q + ((<usize>load<i32>(at)) << 5);
      sum0 = f32x4.add(sum0, exp(f32x4.sub(least0, v128.load(from))));
      sum1 = f32x4.add(sum1, exp(f32x4.sub(least1, v128.load(from, 16))));
    }
    v128.store(e, this.finish(least0, sum0, y));
    v128.store(e, this.finish(least1, sum1, y + 16), 16);
  }

  /** gradient_d = sum_k p_k (y_d - mean_kd) / std_k^2 with p the responsibilities; 0 where the energy is +inf. */
  gradientBlock(y: usize, e: usize, g: usize): void {
    this.distances(y, e);
    const found = this.relevant(e);
    const least0 = v128.load(e);
    const least1 = v128.load(e, 16);
    const q = this.scratch;
    const bytes = (<usize>this.dim) << 5;
    memory.fill(g, 0, bytes);
    let at = q + ((<usize>this.count) << 5);
    const end = at + ((<usize>found) << 2);
    let sum0 = f32x4.splat(0);
    let sum1 = f32x4.splat(0);
    for (; at < end; at += 4) {
      const k = <usize>load<i32>(at);
      const from = q + (k << 5);
      const record = changetype<usize>(this) + 16 + k * <usize>this.stride;
      const p0 = exp(f32x4.sub(least0, v128.load(from)));
      const p1 = exp(f32x4.sub(least1, v128.load(from, 16)));
      sum0 = f32x4.add(sum0, p0);
      sum1 = f32x4.add(sum1, p1);
      const inverse = v128.load32_splat(record, 8);
      const r0 = f32x4.mul(p0, inverse);
      const r1 = f32x4.mul(p1, inverse);
      for (let d: usize = 0; d < bytes; d += 32) {
        const mean = v128.load32_splat(record + (d >>> 3), 16);
        v128.store(g + d, madd(r0, f32x4.sub(v128.load(y + d), mean), v128.load(g + d)));
        v128.store(g + d, madd(r1, f32x4.sub(v128.load(y + d, 16), mean), v128.load(g + d, 16)), 16);
      }
    }
    const tiny = f32x4.splat(1.0e-37);
    const scale0 = f32x4.div(f32x4.splat(1), f32x4.pmax(tiny, sum0));
    const scale1 = f32x4.div(f32x4.splat(1), f32x4.pmax(tiny, sum1));
    for (let d: usize = 0; d < bytes; d += 32) {
      v128.store(g + d, f32x4.mul(v128.load(g + d), scale0));
      v128.store(g + d, f32x4.mul(v128.load(g + d, 16), scale1), 16);
    }
    v128.store(e, this.finish(least0, sum0, y));
    v128.store(e, this.finish(least1, sum1, y + 16), 16);
  }
}

/** energy [n] of x [n, dim]; gradient [n, dim] too unless 0. scratch: `rowsScratch(dim)` bytes. */
export function gaussianMixtureRows(block: usize, x: usize, n: i32, energy: usize, gradient: usize, scratch: usize): void {
  evaluateRows<GaussianMixture>(changetype<GaussianMixture>(block), x, n, energy, gradient, scratch);
}

/** Fused estimator of this energy; arguments as `noisedRows`. */
export function gaussianMixtureNoised(
  block: usize,
  request: usize,
  x: usize,
  variance: usize,
  n: i32,
  energy: usize,
  vector: usize,
  scratch: usize,
): f64 {
  return noisedRows<GaussianMixture>(changetype<GaussianMixture>(block), request, x, variance, n, energy, vector, scratch);
}
