/**
 * How wide particles spread: sqrt(E |x|^2 / D), D = (count - 1) spatialDim, by a short Langevin run without Metropolis tests from a
 * compact grid. Within 8 % (DW-4 1.986 where HMC has 2.133, LJ-13 .751 for .709, LJ-55 1.083 for 1.007), which is what a Gaussian at high noise
 * needs; always the same number for the same energy.
 */
import { keyOf } from "../core/random.js";
import type { Energy, Particles } from "../core/types.js";
import { normalRows } from "../kernels/normal.js";

const CHAINS = 16;
const STEPS = 500;
/** Part of the velocity that a step draws anew. */
const REFRESH = 0.05;
/** Farthest a gradient moves a coordinate in one step, in units of the well's distance. */
const LONGEST_KICK = 0.05;

/** The `count` points of a cubic grid nearest to its middle, `spacing` apart. */
function compactGrid({ count, spatialDim }: Particles, spacing: number): number[] {
  let side = 1;
  while (spatialDim === 2 ? side * side < count : side * side * side < count) side++;
  const points: number[][] = [];
  const middle = (side - 1) / 2;
  for (let i = 0; i < side; i++) {
    for (let j = 0; j < side; j++) {
      for (let k = 0; k < (spatialDim === 2 ? 1 : side); k++) points.push([i, j, k].slice(0, spatialDim).map((v) => v - middle));
    }
  }
  const square = (point: number[]) => point.reduce((sum, v) => sum + v * v, 0);
  points.sort((a, b) => square(a) - square(b));
  return points.slice(0, count).flatMap((point) => point.map((v) => v * spacing));
}

/** Sum of squares about the center of mass, over all rows. */
function spreadOf(x: Float32Array, { count, spatialDim }: Particles): number {
  let sum = 0;
  for (let row = 0; row < x.length; row += count * spatialDim) {
    for (let d = 0; d < spatialDim; d++) {
      let mean = 0;
      for (let i = 0; i < count; i++) mean += x[row + i * spatialDim + d] / count;
      for (let i = 0; i < count; i++) sum += (x[row + i * spatialDim + d] - mean) * (x[row + i * spatialDim + d] - mean);
    }
  }
  return sum;
}

/** @param unit distance of the pair energy's well @param curvature of the pair energy there */
export function typicalStd(energy: Energy, particles: Particles, unit: number, curvature: number): number {
  const { dim } = energy;
  const key = keyOf(0);
  // A particle between a dozen neighbors feels about eight times a pair's curvature; leapfrog steps are stable below 2 / frequency.
  const time = Math.min(0.2 * unit, 1 / Math.sqrt(8 * Math.max(curvature, 1e-30)));
  const longest = (LONGEST_KICK * unit) / time;
  const start = compactGrid(particles, unit);
  const velocity = normalRows(key, 0, 0, CHAINS, dim).data;
  const x = Float32Array.from({ length: CHAINS * dim }, (_, i) => start[i % dim] + 0.02 * unit * velocity[i]);
  const keep = 1 - REFRESH;
  const fresh = Math.sqrt(1 - keep * keep);
  let sum = 0;
  for (let step = 1; step <= STEPS; step++) {
    const { gradient } = energy.energyAndGradient({ data: x, n: CHAINS, dim });
    const noise = normalRows(key, step, 0, CHAINS, dim).data;
    for (let i = 0; i < x.length; i++) {
      const kick = Math.max(-longest, Math.min(longest, -time * gradient[i]));
      velocity[i] = keep * (velocity[i] + kick) + fresh * noise[i];
      x[i] += time * velocity[i];
    }
    if (2 * step > STEPS) sum += spreadOf(x, particles);
  }
  const dimension = (particles.count - 1) * particles.spatialDim;
  return Math.sqrt(sum / (CHAINS * Math.floor(STEPS / 2) * dimension));
}
