/**
 * Gaussian mixture: E(y) = -log sum_k w_k N(y; mean_k, std_k^2 I), any weights, means, per-component std and dimension.
 *
 * Two passes: q_k = |y - mean_k|^2 / (2 std_k^2) + c_k for every component, keeping the least; then exp only for components
 * within CUT of the least in some lane, through a list written without a branch: a branch per component would be mispredicted
 * once for each that is near. On GMM-40 one to five of forty are near, and an evaluation takes 17 to 21 ns instead of the 52 of 40
 * exps. Tried and slower: testing quads of components first (10 % at large noise).
 * Refuses nothing: a NaN coordinate gives NaN; an infinite one, or a square that overflows, +inf.
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
 * half = 1 / (2 std^2), inverse = 1 / std^2, c = -log w + dim/2 log(2 pi std^2); `stride` bytes each. `count` is a multiple of 4:
 * the last components may be fillers with c = +inf. `scratch`: 36 bytes per component, 16-byte aligned: q [count][8] and the list.
 */
export class GaussianMixture {
  count: i32;
  dim: i32;
  stride: i32;
  scratch: usize;

  /** Sum of squares of y - mean in one half (at 0 or 16) of the lanes. */
  square(y: usize, mean: usize): v128 {
    let sum = f32x4.splat(0);
    const last = mean + ((<usize>this.dim) << 2);
    for (; mean < last; mean += 4, y += 32) {
      const delta = f32x4.sub(v128.load(y), v128.load32_splat(mean));
      sum = madd(delta, delta, sum);
    }
    return sum;
  }

  /** q of every component into scratch, the least of all into `least` [8]. */
  distances(y: usize, least: usize): void {
    const stride = <usize>this.stride;
    let at = changetype<usize>(this) + 16;
    let q = this.scratch;
    const end = q + ((<usize>this.count) << 5);
    let least0 = f32x4.splat(HUGE);
    let least1 = least0;
    for (; q < end; q += 32, at += stride) {
      const half = v128.load32_splat(at);
      const c = v128.load32_splat(at, 4);
      const q0 = madd(this.square(y, at + 16), half, c);
      const q1 = madd(this.square(y + 16, at + 16), half, c);
      v128.store(q, q0);
      v128.store(q, q1, 16);
      least0 = f32x4.pmin(least0, q0);
      least1 = f32x4.pmin(least1, q1);
    }
    v128.store(least, least0);
    v128.store(least, least1, 16);
  }

  /** `distances` in the plane, with the eight points in registers. */
  distances2(y: usize, least: usize): void {
    const stride = <usize>this.stride;
    let at = changetype<usize>(this) + 16;
    let q = this.scratch;
    const end = q + ((<usize>this.count) << 5);
    const x0 = v128.load(y);
    const x1 = v128.load(y, 16);
    const y0 = v128.load(y, 32);
    const y1 = v128.load(y, 48);
    let least0 = f32x4.splat(HUGE);
    let least1 = least0;
    for (; q < end; q += 32, at += stride) {
      const q0 = planar(x0, y0, at);
      const q1 = planar(x1, y1, at);
      v128.store(q, q0);
      v128.store(q, q1, 16);
      least0 = f32x4.pmin(least0, q0);
      least1 = f32x4.pmin(least1, q1);
    }
    v128.store(least, least0);
    v128.store(least, least1, 16);
  }

  /** The list of components within CUT of the least in any lane, as offsets into q; returns its end. */
  relevant(y: usize, least: usize): usize {
    if (this.dim == 2) this.distances2(y, least);
    else this.distances(y, least);
    const cut0 = f32x4.add(v128.load(least), f32x4.splat(CUT));
    const cut1 = f32x4.add(v128.load(least, 16), f32x4.splat(CUT));
    const q = this.scratch;
    const bytes = (<usize>this.count) << 5;
    let listed = this.list;
    for (let offset: usize = 0; offset < bytes; offset += 128) {
      const at = q + offset;
      store<usize>(listed, offset);
      listed += near(at, cut0, cut1);
      store<usize>(listed, offset + 32);
      listed += near(at + 32, cut0, cut1);
      store<usize>(listed, offset + 64);
      listed += near(at + 64, cut0, cut1);
      store<usize>(listed, offset + 96);
      listed += near(at + 96, cut0, cut1);
    }
    return listed;
  }

  /** Start of the list that `relevant` fills. */
  get list(): usize {
    return this.scratch + ((<usize>this.count) << 5);
  }

  /** e = least - log(sum); where nothing was near, +inf, or NaN where a coordinate is. `e` holds the least when called. */
  finish(e: usize, sum0: v128, sum1: v128): void {
    const last = this.scratch + ((<usize>this.count) << 5) - 32;
    const infinite = f32x4.splat(f32.MAX_VALUE * 2);
    const zero = f32x4.splat(0);
    const e0 = f32x4.sub(v128.load(e), log(sum0));
    const e1 = f32x4.sub(v128.load(e, 16), log(sum1));
    v128.store(e, v128.bitselect(e0, f32x4.add(infinite, v128.load(last)), f32x4.gt(sum0, zero)));
    v128.store(e, v128.bitselect(e1, f32x4.add(infinite, v128.load(last, 16)), f32x4.gt(sum1, zero)), 16);
  }

  energyBlock(y: usize, e: usize): void {
    const end = this.relevant(y, e);
    const least0 = v128.load(e);
    const least1 = v128.load(e, 16);
    const q = this.scratch;
    let sum0 = f32x4.splat(0);
    let sum1 = f32x4.splat(0);
    for (let at = this.list; at < end; at += 4) {
      const from = q + load<usize>(at);
      sum0 = f32x4.add(sum0, exp(f32x4.sub(least0, v128.load(from))));
      sum1 = f32x4.add(sum1, exp(f32x4.sub(least1, v128.load(from, 16))));
    }
    this.finish(e, sum0, sum1);
  }

  /** gradient_d = sum_k p_k (y_d - mean_kd) / std_k^2 with p the responsibilities; 0 where the energy is +inf. */
  gradientBlock(y: usize, e: usize, g: usize): void {
    const end = this.relevant(y, e);
    const least0 = v128.load(e);
    const least1 = v128.load(e, 16);
    const q = this.scratch;
    const bytes = (<usize>this.dim) << 5;
    memory.fill(g, 0, bytes);
    let sum0 = f32x4.splat(0);
    let sum1 = f32x4.splat(0);
    for (let at = this.list; at < end; at += 4) {
      const offset = load<usize>(at);
      const p0 = exp(f32x4.sub(least0, v128.load(q + offset)));
      const p1 = exp(f32x4.sub(least1, v128.load(q + offset, 16)));
      sum0 = f32x4.add(sum0, p0);
      sum1 = f32x4.add(sum1, p1);
      let record = changetype<usize>(this) + 16 + (offset >>> 5) * <usize>this.stride;
      const inverse = v128.load32_splat(record, 8);
      const r0 = f32x4.mul(p0, inverse);
      const r1 = f32x4.mul(p1, inverse);
      for (let d: usize = 0; d < bytes; d += 32, record += 4) {
        const mean = v128.load32_splat(record, 16);
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
    this.finish(e, sum0, sum1);
  }
}

/** q of one component for four points of the plane. */
function planar(x: v128, y: v128, record: usize): v128 {
  const dx = f32x4.sub(x, v128.load32_splat(record, 16));
  const dy = f32x4.sub(y, v128.load32_splat(record, 20));
  return madd(madd(dx, dx, f32x4.mul(dy, dy)), v128.load32_splat(record), v128.load32_splat(record, 4));
}

/** 4, the size of a list entry, where any of the eight values is at most its cut; otherwise 0. */
function near(values: usize, cut0: v128, cut1: v128): usize {
  const low = v128.or(f32x4.le(v128.load(values), cut0), f32x4.le(v128.load(values, 16), cut1));
  // Four sign bits, 0 .. 15: cheaper than any_true, whose result would be made a boolean twice.
  return (<usize>(i32x4.bitmask(low) + 15) >>> 2) & 4;
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
