/** Gaussian mixtures on the kernels: energy, gradient, and the fused estimator of the noised density. */
import { checkBatch } from "../core/check.js";
import { log } from "../core/elementary.js";
import type { Batch, NoisedRequest, NoisedResult } from "../core/types.js";
import type { Lease } from "./arena.js";
import { kernels } from "./load.js";
import { checkRequest, putRequest, requestParts, tableOf } from "./perturbations.js";

/** Header of the GaussianMixture overlay in assembly/energies/gaussian-mixture.ts. */
const HEADER_BYTES = 16;
const SCRATCH_PER_COMPONENT = 32;

/** A mixture as the kernel reads it: [half, c, inverse, 0, mean...] per component, count a multiple of 4. Made by `packMixture`. */
export interface PackedMixture {
  readonly count: number;
  readonly dim: number;
  readonly records: Float32Array;
}

/** means [count, dim], weights [count] that sum to 1, std [count]; components of weight 0 are left out. All checked by the caller. */
export function packMixture(means: Float64Array, dim: number, weights: Float64Array, std: Float64Array): PackedMixture {
  const kept = Array.from(weights.keys()).filter((k) => weights[k] > 0);
  const width = 4 + dim;
  const count = 4 * Math.ceil(kept.length / 4);
  const records = new Float32Array(count * width);
  kept.forEach((k, i) => {
    const square = std[k] * std[k];
    const c = 0.5 * dim * log(2 * Math.PI * square) - log(weights[k]);
    records.set([0.5 / square, c, 1 / square, 0, ...means.subarray(k * dim, (k + 1) * dim)], i * width);
  });
  // Fillers: at the origin with c = +inf, so that they are never near.
  for (let i = kept.length; i < count; i++) records.set([1, Infinity], i * width);
  return { count, dim, records };
}

function mixtureParts({ count, records }: PackedMixture): number[] {
  return [SCRATCH_PER_COMPONENT * count, HEADER_BYTES + records.byteLength];
}

function putMixture(lease: Lease, { count, dim, records }: PackedMixture): number {
  const scratch = lease.take(SCRATCH_PER_COMPONENT * count);
  const header = Int32Array.of(count, dim, 16 + 4 * dim, scratch);
  const words = new Int32Array(4 + records.length);
  words.set(header);
  words.set(new Int32Array(records.buffer, records.byteOffset, records.length), 4);
  return lease.putWords(words);
}

function evaluate(
  call: string,
  mixture: PackedMixture,
  x: Batch,
  withGradient: boolean,
): { energy: Float32Array; gradient: Float32Array } {
  checkBatch(call, x, mixture.dim);
  const { exports, arena } = kernels(call);
  const { n, dim } = x;
  const scratchBytes = exports.rowsScratch(dim);
  const gradientBytes = withGradient ? 4 * n * dim : 0;
  return arena.lease([...mixtureParts(mixture), 4 * n * dim, 4 * n, gradientBytes, scratchBytes], (lease) => {
    const block = putMixture(lease, mixture);
    const at = lease.put(x.data);
    const energy = lease.take(4 * n);
    const gradient = withGradient ? lease.take(gradientBytes) : 0;
    exports.gaussianMixtureRows(block, at, n, energy, gradient, lease.take(scratchBytes));
    return { energy: lease.get(energy, n), gradient: withGradient ? lease.get(gradient, n * dim) : new Float32Array(0) };
  });
}

/**
 * E [n] of x [n, dim], kT, of the normalised density; about 20 ns a row at 40 components in the plane.
 * @throws TypeError / RangeError for x of another dim or with non-finite coordinates
 */
export function mixtureEnergy(mixture: PackedMixture, x: Batch): Float32Array {
  return evaluate("energy", mixture, x, false).energy;
}

/** E [n] and grad E [n, dim]. */
export function mixtureEnergyAndGradient(mixture: PackedMixture, x: Batch): { energy: Float32Array; gradient: Float32Array } {
  return evaluate("energyAndGradient", mixture, x, true);
}

/**
 * Monte-Carlo estimate of the noised density, K draws per row, fused: nothing of size K is stored.
 *
 *   E_K = -log (1/K) sum_k exp(-E(y_k)),  S_K = -sum_k p_k grad E(y_k),  D_K = sum_k p_k y_k,  p = softmax(-E(y)),
 *   y_k = x + sqrt(h) eps_k
 *
 * exp(-E_K) is unbiased for exp(-E_h) in all three modes; E_K is high by about Var(w) / (2 K mean(w)^2), w = exp(-E). Row r uses
 * the stream (key, r) alone. Where every draw has E = +inf: E_K = +inf, S_K = 0, D_K = x.
 *
 * @throws TypeError / RangeError for shapes, non-finite x, variance <= 0, K < 1, in lattice mode K no power of two or dim > 64
 * @see OuYang et al. 2024, arXiv:2409.09787; Akhound-Sadegh et al. 2024, arXiv:2402.06121
 */
export function mixtureNoised(mixture: PackedMixture, request: NoisedRequest): NoisedResult {
  checkRequest("noised", request, mixture.dim);
  const { exports, arena } = kernels("noised", request.exact !== false);
  const { x, variance, quantity, mcSamples } = request;
  const { n, dim } = x;
  const table = tableOf(request);
  const scratchBytes = exports.noisedScratch(dim);
  const bytes = 4 * n * dim;
  const parts = [...mixtureParts(mixture), ...requestParts(request, dim), bytes, 4 * n, 4 * n, bytes, scratchBytes];
  return arena.lease(parts, (lease) => {
    const block = putMixture(lease, mixture);
    const ask = putRequest(lease, request, table);
    const at = lease.put(x.data);
    const h = lease.put(variance);
    const energy = lease.take(4 * n);
    const vector = quantity === "energy" ? 0 : lease.take(bytes);
    const nonFinite = exports.gaussianMixtureNoised(block, ask, at, h, n, energy, vector, lease.take(scratchBytes));
    const common = { energy: lease.get(energy, n), nonFinite, energyCalls: n * mcSamples };
    if (quantity === "score") return { ...common, score: lease.get(vector, n * dim) };
    if (quantity === "mean") return { ...common, mean: lease.get(vector, n * dim) };
    return common;
  });
}
