/** The subspace of configurations with center of mass 0, where everything about particles lives. In orthonormal coordinates it has (count - 1) spatialDim axes. */
import { checkInteger } from "./check.js";
import type { Particles } from "./types.js";

/**
 * Takes the mean over the particles off every row, in place: the orthogonal projection on the subspace. Sums in f64, in the order of the
 * particles: a row has the same bits whichever rows stand beside it. A mean of about 1e-8 of the coordinates remains, from rounding to f32.
 *
 * @param data n rows of count * spatialDim coordinates, [n, count, spatialDim]
 */
export function removeMean(data: Float32Array | Float64Array, n: number, { count, spatialDim }: Particles): void {
  const dim = count * spatialDim;
  for (let row = 0; row < n * dim; row += dim) {
    for (let axis = row; axis < row + spatialDim; axis++) {
      let sum = 0;
      for (let i = axis; i < row + dim; i += spatialDim) sum += data[i];
      const mean = sum / count;
      for (let i = axis; i < row + dim; i += spatialDim) data[i] -= mean;
    }
  }
}

/** Dimension of the space a target's densities and log Z are on: (count - 1) spatialDim for particles, else dim. */
export function freeDimension({ dim, particles }: { readonly dim: number; readonly particles?: Particles }): number {
  return particles ? dim - particles.spatialDim : dim;
}

/** @throws TypeError / RangeError unless { count >= 2, spatialDim 1 to 3 } with count * spatialDim = dim */
export function checkParticles(call: string, particles: Particles, dim: number): void {
  if (particles === null || typeof particles !== "object")
    throw new TypeError(`${call}: particles must be { count, spatialDim }`);
  const { count, spatialDim } = particles;
  checkInteger(call, "particles.count", count, 2);
  checkInteger(call, "particles.spatialDim", spatialDim, 1, 3);
  if (count * spatialDim === dim) return;
  throw new RangeError(`${call}: particles.count * particles.spatialDim must be dim = ${dim}, got ${count * spatialDim}`);
}
