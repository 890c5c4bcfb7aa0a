/**
 * Lennard-Jones 12-6 (assembly/pairs.ts): u = s^2 - 2 s, s = (rm^2 / d^2)^3, so one division and no root a pair. p0 = rm^2.
 * Coincident particles give +inf. The soft core is for training targets only.
 */
import { evaluateRows } from "../blocks";
import { hamiltonianRows } from "../hamiltonian";
import { noisedRows } from "../noised";
import { Pairs, pairEnergies, pairGradients } from "../pairs";
import { madd } from "../simd";

export class LennardJones extends Pairs {
  add(d2: v128, sum: v128, k0: v128, k1: v128, k2: v128, k3: v128): v128 {
    const q = f32x4.div(k0, d2);
    const s = f32x4.mul(f32x4.mul(q, q), q);
    return madd(s, f32x4.sub(s, f32x4.splat(2)), sum);
  }

  /** s (s - 1) / d^2 in units of rm^-2; slope = -12 factor / rm^2. */
  pull(d2: v128, k0: v128, k1: v128, k2: v128, k3: v128): v128 {
    const q = f32x4.div(k0, d2);
    const s = f32x4.mul(f32x4.mul(q, q), q);
    return f32x4.mul(f32x4.mul(s, q), f32x4.sub(s, f32x4.splat(1)));
  }

  energyBlock(y: usize, e: usize): void {
    pairEnergies<LennardJones>(this, y, e);
  }

  gradientBlock(y: usize, e: usize, g: usize): void {
    pairGradients<LennardJones>(this, y, e, g);
  }
}

/**
 * Below d^2 = c the pair term goes on as the parabola in d^2 with its value, slope and curvature there: twice continuously
 * differentiable, bounded, repulsive down to 0. p0 = rm^2, p1 = c, p2 = u'(c), p3 = u''(c) / 2 with respect to d^2.
 */
export class SoftLennardJones extends Pairs {
  add(d2: v128, sum: v128, k0: v128, k1: v128, k2: v128, k3: v128): v128 {
    const q = f32x4.div(k0, f32x4.pmax(d2, k1));
    const s = f32x4.mul(f32x4.mul(q, q), q);
    const inside = f32x4.pmin(f32x4.splat(0), f32x4.sub(d2, k1));
    return madd(inside, madd(inside, k3, k2), madd(s, f32x4.sub(s, f32x4.splat(2)), sum));
  }

  /** As the hard one's outside; inside u'' (d^2 - c) more, brought to its units. */
  pull(d2: v128, k0: v128, k1: v128, k2: v128, k3: v128): v128 {
    const q = f32x4.div(k0, f32x4.pmax(d2, k1));
    const s = f32x4.mul(f32x4.mul(q, q), q);
    const inside = f32x4.pmin(f32x4.splat(0), f32x4.sub(d2, k1));
    const bend = f32x4.mul(f32x4.mul(k0, k3), f32x4.splat(-1.0 / 3.0));
    return madd(inside, bend, f32x4.mul(f32x4.mul(s, q), f32x4.sub(s, f32x4.splat(1))));
  }

  energyBlock(y: usize, e: usize): void {
    pairEnergies<SoftLennardJones>(this, y, e);
  }

  gradientBlock(y: usize, e: usize, g: usize): void {
    pairGradients<SoftLennardJones>(this, y, e, g);
  }
}

/** energy [n] of x [n, dim]; gradient [n, dim] too unless 0. scratch: `rowsScratch(dim)` bytes. */
export function lennardJonesRows(block: usize, x: usize, n: i32, energy: usize, gradient: usize, scratch: usize): void {
  evaluateRows<LennardJones>(changetype<LennardJones>(block), x, n, energy, gradient, scratch);
}

/** Fused estimator of this energy; arguments as `noisedRows`. */
export function lennardJonesNoised(
  block: usize,
  request: usize,
  x: usize,
  variance: usize,
  n: i32,
  energy: usize,
  vector: usize,
  scratch: usize,
): f64 {
  return noisedRows<LennardJones>(changetype<LennardJones>(block), request, x, variance, n, energy, vector, scratch);
}

/** Moves of chains of this energy; arguments as `hamiltonianRows`. */
export function lennardJonesHamiltonian(block: usize, request: usize, n: i32, scratch: usize): f64 {
  return hamiltonianRows<LennardJones>(changetype<LennardJones>(block), request, n, scratch);
}

/** energy [n] of x [n, dim]; gradient [n, dim] too unless 0. scratch: `rowsScratch(dim)` bytes. */
export function softLennardJonesRows(block: usize, x: usize, n: i32, energy: usize, gradient: usize, scratch: usize): void {
  evaluateRows<SoftLennardJones>(changetype<SoftLennardJones>(block), x, n, energy, gradient, scratch);
}

/** Fused estimator of this energy; arguments as `noisedRows`. */
export function softLennardJonesNoised(
  block: usize,
  request: usize,
  x: usize,
  variance: usize,
  n: i32,
  energy: usize,
  vector: usize,
  scratch: usize,
): f64 {
  return noisedRows<SoftLennardJones>(changetype<SoftLennardJones>(block), request, x, variance, n, energy, vector, scratch);
}

/** Moves of chains of this energy; arguments as `hamiltonianRows`. */
export function softLennardJonesHamiltonian(block: usize, request: usize, n: i32, scratch: usize): f64 {
  return hamiltonianRows<SoftLennardJones>(changetype<SoftLennardJones>(block), request, n, scratch);
}
