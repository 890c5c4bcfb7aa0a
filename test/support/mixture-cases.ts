/** Mixtures whose closed forms are compared with slow ones: isotropic and turned, 1 to 40 modes, well and ill conditioned. */

import type { HasMixture } from "../../src/core/normal-mixture.js";
import { derive, keyOf, uniformAt } from "../../src/core/random.js";
import type { Batch, Energy } from "../../src/core/types.js";
import type { StepRandom } from "../../src/correction/transition.js";
import type { AnisotropicMixtureOptions } from "../../src/energies/anisotropic-mixture.js";
import type { GaussianMixtureOptions } from "../../src/energies/gaussian-mixture.js";
import type { TwoModesOptions } from "../../src/energies/two-modes.js";
import { referenceNormals } from "../reference/normals.js";

/** The package, by its source or by its name: each has kernels of its own. */
export interface MixtureFactories {
  readonly gaussianMixture: (options?: GaussianMixtureOptions) => Energy & HasMixture;
  readonly anisotropicMixture: (options?: AnisotropicMixtureOptions) => Energy & HasMixture;
  readonly twoModes: (options?: TwoModesOptions) => Energy & HasMixture;
}

/** Three components that share nothing but their axes. */
const unlike = ({ anisotropicMixture }: MixtureFactories) =>
  anisotropicMixture({
    means: [
      [0, 0.5, -1, 0.2],
      [1.5, -0.5, 0.3, 0],
      [-1, 1, 1, -1.5],
    ],
    weights: [3, 1, 2],
    variances: [
      [0.3, 0.05, 1.2, 0.4],
      [0.6, 0.5, 0.02, 0.1],
      [0.1, 0.9, 0.3, 0.7],
    ],
    rotation: 5,
  });

export const mixtureCases: readonly (readonly [string, (from: MixtureFactories) => Energy & HasMixture])[] = [
  ["gmm40", ({ gaussianMixture }) => gaussianMixture()],
  [
    "gmm40 with weights 1 to 40",
    ({ gaussianMixture }) => gaussianMixture({ weights: Array.from({ length: 40 }, (_, j) => j + 1) }),
  ],
  ["one mode in one dimension", ({ anisotropicMixture }) => anisotropicMixture({ means: [[0.7]], variances: [0.3] })],
  ["two modes in 8 dimensions", ({ twoModes }) => twoModes({ dim: 8 })],
  ["two hard modes in 6 dimensions", ({ twoModes }) => twoModes({ dim: 6, conditioning: "hard" })],
  ["two hard turned modes in 6 dimensions", ({ twoModes }) => twoModes({ dim: 6, conditioning: "hard", rotation: 3 })],
  ["unlike turned modes in 4 dimensions", unlike],
];

/** Exact draws of the level { scale, variance }, which need no other kernels than the target's own draws. */
export function drawsAt(
  target: Energy,
  level: { readonly scale: number; readonly variance: number },
  n: number,
  seed: number,
): Batch {
  const x = (target.exact as NonNullable<Energy["exact"]>).sample(n, seed);
  const noise = referenceNormals(keyOf(seed + 1000), 0, 0, n, x.dim).data;
  return { ...x, data: x.data.map((v, i) => level.scale * v + Math.sqrt(level.variance) * noise[i]) };
}

/** The streams of one step of a test, from the second generator. */
export function stepRandom(seed: number, step: number, n: number, dim: number): StepRandom {
  const key = keyOf(seed);
  return {
    normals: () => referenceNormals(key, step, 0, n, dim).data,
    uniforms: () => Float64Array.from({ length: n }, (_, r) => uniformAt(derive(key, "uniforms", step), r)),
  };
}
