/**
 * Gaussian mixture: E(y) = -log sum_k w_k N(y; mean_k, std_k^2 I), any weights, means, per-component std and dimension.
 *
 * Two passes: q_k = |y - mean_k|^2 / (2 std_k^2) + c_k for every component, keeping the least; then exp only for components
 * within CUT of the least in some lane, named by the bits of a word made without a branch: a branch per component would be
 * mispredicted once for each that is near. On GMM-40 one to five of forty are near, and an evaluation takes 16 to 19 ns instead of
 * the 52 of 40 exps. Tried and slower: testing quads of components first (10 % at large noise), a list of offsets instead of bits (6 %).
 * The hot loops test at their end: V8 then makes their constants once instead of on every turn, with three instructions each.
 * Refuses nothing: a NaN coordinate gives NaN; an infinite one, or a square that overflows, +inf.
 */
import { evaluateRows } from "../blocks";
import { hamiltonianRows } from "../hamiltonian";
import { noisedRows } from "../noised";
import { exp, log, madd } from "../simd";

/** Components more than WEIGHTLESS above the least would add less than 3e-13 of the sum each, far below an f32 ulp, and add nothing. */
const WEIGHTLESS: f32 = 29.0;
/** Within this of the least in any lane, a component is looked at in all: farther than the other, so that lanes cannot feel each other. */
const CUT: f32 = 30.0;
/** Where no component is finite the least stays here, so that no infinity is subtracted from another. */
const HUGE: f32 = 3.0e38;
/** Keeps the division by an empty sum finite. */
const TINY: f32 = 1.0e-37;
/** Bytes of a record in the plane. */
const PLANAR: usize = 24;

/**
 * Overlay on the parameter block: this header, then per component [half, c, inverse, 0, mean_0 .. mean_{dim-1}] f32 with
 * half = 1 / (2 std^2), inverse = 1 / std^2, c = -log w + dim/2 log(2 pi std^2); `stride` bytes each. `count` is a multiple of 4:
 * the last components may be fillers with c = +inf. `scratch`: q [count][8], 32 bytes per component, 16-byte aligned.
 */
export class GaussianMixture {
  count: i32;
  dim: i32;
  stride: i32;
  scratch: usize;

  /** Record of component k. */
  record(k: usize): usize {
    return changetype<usize>(this) + 16 + k * <usize>this.stride;
  }

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
    let at = this.record(0);
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
    let at = this.record(0);
    let q = this.scratch;
    const end = q + ((<usize>this.count) << 5);
    const x0 = v128.load(y);
    const x1 = v128.load(y, 16);
    const y0 = v128.load(y, 32);
    const y1 = v128.load(y, 48);
    let least0 = f32x4.splat(HUGE);
    let least1 = least0;
    do {
      const half = v128.load32_splat(at);
      const c = v128.load32_splat(at, 4);
      const mx = v128.load32_splat(at, 16);
      const my = v128.load32_splat(at, 20);
      const q0 = planar(x0, y0, mx, my, half, c);
      const q1 = planar(x1, y1, mx, my, half, c);
      v128.store(q, q0);
      v128.store(q, q1, 16);
      least0 = f32x4.pmin(least0, q0);
      least1 = f32x4.pmin(least1, q1);
      at += stride;
      q += 32;
    } while (q < end);
    v128.store(least, least0);
    v128.store(least, least1, 16);
  }

  /** q of every component and the least of all. */
  measure(y: usize, least: usize): void {
    if (this.dim == 2) this.distances2(y, least);
    else this.distances(y, least);
  }

  /** One bit for each of the components first .. first + 63 that is within CUT of the least in any lane. */
  near(first: i32, least0: v128, least1: v128): u64 {
    const cut0 = f32x4.add(least0, f32x4.splat(CUT));
    const cut1 = f32x4.add(least1, f32x4.splat(CUT));
    let at = this.scratch + ((<usize>first) << 5);
    const many = min(this.count - first, 64);
    let bits: u64 = 0;
    let shift: u64 = 0;
    do {
      bits |= (<u64>nearOfFour(at, cut0, cut1)) << shift;
      at += 128;
      shift += 4;
    } while (shift < <u64>many);
    return bits;
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
    this.measure(y, e);
    const least0 = v128.load(e);
    const least1 = v128.load(e, 16);
    let sum0 = f32x4.splat(0);
    let sum1 = f32x4.splat(0);
    for (let first = 0; first < this.count; first += 64) {
      const q = this.scratch + ((<usize>first) << 5);
      let bits = this.near(first, least0, least1);
      if (bits == 0) continue;
      do {
        const from = q + ((<usize>ctz(bits)) << 5);
        bits &= bits - 1;
        sum0 = f32x4.add(sum0, weight(least0, v128.load(from)));
        sum1 = f32x4.add(sum1, weight(least1, v128.load(from, 16)));
      } while (bits != 0);
    }
    this.finish(e, sum0, sum1);
  }

  /** gradient_d = sum_k p_k (y_d - mean_kd) / std_k^2 with p the responsibilities; 0 where the energy is +inf. */
  gradientBlock(y: usize, e: usize, g: usize): void {
    this.measure(y, e);
    if (this.dim == 2) this.gradient2(y, e, g);
    else this.gradient(y, e, g);
  }

  /** Gradient and energy from q and the least. */
  gradient(y: usize, e: usize, g: usize): void {
    const least0 = v128.load(e);
    const least1 = v128.load(e, 16);
    const bytes = (<usize>this.dim) << 5;
    let sum0 = f32x4.splat(0);
    let sum1 = sum0;
    for (let d: usize = 0; d < bytes; d += 16) v128.store(g + d, sum0);
    for (let first = 0; first < this.count; first += 64) {
      for (let bits = this.near(first, least0, least1); bits != 0; bits &= bits - 1) {
        const k = <usize>first + <usize>ctz(bits);
        const from = this.scratch + (k << 5);
        const p0 = weight(least0, v128.load(from));
        const p1 = weight(least1, v128.load(from, 16));
        sum0 = f32x4.add(sum0, p0);
        sum1 = f32x4.add(sum1, p1);
        this.pull(k, y, p0, p1, g);
      }
    }
    const scale0 = f32x4.div(f32x4.splat(1), f32x4.pmax(f32x4.splat(TINY), sum0));
    const scale1 = f32x4.div(f32x4.splat(1), f32x4.pmax(f32x4.splat(TINY), sum1));
    for (let d: usize = 0; d < bytes; d += 32) {
      v128.store(g + d, f32x4.mul(v128.load(g + d), scale0));
      v128.store(g + d, f32x4.mul(v128.load(g + d, 16), scale1), 16);
    }
    this.finish(e, sum0, sum1);
  }

  /** Adds p (y - mean_k) / std_k^2 to g. */
  pull(k: usize, y: usize, p0: v128, p1: v128, g: usize): void {
    const record = this.record(k);
    const inverse = v128.load32_splat(record, 8);
    const r0 = f32x4.mul(p0, inverse);
    const r1 = f32x4.mul(p1, inverse);
    const last = g + ((<usize>this.dim) << 5);
    for (let mean = record + 16; g < last; mean += 4, y += 32, g += 32) {
      const center = v128.load32_splat(mean);
      v128.store(g, madd(r0, f32x4.sub(v128.load(y), center), v128.load(g)));
      v128.store(g, madd(r1, f32x4.sub(v128.load(y, 16), center), v128.load(g, 16)), 16);
    }
  }

  /** `gradient` in the plane, with its sums in registers. */
  gradient2(y: usize, e: usize, g: usize): void {
    const least0 = v128.load(e);
    const least1 = v128.load(e, 16);
    let sum0 = f32x4.splat(0);
    let sum1 = sum0;
    let gx0 = sum0;
    let gx1 = sum0;
    let gy0 = sum0;
    let gy1 = sum0;
    for (let first = 0; first < this.count; first += 64) {
      const q = this.scratch + ((<usize>first) << 5);
      const records = this.record(<usize>first);
      let bits = this.near(first, least0, least1);
      if (bits == 0) continue;
      do {
        const k = <usize>ctz(bits);
        bits &= bits - 1;
        const from = q + (k << 5);
        const p0 = weight(least0, v128.load(from));
        const p1 = weight(least1, v128.load(from, 16));
        const record = records + k * PLANAR;
        const inverse = v128.load32_splat(record, 8);
        const mx = v128.load32_splat(record, 16);
        const my = v128.load32_splat(record, 20);
        const r0 = f32x4.mul(p0, inverse);
        const r1 = f32x4.mul(p1, inverse);
        sum0 = f32x4.add(sum0, p0);
        sum1 = f32x4.add(sum1, p1);
        gx0 = madd(r0, f32x4.sub(v128.load(y), mx), gx0);
        gx1 = madd(r1, f32x4.sub(v128.load(y, 16), mx), gx1);
        gy0 = madd(r0, f32x4.sub(v128.load(y, 32), my), gy0);
        gy1 = madd(r1, f32x4.sub(v128.load(y, 48), my), gy1);
      } while (bits != 0);
    }
    const scale0 = f32x4.div(f32x4.splat(1), f32x4.pmax(f32x4.splat(TINY), sum0));
    const scale1 = f32x4.div(f32x4.splat(1), f32x4.pmax(f32x4.splat(TINY), sum1));
    v128.store(g, f32x4.mul(gx0, scale0));
    v128.store(g, f32x4.mul(gx1, scale1), 16);
    v128.store(g, f32x4.mul(gy0, scale0), 32);
    v128.store(g, f32x4.mul(gy1, scale1), 48);
    this.finish(e, sum0, sum1);
  }
}

/** exp(least - q), exactly 0 where q is more than WEIGHTLESS above. */
function weight(least: v128, q: v128): v128 {
  const exponent = f32x4.sub(least, q);
  return v128.and(exp(exponent), f32x4.ge(exponent, f32x4.splat(-WEIGHTLESS)));
}

/** q of one component for four points of the plane. */
function planar(x: v128, y: v128, meanX: v128, meanY: v128, half: v128, c: v128): v128 {
  const dx = f32x4.sub(x, meanX);
  const dy = f32x4.sub(y, meanY);
  return madd(madd(dx, dx, f32x4.mul(dy, dy)), half, c);
}

/** All ones in the lanes where the value or its partner is at most the cut. */
function within(at: usize, cut0: v128, cut1: v128): v128 {
  return v128.or(f32x4.le(v128.load(at), cut0), f32x4.le(v128.load(at, 16), cut1));
}

/** Four bits, one for each of four components: near in any lane. Narrowing turns the four lanes of a component into four bytes. */
function nearOfFour(at: usize, cut0: v128, cut1: v128): i32 {
  const a = i16x8.narrow_i32x4_s(within(at, cut0, cut1), within(at + 32, cut0, cut1));
  const b = i16x8.narrow_i32x4_s(within(at + 64, cut0, cut1), within(at + 96, cut0, cut1));
  const far = i32x4.eq(i8x16.narrow_i16x8_s(a, b), i32x4.splat(0));
  return i32x4.bitmask(far) ^ 15;
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

/** Moves of chains of this energy; arguments as `hamiltonianRows`. */
export function gaussianMixtureHamiltonian(block: usize, request: usize, n: i32, scratch: usize): f64 {
  return hamiltonianRows<GaussianMixture>(changetype<GaussianMixture>(block), request, n, scratch);
}
