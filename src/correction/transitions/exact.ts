/** The exact posterior step of a mixture of normals: no error of inference, so that what is left is the model's. */
import { checkOptions } from "../../core/check.js";
import { MixtureLevel } from "../../core/mixture-level.js";
import { belowTarget, fromAxes, type HasMixture, hasMixture } from "../../core/normal-mixture.js";
import type { Batch } from "../../core/types.js";
import type { Interval, Level } from "../levels.js";
import type { AnnealedTransition, Moved, StepRequest } from "../transition.js";

/** Options of `exactTransition`. */
export interface ExactTransitionOptions {
  /**
   * The path's level 0, where its density is the target's own although the level has a variance h_0. All levels are then those of data with h_0
   * less variance, c - h_0 > 0: noise of h_k - h_0 from the target itself. Without it level 0 is the target smoothed by h_0.
   */
  readonly target?: Level;
}

/** Both ends of an interval: V_to = a_to^2 c + g_to^2, and q + a^2 V_to, what the noising kernel makes of it. */
class Ends {
  readonly to: MixtureLevel;
  readonly from: MixtureLevel;

  constructor({ mixture }: HasMixture) {
    this.to = new MixtureLevel(mixture);
    this.from = new MixtureLevel(mixture);
  }

  set({ to, pull, noise }: Interval): void {
    this.to.set(to.scale, to.variance);
    this.from.set(pull * to.scale, pull * pull * to.variance + noise);
  }

  /** A draw from component j given the row in `from.y`: its posterior along the axes, moved by normals, to `to.y`. */
  draw(j: number, { pull, noise }: Interval, normals: Float32Array, at: number): void {
    const { to, from } = this;
    const { dim } = to.mixture;
    for (let d = 0, i = j * dim; d < dim; d++, i++) {
      // q V / (q + a^2 V) and (m q + a V x) / (q + a^2 V) = m + a V (x - a m) / (q + a^2 V).
      const gain = from.precisions[i] / to.precisions[i];
      const mean = to.means[i] + pull * gain * (from.y[d] - from.means[i]);
      to.y[d] = mean + Math.sqrt(noise * gain) * normals[at + d];
    }
  }
}

/** The component whose interval of the cumulated shares holds u; rounding may leave u above their sum. */
function pick(shares: Float64Array, u: number): number {
  let left = u;
  let last = 0;
  for (let j = 0; j < shares.length; j++) {
    if (shares[j] === 0) continue;
    if (left < shares[j]) return j;
    left -= shares[j];
    last = j;
  }
  return last;
}

function checkRows(x: Batch, dim: number): void {
  if (x.dim !== dim) throw new RangeError(`exactTransition: x.dim must be ${dim}, that of the mixture, got ${x.dim}`);
}

/**
 * B(x_to | x_from) = sum_j r_j N((m_j q + a V_j x_from) / (q + a^2 V_j), q V_j / (q + a^2 V_j)), m_j = a_to mu_j and V_j = a_to^2 c_j + g_to^2 along
 * the axes of the mixture, r_j the shares of N(x_from; a m_j, q + a^2 V_j): the exact backward kernel of any VE or VP path. Its ratio
 * log F - log B is log p_from(x_from) - log p_to(x_to) by Bayes, and is computed so: no path of it has a weight of its own. Nothing is asked of
 * the model. d operations per row and component, 4 d^2 more with a rotation.
 *
 * @param source the mixture as `gaussianMixture`, `anisotropicMixture` and `twoModes` hold it
 * @throws TypeError for a target that is no such mixture, BnemError("unsupported") where the variance of `target` is not below those of the mixture
 */
export function exactTransition(source: HasMixture, options: ExactTransitionOptions = {}): AnnealedTransition {
  checkOptions("exactTransition", options, ["target"]);
  if (!hasMixture(source))
    throw new TypeError("exactTransition: the target must be a mixture of normals, such as gaussianMixture()");
  const mixture = belowTarget("exactTransition", source.mixture, options.target);
  const { dim } = mixture;
  const ends = new Ends({ mixture });
  return {
    name: "exact",
    deterministic: false,
    needs: "score",
    async down({ interval, x, random }: StepRequest): Promise<Moved> {
      checkRows(x, dim);
      ends.set(interval);
      const [noise, uniforms] = [random.normals(), random.uniforms()];
      const data = new Float32Array(x.n * dim);
      const logRatio = new Float64Array(x.n);
      for (let r = 0; r < x.n; r++) {
        const before = ends.from.load(x.data, r * dim);
        ends.draw(pick(ends.from.shares, uniforms[r]), interval, noise, r * dim);
        fromAxes(mixture, ends.to.y, data, r * dim);
        logRatio[r] = before - ends.to.load(data, r * dim);
      }
      return { x: { data, n: x.n, dim }, logRatio };
    },
    async up({ interval, x, random }: StepRequest): Promise<Moved> {
      checkRows(x, dim);
      ends.set(interval);
      const deviation = Math.sqrt(interval.noise);
      const data = random.normals().map((z, i) => interval.pull * x.data[i] + deviation * z);
      const logRatio = Float64Array.from(
        { length: x.n },
        (_, r) => ends.to.load(x.data, r * dim) - ends.from.load(data, r * dim),
      );
      return { x: { data, n: x.n, dim }, logRatio };
    },
  };
}
