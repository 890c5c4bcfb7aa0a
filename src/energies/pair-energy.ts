/** What particle energies share: counts, a configuration to know them by, and its energy in f64. */
import { checkInteger } from "../core/check.js";
import type { PairPotential, Particles } from "../core/types.js";

const MOST_COUNT = 4096;

/** @throws TypeError / RangeError unless 2 <= count <= 4096 and spatialDim is 2 or 3 */
export function checkParticles(call: string, count: unknown, spatialDim: unknown): Particles {
  return {
    count: checkInteger(call, "count", count, 2, MOST_COUNT),
    spatialDim: checkInteger(call, "spatialDim", spatialDim, 2, 3),
  };
}

/** Particles on a square or cubic lattice, `spacing` apart, a little off it by a fixed pattern; f32 numbers. */
export function latticePoint({ count, spatialDim }: Particles, spacing: number): number[] {
  let side = 1;
  while (side ** spatialDim < count) side++;
  return Array.from({ length: count * spatialDim }, (_, index) => {
    const i = Math.floor(index / spatialDim);
    const axis = index % spatialDim;
    const cell = Math.floor(i / side ** axis) % side;
    return Math.fround(spacing * (cell + 0.03 * (((7 * i + 4 * axis) % 5) - 2)));
  });
}

/** Energy of one configuration in f64. */
export function pairEnergyOf({ count, spatialDim }: Particles, { energy, trap }: PairPotential, x: readonly number[]): number {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      let square = 0;
      for (let axis = 0; axis < spatialDim; axis++) square += (x[i * spatialDim + axis] - x[j * spatialDim + axis]) ** 2;
      sum += energy(Math.sqrt(square));
      squares += square;
    }
  }
  // Sum of squares about the mean = sum over pairs / count.
  return sum + (0.5 * trap * squares) / count;
}
