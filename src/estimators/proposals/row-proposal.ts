/**
 * Gaussian proposals of one row, seen from its noise N(x, h I): they turn standard normals into displacements from x, and know how much
 * denser than the noise they are there. For particles displacements are mean-free and densities those on the mean-free subspace.
 */

import { quadraticForm, solveUpper } from "../../core/cholesky.js";
import { log } from "../../core/elementary.js";
import { removeMean } from "../../core/subspace.js";
import type { Particles } from "../../core/types.js";

export interface RowProposal {
  /** displacement <- y - x of the draw that z ~ N(0, I), in all dim dimensions, stands for. */
  place(z: Float64Array, displacement: Float64Array): void;
  /** log q(y) - log N(y; x, h I). */
  logRatio(displacement: Float64Array): number;
}

const dot = (a: Float64Array, b: Float64Array) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

/** N(x + shift, h I); for particles the shift is mean-free. */
export function shiftedNoise(shift: Float64Array, h: number, particles?: Particles): RowProposal {
  const sigma = Math.sqrt(h);
  const half = dot(shift, shift) / 2;
  return {
    place(z, displacement) {
      displacement.set(z);
      if (particles) removeMean(displacement, 1, particles);
      for (let i = 0; i < z.length; i++) displacement[i] = shift[i] + sigma * displacement[i];
    },
    // (|v|^2 - |v - shift|^2) / (2 h)
    logRatio: (displacement) => (dot(displacement, shift) - half) / h,
  };
}

/**
 * N(x + offset, A^-1), `factor` the Cholesky factor of A. Along translations of particles A is 1 / h, as the noise's, so that the two
 * determinants there cancel and the ratio is the one on the subspace.
 */
export function precisionGaussian(offset: Float64Array, factor: Float64Array, h: number, particles?: Particles): RowProposal {
  const dim = offset.length;
  const apart = new Float64Array(dim);
  const scratch = new Float64Array(dim);
  let halfLogDet = 0;
  for (let i = 0; i < dim; i++) halfLogDet += log(factor[i * dim + i] * Math.sqrt(h));
  return {
    place(z, displacement) {
      displacement.set(z);
      solveUpper(factor, dim, displacement);
      if (particles) removeMean(displacement, 1, particles);
      for (let i = 0; i < dim; i++) displacement[i] += offset[i];
    },
    logRatio(displacement) {
      for (let i = 0; i < dim; i++) apart[i] = displacement[i] - offset[i];
      return halfLogDet + (dot(displacement, displacement) / h - quadraticForm(factor, dim, apart, scratch)) / 2;
    },
  };
}
