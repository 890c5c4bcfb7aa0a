/**
 * Rings in the plane: E = -log sum_k exp(-(r - r_k)^2 / (2 std^2) - c_k), r = |x|. At the origin, where r has no slope, the gradient is 0;
 * where no ring is near in f32, E = +inf with gradient 0. A NaN coordinate gives NaN.
 */
import { evaluateRows } from "../blocks";
import { halfEnergies, halfGradients } from "../halves";
import { hamiltonianRows } from "../hamiltonian";
import { noisedRows } from "../noised";
import { exp, log, madd } from "../simd";

/** Least before any ring: finite, so that no infinity is subtracted from another. */
const HUGE: f32 = 3.0e38;
const TINY: f32 = 1.0e-18;

/** Header, then [r_k, c_k] per ring. */
export class Rings {
  count: i32;
  /** 1 / std^2. */
  inverse: f32;

  get dim(): i32 {
    return 2;
  }

  half(y: usize, g: usize): v128 {
    const first = changetype<usize>(this) + 8;
    const last = first + ((<usize>this.count) << 3);
    const x = v128.load(y);
    const other = v128.load(y, 32);
    const r = f32x4.sqrt(madd(x, x, f32x4.mul(other, other)));
    const scale = f32x4.splat(0.5 * this.inverse);
    let least = f32x4.splat(HUGE);
    let q = least;
    for (let at = first; at < last; at += 8) {
      const delta = f32x4.sub(r, v128.load32_splat(at));
      q = madd(f32x4.mul(delta, delta), scale, v128.load32_splat(at, 4));
      least = f32x4.pmin(least, q);
    }
    let sum = f32x4.splat(0);
    let pull = sum;
    for (let at = first; at < last; at += 8) {
      const delta = f32x4.sub(r, v128.load32_splat(at));
      const share = exp(f32x4.sub(least, madd(f32x4.mul(delta, delta), scale, v128.load32_splat(at, 4))));
      sum = f32x4.add(sum, share);
      pull = madd(share, delta, pull);
    }
    const some = f32x4.gt(sum, f32x4.splat(0));
    const nothing = f32x4.add(f32x4.splat(f32.MAX_VALUE * 2), q);
    const e = v128.bitselect(f32x4.sub(least, log(sum)), nothing, some);
    if (g == 0) return e;
    const coefficient = f32x4.mul(f32x4.splat(this.inverse), f32x4.div(pull, f32x4.mul(sum, f32x4.pmax(f32x4.splat(TINY), r))));
    v128.store(g, v128.and(f32x4.mul(coefficient, x), some));
    v128.store(g, v128.and(f32x4.mul(coefficient, other), some), 32);
    return e;
  }

  energyBlock(y: usize, e: usize): void {
    halfEnergies<Rings>(this, y, e);
  }

  gradientBlock(y: usize, e: usize, g: usize): void {
    halfGradients<Rings>(this, y, e, g);
  }
}

/** energy [n] of x [n, dim]; gradient [n, dim] too unless 0. scratch: `rowsScratch(dim)` bytes. */
export function ringsRows(block: usize, x: usize, n: i32, energy: usize, gradient: usize, scratch: usize): void {
  evaluateRows<Rings>(changetype<Rings>(block), x, n, energy, gradient, scratch);
}

/** Fused estimator of this energy; arguments as `noisedRows`. */
export function ringsNoised(
  block: usize,
  request: usize,
  x: usize,
  variance: usize,
  n: i32,
  energy: usize,
  vector: usize,
  scratch: usize,
): f64 {
  return noisedRows<Rings>(changetype<Rings>(block), request, x, variance, n, energy, vector, scratch);
}

/** Moves of chains of this energy; arguments as `hamiltonianRows`. */
export function ringsHamiltonian(block: usize, request: usize, n: i32, scratch: usize): f64 {
  return hamiltonianRows<Rings>(changetype<Rings>(block), request, n, scratch);
}
