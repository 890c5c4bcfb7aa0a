/** A Gaussian mixture as its kernel reads it. */
import { log } from "../core/elementary.js";
import type { EnergyKernel } from "./energy-kernel.js";

/** Header of the GaussianMixture overlay in assembly/energies/gaussian-mixture.ts. */
const HEADER_BYTES = 16;
const SCRATCH_PER_COMPONENT = 32;

/** [half, c, inverse, 0, mean...] per component; `count` of them, a multiple of 4. */
function mixtureRecords(means: Float64Array, dim: number, weights: Float64Array, std: Float64Array): Float32Array {
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
  return records;
}

/** means [count, dim], weights [count] that sum to 1, std [count]; components of weight 0 are left out. All checked by the caller. */
export function mixtureKernel(means: Float64Array, dim: number, weights: Float64Array, std: Float64Array): EnergyKernel {
  const records = mixtureRecords(means, dim, weights, std);
  const count = records.length / (4 + dim);
  return {
    dim,
    rows: "gaussianMixtureRows",
    noised: "gaussianMixtureNoised",
    hamiltonian: "gaussianMixtureHamiltonian",
    parts: () => [SCRATCH_PER_COMPONENT * count, HEADER_BYTES + records.byteLength],
    put(lease) {
      const scratch = lease.take(SCRATCH_PER_COMPONENT * count);
      const words = new Int32Array(4 + records.length);
      words.set([count, dim, 16 + 4 * dim, scratch]);
      words.set(new Int32Array(records.buffer, records.byteOffset, records.length), 4);
      return lease.putWords(words);
    },
  };
}
