/**
 * What the rows of islands are worth. Rows of one island may share ancestors and a random normaliser, so that no sum over rows tells how
 * far they are from independent ones; islands never exchange anything, and their spread tells it, whatever was done inside them.
 *
 * Island i of n_i rows has Z_i = mean of w over its rows, and all N rows have Z = sum n_i Z_i / N = mean of w. The spread is read with
 * Var(Z_i) = v / n_i (exact for independent rows, the leading order for resampled ones), of which
 *
 *     v = sum n_i (Z_i - Z)^2 / (I - 1)
 *
 * is unbiased. So Var(Z) = v / N, and log Z has the standard error sqrt(v / N) / Z (delta method). For independent rows v is the variance
 * of w and N / (1 + v / Z^2) is Kish's effective size; the same with the v of the islands is N_eff of log Z. With equal islands it reads
 * N / (1 + n_i CV^2(Z_i)).
 *
 * The mean energy of all rows, sum_i n_i Z_i E_i / (N Z), E_i self-normalised in island i, varies by its linear terms
 * a_i = n_i Z_i (E_i - mean) / (N Z): its variance is N / (I - 1) sum a_i^2 / n_i, and N_eff of the energy is the variance of E under the
 * weights over that. Both are blind to which of two like modes a row is in, so the same is said of the position where rows have one: the sum over
 * coordinates of their weighted variances over the sum of the variances of their means.
 *
 * An N_eff from I islands has a relative standard error of at most sqrt(2 / (I - 1)), 37 % at I = 16; neither is ever above N.
 */
import { checkBatch, checkInteger, checkOptions } from "../core/check.js";
import { exp, log } from "../core/elementary.js";
import { BnemError } from "../core/errors.js";
import type { Batch } from "../core/types.js";
import { checkLogWeights } from "./check-weights.js";
import { type Group, type SplitHalves, splitHalves } from "./split-halves.js";

/** Fewer groups than this give no standard error and no N_eff: their spread is known to worse than a factor of 2. */
const LEAST_GROUPS = 8;

/** An effective number of rows, of n rows, and its share of them. */
export interface EffectiveSize {
  readonly value: number;
  readonly n: number;
  readonly fraction: number;
}

/** N_eff from the variance over groups of rows that share nothing: the smallest of those of log Z, of the mean energy and of the mean position. */
export interface GroupedSize extends EffectiveSize {
  readonly limitedBy: "logZ" | "energy" | "position";
  readonly logZ: number;
  /** Absent without energies and where all energies are equal. */
  readonly energy?: number;
  /** Absent without rows and where all are equal. */
  readonly position?: number;
  /** What the variance is over, how many there were, and the relative standard error that this number leaves: sqrt(2 / (groups - 1)). */
  readonly over: "islands" | "rows";
  readonly groups: number;
  readonly relativeError: number;
}

/** What weighted rows in islands say, and how well. */
export interface IslandSummary {
  readonly n: number;
  readonly islands: number;
  /** Log of the mean weight of all rows, whose exponential is unbiased, and its standard error; NaN with fewer than 8 groups. */
  readonly logZ: number;
  readonly logZError: number;
  /** Log of the mean weight of each island, [islands]; -Infinity where all its weights are zero. */
  readonly islandLogZ: Float64Array;
  /** Kish effective size 1 / sum W^2 of the rows' weights. Blind to rows that share ancestors: see `effective`. */
  readonly ess: EffectiveSize;
  /** Absent with fewer than 8 groups. */
  readonly effective?: GroupedSize;
  /** Weighted mean energy, its standard error (NaN with fewer than 8 groups), and the weighted variance; where energies were given. */
  readonly energy?: { readonly mean: number; readonly error: number; readonly variance: number };
  /** Islands of even against islands of odd number; absent with fewer than 8 islands. */
  readonly splitHalves?: SplitHalves;
  /** Largest normalised weight, and rows of weight zero. */
  readonly maxWeight: number;
  readonly zeros: number;
}

/** Rows in islands. */
export interface WeightedIslands {
  /** Natural logarithm of each row's weight, every constant kept, island after island, [n]; -Infinity is a weight of zero. */
  readonly logWeights: Float64Array;
  /** Rows of each island, summing to n. */
  readonly sizes: ArrayLike<number>;
  /** kT, [n]; not read where the weight is zero. */
  readonly energy?: ArrayLike<number>;
  /** [n, dim]; not read where the weight is zero. Not for particles, whose position is the same after a rotation. */
  readonly x?: Batch;
  /** True where every row is an independent path that was never resampled: errors are then those over rows, which are far better known. */
  readonly independentRows?: boolean;
}

function checkSizes(call: string, sizes: ArrayLike<number>, n: number): void {
  if (typeof sizes?.length !== "number") throw new TypeError(`${call}: sizes must be an array of numbers, rows per island`);
  let sum = 0;
  for (let i = 0; i < sizes.length; i++) sum += checkInteger(call, `sizes[${i}]`, sizes[i], 1);
  if (sum !== n) throw new RangeError(`${call}: sizes must sum to the ${n} rows of logWeights, got ${sum}`);
}

/** exp(logWeights - top), and its sums of first and second order. */
function scaled(call: string, logWeights: Float64Array) {
  let top = -Infinity;
  for (const value of logWeights) if (value > top) top = value;
  if (top === -Infinity) {
    const text = `all ${logWeights.length} weights are zero; the sampler and the target do not overlap`;
    throw new BnemError("degenerate-weights", `${call}: ${text}`);
  }
  const weights = logWeights.map((value) => exp(value - top));
  let mass = 0;
  let square = 0;
  let zeros = 0;
  for (let i = 0; i < weights.length; i++) {
    mass += weights[i];
    square += weights[i] * weights[i];
    if (logWeights[i] === -Infinity) zeros++;
  }
  return { weights, top, mass, square, zeros };
}

function checkEnergies(call: string, energy: ArrayLike<number> | undefined, logWeights: Float64Array): void {
  if (energy === undefined) return;
  if (typeof energy?.length !== "number") throw new TypeError(`${call}: energy must be an array of numbers`);
  if (energy.length !== logWeights.length) {
    throw new RangeError(`${call}: energy must have ${logWeights.length} entries, one per row, got ${energy.length}`);
  }
  for (let i = 0; i < logWeights.length; i++) {
    if (logWeights[i] === -Infinity || Number.isFinite(energy[i])) continue;
    throw new RangeError(`${call}: energy must be finite where the weight is not zero, got ${energy[i]} at row ${i}`);
  }
}

function checkRows(call: string, x: Batch | undefined, n: number): void {
  if (x === undefined) return;
  checkBatch(call, x, undefined, false);
  if (x.n !== n) throw new RangeError(`${call}: x must have ${n} rows, one per log weight, got ${x.n}`);
}

/** Sums of weight and of weight times energy over `sizes` rows each. */
function groupSums(weights: Float64Array, energy: ArrayLike<number> | undefined, sizes: ArrayLike<number>): Group[] {
  const groups: Group[] = [];
  let row = 0;
  for (let i = 0; i < sizes.length; i++) {
    let mass = 0;
    let moment = 0;
    for (const end = row + sizes[i]; row < end; row++) {
      mass += weights[row];
      if (energy && weights[row] > 0) moment += weights[row] * energy[row];
    }
    groups.push({ size: sizes[i], mass, moment });
  }
  return groups;
}

/** v / Z^2 from the spread of the groups' Z, and the variance of the mean energy. */
function spread(groups: readonly Group[], n: number, mass: number, mean: number): { z: number; energy: number } {
  let z = 0;
  let energy = 0;
  for (const group of groups) {
    const relative = (group.mass * n) / (group.size * mass) - 1;
    const term = (group.moment - group.mass * mean) / mass;
    z += group.size * relative * relative;
    energy += (term * term) / group.size;
  }
  return { z: z / (groups.length - 1), energy: (n * energy) / (groups.length - 1) };
}

/** Weighted mean and variance of the energies. */
function energyMoments(weights: Float64Array, energy: ArrayLike<number>, mass: number): { mean: number; variance: number } {
  let mean = 0;
  for (let i = 0; i < weights.length; i++) if (weights[i] > 0) mean += (weights[i] / mass) * energy[i];
  let variance = 0;
  for (let i = 0; i < weights.length; i++) if (weights[i] > 0) variance += (weights[i] / mass) * (energy[i] - mean) ** 2;
  return { mean, variance };
}

/** N_eff of the mean position over groups of `sizes` rows; undefined where no coordinate varies. */
function positionSize(
  weights: Float64Array,
  mass: number,
  { data, n, dim }: Batch,
  sizes: ArrayLike<number>,
): number | undefined {
  const mean = new Float64Array(dim);
  for (let row = 0; row < n; row++) {
    if (weights[row] > 0) for (let i = 0; i < dim; i++) mean[i] += (weights[row] / mass) * data[row * dim + i];
  }
  const moment = new Float64Array(dim);
  let [row, variance, ofMeans] = [0, 0, 0];
  for (let group = 0; group < sizes.length; group++) {
    moment.fill(0);
    for (const end = row + sizes[group]; row < end; row++) {
      if (weights[row] === 0) continue;
      for (let i = 0; i < dim; i++) {
        const off = data[row * dim + i] - mean[i];
        moment[i] += (weights[row] / mass) * off;
        variance += (weights[row] / mass) * off * off;
      }
    }
    ofMeans += moment.reduce((sum, value) => sum + value * value, 0) / sizes[group];
  }
  return variance > 0 ? Math.min(n, (variance * (sizes.length - 1)) / (n * ofMeans)) : undefined;
}

type Sizes = Pick<GroupedSize, "logZ" | "energy" | "position">;

function groupedSize(n: number, sizes: Sizes, over: "islands" | "rows", groups: number): GroupedSize {
  let limitedBy: GroupedSize["limitedBy"] = "logZ";
  for (const name of ["energy", "position"] as const)
    if ((sizes[name] ?? Infinity) < (sizes[limitedBy] as number)) limitedBy = name;
  const value = sizes[limitedBy] as number;
  return { value, n, fraction: value / n, limitedBy, ...sizes, over, groups, relativeError: Math.sqrt(2 / (groups - 1)) };
}

/**
 * log Z, its error, Kish's effective size and N_eff of weighted rows in islands. f64; linear in the rows.
 *
 * @throws TypeError for the wrong kind, RangeError for NaN or +Infinity or lengths that do not fit, BnemError("degenerate-weights") when
 *   every weight is zero (Z is then estimated as 0)
 * @see Kish 1965 (effective sample size); Whiteley, Lee and Heine 2016 (islands); Efron 1982 (jackknife)
 */
export function summarizeIslands(rows: WeightedIslands): IslandSummary {
  const call = "summarizeIslands";
  if (rows === undefined) throw new TypeError(`${call}: rows must be { logWeights, sizes, energy?, x? }`);
  checkOptions(call, rows, ["logWeights", "sizes", "energy", "x", "independentRows"]);
  const { logWeights, sizes, energy, x, independentRows = false } = rows;
  checkLogWeights(call, logWeights);
  const n = logWeights.length;
  checkSizes(call, sizes, n);
  checkEnergies(call, energy, logWeights);
  checkRows(call, x, n);
  const { weights, top, mass, square, zeros } = scaled(call, logWeights);
  const islands = groupSums(weights, energy, sizes);
  const groupSizes = independentRows ? new Uint8Array(n).fill(1) : sizes;
  const groups = independentRows ? groupSums(weights, energy, groupSizes) : islands;
  const moments = energy && energyMoments(weights, energy, mass);
  const enough = groups.length >= LEAST_GROUPS;
  const variance = enough ? spread(groups, n, mass, moments?.mean ?? 0) : { z: Number.NaN, energy: Number.NaN };
  const ofEnergy = moments && moments.variance > 0 ? Math.min(n, moments.variance / variance.energy) : undefined;
  const ofPosition = x && enough ? positionSize(weights, mass, x, groupSizes) : undefined;
  const own: Sizes = {
    logZ: n / (1 + variance.z),
    ...(ofEnergy !== undefined && { energy: ofEnergy }),
    ...(ofPosition !== undefined && { position: ofPosition }),
  };
  const ess = (mass * mass) / square;
  return {
    n,
    islands: sizes.length,
    logZ: top + log(mass / n),
    logZError: Math.sqrt(variance.z / n),
    islandLogZ: Float64Array.from(islands, (island) => top + log(island.mass / island.size)),
    ess: { value: ess, n, fraction: ess / n },
    ...(enough && { effective: groupedSize(n, own, independentRows ? "rows" : "islands", groups.length) }),
    ...(moments && { energy: { mean: moments.mean, error: Math.sqrt(variance.energy), variance: moments.variance } }),
    ...(islands.length >= LEAST_GROUPS && { splitHalves: splitHalves(islands, energy !== undefined) }),
    maxWeight: 1 / mass,
    zeros,
  };
}
