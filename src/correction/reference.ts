/** The normalised density that rows of a path start from: a Gaussian, for particles one on their subspace. */
import { cholesky, multiplyLower, solveLower } from "../core/cholesky.js";
import { log } from "../core/elementary.js";
import { freeDimension, removeMean } from "../core/subspace.js";
import type { Batch, Particles } from "../core/types.js";

const LOG_2PI = 1.8378770664093453;

/** N(m, v I), or N(m, L L^T): plain data. */
export interface Reference {
  readonly dim: number;
  readonly particles?: Particles;
  /** v. */
  readonly priorVariance: number;
  /** m, [dim]; absent: 0. */
  readonly priorMean?: Float64Array;
  /** L, [dim, dim], lower triangle; in place of v. */
  readonly priorFactor?: Float64Array;
}

/** Rows of the reference from standard normals [n, dim]. */
export function referenceRows({ dim, particles, priorVariance, priorMean, priorFactor }: Reference, noise: Float32Array): Batch {
  const n = noise.length / dim;
  const data = new Float32Array(noise.length);
  const deviation = Math.sqrt(priorVariance);
  const row = new Float64Array(dim);
  for (let at = 0; at < data.length; at += dim) {
    for (let i = 0; i < dim; i++) row[i] = noise[at + i];
    if (priorFactor) multiplyLower(priorFactor, dim, row);
    else for (let i = 0; i < dim; i++) row[i] *= deviation;
    for (let i = 0; i < dim; i++) data[at + i] = row[i] + (priorMean ? priorMean[i] : 0);
  }
  if (particles) removeMean(data, n, particles);
  return { data, n, dim };
}

/** Log density of each row, every constant kept, on the free dimensions, [n]. */
export function referenceLogDensity(reference: Reference, x: Batch): Float64Array {
  const { dim, particles, priorVariance, priorMean, priorFactor } = reference;
  const freeDim = freeDimension({ dim, particles });
  let logDeviation = 0.5 * freeDim * log(priorVariance);
  if (priorFactor) {
    logDeviation = 0;
    for (let i = 0; i < dim; i++) logDeviation += log(priorFactor[i * dim + i]);
  }
  const divisor = priorFactor ? 1 : priorVariance;
  const off = new Float64Array(dim);
  const logs = new Float64Array(x.n);
  for (let row = 0; row < x.n; row++) {
    for (let i = 0; i < dim; i++) off[i] = x.data[row * dim + i] - (priorMean ? priorMean[i] : 0);
    if (priorFactor) solveLower(priorFactor, dim, off);
    let square = 0;
    for (let i = 0; i < dim; i++) square += off[i] * off[i];
    logs[row] = -0.5 * freeDim * LOG_2PI - logDeviation - square / (2 * divisor);
  }
  return logs;
}

/** L of a covariance [dim, dim], given as rows. @throws TypeError / RangeError unless symmetric and positive definite, and no particles */
export function factorOf(
  call: string,
  covariance: unknown,
  dim: number,
  particles: Particles | undefined,
): Float64Array | undefined {
  if (covariance === undefined) return undefined;
  if (particles)
    throw new RangeError(`${call}: priorCovariance is not for particles, whose reference is isotropic; leave it out`);
  if (!Array.isArray(covariance)) throw new TypeError(`${call}: priorCovariance must be an array of ${dim} rows`);
  if (covariance.length !== dim || covariance.some((row) => row?.length !== dim))
    throw new RangeError(`${call}: priorCovariance must have ${dim} rows of ${dim} numbers`);
  const factor = Float64Array.from(covariance.flatMap((row: ArrayLike<number>) => Array.from(row)));
  for (let i = 0; i < dim; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [factor[i * dim + j], factor[j * dim + i]];
      if (Math.abs(a - b) <= 1e-9 * Math.sqrt(Math.abs(factor[i * dim + i] * factor[j * dim + j]))) continue;
      throw new RangeError(`${call}: priorCovariance must be symmetric, got ${a} and ${b} at rows ${i} and ${j}`);
    }
  }
  if (!cholesky(factor, dim)) throw new RangeError(`${call}: priorCovariance must be positive definite`);
  return factor;
}
