/** Priors of pair energies by their definitions in f64: integrals on plain grids, minima by plain descent. */
import type { PairPotential, Particles } from "../../src/core/types.js";

/** Simpson's rule over [low, high]. */
function simpson(low: number, high: number, intervals: number, f: (t: number) => number): number {
  const half = (high - low) / (2 * intervals);
  let sum = f(low) + f(high);
  for (let i = 1; i < 2 * intervals; i++) sum += (i % 2 ? 4 : 2) * f(low + i * half);
  return (sum * half) / 3;
}

/**
 * -log E exp(-u(|r e + sqrt(2) sigma eps|)) by Simpson's rule over the distance s from the origin and the angle to e. The package has the mean over
 * angles in closed form.
 *
 * @param unit length of the pair energy: steps in s are 1/160 of it inside of three, and a ninth of the noise at most
 */
export function noisedPair(u: (r: number) => number, spatialDim: 2 | 3, r: number, sigma: number, unit: number): number {
  const tau = Math.SQRT2 * sigma;
  const low = Math.max(1e-9, r - 13 * tau);
  const high = r + 13 * tau;
  let top = -Infinity;
  for (let s = low; s < high; s += (high - low) / 4000) top = Math.max(top, -((s - r) ** 2) / (2 * tau * tau) - u(s));
  const shell = (s: number): number => {
    const near = -((s - r) ** 2) / (2 * tau * tau) - u(s) - top;
    if (near < -38) return 0;
    const stretch = (s * r) / (tau * tau);
    const surface = spatialDim === 2 ? () => 2 * s : (angle: number) => 2 * Math.PI * s * s * Math.sin(angle);
    return simpson(
      0,
      Math.min(Math.PI, 10 / Math.sqrt(stretch)),
      200,
      (angle) => surface(angle) * Math.exp(near + stretch * (Math.cos(angle) - 1)),
    );
  };
  const part = (from: number, to: number, step: number) =>
    to > from ? simpson(from, to, Math.ceil((to - from) / (2 * Math.min(step, tau / 9))), shell) : 0;
  const edge = Math.min(high, Math.max(low, 3 * unit));
  const sum = part(low, edge, unit / 160) + part(edge, high, unit / 10);
  return -top - Math.log(sum) + 0.5 * spatialDim * Math.log(2 * Math.PI * tau * tau);
}

interface PairPoint {
  readonly energy: number;
  readonly slope: number;
}

/** Sum over pairs of a function of the distance, its gradient, and sum |x|^2; x [count, spatialDim]. */
export function pairSum(x: Float64Array, { count, spatialDim }: Particles, pair: (r: number) => PairPoint) {
  let energy = 0;
  const gradient = new Float64Array(x.length);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const gap = Array.from({ length: spatialDim }, (_, d) => x[i * spatialDim + d] - x[j * spatialDim + d]);
      const r = Math.hypot(...gap);
      const at = pair(r);
      energy += at.energy;
      gap.forEach((g, d) => {
        gradient[i * spatialDim + d] += (at.slope * g) / r;
        gradient[j * spatialDim + d] -= (at.slope * g) / r;
      });
    }
  }
  return { energy, gradient };
}

/** min over y of pairs(y) + trap / 2 |y|^2 + |y - x|^2 / (2 tether), by steps of fixed length from x; x about its center of mass. */
export function envelope(
  x: Float64Array,
  particles: Particles,
  pair: (r: number) => PairPoint,
  { trap, tether, length, steps }: { trap: number; tether: number; length: number; steps: number },
): { energy: number; y: Float64Array } {
  const y = x.slice();
  for (let k = 0; k < steps; k++) {
    const { gradient } = pairSum(y, particles, pair);
    for (let i = 0; i < y.length; i++) y[i] -= length * (gradient[i] + trap * y[i] + (y[i] - x[i]) / tether);
  }
  let energy = pairSum(y, particles, pair).energy;
  for (let i = 0; i < y.length; i++) energy += 0.5 * trap * y[i] ** 2 + (y[i] - x[i]) ** 2 / (2 * tether);
  return { energy, y };
}

/** E of a pair energy with its trap about the center of mass. */
export function pairEnergy(x: Float64Array, particles: Particles, { energy, trap }: PairPotential): number {
  const centered = aboutCenter(x, particles);
  const sum = pairSum(centered, particles, (r) => ({ energy: energy(r), slope: 0 })).energy;
  return centered.reduce((total, v) => total + 0.5 * trap * v * v, sum);
}

export function aboutCenter(x: ArrayLike<number>, { count, spatialDim }: Particles): Float64Array {
  const out = Float64Array.from(x);
  for (let d = 0; d < spatialDim; d++) {
    let mean = 0;
    for (let i = 0; i < count; i++) mean += out[i * spatialDim + d] / count;
    for (let i = 0; i < count; i++) out[i * spatialDim + d] -= mean;
  }
  return out;
}
