/** Laplace's approximation of the posterior p(y | x) proportional to exp(-E(y)) N(y; x, h I). */
import { cholesky } from "../../core/cholesky.js";
import { symmetricEigen } from "../../core/symmetric-eigen.js";
import { posteriorMode } from "./posterior-mode.js";
import type { ProposalRow } from "./probe.js";
import { precisionGaussian, type RowProposal } from "./row-proposal.js";

/** Least eigenvalue of the precision times h: where E bends down the proposal is at most twice as wide as the noise. */
const LEAST_PRECISION = 0.25;

/** Cholesky factor of A with its eigenvalues floored. The eigenvectors are needed only where one lies below, which a factorization tells. */
export function flooredFactor(precision: Float64Array, dim: number, floor: number): Float64Array | null {
  const factor = precision.slice();
  for (let i = 0; i < dim; i++) factor[i * dim + i] -= floor;
  const above = cholesky(factor, dim);
  factor.set(precision);
  if (!above) {
    const { values, vectors } = symmetricEigen(factor, dim);
    factor.fill(0);
    for (let k = 0; k < dim; k++) {
      const value = Math.max(values[k], floor);
      for (let i = 0; i < dim; i++) {
        const left = value * vectors[k * dim + i];
        for (let j = 0; j <= i; j++) factor[i * dim + j] += left * vectors[k * dim + j];
      }
    }
  }
  return cholesky(factor, dim) ? factor : null;
}

/**
 * N(y*, (H + 1/h)^-1), y* a minimum of E(y) + |y - x|^2 / (2 h) found from x, H the Hessian of E there. Null where E, a gradient or a
 * Hessian on the way is not finite. Alone it may have infinite variance, wherever E bends more than it does far away.
 */
export function laplace(row: ProposalRow): RowProposal | null {
  const mode = posteriorMode(row);
  if (!mode) return null;
  const dim = row.x.length;
  const factor = flooredFactor(mode.precision, dim, LEAST_PRECISION / row.h);
  return factor && precisionGaussian(mode.offset, factor, row.h, row.probe.energy.particles);
}
