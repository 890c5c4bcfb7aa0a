/**
 * Pairs of coordinates (x, y), each with E = x^4 - 6 x^2 - x / 2 + y^2 / 2. The quartic as (((x^2 - 6) x) - 1/2) x, so that large
 * coordinates give +inf and not a difference of infinities. A NaN coordinate gives NaN.
 */
import { evaluateRows } from "../blocks";
import { hamiltonianRows } from "../hamiltonian";
import { noisedRows } from "../noised";
import { madd } from "../simd";

export class ManyWell {
  dim: i32;

  energyBlock(y: usize, e: usize): void {
    const end = y + ((<usize>this.dim) << 5);
    let sum0 = f32x4.splat(0);
    let sum1 = sum0;
    do {
      sum0 = well(v128.load(y), v128.load(y, 32), sum0);
      sum1 = well(v128.load(y, 16), v128.load(y, 48), sum1);
      y += 64;
    } while (y < end);
    v128.store(e, sum0);
    v128.store(e, sum1, 16);
  }

  gradientBlock(y: usize, e: usize, g: usize): void {
    this.energyBlock(y, e);
    const end = y + ((<usize>this.dim) << 5);
    for (; y < end; y += 64, g += 64) {
      v128.store(g, slope(v128.load(y)));
      v128.store(g, slope(v128.load(y, 16)), 16);
      v128.store(g, v128.load(y, 32), 32);
      v128.store(g, v128.load(y, 48), 48);
    }
  }
}

function well(x: v128, y: v128, sum: v128): v128 {
  const cubic = f32x4.mul(madd(x, x, f32x4.splat(-6)), x);
  return madd(f32x4.sub(cubic, f32x4.splat(0.5)), x, madd(f32x4.mul(y, f32x4.splat(0.5)), y, sum));
}

/** 4 x^3 - 12 x - 1/2. */
function slope(x: v128): v128 {
  const cubic = f32x4.mul(madd(x, x, f32x4.splat(-3)), x);
  return madd(cubic, f32x4.splat(4), f32x4.splat(-0.5));
}

/** energy [n] of x [n, dim]; gradient [n, dim] too unless 0. scratch: `rowsScratch(dim)` bytes. */
export function manyWellRows(block: usize, x: usize, n: i32, energy: usize, gradient: usize, scratch: usize): void {
  evaluateRows<ManyWell>(changetype<ManyWell>(block), x, n, energy, gradient, scratch);
}

/** Fused estimator of this energy; arguments as `noisedRows`. */
export function manyWellNoised(
  block: usize,
  request: usize,
  x: usize,
  variance: usize,
  n: i32,
  energy: usize,
  vector: usize,
  scratch: usize,
): f64 {
  return noisedRows<ManyWell>(changetype<ManyWell>(block), request, x, variance, n, energy, vector, scratch);
}

/** Moves of chains of this energy; arguments as `hamiltonianRows`. */
export function manyWellHamiltonian(block: usize, request: usize, n: i32, scratch: usize): f64 {
  return hamiltonianRows<ManyWell>(changetype<ManyWell>(block), request, n, scratch);
}
