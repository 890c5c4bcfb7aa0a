/** The Moreau prior: the energy after the noise has been taken back as far as a spring allows. */
import { checkBatch, checkInteger, checkOptions, checkPositive } from "../core/check.js";
import type { Batch, Energy, Prior } from "../core/types.js";
import { checkVariance } from "../kernels/check-variance.js";
import { type EnvelopeRun, envelopeSums } from "../kernels/pair-prior.js";
import { fadeAt, noisedGaussian, noisedTrap } from "./harmonic.js";
import { madeFor } from "./origin.js";
import { placeOf } from "./pair-table.js";
import { levelBetween, type PairTarget, pairTarget } from "./pair-target.js";
import { noiseRuns } from "./runs.js";

/** Options of `moreauPrior`. */
export interface MoreauPriorOptions {
  /** Standard deviation of the target per coordinate of its subspace, length. Default: from a short Langevin run, within 8 %. */
  readonly std?: number;
  /** Noise at which envelope and Gaussian weigh the same, length. Default 0.42 well distances. */
  readonly fade?: number;
  /** kT above which the pair energy goes on inward as a straight line. Default 1000. */
  readonly core?: number;
  /** Largest noise of the pair table, length. Default 0.04 well distances. */
  readonly cap?: number;
  /** Gradient steps to the minimum. Default 25. */
  readonly steps?: number;
}

type Evaluation = ReturnType<Prior["evaluate"]>;

interface Settings {
  readonly cap: number;
  readonly steps: number;
}

/** s' = 0.6 sigma far below the cap and the cap far above. */
const PART = 0.36;

/** Of a step, in well distances. */
const REACH = 0.2;

/** Of the envelope at h: s'^2 with its relative rate d log s' / d log sigma, the spring's variance h - s'^2 and its derivative by log sigma. */
function spring(h: number, cap: number): { inner: number; innerRate: number; tether: number; tetherRate: number } {
  const inner = 1 / (1 / (PART * h) + 1 / (cap * cap));
  const innerRate = inner / (PART * h);
  return { inner, innerRate, tether: h - inner, tetherRate: 2 * h - 2 * innerRate * inner };
}

function termsOf({ table, trap, dimension, std }: PairTarget, { cap }: Settings, fade: number, variance: Float32Array) {
  return noiseRuns(variance).map((run) => {
    const h = run.variance;
    const split = spring(h, cap);
    const harmonic = noisedTrap(trap, dimension, split.inner);
    const base = noisedGaussian(std, dimension, h);
    const { share, rate } = fadeAt(fade, h);
    const pairs: EnvelopeRun = {
      ...run,
      ...placeOf(table, split.inner),
      share,
      stiffness: (1 - share) * base.stiffness,
      trap: harmonic.stiffness,
      tether: split.tether,
      // A noised pair bends at most by 1 / (2 s'^2), which is 1 / s'^2 for either of its particles.
      shortest: 1 / (1 / split.tether + 1 / split.inner),
      longest: split.tether,
      reach: REACH * table.unit,
    };
    return { run, harmonic, base, share, rate, split, pairs };
  });
}

/** @param level energy of the Gaussian's zero */
function evaluate(
  target: PairTarget,
  settings: Settings,
  fade: number,
  level: number,
  x: Batch,
  variance: Float32Array,
): Evaluation {
  const terms = termsOf(target, settings, fade, variance);
  const runs = terms.map(({ pairs }) => pairs);
  const { sums, squares, score } = envelopeSums(target.table, target.particles, settings.steps, x, runs);
  const energy = new Float32Array(x.n);
  const slope = new Float32Array(x.n);
  for (const { run, harmonic, base, share, rate, split } of terms) {
    const { innerRate, tether, tetherRate } = split;
    for (let r = run.first; r < run.first + run.count; r++) {
      const half = 0.5 * sums[4 * r + 2];
      const stretch = sums[4 * r + 3] / (2 * tether);
      const detailed = sums[4 * r] + harmonic.stiffness * half + harmonic.constant + stretch;
      const inner = sums[4 * r + 1] + harmonic.stiffnessRate * half + harmonic.constantRate;
      const detailedSlope = innerRate * inner - (stretch * tetherRate) / tether;
      const outer = 0.5 * (squares as Float64Array)[r];
      const smooth = base.stiffness * outer + base.constant + level;
      const smoothSlope = base.stiffnessRate * outer + base.constantRate;
      energy[r] = share * detailed + (1 - share) * smooth;
      slope[r] = share * detailedSlope + (1 - share) * smoothSlope + rate * (detailed - smooth);
    }
  }
  return { energy, score, slope };
}

/**
 * Prior of a pair energy that lets the particles give way to each other:
 *
 *   envelope(x) = min over y of sum_{i<j} u_s(r_ij(y)) + noised trap at s + |y - x|^2 / (2 (sigma^2 - s^2))
 *   E_prior = w envelope + (1 - w) (Gaussian of std^2 + sigma^2),   w = 1 / (1 + (sigma / fade)^2)
 *
 * with the noised pairs of `twoBodyPrior` at s = 0.6 sigma, smoothly capped. The score of the envelope is (y - x) / (sigma^2 - s^2), its slope
 * follows from the envelope theorem. y is what `steps` steps from x find (Barzilai, Borwein 1988): a local minimum, so the energy jumps
 * where y changes its basin; `continuous` is false. It takes most of the elastic answer of many bodies, which is long-ranged, and no training.
 * Far from a minimum 25 steps do not end at it, and a sampler that takes more cools further: without any network mean energies of raw samples on
 * LJ-13 are -36, -43, -46 at 15, 25, 40 steps (exact -43), on LJ-55 -264, -296, -316, -325 at 15, 25, 40, 60 (exact -325). 3 us a row of 4 particles, 11 us
 * of 13, 150 us of 55 at the default.
 *
 * It has no Hessian products: the unrolled steps have no closed second derivative.
 *
 * @throws as `twoBodyPrior`
 */
export function moreauPrior(energy: Energy, options: MoreauPriorOptions = {}): Prior {
  const call = "moreauPrior";
  checkOptions(call, options, ["std", "fade", "core", "cap", "steps"]);
  const steps = checkInteger(call, "steps", options.steps ?? 25, 1, 10_000);
  const target = pairTarget(call, energy, options);
  const { std, dim, curve } = target;
  const fade = checkPositive(call, "fade", options.fade ?? 0.42 * curve.unit);
  const cap = checkPositive(call, "cap", options.cap ?? 0.04 * curve.unit);
  const settings = { cap, steps };
  const level = levelBetween(target, fade, (length, x, variance) => evaluate(target, settings, length, 0, x, variance));
  return madeFor(energy, {
    name: "moreau",
    options: { std, fade, cap, steps, ...(options.core === undefined ? {} : { core: options.core }) },
    dim,
    continuous: false,
    evaluate(x, variance) {
      checkBatch("prior", x, dim, false);
      checkVariance("prior", variance, x.n, true);
      return evaluate(target, settings, fade, level, x, variance);
    },
  });
}
