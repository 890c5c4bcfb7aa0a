/**
 * What chains say about themselves: split R-hat, effective sample size and autocorrelation time of one observable.
 *
 * Every chain is cut in two halves, m chains of n draws in all, with means and variances (n - 1 in the denominator):
 *
 *   W = mean of the variances,  B = n variance of the means,  V = (n - 1) / n W + B / n
 *   split R-hat = sqrt(V / W)
 *   rho_t = c_t / c_0,  c_t = mean over half chains of sum over i of (x_i - mean) (x_(i+t) - mean) / (n - t), about the mean of all draws
 *   tau = -1 + 2 sum over t of (rho_2t + rho_2t+1), the pairs cut before the first negative one and made monotone (Geyer 1992)
 *   ESS = m n / tau
 *
 * Chains that sit in different places have a large B: their R-hat is above 1, and as they never forget, their ESS is about their number. The
 * mean of all draws, not of each chain, because many chains of a few draws know it well: about its own mean a chain of three independent
 * draws seems to swing (rho_1 = -0.2), and ESS is 1.8 times too large.
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

/** The halves of all chains as rows of one array, and the mean of each. */
interface Halves {
  readonly n: number;
  readonly rows: readonly Float64Array[];
  readonly means: Float64Array;
}

function halvesOf(values: ArrayLike<number>, chains: number, draws: number): Halves {
  const n = Math.floor(draws / 2);
  const rows: Float64Array[] = [];
  const means = new Float64Array(2 * chains);
  for (let chain = 0; chain < chains; chain++) {
    for (const first of [0, draws - n]) {
      const half = new Float64Array(n);
      for (let i = 0; i < n; i++) half[i] = values[(first + i) * chains + chain];
      means[rows.length] = half.reduce((a, b) => a + b, 0) / n;
      rows.push(half);
    }
  }
  return { n, rows, means };
}

function variance(values: Float64Array): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

/** c_t: mean over the halves of the mean of (x_i - mean) (x_(i + lag) - mean). */
function autocovariance({ n, rows }: Halves, mean: number, lag: number): number {
  let sum = 0;
  for (const row of rows) for (let i = lag; i < n; i++) sum += (row[i] - mean) * (row[i - lag] - mean);
  return sum / (n - lag) / rows.length;
}

/** tau by Geyer's initial monotone sequence. */
function timeOf(halves: Halves): number {
  const mean = halves.means.reduce((a, b) => a + b, 0) / halves.means.length;
  const whole = autocovariance(halves, mean, 0);
  let tau = -1;
  let least = Infinity;
  for (let lag = 0; lag + 1 < halves.n; lag += 2) {
    const pair = (autocovariance(halves, mean, lag) + autocovariance(halves, mean, lag + 1)) / whole;
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
  const { n, rows, means } = halves;
  const within = rows.reduce((sum, row) => sum + variance(row), 0) / rows.length;
  const pooled = ((n - 1) / n) * within + variance(means);
  const size = means.length * n;
  // Antithetic chains may do better than independent draws, but no sum of noise may claim any number of them.
  const tau = pooled > 0 ? Math.max(timeOf(halves), LN10 / log(size)) : Number.NaN;
  const ess = size / tau;
  const std = Math.sqrt(pooled);
  return { mean, std, standardError: std / Math.sqrt(ess), splitRhat: Math.sqrt(pooled / within), ess, autocorrelationTime: tau };
}
