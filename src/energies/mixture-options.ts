/** Options of `gaussianMixture`, checked and turned into means, weights and standard deviations in f64. */
import { checkBatch, checkInteger, checkNumber, checkOptions, checkPositive } from "../core/check.js";
import type { Batch, Json } from "../core/types.js";
import { mersenneTwister } from "./mersenne-twister.js";

/** Options of `gaussianMixture`: drawn means (`components`, `seed`, `dim`, `range`) or your own (`means`). None is GMM-40. */
export interface GaussianMixtureOptions {
  /** Number of components with drawn means; default 40. Not with `means`. */
  readonly components?: number;
  /** Seed of the drawn means, an unsigned 32-bit integer; default 0, which with 40 components gives the published GMM-40. */
  readonly seed?: number;
  /** Dimension of drawn means; default 2. */
  readonly dim?: number;
  /** Drawn means are uniform on [-range, range]^dim; default 40. */
  readonly range?: number;
  /** Your own means: one array of coordinates each, or a Batch. */
  readonly means?: readonly (readonly number[])[] | Batch;
  /** Weights >= 0, one per component, divided by their sum; equal by default. */
  readonly weights?: readonly number[] | Float64Array | Float32Array;
  /** Standard deviation of all components, or one per component; default log(1 + e) = 1.3132616875182228. */
  readonly std?: number | readonly number[] | Float64Array | Float32Array;
}

/** Everything that defines a mixture; means [count, dim] row-major, weights sum to 1. */
export interface MixtureDefinition {
  readonly count: number;
  readonly dim: number;
  readonly means: Float64Array;
  readonly weights: Float64Array;
  readonly std: Float64Array;
  /** The options that rebuild it. */
  readonly options: { readonly [name: string]: Json };
  readonly isGmm40: boolean;
}

const CALL = "gaussianMixture";
/** softplus(1), the standard deviation of the published GMM-40. */
export const GMM40_STD = 1.3132616875182228;
const KEYS = ["components", "seed", "dim", "range", "means", "weights", "std"];
const MOST_COMPONENTS = 1 << 20;
const MOST_DIM = 1 << 16;
/** Coordinates of all means together: 1 GiB of f32 in the kernels. */
const MOST_NUMBERS = 2 ** 28;

/** Means as the published generator draws them: 24-bit uniforms u, (u - 1/2) * 2 * range rounded to f32, component by component. */
function drawMeans(count: number, dim: number, range: number, seed: number): Float64Array {
  const next = mersenneTwister(seed);
  return Float64Array.from({ length: count * dim }, () => Math.fround(((next() & 0xffffff) / 16777216 - 0.5) * 2 * range));
}

function isBatch(means: unknown): means is Batch {
  return typeof means === "object" && means !== null && "data" in means;
}

function ownMeans(means: unknown): { count: number; dim: number; values: Float64Array } {
  if (isBatch(means)) {
    checkBatch(`${CALL}: means`, means);
    return { count: means.n, dim: means.dim, values: Float64Array.from(means.data) };
  }
  if (!Array.isArray(means) || means.length === 0 || !means.every((m) => Array.isArray(m) || ArrayBuffer.isView(m))) {
    throw new TypeError(`${CALL}: means must be a non-empty array of coordinate arrays, or a Batch`);
  }
  const rows = means as ArrayLike<number>[];
  const dim = checkInteger(CALL, "length of means[0]", rows[0].length, 1, MOST_DIM);
  const values = new Float64Array(rows.length * dim);
  rows.forEach((row, k) => {
    if (row.length !== dim)
      throw new RangeError(`${CALL}: means[${k}] must have ${dim} coordinates like means[0], got ${row.length}`);
    for (let d = 0; d < dim; d++) values[k * dim + d] = finite(`means[${k}][${d}]`, row[d]);
  });
  return { count: rows.length, dim, values };
}

function finite(name: string, value: unknown): number {
  checkNumber(CALL, name, value, -1e30, 1e30);
  return value as number;
}

/** A list of one number per component. */
function perComponent(name: string, value: unknown, count: number): Float64Array {
  if (!Array.isArray(value) && !(value instanceof Float64Array) && !(value instanceof Float32Array)) {
    throw new TypeError(`${CALL}: ${name} must be an array of ${count} numbers`);
  }
  if (value.length !== count)
    throw new RangeError(`${CALL}: ${name} must have one entry per component (${count}), got ${value.length}`);
  return Float64Array.from(value as ArrayLike<number>, (v, k) => checkNumber(CALL, `${name}[${k}]`, v, 0, 1e30));
}

function normalised(weights: unknown, count: number): Float64Array {
  if (weights === undefined) return new Float64Array(count).fill(1 / count);
  const list = perComponent("weights", weights, count);
  const sum = list.reduce((a, b) => a + b, 0);
  if (!(sum > 0)) throw new RangeError(`${CALL}: weights must not all be 0`);
  return list.map((w) => w / sum);
}

/** Within what f32 kernels can square. */
function deviations(std: unknown, count: number): Float64Array {
  const list = typeof std === "number" ? new Float64Array(count).fill(std) : perComponent("std", std, count);
  for (let k = 0; k < count; k++) checkNumber(CALL, "std", checkPositive(CALL, "std", list[k]), 1e-15, 1e15);
  return list;
}

/** @throws TypeError / RangeError for wrong kinds, wrong values, unknown keys, and drawn-means options beside own means */
export function defineMixture(options: GaussianMixtureOptions): MixtureDefinition {
  checkOptions(CALL, options, KEYS);
  const { means, weights, std = GMM40_STD } = options;
  let base: { count: number; dim: number; values: Float64Array };
  let saved: { [name: string]: Json };
  if (means === undefined) {
    const count = checkInteger(CALL, "components", options.components ?? 40, 1, MOST_COMPONENTS);
    const seed = checkInteger(CALL, "seed", options.seed ?? 0, 0, 0xffffffff);
    const dim = checkInteger(CALL, "dim", options.dim ?? 2, 1, MOST_DIM);
    const range = checkPositive(CALL, "range", options.range ?? 40);
    checkInteger(CALL, "components * dim", count * dim, 1, MOST_NUMBERS);
    base = { count, dim, values: drawMeans(count, dim, range, seed) };
    saved = { components: count, seed, dim, range };
  } else {
    for (const key of ["components", "seed", "dim", "range"] as const) {
      if (options[key] !== undefined)
        throw new RangeError(`${CALL}: ${key} is for drawn means; leave it out when you give means`);
    }
    base = ownMeans(means);
    const { count, dim, values } = base;
    saved = { means: Array.from({ length: count }, (_, k) => Array.from(values.subarray(k * dim, (k + 1) * dim))) };
  }
  const { count, dim, values } = base;
  const stds = deviations(std, count);
  if (weights !== undefined) saved.weights = Array.from(perComponent("weights", weights, count));
  if (options.std !== undefined) saved.std = typeof std === "number" ? std : Array.from(std);
  const isGmm40 =
    means === undefined &&
    weights === undefined &&
    count === 40 &&
    dim === 2 &&
    saved.seed === 0 &&
    saved.range === 40 &&
    std === GMM40_STD;
  return { count, dim, means: values, weights: normalised(weights, count), std: stds, options: saved, isGmm40 };
}
