/**
 * The generic estimator (draws in JavaScript, sums in f64) against the fused kernel on the same draws: energies known only as functions
 * get the same estimates. The twin of both, in f64 throughout, is in gaussian-mixture.test.ts.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import type { Batch, DrawMode, Energy, NoisedRequest, Quantity } from "../../src/core/types.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { noised, noisedGeneric } from "../../src/estimators/noised.js";
import { initKernels } from "../../src/kernels/load.js";
import { perturb, uniforms } from "../../src/kernels/normal.js";
import { perturbations } from "../../src/kernels/perturbations.js";
import { withoutKernel } from "../support/estimate-request.js";

const ROWS = 60;
/** Half a unit in the last place of f32, relative. */
const ROUND = 2 ** -24;
const gmm40 = gaussianMixture();
const solid = gaussianMixture({ means: [new Array(7).fill(1), new Array(7).fill(-2)], std: [0.5, 2], weights: [1, 3] });

beforeAll(() => initKernels());

function requestFor(target: Energy, mode: DrawMode, mcSamples: number, quantity: Quantity): NoisedRequest {
  const exact = target.exact as NonNullable<Energy["exact"]>;
  const variance = Float32Array.from({ length: ROWS }, (_, i) => 10 ** (-3 + (6.5 * i) / ROWS));
  const x = perturb(exact.sample(ROWS, 4), variance, keyOf(5), 0);
  return { x, variance, mcSamples, mode, key: keyOf(6), quantity };
}

/** Sizes that the roundings scale with: over the draws of a row that carry weight, the largest |E|, |grad E| and |y - x|. */
function sizes(target: Energy, request: NoisedRequest, row: number) {
  const { dim } = request.x;
  const draws: Batch = { data: perturbations(request, row), n: request.mcSamples, dim };
  const { energy, gradient } = target.energyAndGradient(draws);
  const least = energy.reduce((a, b) => Math.min(a, b));
  let [largest, slope, reach] = [0, 0, 0];
  for (let k = 0; k < draws.n; k++) {
    if (energy[k] > least + 25) continue; // e^-25 of the leading weight is below every rounding here
    largest = Math.max(largest, Math.abs(energy[k]));
    for (let j = k * dim; j < (k + 1) * dim; j++) {
      slope = Math.max(slope, Math.abs(gradient[j]));
      reach = Math.max(reach, Math.abs(draws.data[j]), Math.abs(draws.data[j] - request.x.data[row * dim + (j % dim)]));
    }
  }
  return { largest, slope, reach };
}

describe.each([
  ["GMM-40", gmm40],
  ["two Gaussians in 7 dimensions", solid],
] as const)("%s", (_, target) => {
  describe.each(["iid", "antithetic", "lattice"] as const)("%s", (mode) => {
    test.each([
      ["energy", 1],
      ["energy", 128],
      ["score", 16],
      ["score", 256],
      ["mean", 1],
      ["mean", 64],
    ] as const)("%s, K = %i: the same within the roundings of f32", (quantity, mcSamples) => {
      const request = requestFor(target, mode, mcSamples, quantity);
      const fused = noised(target, request);
      const generic = noised(withoutKernel(target), request);
      expect([generic.nonFinite, generic.energyCalls]).toEqual([fused.nonFinite, fused.energyCalls]);
      expect(Object.keys(generic).sort()).toEqual(Object.keys(fused).sort());
      const { dim } = target;
      for (let r = 0; r < ROWS; r++) {
        const { largest, slope, reach } = sizes(target, request, r);
        // Each energy: (8 + dim) roundings of itself (stated by the kernel), and 1e-6 at least. Sums in 8 lanes: K / 8 additions, exp within
        // 4 roundings.
        const each = (8 + dim) * ROUND * largest + 1e-6;
        const sums = ROUND * (mcSamples / 8 + 12);
        const energyBound = 2 * each + sums + ROUND * largest;
        expect(Math.abs(fused.energy[r] - generic.energy[r]), `row ${r}`).toBeLessThan(energyBound);
        const vector = fused.score ?? fused.mean;
        if (!vector) continue;
        // Weights are off by twice the error of an energy and that of the sums, relative; the vectors by their own roundings, which for a
        // gradient are those of the responsibilities inside it: as many as an energy has.
        const size = quantity === "score" ? slope : reach;
        const bound = size * (4 * each + 2 * sums + 16 * ROUND);
        const other = (generic.score ?? generic.mean) as Float32Array;
        for (let j = r * dim; j < (r + 1) * dim; j++) {
          expect(Math.abs(vector[j] - other[j]), `row ${r}, coordinate ${j % dim}`).toBeLessThan(bound);
        }
      }
    });
  });

  test("control: another key is far outside those bounds", () => {
    const request = requestFor(target, "iid", 128, "energy");
    const one = noised(target, request).energy;
    const other = noisedGeneric(target, { ...request, key: keyOf(7) }).energy;
    const off = one.filter((e, r) => Math.abs(e - other[r]) > 1e-3);
    expect(off.length).toBeGreaterThan(ROWS / 2);
  });
});

test("where every draw is at +inf both give E_K = +inf, S_K = 0 and D_K = x, and call nothing non-finite", () => {
  const x = { data: Float32Array.from(uniforms(keyOf(1), 0, 0, 8), (u) => 1e25 * (u - 0.5)), n: 4, dim: 2 };
  for (const quantity of ["score", "mean"] as const) {
    const request = { x, variance: new Float32Array(4).fill(1), mcSamples: 8, mode: "iid", key: keyOf(2), quantity } as const;
    const generic = noised(withoutKernel(gmm40), request);
    expect(generic).toEqual(noised(gmm40, request));
    expect([...generic.energy, generic.nonFinite]).toEqual([Infinity, Infinity, Infinity, Infinity, 0]);
    expect(generic.score ?? generic.mean).toEqual(quantity === "score" ? new Float32Array(8) : x.data);
  }
});
