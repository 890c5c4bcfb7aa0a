/**
 * Neal's funnel: v = x_0 ~ N(0, 9), x_d ~ N(0, exp(v)):
 *
 *   E = v^2 / 18 + (dim - 1) v / 2 + exp(-v) / 2 sum_{d>0} x_d^2 + constant
 *
 * Below v = -60, twenty standard deviations out, E is +inf and the gradient 0: exp(-v) has left the range where f32 carries it.
 */
import { evaluateRows } from "../blocks";
import { halfEnergies, halfGradients } from "../halves";
import { hamiltonianRows } from "../hamiltonian";
import { noisedRows } from "../noised";
import { exp, madd } from "../simd";

export class Funnel {
  dim: i32;
  constant: f32;

  /** Energy of four lanes; with g != 0 their gradient. */
  half(y: usize, g: usize): v128 {
    const end = y + ((<usize>this.dim) << 5);
    const v = v128.load(y);
    const least = f32x4.splat(-60);
    const negative = f32x4.lt(v, f32x4.splat(0));
    const small = exp(f32x4.neg(f32x4.abs(v)));
    const precision = v128.bitselect(f32x4.div(f32x4.splat(1), small), small, negative);
    let squares = f32x4.splat(0);
    for (let x = y + 32; x < end; x += 32) squares = madd(v128.load(x), v128.load(x), squares);
    const term = f32x4.mul(f32x4.mul(precision, f32x4.splat(0.5)), squares);
    const lean = f32x4.splat(0.5 * <f32>(this.dim - 1));
    const out = f32x4.lt(v, least);
    const base = madd(madd(v, f32x4.splat(1.0 / 18.0), lean), v, f32x4.splat(this.constant));
    const e = v128.bitselect(f32x4.splat(f32.MAX_VALUE * 2), f32x4.add(base, term), out);
    if (g == 0) return e;
    const infinite = f32x4.eq(e, f32x4.splat(f32.MAX_VALUE * 2));
    v128.store(g, v128.andnot(f32x4.sub(madd(v, f32x4.splat(1.0 / 9.0), lean), term), infinite));
    for (let x = y + 32; x < end; x += 32) {
      g += 32;
      v128.store(g, v128.andnot(f32x4.mul(v128.load(x), precision), infinite));
    }
    return e;
  }

  energyBlock(y: usize, e: usize): void {
    halfEnergies<Funnel>(this, y, e);
  }

  gradientBlock(y: usize, e: usize, g: usize): void {
    halfGradients<Funnel>(this, y, e, g);
  }
}

/** energy [n] of x [n, dim]; gradient [n, dim] too unless 0. scratch: `rowsScratch(dim)` bytes. */
export function funnelRows(block: usize, x: usize, n: i32, energy: usize, gradient: usize, scratch: usize): void {
  evaluateRows<Funnel>(changetype<Funnel>(block), x, n, energy, gradient, scratch);
}

/** Fused estimator of this energy; arguments as `noisedRows`. */
export function funnelNoised(
  block: usize,
  request: usize,
  x: usize,
  variance: usize,
  n: i32,
  energy: usize,
  vector: usize,
  scratch: usize,
): f64 {
  return noisedRows<Funnel>(changetype<Funnel>(block), request, x, variance, n, energy, vector, scratch);
}

/** Moves of chains of this energy; arguments as `hamiltonianRows`. */
export function funnelHamiltonian(block: usize, request: usize, n: i32, scratch: usize): f64 {
  return hamiltonianRows<Funnel>(changetype<Funnel>(block), request, n, scratch);
}
