/** The Gaussian prior: what every bounded target looks like under much noise. */
import { checkBatch, checkOptions, checkPositive } from "../core/check.js";
import type { Energy, Particles, Prior } from "../core/types.js";
import { checkVariance } from "../kernels/check-variance.js";
import { noisedGaussian } from "./harmonic.js";

/** Options of `gaussianPrior`. */
export interface GaussianPriorOptions {
  /** Standard deviation of the target per coordinate (for particles: per coordinate of their subspace), length. */
  readonly std: number;
}

/** Dimension of the space a target lives on. */
export function dimensionOf({ dim, particles }: Pick<Energy, "dim" | "particles">): number {
  return particles ? (particles.count - 1) * particles.spatialDim : dim;
}

/** -x of each row about its center of mass, times its stiffness, and |x|^2 about it. */
function pulls(x: Float32Array, n: number, dim: number, particles: Particles | undefined, stiffness: (row: number) => number) {
  const width = particles?.spatialDim ?? dim;
  const count = dim / width;
  const score = new Float32Array(n * dim);
  const squares = new Float64Array(n);
  for (let r = 0; r < n; r++) {
    const c = stiffness(r);
    for (let d = 0; d < width; d++) {
      let mean = 0;
      if (particles) for (let i = 0; i < count; i++) mean += x[r * dim + i * width + d] / count;
      for (let i = 0; i < count; i++) {
        const at = r * dim + i * width + d;
        const away = x[at] - mean;
        squares[r] += away * away;
        score[at] = -c * away;
      }
    }
  }
  return { score, squares };
}

/**
 * E(x) = |x|^2 / (2 v) + D/2 log(2 pi v), v = std^2 + sigma^2, for any target; exact for a normal one. For particles x is taken about the
 * center of mass and D = (count - 1) spatialDim, otherwise D = dim.
 *
 * @throws TypeError / RangeError unless std > 0
 */
export function gaussianPrior(energy: Energy, options: GaussianPriorOptions): Prior {
  const call = "gaussianPrior";
  checkOptions(call, options, ["std"]);
  const std = checkPositive(call, "std", options?.std);
  const { dim, particles } = energy;
  const dimension = dimensionOf(energy);
  return {
    name: "gaussian",
    options: { std },
    dim,
    continuous: true,
    evaluate(x, variance) {
      checkBatch("prior", x, dim, false);
      checkVariance("prior", variance, x.n, true);
      const terms = Array.from(variance, (h) => noisedGaussian(std, dimension, h));
      const { score, squares } = pulls(x.data, x.n, dim, particles, (r) => terms[r].stiffness);
      const energies = Float32Array.from(squares, (q, r) => 0.5 * terms[r].stiffness * q + terms[r].constant);
      const slope = Float32Array.from(squares, (q, r) => 0.5 * terms[r].stiffnessRate * q + terms[r].constantRate);
      return { energy: energies, score, slope };
    },
  };
}
