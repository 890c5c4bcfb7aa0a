/**
 * What log weights of whole paths say. Reverse paths are sampled, from the reference down; forward paths start at draws of the target and
 * are noised. With q the law of the former and p that of the latter, w = Z dp/dq on both, so that
 *
 *     E_q[w] = Z,   E_p[1 / w] = 1 / Z,   ELBO = E_q[log w] <= log Z <= E_p[log w] = EUBO,
 *
 * and both effective sizes estimate the share Z^2 / E_q[w^2] = 1 / (E_p[w] E_p[1 / w]). Only the forward one sees modes that the sampler misses.
 */
import { checkNumber, checkOptions, checkPositive } from "../core/check.js";
import { exp, log } from "../core/elementary.js";
import { checkLogWeights } from "./check-weights.js";
import { importance } from "./importance.js";
import type { EffectiveSize } from "./islands.js";
import { paretoTail } from "./pareto-tail.js";

/** A mean and its standard error (NaN at n = 1) over n independent values. */
export interface PathMean {
  readonly mean: number;
  readonly error: number;
  readonly n: number;
}

/** Figures of paths that were sampled, and of paths from target samples where there are any. */
export interface PathFigures {
  /** Reverse (Kish) effective size of the sampled paths. */
  readonly reverseEss: EffectiveSize;
  /** Log of the mean weight and its delta-method standard error. */
  readonly logZ: number;
  readonly logZError: number;
  /** Largest normalised weight. */
  readonly maxWeight: number;
  /** Pareto shape of the largest weights: `paretoTail`. */
  readonly kHat: number;
  /** Mean log w of the sampled paths, at most log Z; -Infinity where a weight is zero. */
  readonly elbo: PathMean;
  /** Of paths from target samples: effective size, mean log w (at least log Z), and -log mean 1 / w with its delta-method standard error. */
  readonly forwardEss?: EffectiveSize;
  readonly eubo?: PathMean;
  readonly forwardLogZ?: PathMean;
  /** Share of the target that as many paths as were sampled have hardly a row in: `unseenShare`. */
  readonly unseen?: number;
}

/** Mean of log weights and its standard error. */
function meanOf(values: Float64Array): PathMean {
  const n = values.length;
  let mean = 0;
  for (const value of values) mean += value / n;
  let square = 0;
  for (const value of values) square += (value - mean) ** 2;
  return { mean, error: n > 1 ? Math.sqrt(square / (n - 1) / n) : Number.NaN, n };
}

/** log sum exp(sign * values), the largest subtracted. */
function logSum(values: Float64Array, sign: 1 | -1): number {
  let top = -Infinity;
  for (const value of values) if (sign * value > top) top = sign * value;
  if (!Number.isFinite(top)) return top;
  let sum = 0;
  for (const value of values) sum += exp(sign * value - top);
  return top + log(sum);
}

/**
 * Forward effective size n^3 / (sum w sum 1 / w) of paths that start at draws of the target: in (0, n], n where all weights are equal, 0
 * where one is zero. It does not over-estimate where the sampler misses modes, but a target sample of few draws may miss the
 * largest weights, and then it does.
 *
 * @param logWeights natural logarithms of the weights of forward paths, [n]
 * @throws TypeError for the wrong kind, RangeError for NaN or +Infinity
 */
export function forwardEss(logWeights: Float64Array): EffectiveSize {
  checkLogWeights("forwardEss", logWeights);
  const n = logWeights.length;
  const fraction = exp(2 * log(n) - logSum(logWeights, 1) - logSum(logWeights, -1));
  // Where all weights are zero the exponent is Infinity - Infinity.
  return Number.isNaN(fraction) ? { value: 0, n, fraction: 0 } : { value: n * fraction, n, fraction };
}

/**
 * Share of forward paths whose weight is above paths * Z. A set of paths A with w > n Z has P_q(A) = E_p[Z / w; A] < P_p(A) / n: of n sampled
 * paths fewer than P_p(A) <= 1 are expected there, so that this share of the target is as good as absent from them, and log Z too low by it. Unlike the
 * forward effective size it is not ruled by the largest of the weights.
 *
 * @param logWeights of paths that start at draws of the target, natural logarithms, [m]
 * @param run log Z as the sampled paths have it, and how many there are
 * @throws TypeError for the wrong kind, RangeError for NaN or +Infinity
 */
export function unseenShare(logWeights: Float64Array, run: { readonly logZ: number; readonly paths: number }): number {
  checkLogWeights("unseenShare", logWeights);
  const limit = checkNumber("unseenShare", "run.logZ", run?.logZ) + log(checkPositive("unseenShare", "run.paths", run.paths));
  return logWeights.reduce((count, value) => count + (value > limit ? 1 : 0), 0) / logWeights.length;
}

/** -log mean 1 / w: log Z from forward paths. */
function forwardLogZ(logWeights: Float64Array): PathMean {
  const n = logWeights.length;
  const lost = logSum(logWeights, -1);
  if (lost === Infinity) return { mean: -Infinity, error: Number.NaN, n };
  const inverse = importance(logWeights.map((value) => -value));
  return { mean: -inverse.logZ, error: inverse.logZError, n };
}

/**
 * All figures of path weights at once.
 *
 * @param paths reverse: log weights of sampled paths, [n]; forward: of paths from independent draws of the target, [m]
 * @throws TypeError for the wrong kind, RangeError for NaN or +Infinity, BnemError("degenerate-weights") where all reverse weights are zero
 */
export function pathFigures(paths: { readonly reverse: Float64Array; readonly forward?: Float64Array }): PathFigures {
  const call = "pathFigures";
  if (paths === undefined) throw new TypeError(`${call}: paths must be { reverse, forward? }`);
  checkOptions(call, paths, ["reverse", "forward"]);
  const { reverse, forward } = paths;
  checkLogWeights(call, reverse, "reverse");
  if (forward !== undefined) checkLogWeights(call, forward, "forward");
  const { n, ess, essFraction, logZ, logZError, maxWeight } = importance(reverse);
  return {
    reverseEss: { value: ess, n, fraction: essFraction },
    logZ,
    logZError,
    maxWeight,
    kHat: paretoTail(reverse),
    elbo: meanOf(reverse),
    ...(forward && {
      ...{ forwardEss: forwardEss(forward), eubo: meanOf(forward), forwardLogZ: forwardLogZ(forward) },
      unseen: unseenShare(forward, { logZ, paths: n }),
    }),
  };
}
