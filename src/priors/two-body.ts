/** The two-body prior: every pair as if it were alone under the noise. */
import { checkBatch, checkDirection, checkOptions, checkPositive } from "../core/check.js";
import type { Batch, Energy, Prior } from "../core/types.js";
import { checkVariance } from "../kernels/check-variance.js";
import { type PairRun, twoBodyProducts, twoBodySums } from "../kernels/pair-prior.js";
import { fadeAt, noisedGaussian, noisedTrap } from "./harmonic.js";
import { madeFor } from "./origin.js";
import { placeOf } from "./pair-table.js";
import { levelBetween, type PairTarget, pairTarget } from "./pair-target.js";
import { noiseRuns } from "./runs.js";

/** Options of `twoBodyPrior`. */
export interface TwoBodyPriorOptions {
  /** Standard deviation of the target per coordinate of its subspace, length. Default: from a short Langevin run, within 8 %. */
  readonly std?: number;
  /** Noise at which pairs and Gaussian weigh the same, length. Default 0.6 std. */
  readonly fade?: number;
  /** kT above which the pair energy goes on inward as a straight line, so that gradients stay finite. Default 1000. */
  readonly core?: number;
}

type Evaluation = ReturnType<Prior["evaluate"]>;

function termsOf({ table, trap, dimension, std }: PairTarget, fade: number, variance: Float32Array) {
  return noiseRuns(variance).map((run) => {
    const h = run.variance;
    const harmonic = noisedTrap(trap, dimension, h);
    const base = noisedGaussian(std, dimension, h);
    const { share, rate } = fadeAt(fade, h);
    const pairs: PairRun = {
      ...run,
      ...placeOf(table, h),
      share,
      stiffness: share * harmonic.stiffness + (1 - share) * base.stiffness,
    };
    return { run, harmonic, base, share, rate, pairs };
  });
}

/** @param level energy of the Gaussian's zero */
function evaluate(target: PairTarget, fade: number, level: number, x: Batch, variance: Float32Array): Evaluation {
  const { table, particles } = target;
  const terms = termsOf(target, fade, variance);
  const { sums, score } = twoBodySums(
    table,
    particles,
    x,
    terms.map(({ pairs }) => pairs),
  );
  const energy = new Float32Array(x.n);
  const slope = new Float32Array(x.n);
  for (const { run, harmonic, base, share, rate } of terms) {
    for (let r = run.first; r < run.first + run.count; r++) {
      const half = 0.5 * sums[4 * r + 2];
      const detailed = sums[4 * r] + harmonic.stiffness * half + harmonic.constant;
      const detailedSlope = sums[4 * r + 1] + harmonic.stiffnessRate * half + harmonic.constantRate;
      const smooth = base.stiffness * half + base.constant + level;
      const smoothSlope = base.stiffnessRate * half + base.constantRate;
      energy[r] = share * detailed + (1 - share) * smooth;
      slope[r] = share * detailedSlope + (1 - share) * smoothSlope + rate * (detailed - smooth);
    }
  }
  return { energy, score, slope };
}

/**
 * Prior of a pair energy E = sum_{i<j} u(r_ij) + trap / 2 sum_i |x_i - center of mass|^2:
 *
 *   E_prior = w (sum_{i<j} u_sigma(r_ij) + noised trap) + (1 - w) (Gaussian of std^2 + sigma^2),   w = 1 / (1 + (sigma / fade)^2)
 *   u_sigma(r) = -log E exp(-u(|r e + sqrt(2) sigma eps|))
 *
 * u_sigma is exact for a pair alone (tabulated once, some 0.6 s; error below 1e-5 kT between the core and 16 well distances), the trap for
 * particles without pairs; together they leave out what pairs do to each other. As sigma -> 0 the prior becomes E, except inside the core,
 * where E is cut to a straight line. Energy, score, slope and Hessian products are derivatives of one another; the products jump where the table's cubics
 * meet, 32 times an octave of r^2. 0.3 us a row of 4 particles, 0.7 us of
 * 13, 7 us of 55, and 3 us for every run of rows at one noise.
 *
 * @throws TypeError / RangeError for bad options; BnemError("unsupported") for an energy without `pairs`, or not in 2 or 3 dimensions;
 *   BnemError("not-initialized") before `init`
 */
export function twoBodyPrior(energy: Energy, options: TwoBodyPriorOptions = {}): Prior {
  const call = "twoBodyPrior";
  checkOptions(call, options, ["std", "fade", "core"]);
  const target = pairTarget(call, energy, options);
  const { std, dim } = target;
  const fade = checkPositive(call, "fade", options.fade ?? 0.6 * std);
  const level = levelBetween(target, fade, (length, x, variance) => evaluate(target, length, 0, x, variance));
  return madeFor(energy, {
    name: "two-body",
    options: { std, fade, ...(options.core === undefined ? {} : { core: options.core }) },
    dim,
    continuous: true,
    evaluate(x, variance) {
      checkBatch("prior", x, dim, false);
      checkVariance("prior", variance, x.n, true);
      return evaluate(target, fade, level, x, variance);
    },
    hessianProduct(x, variance, direction) {
      checkBatch("prior", x, dim, false);
      checkVariance("prior", variance, x.n, true);
      checkDirection("prior", direction, x);
      const runs = termsOf(target, fade, variance).map(({ pairs }) => pairs);
      return twoBodyProducts(target.table, target.particles, x, direction, runs);
    },
  });
}
