/**
 * Double wells in the distance (assembly/pairs.ts): u = a w^4 + b w^2 + c, w = d - offset; p0 .. p3 = offset, a, b, c. Coincident
 * particles are finite; their pair, whose gradient has no direction, adds none.
 */
import { evaluateRows } from "../blocks";
import { hamiltonianRows } from "../hamiltonian";
import { noisedRows } from "../noised";
import { Pairs, pairEnergies, pairGradients } from "../pairs";
import { madd } from "../simd";

/** Keeps the division by the distance finite; times a difference of 0 it is 0. */
const TINY: f32 = 1.0e-18;

export class DoubleWell extends Pairs {
  add(d2: v128, sum: v128, k0: v128, k1: v128, k2: v128, k3: v128): v128 {
    const w = f32x4.sub(f32x4.sqrt(d2), k0);
    const square = f32x4.mul(w, w);
    return madd(square, madd(square, k1, k2), f32x4.add(sum, k3));
  }

  /** w (2 a w^2 + b) / d; slope = 2 factor. */
  pull(d2: v128, k0: v128, k1: v128, k2: v128, k3: v128): v128 {
    const d = f32x4.sqrt(d2);
    const w = f32x4.sub(d, k0);
    const square = f32x4.mul(w, w);
    const top = f32x4.mul(w, madd(square, f32x4.add(k1, k1), k2));
    return f32x4.div(top, f32x4.pmax(f32x4.splat(TINY), d));
  }

  energyBlock(y: usize, e: usize): void {
    pairEnergies<DoubleWell>(this, y, e);
  }

  gradientBlock(y: usize, e: usize, g: usize): void {
    pairGradients<DoubleWell>(this, y, e, g);
  }
}

/** energy [n] of x [n, dim]; gradient [n, dim] too unless 0. scratch: `rowsScratch(dim)` bytes. */
export function doubleWellRows(block: usize, x: usize, n: i32, energy: usize, gradient: usize, scratch: usize): void {
  evaluateRows<DoubleWell>(changetype<DoubleWell>(block), x, n, energy, gradient, scratch);
}

/** Fused estimator of this energy; arguments as `noisedRows`. */
export function doubleWellNoised(
  block: usize,
  request: usize,
  x: usize,
  variance: usize,
  n: i32,
  energy: usize,
  vector: usize,
  scratch: usize,
): f64 {
  return noisedRows<DoubleWell>(changetype<DoubleWell>(block), request, x, variance, n, energy, vector, scratch);
}

/** Moves of chains of this energy; arguments as `hamiltonianRows`. */
export function doubleWellHamiltonian(block: usize, request: usize, n: i32, scratch: usize): f64 {
  return hamiltonianRows<DoubleWell>(changetype<DoubleWell>(block), request, n, scratch);
}
