/**
 * What chains say about themselves: split R-hat, effective sample size and autocorrelation time of one observable.
 *
 * Every chain is cut in two halves, m chains of n draws in all, with means and variances (n - 1 in the denominator):
 *
 *   W = mean of the variances,  B = n variance of the means,  V = (n - 1) / n W + B / n
 *   split R-hat = sqrt(V / W)
 *   rho_t = 1 - (W - mean over chains of the autocovariance at lag t) / V
 *   tau = -1 + 2 sum over t of (rho_2t + rho_2t+1), the pairs cut before the first negative one and made monotone (Geyer 1992)
 *   ESS = m n / tau
 *
 * Chains that sit in different places have a large B: their R-hat is above 1 and their ESS about the number of places.
 *
 * @see Gelman et al. 2013, Bayesian Data Analysis, sec. 11.4; Geyer 1992; Vehtari et al. 2021, arXiv:1903.08008
 */
import { checkInteger } from "../core/check.js";
import { log } from "../core/elementary.js";

/** Of one observable. */
export interface ChainDiagnostic {
  readonly mean: number;
  /** Standard deviation of the target, from all draws. */
  readonly std: number;
  /** Of the mean: std / sqrt(ess). */
  readonly standardError: number;
  /** 1 where the chains agree with each other and with themselves. */
  readonly splitRhat: number;
  /** Independent draws that would know the mean as well. */
  readonly ess: number;
  /** Integrated autocorrelation time in kept configurations; 1 for independent ones, below 1 for antithetic ones. */
  readonly autocorrelationTime: number;
}

const LN10 = log(10);

/** Draws per chain from which on there is something to say: two halves of two. */
export const LEAST_DRAWS = 4;

/** The halves of all chains as rows of one array, centered on their own means. */
interface Halves {
  readonly n: number;
  readonly centered: readonly Float64Array[];
  readonly means: Float64Array;
}

function halvesOf(values: ArrayLike<number>, chains: number, draws: number): Halves {
  const n = Math.floor(draws / 2);
  const centered: Float64Array[] = [];
  const means = new Float64Array(2 * chains);
  for (let chain = 0; chain < chains; chain++) {
    for (const first of [0, draws - n]) {
      const half = Float64Array.from({ length: n }, (_, i) => values[(first + i) * chains + chain]);
      const mean = half.reduce((a, b) => a + b, 0) / n;
      means[centered.length] = mean;
      centered.push(half.map((value) => value - mean));
    }
  }
  return { n, centered, means };
}

function variance(values: Float64Array): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

/** Mean over the halves of sum over i of x_i x_(i + lag) / n. */
function autocovariance({ n, centered }: Halves, lag: number): number {
  let sum = 0;
  for (const half of centered) for (let i = lag; i < n; i++) sum += half[i] * half[i - lag];
  return sum / n / centered.length;
}

/** tau by Geyer's initial monotone sequence. */
function timeOf(halves: Halves, within: number, pooled: number): number {
  const rho = (lag: number) => 1 - (within - autocovariance(halves, lag)) / pooled;
  let tau = -1;
  let least = Infinity;
  for (let lag = 0; lag + 1 < halves.n; lag += 2) {
    const pair = (lag === 0 ? 1 : rho(lag)) + rho(lag + 1);
    if (!(pair > 0)) break;
    least = Math.min(least, pair);
    tau += 2 * least;
  }
  return tau;
}

/**
 * Diagnostics of one observable; values [draws, chains], the chains of one draw side by side. NaN everywhere but in `mean` and `std` with
 * fewer than 4 draws a chain, and an observable that never changes has R-hat NaN and ESS NaN. Cost: chains x draws x autocorrelation time.
 *
 * @throws RangeError for a length that does not fit
 */
export function chainDiagnostic(values: ArrayLike<number>, chains: number): ChainDiagnostic {
  const call = "chainDiagnostic";
  checkInteger(call, "chains", chains, 1);
  const draws = values.length / chains;
  checkInteger(call, "values.length / chains", draws, 1);
  const total = chains * draws;
  let mean = 0;
  for (let i = 0; i < total; i++) mean += values[i] / total;
  if (draws < LEAST_DRAWS) {
    const std = total > 1 ? Math.sqrt(variance(Float64Array.from(values))) : Number.NaN;
    const unknown = Number.NaN;
    return { mean, std, standardError: unknown, splitRhat: unknown, ess: unknown, autocorrelationTime: unknown };
  }
  const halves = halvesOf(values, chains, draws);
  const { n, means } = halves;
  const within = (autocovariance(halves, 0) * n) / (n - 1);
  const pooled = ((n - 1) / n) * within + variance(means);
  const size = means.length * n;
  // Antithetic chains may do better than independent draws, but no sum of noise may claim any number of them.
  const tau = pooled > 0 ? Math.max(timeOf(halves, within, pooled), LN10 / log(size)) : Number.NaN;
  const ess = size / tau;
  const std = Math.sqrt(pooled);
  return { mean, std, standardError: std / Math.sqrt(ess), splitRhat: Math.sqrt(pooled / within), ess, autocorrelationTime: tau };
}
