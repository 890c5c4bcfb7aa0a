/**
 * How much of a sample lies in each mode, with the standard error of that share, against what the target has there.
 *
 * Rows with one ancestor are not independent: they are one cluster. With row weights W_i that sum to 1, f_k the share of mode k and 1_ik
 * whether row i is in it, the variance of f_k is
 *
 *     v_k = sum over clusters ( sum over its rows W_i (1_ik - f_k) )^2,
 *
 * which is sum W_i^2 (1_ik - f_k)^2 where every row is its own cluster. A sampler that is right, with share q_k, has
 *
 *     u_k = d_k ( q_k (1 - q_k)^2 r_k + (1 - q_k) q_k^2 s_k ),
 *
 * r_k and s_k the weighted mean of W_i inside and outside the mode, each with five rows more that weigh as the others do, because what few rows
 * weigh says little; d_k >= 1 what clusters make v_k larger by. The standard error is the
 * root of the larger of both: a mode that few rows or none have reached would look certain otherwise. All modes together are judged by
 *
 *     X^2 = sum (1 - q_k) (f_k - q_k)^2 / u_k,
 *
 * Pearson's n sum (f_k - q_k)^2 / q_k for equal weights, whose mean is the number of modes less one (Rao and Scott's correction of first
 * order, mode by mode). Modes of less than five expected rows are judged as one.
 */
import { derive } from "../core/random.js";
import type { Energy, Key, ModeSet } from "../core/types.js";
import { chiSquareTail } from "./chi-square.js";
import { seedOf } from "./draws.js";
import type { Cloud } from "./metric.js";
import { nearestModes } from "./mode-weights.js";

/** One mode of a sample. */
export interface ModeFraction {
  /** Probability of the rows nearest to its mean: the sample's with its standard error, and the target's. */
  readonly value: number;
  readonly standardError: number;
  readonly expected: number;
  /** (value - expected) over the standard error, that of `expected` included. */
  readonly z: number;
}

/** All modes of a sample. */
export interface ModeFractions {
  /** In the order of the target's modes. */
  readonly modes: readonly ModeFraction[];
  /** Largest |z|. */
  readonly largest: number;
  /** X^2 over `classes` modes (those of few expected rows are one), its degrees of freedom, and the probability of more for a sampler that is right. */
  readonly chiSquare: { readonly value: number; readonly degrees: number; readonly tail: number };
  /** Rows, Kish effective size of their weights, and groups of rows that share an ancestor. */
  readonly n: number;
  readonly effectiveSize: number;
  readonly clusters: number;
}

/** Expected rows below which a mode is judged together with others. */
const LEAST_EXPECTED = 5;
/** Rows of the mean weight and of the sample's own sum W_i^2 that a mode is given. */
const PRIOR_ROWS = 5;
/** Distances computed for the target's own shares at most. */
const DISTANCES = 1e7;

/** What the target has in each mode, and how many draws say so. */
export interface TargetFractions {
  readonly expected: Float64Array;
  readonly draws: number;
}

/**
 * Probability of the rows nearest to each mode's mean: from exact draws, 125,000 of GMM-40, because overlapping
 * modes exchange rows; without exact draws the weights of the modes.
 */
export function targetFractions(energy: Energy, modes: ModeSet, key: Key): TargetFractions {
  if (!energy.exact) return { expected: modes.weights.slice(), draws: Infinity };
  const draws = Math.min(200_000, Math.max(20_000, Math.floor(DISTANCES / (modes.means.n * energy.dim))));
  const nearest = nearestModes(energy.exact.sample(draws, seedOf(derive(key, "modes"))), modes);
  const expected = new Float64Array(modes.means.n);
  for (const mode of nearest) expected[mode] += 1 / draws;
  return { expected, draws };
}

/** Rows of a sample by class and by cluster. */
interface Classified {
  /** Class of each row. */
  readonly classes: Int32Array;
  readonly weights: Float64Array;
  /** Number of the cluster of each row. */
  readonly cluster: Int32Array;
  readonly clusters: number;
}

/** Shares of the classes, and what their variances are made of. */
interface Shares {
  readonly value: Float64Array;
  /** v_k over clusters, and the same over rows. */
  readonly variance: Float64Array;
  readonly overRows: Float64Array;
  /** sum W_i^2 of the class, and of all rows. */
  readonly squares: Float64Array;
  readonly square: number;
  /** Rows. */
  readonly n: number;
}

/** Sums over clusters of the weight in each class, by cluster * count + class; few clusters reach many classes. */
function parts({ classes, weights, cluster }: Classified, count: number): Map<number, number> {
  const sums = new Map<number, number>();
  weights.forEach((weight, row) => {
    const pair = cluster[row] * count + classes[row];
    sums.set(pair, (sums.get(pair) ?? 0) + weight);
  });
  return sums;
}

function sharesOf(rows: Classified, count: number): Shares {
  const { classes, weights, cluster, clusters } = rows;
  const value = new Float64Array(count);
  const squares = new Float64Array(count);
  const mass = new Float64Array(clusters);
  weights.forEach((weight, row) => {
    value[classes[row]] += weight;
    squares[classes[row]] += weight * weight;
    mass[cluster[row]] += weight;
  });
  const square = squares.reduce((sum, w) => sum + w, 0);
  const together = mass.reduce((sum, m) => sum + m * m, 0);
  const variance = value.map((f) => f * f * together);
  for (const [pair, part] of parts(rows, count)) {
    const k = pair % count;
    variance[k] += part * part - 2 * value[k] * part * mass[Math.floor(pair / count)];
  }
  const overRows = value.map((f, k) => f * f * square + (1 - 2 * f) * squares[k]);
  return { value, variance, overRows, squares, square, n: weights.length };
}

/** u_k: the variance where the class has its share q. */
function expectedVariance({ value, variance, overRows, squares, square, n }: Shares, k: number, q: number): number {
  const prior = PRIOR_ROWS / n;
  const inside = (squares[k] + prior * square) / (value[k] + prior);
  const outside = (square - squares[k] + prior * square) / (1 - value[k] + prior);
  const design = overRows[k] > 0 ? Math.max(1, variance[k] / overRows[k]) : 1;
  return design * (q * (1 - q) ** 2 * inside + (1 - q) * q * q * outside);
}

/** Consecutive numbers for ancestors; every row its own without. */
function clustersOf(n: number, ancestors: Int32Array | undefined): Pick<Classified, "cluster" | "clusters"> {
  if (!ancestors) return { cluster: Int32Array.from({ length: n }, (_, row) => row), clusters: n };
  const numbers = new Map<number, number>();
  const cluster = ancestors.map((ancestor) => {
    const known = numbers.get(ancestor) ?? numbers.size;
    numbers.set(ancestor, known);
    return known;
  });
  return { cluster, clusters: numbers.size };
}

/** Class of each mode: its own where enough rows are expected, one for all others, which takes in the smallest while it has too few. */
function classesOf(expected: Float64Array, size: number): { classOf: Int32Array; count: number } {
  const order = Array.from(expected.keys()).sort((a, b) => expected[a] - expected[b]);
  let pooled = 0;
  let mass = 0;
  while (
    pooled < order.length &&
    (expected[order[pooled]] * size < LEAST_EXPECTED || (mass > 0 && mass * size < LEAST_EXPECTED))
  ) {
    mass += expected[order[pooled]];
    pooled++;
  }
  const classOf = new Int32Array(expected.length);
  order.forEach((mode, place) => {
    classOf[mode] = pooled === 0 ? place : Math.max(0, place - pooled + 1);
  });
  return { classOf, count: Math.max(...classOf) + 1 };
}

function judge(shares: Shares, { expected, draws }: TargetFractions): ModeFraction[] {
  return Array.from(expected, (q, k) => {
    const value = shares.value[k];
    const standardError = Math.sqrt(Math.max(shares.variance[k], expectedVariance(shares, k, q)));
    const error = Math.sqrt(standardError ** 2 + (q * (1 - q)) / draws);
    return { value, standardError, expected: q, z: value === q ? 0 : (value - q) / error };
  });
}

function chiSquareOf(shares: Shares, { expected, draws }: TargetFractions): ModeFractions["chiSquare"] {
  const degrees = expected.length - 1;
  let value = 0;
  expected.forEach((q, k) => {
    const variance = expectedVariance(shares, k, q) + (q * (1 - q)) / draws;
    if (shares.value[k] !== q) value += ((1 - q) * (shares.value[k] - q) ** 2) / variance;
  });
  return { value, degrees, tail: degrees > 0 ? chiSquareTail(value, degrees) : 1 };
}

/**
 * Shares of the modes. f64; linear in the rows times the modes.
 *
 * @param sample rows with weights that sum to 1, or without where all count the same
 * @param target from `targetFractions`
 * @param ancestors [n]; rows with equal numbers are not independent
 */
export function modeFractions(
  sample: Pick<Cloud, "x" | "weights">,
  modes: ModeSet,
  target: TargetFractions,
  ancestors?: Int32Array,
): ModeFractions {
  const { x } = sample;
  const weights = sample.weights ?? new Float64Array(x.n).fill(1 / x.n);
  const nearest = nearestModes(x, modes);
  const groups = clustersOf(x.n, ancestors);
  const own = sharesOf({ classes: nearest, weights, ...groups }, modes.means.n);
  const total = (values: Float64Array) => values.reduce((sum, v) => sum + v, 0);
  const design = Math.max(1, total(own.variance) / total(own.overRows) || 1);
  const { classOf, count } = classesOf(target.expected, 1 / (own.square * design));
  const pooled = new Float64Array(count);
  target.expected.forEach((q, mode) => {
    pooled[classOf[mode]] += q;
  });
  const classes = nearest.map((mode) => classOf[mode]);
  const found = judge(own, target);
  return {
    modes: found,
    largest: found.reduce((most, { z }) => Math.max(most, Math.abs(z)), 0),
    chiSquare: chiSquareOf(sharesOf({ classes, weights, ...groups }, count), { ...target, expected: pooled }),
    n: x.n,
    effectiveSize: 1 / own.square,
    clusters: groups.clusters,
  };
}
