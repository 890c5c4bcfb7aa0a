/** Any energy that has kernels: value, gradient, and the fused estimator of its noised density. */
import { checkBatch } from "../core/check.js";
import { removeMean } from "../core/subspace.js";
import type { Batch, NoisedRequest, NoisedResult, Particles } from "../core/types.js";
import type { EnergyExport } from "./abi.js";
import type { Lease } from "./arena.js";
import { kernels } from "./load.js";
import { checkRequest, putRequest, requestParts, tableOf } from "./perturbations.js";

/** An energy as the kernels know it: the names of its three exports, and its parameters as a block in their memory. */
export interface EnergyKernel {
  readonly dim: number;
  /** Where the energy does not change with a translation: means are brought to the subspace without one. */
  readonly particles?: Particles;
  readonly rows: `${EnergyExport}Rows`;
  readonly noised: `${EnergyExport}Noised`;
  readonly hamiltonian: `${EnergyExport}Hamiltonian`;
  /** Bytes of each part that `put` takes from a lease. */
  parts(): readonly number[];
  /** Writes the parameters; returns the address of the overlay block. */
  put(lease: Lease): number;
}

/** Kernel of an energy whose block is integers, then f32 numbers. */
export function blockKernel(
  name: EnergyExport,
  dim: number,
  integers: readonly number[],
  numbers: readonly number[],
  particles?: Particles,
): EnergyKernel {
  const words = new Int32Array(integers.length + numbers.length);
  words.set(integers);
  words.set(new Int32Array(Float32Array.from(numbers).buffer), integers.length);
  return {
    dim,
    particles,
    rows: `${name}Rows`,
    noised: `${name}Noised`,
    hamiltonian: `${name}Hamiltonian`,
    parts: () => [words.byteLength],
    put: (lease) => lease.putWords(words),
  };
}

function evaluate(
  call: string,
  kernel: EnergyKernel,
  x: Batch,
  withGradient: boolean,
): { energy: Float32Array; gradient: Float32Array } {
  checkBatch(call, x, kernel.dim);
  const { exports, arena } = kernels(call);
  const { n, dim } = x;
  const scratchBytes = exports.rowsScratch(dim);
  const gradientBytes = withGradient ? 4 * n * dim : 0;
  return arena.lease([...kernel.parts(), 4 * n * dim, 4 * n, gradientBytes, scratchBytes], (lease) => {
    const block = kernel.put(lease);
    const at = lease.put(x.data);
    const energy = lease.take(4 * n);
    const gradient = withGradient ? lease.take(gradientBytes) : 0;
    exports[kernel.rows](block, at, n, energy, gradient, lease.take(scratchBytes));
    return { energy: lease.get(energy, n), gradient: withGradient ? lease.get(gradient, n * dim) : new Float32Array(0) };
  });
}

/**
 * E [n] of x [n, dim], kT; the same bits everywhere.
 * @throws TypeError / RangeError for x of another dim or with non-finite coordinates
 */
export function kernelEnergy(kernel: EnergyKernel, x: Batch): Float32Array {
  return evaluate("energy", kernel, x, false).energy;
}

/** E [n] and grad E [n, dim]. */
export function kernelEnergyAndGradient(kernel: EnergyKernel, x: Batch): { energy: Float32Array; gradient: Float32Array } {
  return evaluate("energyAndGradient", kernel, x, true);
}

/**
 * Monte-Carlo estimate of the noised density, K draws per row, fused: nothing of size K is stored.
 *
 *   E_K = -log (1/K) sum_k exp(-E(y_k)),  S_K = -sum_k p_k grad E(y_k),  D_K = sum_k p_k y_k,  p = softmax(-E(y)),
 *   y_k = x + sqrt(h) eps_k
 *
 * exp(-E_K) is unbiased for exp(-E_h) in all three modes; E_K is high by about Var(w) / (2 K mean(w)^2), w = exp(-E). Row r uses
 * the stream (key, r) alone. Where every draw has E = +inf: E_K = +inf, S_K = 0, D_K = x. For particles the noise may move the center
 * of mass, which changes neither E nor grad E; D_K is projected on the subspace without one.
 *
 * @throws TypeError / RangeError for shapes, non-finite x, variance <= 0, K < 1, in lattice mode K no power of two or dim > 64
 * @see OuYang et al. 2024, arXiv:2409.09787; Akhound-Sadegh et al. 2024, arXiv:2402.06121
 */
export function kernelNoised(kernel: EnergyKernel, request: NoisedRequest): NoisedResult {
  checkRequest("noised", request, kernel.dim);
  const { exports, arena } = kernels("noised", request.exact !== false);
  const { x, variance, quantity, mcSamples } = request;
  const { n, dim } = x;
  const table = tableOf(request);
  const scratchBytes = exports.noisedScratch(dim);
  const bytes = 4 * n * dim;
  const parts = [...kernel.parts(), ...requestParts(request, dim), bytes, 4 * n, 4 * n, bytes, scratchBytes];
  return arena.lease(parts, (lease) => {
    const block = kernel.put(lease);
    const ask = putRequest(lease, request, table);
    const at = lease.put(x.data);
    const h = lease.put(variance);
    const energy = lease.take(4 * n);
    const vector = quantity === "energy" ? 0 : lease.take(bytes);
    const nonFinite = exports[kernel.noised](block, ask, at, h, n, energy, vector, lease.take(scratchBytes));
    const common = { energy: lease.get(energy, n), nonFinite, energyCalls: n * mcSamples };
    if (quantity === "score") return { ...common, score: lease.get(vector, n * dim) };
    if (quantity === "energy") return common;
    const mean = lease.get(vector, n * dim);
    if (kernel.particles) removeMean(mean, n, kernel.particles);
    return { ...common, mean };
  });
}
