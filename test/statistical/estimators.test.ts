/**
 * BNEM's law with a perfect teacher, and its rejection rule. exp(-target) is unbiased for exp(-E_t) whatever K is, so that is what is
 * tested; every row has its own stream and is one independent unit. Fixed seeds, |z| < 6, controls that fail.
 */
import {
  type Batch,
  bootstrapped,
  derive,
  type Energy,
  type EstimateRequest,
  gaussianMixture,
  init,
  keyOf,
  noisedEnergy,
  perturb,
} from "bnem";
import { beforeAll, describe, expect, test } from "vitest";
import { oracle, requestOf, schedule } from "../support/estimate-request.js";
import { zOfMean } from "../support/z-scores.js";

beforeAll(() => init());

const gmm = gaussianMixture();
const closed = gmm.noisedExact as NonNullable<Energy["noisedExact"]>;
const top = schedule.variance(1);
const LEVELS = 5;
const ROWS = 4000;

/** Rows of the noised target, all of one level. */
function rowsOf(level: number): { x: Batch; variance: Float32Array; truth: Float32Array } {
  const variance = Float32Array.from({ length: ROWS }, (_, i) => (top * (level + (i + 0.5) / ROWS)) / LEVELS);
  const x = perturb((gmm.exact as NonNullable<Energy["exact"]>).sample(ROWS, 31), variance, keyOf(32), level);
  return { x, variance, truth: closed(x, variance).energy };
}

const losses = (values: readonly number[]) => new Map([["bootstrap.loss", Float64Array.from(values)]]);
/** Each level's loss is 1e30 times the one below: nothing keeps its plain estimate. */
const always = () => losses([1e-60, 1e-30, 1, 1e30, 1e60]);

async function ratios(level: number, mcSamples: number, shift: number): Promise<number[]> {
  const { x, variance, truth } = rowsOf(level);
  const request = requestOf(gmm, x, variance, { teacher: oracle(gmm, shift), progress: 1, memory: always() });
  const { target, networkCalls } = await bootstrapped({ mcSamples, levels: LEVELS }).estimate(request);
  expect(networkCalls).toBe(ROWS * mcSamples);
  return Array.from(target, (t, i) => Math.exp(truth[i] - t));
}

describe("with a perfect teacher the bootstrapped target is unbiased", () => {
  test.each([
    [2, 4],
    [1, 16],
    [3, 4],
    [4, 1],
  ])("level %i, K = %i; a teacher half a kT off is seen", async (level, K) => {
    expect(Math.abs(zOfMean(await ratios(level, K, 0), 1))).toBeLessThan(6);
    // Control: exp(-1/2) instead of 1, and exactly that.
    const off = await ratios(level, K, 0.5);
    expect(zOfMean(off, 1)).toBeLessThan(-11);
    expect(Math.abs(zOfMean(off, Math.exp(-0.5)))).toBeLessThan(6);
  });

  test("its variance is below the plain estimate's, the more the shorter the step", async () => {
    const { x, variance, truth } = rowsOf(4);
    const plain = await noisedEnergy({ mcSamples: 4 }).estimate(requestOf(gmm, x, variance));
    const spread = (values: readonly number[]) => values.reduce((s, v) => s + (v - 1) ** 2, 0) / values.length;
    const direct = spread(Array.from(plain.target, (t, i) => Math.exp(truth[i] - t)));
    // Level 4 of 5: one to two fifths of the variance instead of all of it. Measured: 13 times.
    expect(spread(await ratios(4, 4, 0))).toBeLessThan(direct / 4);
  });
});

describe("rejection", () => {
  const K = 4;
  const keepRates = async (loss: readonly number[], level: number, more: Partial<EstimateRequest> = {}) => {
    const { x, variance, truth } = rowsOf(level);
    const request = requestOf(gmm, x, variance, { teacher: oracle(gmm), progress: 1, memory: losses(loss), ...more });
    const result = await bootstrapped({ mcSamples: K, levels: LEVELS }).estimate(request);
    return { result, truth, kept: (result.plain as Uint8Array).reduce((a, b) => a + b, 0) };
  };
  /** z of a number of kept rows under probability p. */
  const z = (kept: number, p: number) => (kept - ROWS * p) / Math.sqrt(ROWS * p * (1 - p));

  test.each([
    [[1, 4, 5, 6, 7], 1, 0.25],
    [[1, 1, 2, 2.5, 9], 3, 0.8],
    [[1, 1, 1, 0.9, 1], 4, 0.9],
  ])("losses %j, level %i: the plain estimate stays with probability l_(i-1) / l_i = %d", async (loss, level, p) => {
    const { kept } = await keepRates(loss, level);
    expect(Math.abs(z(kept, p))).toBeLessThan(6);
    // Controls: probabilities .1 away. The inverse ratio would be 1.
    for (const wrong of [p - 0.1, p + 0.09]) expect(Math.abs(z(kept, wrong))).toBeGreaterThan(11);
  });

  test.each([
    ["equal losses", [1, 2, 2, 1, 1]],
    ["a loss that falls", [1, 2, 1, 1, 1]],
    ["a level below that was never seen", [1, -1, 5, 1, 1]],
    ["a level that was never seen", [1, 2, -1, 1, 1]],
    ["a loss of 0", [1, 2, 0, 1, 1]],
  ])("%s: all rows stay plain", async (_, loss) => {
    expect((await keepRates(loss, 2)).kept).toBe(ROWS);
  });

  test("what is kept is kept regardless of its value: kept plain estimates are unbiased", async () => {
    const keys = Array.from({ length: 6 }, (_, i) => derive(keyOf(41), i));
    const kept: number[] = [];
    const lowest: number[] = [];
    for (const key of keys) {
      const { result, truth } = await keepRates([1, 2, 4, 8, 16], 2, { key });
      const ratio = Array.from(result.target, (t, i) => Math.exp(truth[i] - t));
      const plain = ratio.filter((_, i) => result.plain?.[i]);
      kept.push(...plain);
      // Control: the better half by value, which a decision on the same draws would tend to.
      lowest.push(...plain.sort((a, b) => b - a).slice(0, plain.length / 2));
    }
    expect(Math.abs(zOfMean(kept, 1))).toBeLessThan(6);
    expect(zOfMean(lowest, 1)).toBeGreaterThan(11);
  });
});
