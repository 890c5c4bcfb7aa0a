/**
 * Shares of modes and their errors: calibrated for plain rows, for rows with importance weights and for rows that share ancestors, on forty modes of
 * weights 1 to 40, of which some overlap. Controls: raw rows of a sampler that gives every mode the same weight, and clusters that are not told.
 */
import { describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import type { Batch, ModeSet } from "../../src/core/types.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { initKernels } from "../../src/kernels/load.js";
import { evaluate } from "../../src/metrics/evaluate.js";
import { type ModeFractions, modeFractions, targetFractions } from "../../src/metrics/mode-fractions.js";
import { normalisedWeights } from "../../src/metrics/weights.js";

await initKernels();

const even = gaussianMixture({ components: 40, seed: 0 });
const means = Array.from({ length: 40 }, (_, k) => Array.from((even.modes as ModeSet).means.data.subarray(2 * k, 2 * k + 2)));
const std = (even.modes as ModeSet).std[0];
const target = gaussianMixture({ means, std, weights: means.map((_, k) => k + 1) });
const flat = gaussianMixture({ means, std });
const modes = target.modes as ModeSet;
const shares = targetFractions(target, modes, keyOf(3));
const exact = (n: number, seed: number) => (target.exact as NonNullable<typeof target.exact>).sample(n, seed);

/** Rows of equal mode weights, and what makes them rows of the target. */
function proposed(n: number, seed: number): { x: Batch; weights: Float64Array; logWeights: Float64Array } {
  const x = (flat.exact as NonNullable<typeof flat.exact>).sample(n, seed);
  const [ours, theirs] = [target.energy(x), flat.energy(x)];
  const logWeights = Float64Array.from(ours, (e, i) => theirs[i] - e);
  return { x, logWeights, weights: normalisedWeights("test", logWeights) };
}

/** Every row `times` times, under its own number. */
function repeated(x: Batch, times: number): { x: Batch; ancestors: Int32Array } {
  const n = x.n * times;
  const data = new Float32Array(n * x.dim);
  for (let i = 0; i < n; i++)
    data.set(x.data.subarray(Math.floor(i / times) * x.dim, (Math.floor(i / times) + 1) * x.dim), i * x.dim);
  return { x: { data, n, dim: x.dim }, ancestors: Int32Array.from({ length: n }, (_, i) => Math.floor(i / times)) };
}

/** Shares of runs whose chi-square has a tail below 1 % and below 20 %. */
function rejected(runs: number, judge: (seed: number) => ModeFractions): { low: number; high: number } {
  const tails = Array.from({ length: runs }, (_, seed) => judge(1000 + seed).chiSquare.tail);
  return { low: tails.filter((p) => p < 0.01).length / runs, high: tails.filter((p) => p < 0.2).length / runs };
}

/** The mode whose mean is nearest to a row. */
function modeOf({ data }: Batch, i: number): number {
  const squares = means.map(([a, b]) => (data[2 * i] - a) ** 2 + (data[2 * i + 1] - b) ** 2);
  return squares.indexOf(Math.min(...squares));
}

const RUNS = 400;

describe("chi-square of the modes", () => {
  // Of 400 runs a rate of 1 % is above 4 % with a chance of 1e-6, one of 20 % outside .09 to .31 with 1e-7.
  test("exact rows are refused as often as they should be", () => {
    const { low, high } = rejected(RUNS, (seed) => modeFractions({ x: exact(2000, seed) }, modes, shares));
    expect(low).toBeLessThan(0.04);
    expect(high).toBeGreaterThan(0.09);
    expect(high).toBeLessThan(0.31);
  });

  test("rows of equal mode weights: raw always refused and off by more than 5 standard errors, weighted not", () => {
    const raw = rejected(50, (seed) => modeFractions({ x: proposed(2000, seed).x }, modes, shares));
    expect(raw.low).toBe(1);
    expect(modeFractions({ x: proposed(2000, 1).x }, modes, shares).largest).toBeGreaterThan(5);
    const weighted = rejected(RUNS, (seed) => modeFractions(proposed(2000, seed), modes, shares));
    expect(weighted.low).toBeLessThan(0.04);
    expect(weighted.high).toBeGreaterThan(0.09);
    expect(weighted.high).toBeLessThan(0.31);
  });

  test("rows that share ancestors are no evidence of their own", () => {
    const judge = (known: boolean) => (seed: number) => {
      const { x, ancestors } = repeated(exact(400, seed), 5);
      return modeFractions({ x }, modes, shares, known ? ancestors : undefined);
    };
    const { low, high } = rejected(RUNS, judge(true));
    expect(low).toBeLessThan(0.04);
    expect(high).toBeLessThan(0.31);
    // Control: without their numbers nearly every run is refused.
    expect(rejected(50, judge(false)).low).toBeGreaterThan(0.9);
  });

  test("modes whose weights exchange rows are judged by what the target has nearest to them, not by their weights", () => {
    const { expected } = shares;
    const moved = expected.reduce((sum, q, k) => sum + Math.abs(q - modes.weights[k]), 0) / 2;
    expect(moved).toBeGreaterThan(0.005);
    const own = { expected: modes.weights.slice(), draws: Infinity };
    const x = exact(200_000, 5);
    expect(modeFractions({ x }, modes, own).chiSquare.tail).toBeLessThan(1e-6);
    expect(modeFractions({ x }, modes, shares).chiSquare.tail).toBeGreaterThan(1e-4);
  });
});

describe("standard errors", () => {
  test("over weights and clusters, written out", () => {
    const two: ModeSet = {
      means: { data: Float32Array.of(-1, 1), n: 2, dim: 1 },
      std: Float32Array.of(1, 1),
      weights: Float64Array.of(0.5, 0.5),
    };
    const x = { data: Float32Array.of(-2, -1, 1, 2, 3), n: 5, dim: 1 };
    const weights = Float64Array.of(0.1, 0.2, 0.3, 0.3, 0.1);
    const half = { expected: two.weights, draws: Infinity };
    const { modes: plain, effectiveSize, clusters, largest } = modeFractions({ x, weights }, two, half);
    const square = 0.01 + 0.04 + 0.09 + 0.09 + 0.01;
    expect(plain[0].value).toBeCloseTo(0.3, 12);
    // (1 - f)^2 sum of squares in the mode + f^2 of those outside = .0416; never below what half of the mass in each
    // mode would have, with the mean weights (.05 + s) / 1.3 and (.19 + s) / 1.7 inside and outside, s = .24 of five more rows.
    expect(0.49 * 0.05 + 0.09 * 0.19).toBeCloseTo(0.0416, 12);
    const right = 0.125 * ((0.05 + square) / 1.3 + (0.19 + square) / 1.7);
    expect(plain[0].standardError).toBeCloseTo(Math.sqrt(right), 12);
    expect([effectiveSize, clusters]).toEqual([expect.closeTo(1 / square, 9), 5]);
    expect(largest).toBeCloseTo(0.2 / Math.sqrt(right), 12);
    const joined = modeFractions({ x, weights }, two, half, Int32Array.of(7, 7, 7, 9, 9));
    // (.3 - .3 * .6)^2 + (.3 * .4)^2 = .0288 is less than over rows; (.3 * .7)^2 + (.7 * .3)^2 = .0882 where clusters are modes.
    expect(joined.modes[0].standardError).toBeCloseTo(Math.sqrt(right), 12);
    const apart = modeFractions({ x, weights }, two, half, Int32Array.of(7, 7, 9, 9, 9));
    expect(apart.modes[0].standardError).toBeCloseTo(Math.sqrt(Math.max(0.0882, (right * 0.0882) / 0.0416)), 12);
    expect([joined.clusters, apart.clusters]).toEqual([2, 2]);
  });

  test("a mode that no row has reached has one", () => {
    const x = { data: new Float32Array(200).fill(means[39][0]).map((v, i) => (i % 2 ? means[39][1] : v)), n: 100, dim: 2 };
    const { modes: found } = modeFractions({ x }, modes, shares);
    expect(found[0].value).toBe(0);
    expect(Math.abs(found[0].z)).toBeLessThan(1);
    expect(found[39].z).toBeGreaterThan(30);
  });

  test("a few rows of hardly any weight do not make a rare mode look certain", () => {
    const rows = exact(2000, 4);
    const nearest = Array.from({ length: 2000 }, (_, i) => modeOf(rows, i));
    const heavy = normalisedWeights(
      "test",
      Float64Array.from(nearest, (k) => (k === 0 ? -3 : 0)),
    );
    const { modes: found } = modeFractions({ x: rows, weights: heavy }, modes, shares);
    expect(nearest.filter((k) => k === 0).length).toBeLessThan(6);
    expect(found[0].value).toBeLessThan(0.1 * found[0].expected);
    expect(Math.abs(found[0].z)).toBeLessThan(2);
  });
});

test("evaluate gives them for targets with modes, of the rows as they are and with weights", async () => {
  const { x, logWeights } = proposed(1000, 7);
  const { modeFractions: found } = await evaluate(x, target, { seed: 1, metrics: ["stragglers"], logWeights });
  expect(found?.raw.largest).toBeGreaterThan(4);
  expect(found?.raw.chiSquare.tail).toBeLessThan(1e-6);
  expect(found?.weighted?.chiSquare.tail).toBeGreaterThan(0.001);
  expect(found?.weighted?.effectiveSize).toBeLessThan(1000);
  const kin = new Int32Array(1000).map((_, i) => i % 10);
  const clustered = await evaluate(x, target, { seed: 1, metrics: ["stragglers"], logWeights, ancestors: kin });
  expect(clustered.modeFractions?.weighted?.clusters).toBe(10);
  await expect(evaluate(x, target, { ancestors: kin.subarray(1) })).rejects.toThrow(/ancestors must hold n = 1000/);
  await expect(evaluate(x, target, { ancestors: new Float64Array(1000) as never })).rejects.toThrow(TypeError);
  const one = gaussianMixture({ means: [[0, 0]] });
  expect((await evaluate(x, one, { seed: 1, metrics: ["energyW2"] })).modeFractions).toBeUndefined();
});
