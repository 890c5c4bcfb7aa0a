/**
 * Mueller and Brown's surface: scale times four terms A exp(a dx^2 + b dx dy + c dy^2), each as A exp(a (dx + b/2a dy)^2 + (c - b^2/4a) dy^2), so that
 * no infinity is subtracted from another. The last grows outwards; where its exponent passes 60, E = +inf and the gradient is 0. A NaN
 * coordinate gives NaN.
 */
import { evaluateRows } from "../blocks";
import { halfEnergies, halfGradients } from "../halves";
import { hamiltonianRows } from "../hamiltonian";
import { noisedRows } from "../noised";
import { exp, madd } from "../simd";

export class MuellerBrown {
  scale: f32;

  get dim(): i32 {
    return 2;
  }

  half(y: usize, g: usize): v128 {
    const x = v128.load(y);
    const other = v128.load(y, 32);
    const sum = f32x4.add(x, other);
    const zero = f32x4.splat(0);
    if (g != 0) {
      v128.store(g, zero);
      v128.store(g, zero, 32);
    }
    const infinite = f32x4.splat(f32.MAX_VALUE * 2);
    let e = basin(x, other, 1, 0, -200, -1, 0, -10, g);
    e = f32x4.add(e, basin(x, other, 0, 0.5, -100, -1, 0, -10, g));
    e = f32x4.add(e, basin(x, other, -0.5, 1.5, -170, -6.5, 11, -6.5, g));
    e = f32x4.add(e, basin(x, other, -1, 1, 15, 0.7, 0.6, 0.7, g));
    const scale = f32x4.splat(this.scale);
    e = f32x4.mul(e, scale);
    e = v128.bitselect(e, sum, f32x4.eq(sum, sum));
    if (g == 0) return e;
    const finite = f32x4.ne(e, infinite);
    v128.store(g, v128.and(f32x4.mul(v128.load(g), scale), finite));
    v128.store(g, v128.and(f32x4.mul(v128.load(g, 32), scale), finite), 32);
    return e;
  }

  energyBlock(y: usize, e: usize): void {
    halfEnergies<MuellerBrown>(this, y, e);
  }

  gradientBlock(y: usize, e: usize, g: usize): void {
    halfGradients<MuellerBrown>(this, y, e, g);
  }
}

/** One term; adds its gradient to g unless 0. Its exponent has the sign of a everywhere. */
function basin(x: v128, y: v128, x0: f32, y0: f32, depth: f32, a: f32, b: f32, c: f32, g: usize): v128 {
  const dx = f32x4.sub(x, f32x4.splat(x0));
  const dy = f32x4.sub(y, f32x4.splat(y0));
  const along = madd(f32x4.splat(b / (2 * a)), dy, dx);
  const size = f32x4.splat(a < 0 ? a : -a);
  const across = f32x4.splat(a < 0 ? c - (b * b) / (4 * a) : (b * b) / (4 * a) - c);
  const power = exp(madd(f32x4.mul(along, along), size, f32x4.mul(f32x4.mul(dy, dy), across)));
  const height = f32x4.splat(depth);
  const e = a < 0 ? f32x4.mul(height, power) : f32x4.div(height, power);
  if (g == 0) return e;
  const slopeX = madd(f32x4.splat(2 * a), dx, f32x4.mul(f32x4.splat(b), dy));
  const slopeY = madd(f32x4.splat(2 * c), dy, f32x4.mul(f32x4.splat(b), dx));
  v128.store(g, madd(e, slopeX, v128.load(g)));
  v128.store(g, madd(e, slopeY, v128.load(g, 32)), 32);
  return e;
}

/** energy [n] of x [n, dim]; gradient [n, dim] too unless 0. scratch: `rowsScratch(dim)` bytes. */
export function muellerBrownRows(block: usize, x: usize, n: i32, energy: usize, gradient: usize, scratch: usize): void {
  evaluateRows<MuellerBrown>(changetype<MuellerBrown>(block), x, n, energy, gradient, scratch);
}

/** Fused estimator of this energy; arguments as `noisedRows`. */
export function muellerBrownNoised(
  block: usize,
  request: usize,
  x: usize,
  variance: usize,
  n: i32,
  energy: usize,
  vector: usize,
  scratch: usize,
): f64 {
  return noisedRows<MuellerBrown>(changetype<MuellerBrown>(block), request, x, variance, n, energy, vector, scratch);
}

/** Moves of chains of this energy; arguments as `hamiltonianRows`. */
export function muellerBrownHamiltonian(block: usize, request: usize, n: i32, scratch: usize): f64 {
  return hamiltonianRows<MuellerBrown>(changetype<MuellerBrown>(block), request, n, scratch);
}
