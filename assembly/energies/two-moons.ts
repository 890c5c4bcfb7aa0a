/**
 * Two crescents of a ring of radius R in the plane, with a = |x|:
 *
 *   E = (r - R)^2 / (2 width^2) + (a - R)^2 / (2 spread^2) - log(1 + exp(-2 R a / spread^2))
 *
 * The last two are -log of two Gaussians in x at -R and R. At the origin the ring's part of the gradient, without direction there, is 0; where E = +inf
 * the gradient is 0.
 */
import { evaluateRows } from "../blocks";
import { halfEnergies, halfGradients } from "../halves";
import { hamiltonianRows } from "../hamiltonian";
import { noisedRows } from "../noised";
import { exp, log, madd } from "../simd";

const TINY: f32 = 1.0e-18;

export class TwoMoons {
  radius: f32;
  /** 1 / width^2 and 1 / spread^2. */
  across: f32;
  along: f32;

  get dim(): i32 {
    return 2;
  }

  half(y: usize, g: usize): v128 {
    const x = v128.load(y);
    const other = v128.load(y, 32);
    const radius = f32x4.splat(this.radius);
    const across = f32x4.splat(this.across);
    const along = f32x4.splat(this.along);
    const one = f32x4.splat(1);
    const half = f32x4.splat(0.5);
    const r = f32x4.sqrt(madd(x, x, f32x4.mul(other, other)));
    const a = f32x4.abs(x);
    const out = f32x4.sub(r, radius);
    const off = f32x4.sub(a, radius);
    const far = exp(f32x4.mul(f32x4.mul(f32x4.splat(-2), f32x4.mul(radius, along)), a));
    const bend = madd(f32x4.mul(f32x4.mul(out, out), across), half, f32x4.mul(f32x4.mul(f32x4.mul(off, off), along), half));
    const e = f32x4.sub(bend, log(f32x4.add(one, far)));
    if (g == 0) return e;
    const infinite = f32x4.eq(e, f32x4.splat(f32.MAX_VALUE * 2));
    const ring = f32x4.div(f32x4.mul(across, out), f32x4.pmax(f32x4.splat(TINY), r));
    const center = f32x4.mul(radius, f32x4.div(f32x4.sub(one, far), f32x4.add(one, far)));
    const moon = f32x4.mul(along, f32x4.sub(a, center));
    const sign = v128.and(x, i32x4.splat(<i32>0x80000000));
    v128.store(g, v128.andnot(madd(ring, x, v128.xor(moon, sign)), infinite));
    v128.store(g, v128.andnot(f32x4.mul(ring, other), infinite), 32);
    return e;
  }

  energyBlock(y: usize, e: usize): void {
    halfEnergies<TwoMoons>(this, y, e);
  }

  gradientBlock(y: usize, e: usize, g: usize): void {
    halfGradients<TwoMoons>(this, y, e, g);
  }
}

/** energy [n] of x [n, dim]; gradient [n, dim] too unless 0. scratch: `rowsScratch(dim)` bytes. */
export function twoMoonsRows(block: usize, x: usize, n: i32, energy: usize, gradient: usize, scratch: usize): void {
  evaluateRows<TwoMoons>(changetype<TwoMoons>(block), x, n, energy, gradient, scratch);
}

/** Fused estimator of this energy; arguments as `noisedRows`. */
export function twoMoonsNoised(
  block: usize,
  request: usize,
  x: usize,
  variance: usize,
  n: i32,
  energy: usize,
  vector: usize,
  scratch: usize,
): f64 {
  return noisedRows<TwoMoons>(changetype<TwoMoons>(block), request, x, variance, n, energy, vector, scratch);
}

/** Moves of chains of this energy; arguments as `hamiltonianRows`. */
export function twoMoonsHamiltonian(block: usize, request: usize, n: i32, scratch: usize): f64 {
  return hamiltonianRows<TwoMoons>(changetype<TwoMoons>(block), request, n, scratch);
}
