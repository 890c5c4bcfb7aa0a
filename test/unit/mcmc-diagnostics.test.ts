/** Split R-hat, effective sample size and autocorrelation time, on series whose values are known. */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import { initKernels } from "../../src/kernels/load.js";
import { normals } from "../../src/kernels/normal.js";
import { chainDiagnostic } from "../../src/mcmc/diagnostics.js";
import { worstOf } from "../../src/mcmc/observables.js";

beforeAll(() => initKernels());

/** [draws, chains] of x_t = rho x_(t-1) + sqrt(1 - rho^2) eps, stationary from the start: N(0, 1), tau = (1 + rho) / (1 - rho). */
function autoregression(rho: number, chains: number, draws: number, offset: (chain: number) => number = () => 0): Float64Array {
  const values = new Float64Array(chains * draws);
  for (let chain = 0; chain < chains; chain++) {
    const noise = normals(keyOf(3), 0, chain, draws);
    let x = noise[0];
    for (let t = 0; t < draws; t++) {
      if (t > 0) x = rho * x + Math.sqrt(1 - rho * rho) * noise[t];
      values[t * chains + chain] = x + offset(chain);
    }
  }
  return values;
}

describe("autoregressions", () => {
  // 400 tau draws of 20 chains: Geyer's estimate is within a few percent; 15 % is 6 of its standard deviations over 12 other keys.
  test.each([0, 0.5, 0.9, -0.5])("rho = %d: tau = (1 + rho) / (1 - rho)", (rho) => {
    const tau = (1 + rho) / (1 - rho);
    const draws = Math.max(1000, Math.ceil(400 * tau));
    const found = chainDiagnostic(autoregression(rho, 20, draws), 20);
    expect(Math.abs(found.autocorrelationTime / tau - 1)).toBeLessThan(0.15);
    expect(found.ess).toBe((40 * Math.floor(draws / 2)) / found.autocorrelationTime);
    expect(Math.abs(found.std - 1)).toBeLessThan(0.05);
    expect(found.splitRhat).toBeGreaterThan(0.999);
    expect(found.splitRhat).toBeLessThan(1.01);
    expect(found.standardError).toBeCloseTo(found.std / Math.sqrt(found.ess), 12);
    expect(Math.abs(found.mean / found.standardError)).toBeLessThan(6);
  });

  test("many chains of few draws are enough for R-hat and the mean's error", () => {
    const found = chainDiagnostic(autoregression(0, 2000, 6), 2000);
    expect(Math.abs(found.splitRhat - 1)).toBeLessThan(0.02);
    expect(Math.abs(found.ess / 12_000 - 1)).toBeLessThan(0.1);
  });
});

describe("chains that do not agree", () => {
  test("two groups that never meet: R-hat far above 1, and as many effective draws as chains", () => {
    const found = chainDiagnostic(
      autoregression(0.3, 20, 500, (chain) => (chain % 2 ? 5 : -5)),
      20,
    );
    // V = 1 + 2 x 25 (40 half chains, variance of the means about 25.6): sqrt(26.6 / 1).
    expect(found.splitRhat).toBeGreaterThan(4.5);
    expect(found.ess).toBeLessThan(60);
  });

  test("one drifting chain is seen, which only its halves can tell", () => {
    const drift = Float64Array.from({ length: 1000 }, (_, t) => normals(keyOf(1), 0, 7, 1000)[t] + t / 200);
    expect(chainDiagnostic(drift, 1).splitRhat).toBeGreaterThan(1.5);
  });

  test("chains that never move, each elsewhere", () => {
    const found = chainDiagnostic(
      Float64Array.from({ length: 80 }, (_, i) => i % 4),
      4,
    );
    expect(found.splitRhat).toBe(Infinity);
    expect(found.ess).toBeLessThan(20);
  });
});

describe("values by hand", () => {
  test("two chains of four draws", () => {
    // Halves (1, 2), (3, 5), (2, 2), (4, 6): means 1.5, 4, 2, 5; variances .5, 2, 0, 2: W = 1.125; variance of the means 8.1875 / 3.
    const values = [1, 2, 2, 2, 3, 4, 5, 6];
    const found = chainDiagnostic(values, 2);
    const pooled = 1.125 / 2 + 8.1875 / 3;
    expect(found.splitRhat).toBeCloseTo(Math.sqrt(pooled / 1.125), 12);
    expect(found.std).toBeCloseTo(Math.sqrt(pooled), 12);
    expect(found.mean).toBe(25 / 8);
  });

  test("an odd number of draws leaves the middle one out", () => {
    const long = chainDiagnostic([1, 2, 99, 3, 5], 1);
    const short = chainDiagnostic([1, 2, 3, 5], 1);
    expect(long.splitRhat).toBe(short.splitRhat);
  });

  test("too few draws say nothing but mean and spread", () => {
    const found = chainDiagnostic([1, 2, 3, 4, 5, 6], 2);
    expect(found).toEqual({
      mean: 3.5,
      std: Math.sqrt(3.5),
      standardError: Number.NaN,
      splitRhat: Number.NaN,
      ess: Number.NaN,
      autocorrelationTime: Number.NaN,
    });
  });

  test("a constant has no diagnostics", () => {
    const found = chainDiagnostic(new Float64Array(40).fill(2), 2);
    expect([found.std, found.splitRhat, found.ess]).toEqual([0, Number.NaN, Number.NaN]);
  });

  test("the worst R-hat is the largest that is known, infinite ones too", () => {
    const named = (name: string, splitRhat: number) => ({ ...chainDiagnostic([1, 2, 3, 5], 1), name, splitRhat });
    const known = [named("x0", 1.2), named("x1", 1.4), named("x2", 1)];
    expect(worstOf([named("energy", Number.NaN), ...known])?.name).toBe("x1");
    expect(worstOf([...known, named("x3", Number.NaN), named("x4", Infinity)])?.name).toBe("x4");
    expect(worstOf([named("energy", Number.NaN)])).toBeUndefined();
  });

  test.each([
    [0, /chains must be an integer in \[1,/],
    [3, /values.length \/ chains must be an integer/],
  ])("chains %d of 8 values", (chains, message) => {
    expect(() => chainDiagnostic(new Float64Array(8), chains)).toThrow(message);
  });
});
