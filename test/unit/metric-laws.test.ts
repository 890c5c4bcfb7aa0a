/**
 * The law of single metrics, where a closed form exists: transport of normals, weighted energies, the Stein discrepancy of exact
 * draws. Fixed seeds, |z| < 6, controls that fail. Here and not in test/statistical, because these functions are not public.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { derive, keyOf } from "../../src/core/random.js";
import type { Batch } from "../../src/core/types.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { initKernels } from "../../src/kernels/load.js";
import { energyDistance } from "../../src/metrics/energy-distance.js";
import { steinDiscrepancy } from "../../src/metrics/ksd.js";
import { transportCosts } from "../../src/metrics/wasserstein.js";
import { GMM40_MEANS, gmm40, mixtureDraws } from "../reference/mixture.js";
import { referenceNormals } from "../reference/normals.js";

beforeAll(() => initKernels());

const mixture = gmm40();
const target = gaussianMixture({ components: 40, seed: 0 });

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function standardError(values: readonly number[]): number {
  const m = mean(values);
  return Math.sqrt(values.reduce((sum, v) => sum + (v - m) ** 2, 0) / (values.length - 1) / values.length);
}

function shifted(x: Batch, by: number): Batch {
  return { ...x, data: x.data.map((v) => v + by) };
}

describe("closed forms", () => {
  /**
   * N(0, 1) against N(m, s^2): W2^2 = m^2 + (1 - s)^2. For samples of n the assignment's mean square is that plus O(log log n / n) and has
   * a spread below 2 sqrt(2 (1 + s^2) m^2 / n): ten independent pairs at n = 1000 give it to 2 %.
   */
  function squaredTransport(m: number, s: number): number[] {
    return Array.from({ length: 10 }, (_, k) => {
      const a = referenceNormals(derive(keyOf(1), k, 0), 0, 0, 1000, 1);
      const b = referenceNormals(derive(keyOf(1), k, 1), 0, 0, 1000, 1);
      return transportCosts(a, { ...b, data: b.data.map((v) => m + s * v) }, [2])[0];
    });
  }

  it("W2 of two normals in one dimension, by assignment", () => {
    const values = squaredTransport(2, 1.5);
    // The upward bias of W2^2 between exact samples is below 10 / n here (measured .003 at n = 2000, m = 0, s = 1).
    expect(Math.abs(mean(values) - (4 + 0.25))).toBeLessThan(6 * standardError(values) + 10 / 1000);
    expect(standardError(values)).toBeLessThan(0.1);
  });

  it("control: the same test refuses the closed form of another width", () => {
    const values = squaredTransport(2, 1.5);
    expect(Math.abs(mean(values) - (4 + 1)) / standardError(values)).toBeGreaterThan(6);
  });

  it("in one dimension assignment and sorting agree to rounding", () => {
    const a = referenceNormals(keyOf(3), 0, 0, 3000, 1);
    const b = referenceNormals(keyOf(4), 0, 0, 3000, 1);
    const sorted = energyDistance(a.data, b.data);
    // The assignment is optimal for costs rounded to f32 (relative 2^-23 of the sum).
    expect(Math.abs(Math.sqrt(transportCosts(a, b, [2])[0]) - sorted)).toBeLessThan(1e-6 * sorted + 1e-9);
  });

  it("weighted energy W2 of importance-weighted draws is that of the target", () => {
    // Draws of N(0, 1.5^2) weighted to N(0, 1); their E = x^2 / 2 against exact ones. Measured: .05 weighted, 1.06 not.
    const weightedOne = (k: number, useWeights: boolean) => {
      const wide = referenceNormals(derive(keyOf(5), k, 0), 0, 0, 4000, 1).data.map((v) => 1.5 * v);
      const exact = referenceNormals(derive(keyOf(5), k, 1), 0, 0, 4000, 1).data;
      const weights = Float64Array.from(wide, (v) => Math.exp(-0.5 * v * v * (1 - 1 / 2.25)));
      const half = (v: number) => 0.5 * v * v;
      return energyDistance(wide.map(half), exact.map(half), useWeights ? { aWeights: weights } : {});
    };
    const weighted = Array.from({ length: 10 }, (_, k) => weightedOne(k, true));
    const plain = Array.from({ length: 10 }, (_, k) => weightedOne(k, false));
    expect(mean(weighted)).toBeLessThan(0.1);
    expect(mean(plain)).toBeGreaterThan(0.7);
  });
});

describe("kernelised Stein discrepancy", () => {
  /** 20 independent draws of 500 rows; length scale 40, about the median distance. */
  function discrepancies(by: number): number[] {
    return Array.from({ length: 20 }, (_, k) => {
      const x = shifted(mixtureDraws(mixture, 500, derive(keyOf(15), k)), by);
      return steinDiscrepancy(x, target.energyAndGradient(x).gradient, 40);
    });
  }

  it("of exact draws has mean square E h(x, x) / n = (E |grad E|^2 + dim / l^2) / n", () => {
    const squares = discrepancies(0).map((v) => v * v);
    const gradients = target.energyAndGradient(mixtureDraws(mixture, 20_000, keyOf(16))).gradient;
    const fisher = gradients.reduce((sum, g) => sum + g * g, 0) / 20_000;
    // `fisher` itself is known to 1 %.
    const expected = (fisher + 2 / 1600) / 500;
    expect(Math.abs(mean(squares) - expected)).toBeLessThan(6 * standardError(squares) + 0.06 * expected);
  });

  it("control: draws shifted by half a unit stand out", () => {
    const exact = discrepancies(0);
    const wrong = discrepancies(0.5);
    expect((mean(wrong) - mean(exact)) / Math.hypot(standardError(exact), standardError(wrong))).toBeGreaterThan(11);
  });

  it("control: it does not see lost modes, as its definition says", () => {
    const half = gmm40(GMM40_MEANS.map((_, k) => (k < 20 ? 0.05 : 0)));
    const x = mixtureDraws(half, 500, keyOf(17));
    const lost = steinDiscrepancy(x, target.energyAndGradient(x).gradient, 40);
    const exact = discrepancies(0);
    expect((lost - mean(exact)) / (standardError(exact) * Math.sqrt(20))).toBeLessThan(6);
  });
});
