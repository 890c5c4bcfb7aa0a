/** SIMD mixture kernels and fused estimators against slow f64 twins fed the same draws, in both builds. */
import { beforeAll, describe, expect, test } from "vitest";
import { derive, keyOf, uniformAt } from "../../src/core/random.js";
import type { Batch, DrawMode, Energy, NoisedRequest, NoisedResult, Quantity } from "../../src/core/types.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { kernelNoised } from "../../src/kernels/energy-kernel.js";
import { initKernels, kernelReport, kernels } from "../../src/kernels/load.js";
import { mixtureKernel } from "../../src/kernels/mixture-kernel.js";
import { normalRows, perturb } from "../../src/kernels/normal.js";
import { perturbations } from "../../src/kernels/perturbations.js";
import { estimate, type Mixture, mixtureEnergy } from "../reference/noised.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";

/** Unit roundoff of f32. */
const U = 2 ** -24;
const key = keyOf(31);

/** `count` components in `dim` dimensions, all numbers exact in f32 so that twin and kernel see the same mixture. */
function randomMixture(count: number, dim: number): Mixture {
  const at = derive(key, count, dim);
  const number = (i: number, low: number, high: number) => Math.fround(low + (high - low) * uniformAt(at, i));
  const weights = Array.from({ length: count }, (_, k) => number(k, 0.1, 1));
  const sum = weights.reduce((a, b) => a + b, 0);
  return {
    means: Array.from({ length: count }, (_, k) => Array.from({ length: dim }, (_, d) => number(1000 + k * dim + d, -6, 6))),
    weights: weights.map((w) => w / sum),
    std: Array.from({ length: count }, (_, k) => number(500 + k, 0.5, 2)),
  };
}

function gmm40(): Mixture {
  const modes = gaussianMixture().modes as NonNullable<Energy["modes"]>;
  const means = Array.from({ length: 40 }, (_, k) => Array.from(modes.means.data.subarray(2 * k, 2 * k + 2)));
  return { means, weights: means.map(() => 1 / 40), std: means.map(() => 1.3132616875182228) };
}

const CASES = [
  { name: "GMM-40", mixture: gmm40() },
  { name: "3 components in 1-d", mixture: randomMixture(3, 1) },
  { name: "5 components in 3-d", mixture: randomMixture(5, 3) },
  { name: "17 components in 13-d", mixture: randomMixture(17, 13) },
  // More than the 64 components of one word of bits.
  { name: "130 components in 2-d", mixture: randomMixture(130, 2) },
  { name: "67 components in 3-d", mixture: randomMixture(67, 3) },
];

function energyOf(mixture: Mixture): Energy {
  return gaussianMixture({ means: mixture.means, weights: mixture.weights, std: mixture.std });
}

/** Largest constant c_k = -log w_k + dim/2 log(2 pi std_k^2) in size. */
function largestConstant({ means, weights, std }: Mixture): number {
  return Math.max(...weights.map((w, k) => Math.abs((means[0].length / 2) * Math.log(2 * Math.PI * std[k] ** 2) - Math.log(w))));
}

/**
 * Error of one f32 energy: dim + 6 roundings of terms no larger than |E| + |c| + 4, a sum over `count` exponentials, and the exp
 * and log themselves (below 16 roundings near the maximum, where the weight is).
 */
function energyBound(mixture: Mixture, energy: number): number {
  const dim = mixture.means[0].length;
  return U * ((dim + 6) * (Math.abs(energy) + largestConstant(mixture) + 4) + mixture.means.length + 16);
}

/** Rows near means, between them and far from all. */
function rowsFor(mixture: Mixture, n: number): Batch {
  const dim = mixture.means[0].length;
  const x = normalRows(key, 1, 0, n, dim);
  for (let r = 0; r < n; r++) {
    const mean = mixture.means[r % mixture.means.length];
    const spread = [1, 4, 20][r % 3];
    for (let d = 0; d < dim; d++) x.data[r * dim + d] = mean[d] + spread * x.data[r * dim + d];
  }
  return x;
}

beforeAll(async () => {
  allowRelaxedSimd();
  await initKernels();
  expect(kernelReport().relaxed, "this engine loads the relaxed build").toBe(true);
});

describe.each(CASES)("$name", ({ mixture }) => {
  const dim = mixture.means[0].length;

  test("energy and gradient equal the twin's", () => {
    const x = rowsFor(mixture, 301);
    const target = energyOf(mixture);
    const { energy, gradient } = target.energyAndGradient(x);
    expect(target.energy(x)).toEqual(energy);
    for (let r = 0; r < x.n; r++) {
      const row = x.data.subarray(r * dim, (r + 1) * dim);
      const twin = mixtureEnergy(mixture, row);
      const bound = energyBound(mixture, twin.energy);
      expect(Math.abs(energy[r] - twin.energy), `row ${r}`).toBeLessThan(bound);
      // Responsibilities are off by at most 2 bounds; each pulls towards a mean no farther than the row's worst.
      const pull = Math.max(
        ...mixture.means.flatMap((mean, k) => mean.map((m, d) => Math.abs(row[d] - m) / mixture.std[k] ** 2)),
      );
      for (let d = 0; d < dim; d++) {
        expect(Math.abs(gradient[r * dim + d] - twin.gradient[d]), `row ${r}, coordinate ${d}`).toBeLessThan(
          (2 * bound + 8 * U) * pull,
        );
      }
    }
  });

  test("the closed form of the noised energy equals the twin's; its score is minus the gradient's differences", () => {
    const x = rowsFor(mixture, 30);
    const variance = Float32Array.from({ length: 30 }, (_, r) => [0, 0.25, 9][r % 3]);
    const { energy, score } = (energyOf(mixture).noisedExact as NonNullable<Energy["noisedExact"]>)(x, variance);
    for (let r = 0; r < x.n; r++) {
      const row = Float64Array.from(x.data.subarray(r * dim, (r + 1) * dim));
      const twin = mixtureEnergy(mixture, row, variance[r]);
      expect(Math.abs(energy[r] - twin.energy)).toBeLessThanOrEqual(1.01 * U * Math.abs(twin.energy));
      for (let d = 0; d < dim; d++) {
        const at = (delta: number) =>
          mixtureEnergy(
            mixture,
            row.map((v, i) => (i === d ? v + delta : v)),
            variance[r],
          ).energy;
        const differences = -(at(1e-5) - at(-1e-5)) / 2e-5;
        expect(Math.abs(score[r * dim + d] - differences)).toBeLessThan(1e-4 * (1 + Math.abs(differences)));
      }
    }
  });
});

describe.each([
  { build: "plain", exact: true },
  { build: "relaxed", exact: false },
])("fused estimator, $build build", ({ exact }) => {
  const modes: DrawMode[] = ["iid", "antithetic", "lattice"];
  const table = CASES.flatMap(({ name, mixture }) => modes.map((mode) => ({ name, mixture, mode })));

  test.each(table)("$name, $mode: energy, score and mean equal the twin's on the same draws", ({ mixture, mode }) => {
    const dim = mixture.means[0].length;
    const n = 9;
    const mcSamples = 64;
    const x = rowsFor(mixture, n);
    const variance = Float32Array.from({ length: n }, (_, r) => [0.01, 1, 16][Math.floor(r / 3)]);
    const ask = (quantity: Quantity): NoisedRequest => ({ x, variance, key, mcSamples, mode, quantity, exact });
    const noised = energyOf(mixture).noised as NonNullable<Energy["noised"]>;
    const [byEnergy, byScore, byMean] = (["energy", "score", "mean"] as const).map((q) => noised(ask(q)));
    expect(byEnergy.energyCalls).toBe(n * mcSamples);
    expect(byEnergy.nonFinite).toBe(0);
    expect(byMean.energy).toEqual(byEnergy.energy);
    for (let r = 0; r < n; r++) {
      const twin = estimate(mixture, perturbations(ask("energy"), r), dim);
      const single = energyBound(mixture, twin.largestEnergy);
      const sums = U * (mcSamples / 8 + 16);
      expect(Math.abs(byEnergy.energy[r] - twin.energy), `row ${r}`).toBeLessThan(single + sums);
      expect(Math.abs(byScore.energy[r] - twin.energy), `row ${r}`).toBeLessThan(single + sums);
      const weights = 2 * single + sums;
      for (let d = 0; d < dim; d++) {
        const i = r * dim + d;
        const pull = twin.largestGradient + 12;
        expect(Math.abs((byScore.score as Float32Array)[i] - twin.score[d])).toBeLessThan(2 * weights * pull);
        const reach = 6.56 * Math.sqrt(variance[r]);
        const rounding = 4 * U * (Math.abs(x.data[i]) + reach);
        expect(Math.abs((byMean.mean as Float32Array)[i] - twin.mean[d])).toBeLessThan(weights * reach + rounding);
      }
    }
  });
});

test("a row's estimate does not depend on the other rows; its draws can be made alone", () => {
  const { mixture } = CASES[0];
  const noised = energyOf(mixture).noised as NonNullable<Energy["noised"]>;
  const x = rowsFor(mixture, 12);
  const variance = new Float32Array(12).fill(2);
  for (const mode of ["iid", "antithetic", "lattice"] as const) {
    const common = { key, mcSamples: 256, mode, quantity: "score" } as const;
    const all = noised({ ...common, x, variance });
    const five = noised({ ...common, x: { data: x.data.slice(0, 10), n: 5, dim: 2 }, variance: variance.slice(0, 5) });
    expect(five.energy).toEqual(all.energy.slice(0, 5));
    expect(five.score).toEqual((all.score as Float32Array).slice(0, 10));
    const other = { data: x.data.map((v, i) => (i === 8 || i === 9 ? v : v + 1)), n: 12, dim: 2 };
    expect(noised({ ...common, x: other, variance }).energy[4]).toBe(all.energy[4]);
  }
});

test("perturb and the draws use different streams of one key", () => {
  const x = { data: new Float32Array(2), n: 1, dim: 2 };
  const variance = Float32Array.of(1);
  const y = perturbations({ x, variance, key, mcSamples: 8, mode: "iid", quantity: "energy" }, 0);
  const other = perturb(x, variance, key, 0).data;
  expect(y.filter((value) => other.includes(value))).toHaveLength(0);
});

test("S_K = -grad E_K for shared draws; with other draws it is not", () => {
  const { mixture } = CASES[0];
  const noised = energyOf(mixture).noised as NonNullable<Energy["noised"]>;
  const n = 12;
  const x = rowsFor(mixture, n);
  const variance = new Float32Array(n).fill(1);
  for (const mode of ["iid", "antithetic", "lattice"] as const) {
    const request: NoisedRequest = { x, variance, key, mcSamples: 128, mode, quantity: "score" };
    const score = noised(request).score as Float32Array;
    let worstShared = 0;
    let worstOther = 0;
    for (let r = 0; r < n; r += 3) {
      // Differences of the f64 twin's E_K: the draws move with x, so their noise is shared exactly.
      const differences = (draws: Float32Array, d: number) => {
        const at = (delta: number) =>
          estimate(
            mixture,
            Float64Array.from(draws, (v, i) => (i % 2 === d ? v + delta : v)),
            2,
          ).energy;
        return -(at(1e-5) - at(-1e-5)) / 2e-5;
      };
      const mine = perturbations(request, r);
      const others = perturbations({ ...request, key: keyOf(99) }, r);
      for (let d = 0; d < 2; d++) {
        worstShared = Math.max(worstShared, Math.abs(score[2 * r + d] - differences(mine, d)));
        worstOther = Math.max(worstOther, Math.abs(score[2 * r + d] - differences(others, d)));
      }
    }
    expect(worstShared).toBeLessThan(2e-5);
    expect(worstOther).toBeGreaterThan(2e-4);
  }
});

test("relaxed and plain builds agree within f32", () => {
  const { mixture } = CASES[0];
  const noised = energyOf(mixture).noised as NonNullable<Energy["noised"]>;
  const x = rowsFor(mixture, 60);
  const variance = new Float32Array(60).fill(4);
  for (const mode of ["iid", "antithetic", "lattice"] as const) {
    const request: NoisedRequest = { x, variance, key, mcSamples: 256, mode, quantity: "energy" };
    const plain = noised(request);
    const relaxed = noised({ ...request, exact: false });
    for (let r = 0; r < x.n; r++) {
      const twin = estimate(mixture, perturbations(request, r), 2);
      // The draws of the two builds differ by roundings of the normals, the energies by two bounds.
      const shift = 2 * twin.largestGradient * (6.56 * 2 * 1e-6 + 4 * U * 60);
      expect(Math.abs(plain.energy[r] - relaxed.energy[r])).toBeLessThan(
        2 * energyBound(mixture, twin.largestEnergy) + U * 64 + shift,
      );
    }
    expect(noised({ ...request, exact: true })).toEqual(plain);
  }
});

describe("what is not finite", () => {
  const kernel = mixtureKernel(Float64Array.of(0, 0), 2, Float64Array.of(1), Float64Array.of(1));
  const ask = (x: number[], h: number, quantity: Quantity): NoisedResult =>
    kernelNoised(kernel, {
      x: { data: Float32Array.from(x), n: x.length / 2, dim: 2 },
      variance: new Float32Array(x.length / 2).fill(h),
      key,
      mcSamples: 16,
      mode: "iid",
      quantity,
    });

  test("a row whose draws all have E = +inf gives E_K = +inf, S_K = 0, D_K = x, and harms no other row", () => {
    const { energy, score, nonFinite } = ask([1e25, 0, 0.5, 0.5], 1, "score");
    expect(energy[0]).toBe(Infinity);
    expect(Array.from(score as Float32Array).slice(0, 2)).toEqual([0, 0]);
    expect(Number.isFinite(energy[1])).toBe(true);
    expect(nonFinite).toBe(0);
    expect(Array.from(ask([1e25, 0], 1, "mean").mean as Float32Array)).toEqual([Math.fround(1e25), 0]);
  });

  test.each([16, 13])("NaN energies are counted and have no weight (K = %i)", (mcSamples) => {
    // Past the public guards: row 0 has a NaN coordinate, row 1 an infinite one (E = +inf), row 2 is sound.
    const { exports, arena } = kernels("test");
    const words = (...list: number[]) => Int32Array.from(list, (word) => word | 0);
    const result = arena.lease(new Array(16).fill(1024), (lease) => {
      const block = kernel.put(lease);
      const request = lease.putWords(words(0, 0, mcSamples, 0, key.a, key.b, 0, 0));
      const x = lease.put(Float32Array.of(Number.NaN, 0, 0, Infinity, 0.5, 0.5));
      const h = lease.put(Float32Array.of(1, 1, 1));
      const energy = lease.take(12);
      const count = exports.gaussianMixtureNoised(block, request, x, h, 3, energy, 0, lease.take(exports.noisedScratch(2)));
      return { count, energy: lease.get(energy, 3) };
    });
    expect(result.count).toBe(mcSamples);
    expect(Array.from(result.energy.subarray(0, 2))).toEqual([Infinity, Infinity]);
    expect(Number.isFinite(result.energy[2])).toBe(true);
  });
});
