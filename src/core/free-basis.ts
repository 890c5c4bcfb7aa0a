/**
 * Orthonormal coordinates of the subspace with center of mass 0 (Helmert): along every axis, basis vector j = 1 .. count - 1 is
 * (1, ..., 1, -j, 0, ...) / sqrt(j (j + 1)) with j ones. Running sums take the place of matrices.
 */
import type { Particles } from "./types.js";

type Numbers = Float32Array | Float64Array;

/** A vector inside an array: its first element and the distance between elements. */
interface Strided {
  readonly values: Numbers;
  readonly at: number;
  readonly stride: number;
}

function toFree(x: Strided, { count, spatialDim }: Particles, out: Strided): void {
  for (let axis = 0; axis < spatialDim; axis++) {
    let sum = x.values[x.at + axis * x.stride];
    for (let j = 1; j < count; j++) {
      const own = x.values[x.at + (j * spatialDim + axis) * x.stride];
      out.values[out.at + ((j - 1) * spatialDim + axis) * out.stride] = (sum - j * own) / Math.sqrt(j * (j + 1));
      sum += own;
    }
  }
}

function fromFree(c: Strided, { count, spatialDim }: Particles, out: Strided): void {
  for (let axis = 0; axis < spatialDim; axis++) {
    let sum = 0;
    for (let j = count - 1; j >= 1; j--) {
      const own = c.values[c.at + ((j - 1) * spatialDim + axis) * c.stride] / Math.sqrt(j * (j + 1));
      out.values[out.at + (j * spatialDim + axis) * out.stride] = sum - j * own;
      sum += own;
    }
    out.values[out.at + axis * out.stride] = sum;
  }
}

/** Free coordinates [n, free] of the projections of n rows [n, dim]; the rows themselves where there are no particles. */
export function freeCoordinates(x: Numbers, n: number, particles: Particles | undefined): Float64Array {
  if (!particles) return Float64Array.from(x);
  const dim = particles.count * particles.spatialDim;
  const free = dim - particles.spatialDim;
  const values = new Float64Array(n * free);
  for (let row = 0; row < n; row++) {
    toFree({ values: x, at: row * dim, stride: 1 }, particles, { values, at: row * free, stride: 1 });
  }
  return values;
}

/** The rows [n, dim] with these free coordinates [n, free], center of mass 0. */
export function fromFreeCoordinates(c: Float64Array, n: number, particles: Particles | undefined): Float64Array {
  if (!particles) return c.slice();
  const dim = particles.count * particles.spatialDim;
  const free = dim - particles.spatialDim;
  const values = new Float64Array(n * dim);
  for (let row = 0; row < n; row++) {
    fromFree({ values: c, at: row * free, stride: 1 }, particles, { values, at: row * dim, stride: 1 });
  }
  return values;
}

/** Q^T A Q [n, free, free] of n matrices [n, dim, dim], Q the basis; the very array where there are no particles. */
export function freeMatrices(a: Float64Array, n: number, particles: Particles | undefined): Float64Array {
  if (!particles) return a;
  const dim = particles.count * particles.spatialDim;
  const free = dim - particles.spatialDim;
  const values = new Float64Array(n * free * free);
  const half = new Float64Array(dim * free);
  for (let row = 0; row < n; row++) {
    for (let i = 0; i < dim; i++) {
      toFree({ values: a, at: (row * dim + i) * dim, stride: 1 }, particles, { values: half, at: i * free, stride: 1 });
    }
    for (let j = 0; j < free; j++) {
      const column = { values, at: row * free * free + j, stride: free };
      toFree({ values: half, at: j, stride: free }, particles, column);
    }
  }
  return values;
}
