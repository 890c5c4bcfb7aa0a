/** Kernels of the energies against their slow f64 twins: values, gradients and fused estimates on the same draws, in both builds. */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import { removeMean } from "../../src/core/subspace.js";
import type { Batch, DrawMode, Energy, NoisedRequest, Quantity } from "../../src/core/types.js";
import { doubleWell } from "../../src/energies/double-well.js";
import { funnel } from "../../src/energies/funnel.js";
import { lennardJones } from "../../src/energies/lennard-jones.js";
import { manyWell } from "../../src/energies/many-well.js";
import { muellerBrown } from "../../src/energies/mueller-brown.js";
import { rings } from "../../src/energies/rings.js";
import { twoMoons } from "../../src/energies/two-moons.js";
import { noised } from "../../src/estimators/noised.js";
import { initKernels, kernelReport } from "../../src/kernels/load.js";
import { normalRows } from "../../src/kernels/normal.js";
import { perturbations } from "../../src/kernels/perturbations.js";
import { estimateOf } from "../reference/noised.js";
import { type EnergyCase, energyCases, pointsOf } from "../support/energy-cases.js";
import { withoutKernel } from "../support/estimate-request.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";

/** Unit roundoff of f32. */
const U = 2 ** -24;
const key = keyOf(17);
const factories = { doubleWell, funnel, lennardJones, manyWell, muellerBrown, rings, twoMoons };

function points(subject: EnergyCase, target: Energy, n: number, seed: number): Batch {
  return pointsOf(subject, target, normalRows(keyOf(seed), 0, 0, n, target.dim).data);
}

beforeAll(async () => {
  allowRelaxedSimd();
  await initKernels();
  expect(kernelReport().relaxed, "this engine loads the relaxed build").toBe(true);
});

describe.each(energyCases)("$name", (subject) => {
  const { make, twin, roundings } = subject;
  const target = make(factories);
  const { dim } = target;

  test("energy and gradient equal the twin's", () => {
    const x = points(subject, target, 101, 3);
    const { energy, gradient } = target.energyAndGradient(x);
    expect(target.energy(x)).toEqual(energy);
    for (let r = 0; r < x.n; r++) {
      const slow = twin(x.data.subarray(r * dim, (r + 1) * dim));
      expect(Math.abs(energy[r] - slow.energy), `row ${r}`).toBeLessThanOrEqual(roundings * U * slow.size);
      for (let d = 0; d < dim; d++) {
        const off = Math.abs(gradient[r * dim + d] - slow.gradient[d]);
        expect(off, `row ${r}, coordinate ${d}`).toBeLessThanOrEqual(roundings * U * slow.slope);
      }
    }
  });

  test("the check value is the twin's", () => {
    const slow = twin(target.check.x);
    expect(Math.abs(target.check.energy - slow.energy)).toBeLessThan(1e-12 * slow.size);
  });

  describe.each([
    { build: "plain", exact: true },
    { build: "relaxed", exact: false },
  ])("fused estimator, $build build", ({ exact }) => {
    // Lattice tables end at 64 dimensions.
    const modes: DrawMode[] = dim > 64 ? ["iid", "antithetic"] : ["iid", "antithetic", "lattice"];
    const mcSamples = 32;
    const n = 4;

    test.each(modes)("%s: energy, score and mean equal the twin's and the generic path's on the same draws", (mode) => {
      const x = points(subject, target, n, 5);
      const variance = Float32Array.from({ length: n }, (_, r) => (subject.spread * [0.1, 0.3, 1, 3][r]) ** 2);
      const ask = (quantity: Quantity): NoisedRequest => ({ x, variance, key, mcSamples, mode, quantity, exact });
      const fused = (["energy", "score", "mean"] as const).map((q) => noised(target, ask(q)));
      const generic = (["energy", "score", "mean"] as const).map((q) => noised(withoutKernel(target), ask(q)));
      for (let r = 0; r < n; r++) {
        const draws = perturbations(ask("energy"), r);
        const slow = estimateOf(twin, draws, dim);
        const carrying = Array.from({ length: mcSamples }, (_, k) => twin(draws.subarray(k * dim, (k + 1) * dim))).filter(
          ({ energy }) => energy < slow.energy + Math.log(mcSamples) + 25,
        );
        const single = roundings * U * Math.max(...carrying.map(({ size }) => size));
        const slope = roundings * U * Math.max(...carrying.map((value) => value.slope));
        const sums = U * (mcSamples / 8 + 16);
        const weights = 2 * (2 * single + sums);
        const mean = Float32Array.from(slow.mean);
        if (target.particles) removeMean(mean, 1, target.particles);
        const reach = Math.max(...draws.map((v, i) => Math.abs(v - x.data[r * dim + (i % dim)]) + Math.abs(v)));
        for (const results of [fused, generic]) {
          const [byEnergy, byScore, byMean] = results;
          expect(Math.abs(byEnergy.energy[r] - slow.energy), `row ${r}`).toBeLessThan(single + sums + U * Math.abs(slow.energy));
          expect(byMean.energy).toEqual(byEnergy.energy);
          for (let d = 0; d < dim; d++) {
            const i = r * dim + d;
            const score = byScore.score as Float32Array;
            expect(Math.abs(score[i] - slow.score[d])).toBeLessThan(weights * slow.largestGradient + slope);
            expect(Math.abs((byMean.mean as Float32Array)[i] - mean[d])).toBeLessThan((weights + 8 * U) * reach);
          }
        }
      }
    });
  });
});

test("controls: a coefficient 1e-4 off, pairs counted once and a mean that keeps its center are seen", () => {
  const [lj13] = energyCases;
  const target = lj13.make(factories);
  const x = points(lj13, target, 20, 3);
  const energies = target.energy(x);
  const misses = (wrong: (x: Float32Array) => number) =>
    energies.filter((e, r) => {
      const row = x.data.subarray(r * 39, (r + 1) * 39);
      return Math.abs(e - wrong(row)) > lj13.roundings * U * lj13.twin(row).size;
    }).length;
  expect(misses((row) => lj13.twin(row).energy * (1 + 1e-4))).toBeGreaterThan(10);
  expect(misses((row) => lj13.twin(row).energy / 2)).toBe(20);
  const moved: NoisedRequest = {
    x: { ...x, data: x.data.map((v) => v + 1) },
    variance: new Float32Array(20).fill(1e-4),
    key,
    mcSamples: 8,
    mode: "iid",
    quantity: "mean",
  };
  const mean = noised(target, moved).mean as Float32Array;
  const center =
    mean
      .subarray(0, 39)
      .filter((_, i) => i % 3 === 0)
      .reduce((a, b) => a + b, 0) / 13;
  expect(Math.abs(center)).toBeLessThan(1e-5);
});
