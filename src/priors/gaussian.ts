/** The Gaussian prior: what every bounded target looks like under much noise. */
import { checkBatch, checkDirection, checkOptions, checkPositive } from "../core/check.js";
import { freeDimension, removeMean } from "../core/subspace.js";
import type { Energy, Prior } from "../core/types.js";
import { checkVariance } from "../kernels/check-variance.js";
import { noisedGaussian } from "./harmonic.js";
import { madeFor } from "./origin.js";
import { pairStd } from "./pair-target.js";

/** Options of `gaussianPrior`. */
export interface GaussianPriorOptions {
  /**
   * Standard deviation of the target per coordinate (for particles: per coordinate of their subspace), length. Needed unless the energy is a
   * sum over pairs: a short Langevin run then finds it, within 8 %.
   */
  readonly std?: number;
}

/**
 * E(x) = |x|^2 / (2 v) + D/2 log(2 pi v), v = std^2 + sigma^2, for any target; exact for a normal one. For particles x is taken about the
 * center of mass and D = (count - 1) spatialDim, otherwise D = dim. A target that is not centered has its own offset in `std`.
 *
 * @throws TypeError / RangeError unless std > 0
 */
export function gaussianPrior(energy: Energy, options: GaussianPriorOptions = {}): Prior {
  const call = "gaussianPrior";
  checkOptions(call, options, ["std"]);
  const std = checkPositive(call, "std", options.std ?? pairStd(energy));
  const { dim, particles } = energy;
  const dimension = freeDimension(energy);
  return madeFor(energy, {
    name: "gaussian",
    options: { std },
    dim,
    continuous: true,
    evaluate(x, variance) {
      checkBatch("prior", x, dim, false);
      checkVariance("prior", variance, x.n, true);
      const score = x.data.slice();
      if (particles) removeMean(score, x.n, particles);
      const energies = new Float32Array(x.n);
      const slope = new Float32Array(x.n);
      for (let r = 0; r < x.n; r++) {
        const terms = noisedGaussian(std, dimension, variance[r]);
        let square = 0;
        for (let i = r * dim; i < (r + 1) * dim; i++) {
          square += score[i] * score[i];
          score[i] *= -terms.stiffness;
        }
        energies[r] = 0.5 * terms.stiffness * square + terms.constant;
        slope[r] = 0.5 * terms.stiffnessRate * square + terms.constantRate;
      }
      return { energy: energies, score, slope };
    },
    hessianProduct(x, variance, direction) {
      checkBatch("prior", x, dim, false);
      checkVariance("prior", variance, x.n, true);
      checkDirection("prior", direction, x);
      const product = direction.slice();
      if (particles) removeMean(product, x.n, particles);
      for (let r = 0; r < x.n; r++) {
        const { stiffness } = noisedGaussian(std, dimension, variance[r]);
        for (let i = r * dim; i < (r + 1) * dim; i++) product[i] *= -stiffness;
      }
      return product;
    },
  });
}
