/** Gaussian mixtures that are ill-conditioned: every component has a variance of its own along every axis, and the axes may be turned. */
import { checkBatch, checkInteger, checkNumber, checkOptions, checkPositive, checkSeed } from "../core/check.js";
import { MixtureLevel } from "../core/mixture-level.js";
import { fromAxes, type HasMixture, type NormalMixture } from "../core/normal-mixture.js";
import { derive, keyOf } from "../core/random.js";
import type { Batch, Energy, Json, ModeSet } from "../core/types.js";
import { checkVariance } from "../kernels/check-variance.js";
import { normalRows, uniforms } from "../kernels/normal.js";
import { rotationOf } from "./rotation.js";

/** Options of `anisotropicMixture`: `means` and `variances`, or neither. */
export interface AnisotropicMixtureOptions {
  /** One array of `dim` coordinates per component; default (-1, -1) and (1, 1). */
  readonly means?: readonly (readonly number[])[];
  /** Along every axis, squared units, > 0: `dim` numbers for all components, or one such array per component; default .005 and .05. */
  readonly variances?: readonly number[] | readonly (readonly number[])[];
  /** >= 0, divided by their sum; equal by default. */
  readonly weights?: readonly number[];
  /** Axes of the variances: the seed of a random orthogonal matrix, or its rows, column k being axis k. Default: the coordinates. */
  readonly rotation?: number | readonly (readonly number[])[];
}

const CALL = "anisotropicMixture";
const DEFAULTS = {
  means: [
    [-1, -1],
    [1, 1],
  ],
  variances: [0.005, 0.05],
};
const MOST_DIM = 1024;
const MOST_COMPONENTS = 1 << 16;
/** Standard deviations from a mean to half the way to another, from which the nearest mean is the component: 3e-7 are beyond. */
const APART = 5;

function rowsOf(name: string, value: unknown, count: number, dim?: number): number[][] {
  if (!Array.isArray(value) || !value.every(Array.isArray))
    throw new TypeError(`${CALL}: ${name} must be an array of arrays of numbers`);
  checkInteger(CALL, `length of ${name}`, value.length, count, count);
  const width = dim ?? (value[0] as unknown[]).length;
  for (let j = 0; j < count; j++) checkInteger(CALL, `length of ${name}[${j}]`, value[j].length, width, width);
  return value;
}

function variancesOf(value: unknown, count: number, dim: number): number[][] {
  if (!Array.isArray(value)) throw new TypeError(`${CALL}: variances must be ${dim} numbers, or one such array per component`);
  const rows = Array.isArray(value[0]) ? rowsOf("variances", value, count, dim) : new Array(count).fill(value);
  if (rows[0] === value) checkInteger(CALL, "length of variances", value.length, dim, dim);
  return rows.map((row: unknown[], j) =>
    row.map((v, d) => checkNumber(CALL, `variances[${j}][${d}]`, checkPositive(CALL, `variances[${j}][${d}]`, v), 1e-30, 1e30)),
  );
}

function weightsOf(weights: unknown, count: number): Float64Array {
  if (weights === undefined) return new Float64Array(count).fill(1 / count);
  if (!Array.isArray(weights)) throw new TypeError(`${CALL}: weights must be an array of ${count} numbers`);
  checkInteger(CALL, "length of weights", weights.length, count, count);
  const list = Float64Array.from(weights, (w, j) => checkNumber(CALL, `weights[${j}]`, w, 0, 1e30));
  const sum = list.reduce((a, b) => a + b, 0);
  if (!(sum > 0)) throw new RangeError(`${CALL}: weights must not all be 0`);
  return list.map((w) => w / sum);
}

function defined(options: AnisotropicMixtureOptions): NormalMixture {
  const { means, variances, weights, rotation } = options;
  const count = Array.isArray(means) ? checkInteger(CALL, "length of means", means.length, 1, MOST_COMPONENTS) : 0;
  const rows = rowsOf("means", means, count);
  const dim = checkInteger(CALL, "length of means[0]", rows[0].length, 1, MOST_DIM);
  const flat = rows.flatMap((row, j) => row.map((value, d) => checkNumber(CALL, `means[${j}][${d}]`, value, -1e15, 1e15)));
  return {
    count,
    dim,
    weights: weightsOf(weights, count),
    means: Float64Array.from(flat),
    variances: Float64Array.from(variancesOf(variances, count, dim).flat()),
    rotation: rotation === undefined ? undefined : rotationOf(CALL, dim, rotation),
  };
}

/** Variance of component j along the line between the means j and k, and half the distance between them, squared. */
function between(mixture: NormalMixture, level: MixtureLevel, j: number, k: number): { variance: number; square: number } {
  const { dim, variances } = mixture;
  let [length, spread] = [0, 0];
  for (let d = 0; d < dim; d++) {
    const off = level.means[k * dim + d] - level.means[j * dim + d];
    length += off * off;
    spread += off * off * variances[j * dim + d];
  }
  return { variance: spread / length, square: length / 4 };
}

/**
 * Modes with the largest standard deviation of each component, where the nearest mean tells the component: isotropic ones, and such as keep 5
 * standard deviations from half the way to any other mean. Undefined elsewhere: a mode metric would then count what it does not mean.
 */
function modesOf(mixture: NormalMixture, level: MixtureLevel): ModeSet | undefined {
  const { count, dim, means, variances, weights } = mixture;
  const isotropic = variances.every((v, i) => v === variances[i - (i % dim)]);
  for (let j = 0; j < count && !isotropic; j++) {
    for (let k = 0; k < count; k++) {
      if (j === k) continue;
      const { variance, square } = between(mixture, level, j, k);
      if (!(square >= APART * APART * variance)) return undefined;
    }
  }
  const largest = (j: number) => variances.subarray(j * dim, (j + 1) * dim).reduce((a, b) => Math.max(a, b), 0);
  const std = Float32Array.from({ length: count }, (_, j) => Math.sqrt(largest(j)));
  return { means: { data: Float32Array.from(means), n: count, dim }, std, weights };
}

/** Draws: the component from one uniform per row, then the mean and normals of the row's own stream along the axes. */
function drawExact(mixture: NormalMixture, n: number, seed: number): Batch {
  checkInteger("exact.sample", "n", n, 1, 2 ** 28);
  const key = derive(keyOf(checkSeed("exact.sample", seed)), "anisotropic-mixture");
  const { dim, count, means, weights, variances } = mixture;
  const cells = uniforms(key, 1, 0, n);
  const { data } = normalRows(key, 0, 0, n, dim);
  const off = new Float64Array(dim);
  const along = new Float64Array(dim);
  for (let r = 0; r < n; r++) {
    let j = 0;
    for (let left = cells[r]; j < count - 1 && left >= weights[j]; j++) left -= weights[j];
    for (let d = 0; d < dim; d++) along[d] = Math.sqrt(variances[j * dim + d]) * data[r * dim + d];
    fromAxes(mixture, along, off, 0);
    for (let d = 0; d < dim; d++) data[r * dim + d] = means[j * dim + d] + off[d];
  }
  return { data, n, dim };
}

/** E_h [n] and `sign` times its score [n, dim]. */
function evaluated(level: MixtureLevel, x: Batch, variance: (row: number) => number, sign: number) {
  const energy = new Float32Array(x.n);
  const vector = new Float32Array(x.data.length);
  for (let r = 0; r < x.n; r++) {
    energy[r] = -level.set(1, variance(r)).load(x.data, r * x.dim);
    level.score(vector, r * x.dim);
  }
  if (sign < 0) for (let i = 0; i < vector.length; i++) vector[i] = -vector[i];
  return { energy, vector };
}

/** 0.7, -1.3, 0.7, -1.3 ... standard deviations from the first mean. */
function checkPoint({ dim, means, variances }: NormalMixture, level: MixtureLevel): { x: number[]; energy: number } {
  const x = Array.from({ length: dim }, (_, d) => Math.fround(means[d] + (d % 2 ? -1.3 : 0.7) * Math.sqrt(variances[d])));
  return { x, energy: -level.set(1, 0).load(x, 0) };
}

/**
 * Mixture of Gaussians with variances of their own along every axis, normalised:
 *
 *   E(x) = -log sum_j w_j N(x; mean_j, R diag(variances_j) R^T),  log Z = 0,  kT
 *
 * R turns the axes of all components alike. Everything is computed in f64 from f32 coordinates, without kernels: about 3 ns a coordinate, component and
 * row, and the rotation (with one standard deviation a component `gaussianMixture` is faster). Exact draws, noised density and score are there;
 * `modes` only where the nearest mean tells the component, with the largest standard deviation of each.
 *
 * @throws TypeError / RangeError for wrong or unknown options, and a rotation that is not orthogonal within 1e-8
 */
export function anisotropicMixture(options: AnisotropicMixtureOptions = {}): Energy & HasMixture {
  checkOptions(CALL, options, ["means", "variances", "weights", "rotation"]);
  const complete = options.means === undefined && options.variances === undefined ? { ...DEFAULTS, ...options } : options;
  const mixture = defined(complete);
  const { dim } = mixture;
  const level = new MixtureLevel(mixture);
  const noised = new MixtureLevel(mixture);
  const check = checkPoint(mixture, level);
  const saved = JSON.parse(JSON.stringify(complete)) as { readonly [name: string]: Json };
  return {
    name: "anisotropic-mixture",
    dim,
    convention: "E = -log of the normalised mixture density (log Z = 0), in kT; coordinates in the mixture's own units",
    options: saved,
    check,
    mixture,
    exact: { logZ: 0, sample: (n, seed) => drawExact(mixture, n, seed) },
    modes: modesOf(mixture, level),
    energy(x) {
      checkBatch("anisotropic-mixture.energy", x, dim);
      return Float32Array.from({ length: x.n }, (_, r) => -level.load(x.data, r * dim));
    },
    energyAndGradient(x) {
      checkBatch("anisotropic-mixture.energyAndGradient", x, dim);
      const { energy, vector } = evaluated(level, x, () => 0, -1);
      return { energy, gradient: vector };
    },
    noisedExact(x, variance) {
      checkBatch("noisedExact", x, dim);
      checkVariance("noisedExact", variance, x.n);
      const { energy, vector } = evaluated(noised, x, (row) => variance[row], 1);
      return { energy, score: vector };
    },
  };
}
