/** A reference mixture as a full target: exact draws, modes. For tests of what consumes energies, without the kernels. */
import { keyOf } from "../../src/core/random.js";
import type { Energy } from "../../src/core/types.js";
import { mixtureDraws, mixtureEnergy, type ReferenceMixture } from "./mixture.js";

export function mixtureTarget(mixture: ReferenceMixture): Energy {
  const { dim, means, std, weights } = mixture;
  return {
    ...mixtureEnergy(mixture),
    exact: { logZ: 0, sample: (n, seed) => mixtureDraws(mixture, n, keyOf(seed)) },
    modes: {
      means: { data: Float32Array.from(means.flat()), n: means.length, dim },
      std: new Float32Array(means.length).fill(std),
      weights: Float64Array.from(weights),
    },
  };
}
