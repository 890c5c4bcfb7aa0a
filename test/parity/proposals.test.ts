/** Draws from proposals against their twin: the same normals, Gaussians and weights, found another way. */
import { describe, expect, test } from "vitest";
import { derive, keyOf } from "../../src/core/random.js";
import type { Energy } from "../../src/core/types.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { noised } from "../../src/estimators/noised.js";
import { initKernels } from "../../src/kernels/load.js";
import { perturbations } from "../../src/kernels/perturbations.js";
import { laplaceTwin, mixtureTwin, shiftedTwin } from "../reference/proposals.js";
import { smoothMixture } from "../support/smooth-mixture.js";

await initKernels();

const target = gaussianMixture();
const smooth = smoothMixture(target);
const ROWS = 24;
const K = 32;

describe.each([
  ["shifted", shiftedTwin, 1e-4],
  // Newton stops once its square remains of a decrement of .01: centers differ by 1e-3 of a standard deviation.
  ["laplace", laplaceTwin, 0.02],
] as const)("%s", (proposal, gaussianOf, bound) => {
  test.each([
    [0.3, 0.125],
    [1.3, 0.25],
    [3, 0.5],
  ])("sigma %f, alpha %f: the energies of the twin", (sigma, alpha) => {
    const h = Math.fround(sigma * sigma);
    const x = (target.exact as NonNullable<Energy["exact"]>).sample(ROWS, 4);
    const common = { mcSamples: K, mode: "iid" as const, key: derive(keyOf(5), proposal), quantity: "energy" as const };
    const found = noised(target, { ...common, x, variance: new Float32Array(ROWS).fill(h), proposal, defensive: alpha });
    const zero = { data: new Float32Array(2 * ROWS), n: ROWS, dim: 2 };
    let compared = 0;
    for (let r = 0; r < ROWS; r++) {
      const at = [x.data[2 * r], x.data[2 * r + 1]] as const;
      const q = gaussianOf(smooth, at, h);
      if (!q) continue;
      const flat = perturbations({ ...common, x: zero, variance: new Float32Array(ROWS).fill(1) }, r);
      const z = Array.from({ length: K }, (_, k) => [flat[2 * k], flat[2 * k + 1]] as const);
      expect(Math.abs(found.energy[r] - mixtureTwin(smooth, { x: at, h, q, z, alpha }))).toBeLessThan(bound);
      compared++;
    }
    expect(compared).toBeGreaterThan(ROWS / 2);
  });
});
