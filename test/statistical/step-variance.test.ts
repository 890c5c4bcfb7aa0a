/**
 * The variance of reverse steps between DDPM posterior (nu = 0) and optimal covariance (nu = 1). The target is N(0, c I) with its exact score
 * -x / (c + h), for which E|s|^2 / d = 1 / (c + h): a step of nu = 1 is exact, and nu = 0 leaves a variance that is too small by a recursion.
 * The mean squares come from pilot batches, so what is scored is the mean over many keys, each with a pilot of its own.
 */
import {
  type Corrector,
  edmGrid,
  geometricSchedule,
  importance,
  init,
  keyOf,
  langevin,
  type NormalSource,
  normalRows,
  type Path,
  type ReverseSdeOptions,
  reverseSde,
  type ScoreModel,
} from "bnem";
import { beforeAll, describe, expect, test } from "vitest";
import { gmm40, mixtureEnergy, mixtureModel, type ReferenceMixture } from "../reference/mixture.js";
import { referenceNormals } from "../reference/normals.js";
import { zOfMean } from "../support/z-scores.js";

beforeAll(() => init());

const c = 1.5;
const dim = 4;
const schedule = geometricSchedule({ sigmaMin: 0.05, sigmaMax: 20 });
const model: ScoreModel = {
  dim,
  score: async (x, variance) => x.data.map((value, i) => -value / (c + variance[Math.floor(i / dim)])),
};
const gridOf = (steps: number) => edmGrid({ steps, sigmaMin: 0.2, sigmaMax: 19 });
const run = (grid: Float64Array, options: Partial<ReverseSdeOptions>) =>
  reverseSde(model, undefined, schedule, {
    n: 2000,
    key: keyOf(1),
    draws: normalRows,
    grid,
    priorVariance: c + grid[grid.length - 1],
    ...options,
  });

const meanSquare = ({ data }: { readonly data: Float32Array }) => data.reduce((sum, v) => sum + v * v, 0) / data.length;

/** Variance at the end by recursion; E|s|^2 / d is that of the samples, variance / (c + h)^2, which is 1 / (c + h) at nu = 1. */
function recursion(grid: Float64Array, nu: number, corrector?: Corrector): number {
  let variance = c + grid[grid.length - 1];
  for (let k = grid.length - 1; k > 0; k--) {
    const [from, to] = [grid[k], grid[k - 1]];
    if (corrector && k < grid.length - 1) {
      const tau = corrector.stepScale * from;
      variance = (1 - tau / (c + from)) ** 2 * variance + 2 * tau;
    }
    const delta = from - to;
    const square = Math.min(variance / (c + from) ** 2, 1 / from);
    const noise = (1 - nu) * ((delta * to) / from) + nu * delta * (1 - delta * square);
    variance = (1 - delta / (c + from)) ** 2 * variance + noise;
  }
  return variance;
}

async function variances(grid: Float64Array, options: Partial<ReverseSdeOptions>, seed: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < 40; i++) found.push(meanSquare((await run(grid, { ...options, key: keyOf(seed + i) })).x));
  return found;
}

describe("a Gaussian, exact score", () => {
  test.each([1, 2, 6, 20])(
    "nu = 1 ends at its variance c + h_0 after %i steps; control: nu = 0, too small as its recursion says",
    async (steps) => {
      const grid = gridOf(steps);
      expect(recursion(grid, 1)).toBeCloseTo(c + grid[0], 12);
      expect(Math.abs(zOfMean(await variances(grid, { nu: 1 }, 1000 * steps), c + grid[0]))).toBeLessThan(6);
      const narrow = await variances(grid, { nu: 0 }, 1000 * steps + 500);
      expect(recursion(grid, 0)).toBeLessThan(0.95 * (c + grid[0]));
      expect(Math.abs(zOfMean(narrow, recursion(grid, 0)))).toBeLessThan(6);
      expect(zOfMean(narrow, c + grid[0])).toBeLessThan(-11);
    },
  );

  test.each([
    ["no corrector", undefined],
    ["Langevin", langevin({ stepScale: 0.4 })],
  ])("nu = .5 follows the recursion in between (%s); control: .4 and .6", async (_name, corrector) => {
    const grid = gridOf(6);
    const found = await variances(grid, { nu: 0.5, corrector }, 7000);
    expect(Math.abs(zOfMean(found, recursion(grid, 0.5, corrector)))).toBeLessThan(6);
    expect(zOfMean(found, recursion(grid, 0.6, corrector))).toBeLessThan(-11);
    expect(zOfMean(found, recursion(grid, 0.4, corrector))).toBeGreaterThan(11);
  });

  test("the pilot is counted, needs no rows of the run, and nu = 0 needs none", async () => {
    const grid = gridOf(6);
    const calls = async (more: Partial<ReverseSdeOptions>) => {
      const { scoreCalls, pilotCalls } = await run(grid, { n: 100, ...more });
      return [scoreCalls, pilotCalls];
    };
    expect(await calls({})).toEqual([600, 0]);
    expect(await calls({ nu: 0 })).toEqual([600, 0]);
    expect(await calls({ nu: 0.5 })).toEqual([600 + 512 * 6, 512 * 6]);
    const plain = await run(grid, { n: 100 });
    expect((await run(grid, { n: 100, nu: 0 })).x).toEqual(plain.x);
    const few = await run(grid, { n: 10, nu: 0.7, chunk: 3 });
    const many = await run(grid, { n: 700, nu: 0.7, chunk: 500 });
    expect(few.x.data).toEqual(many.x.data.subarray(0, 10 * dim));
  });

  test("raw output takes its last step to level 0 without noise, weighted output with it", async () => {
    const toZero = Float64Array.of(0, ...edmGrid({ steps: 6, sigmaMin: 0.6, sigmaMax: 19 }));
    const one: ReferenceMixture = { dim, means: [[0, 0, 0, 0]], std: Math.sqrt(c), weights: [1] };
    const last = 1 - toZero[1] / (c + toZero[1]);
    const raw = await variances(toZero, { nu: 1 }, 9000);
    expect(Math.abs(zOfMean(raw, last * last * (c + toZero[1])))).toBeLessThan(6);
    expect(zOfMean(raw, c)).toBeLessThan(-11);
    const found: number[] = [];
    for (let i = 0; i < 40; i++) {
      const options = { n: 2000, key: keyOf(9500 + i), draws: normalRows, grid: toZero, priorVariance: c + toZero[7], nu: 1 };
      const path = await reverseSde(model, mixtureEnergy(one), schedule, options);
      found.push(meanSquare(path.x));
      // Steps that are exact but for the pilot's error make weights that are almost equal.
      expect(importance(path.logWeights as Float64Array).essFraction).toBeGreaterThan(0.9);
    }
    expect(Math.abs(zOfMean(found, c))).toBeLessThan(6);
  });
});

describe("path weights are exact for every nu", () => {
  const forty = gmm40();
  const wide = edmGrid({ steps: 64, sigmaMin: 0.25, sigmaMax: 50 });
  const weigh = (nu: number, draws: NormalSource = referenceNormals): Promise<Path> =>
    reverseSde(mixtureModel(forty), mixtureEnergy(forty), schedule50, { n: 4000, key: keyOf(21), draws, grid: wide, nu });
  const schedule50 = geometricSchedule({ sigmaMin: 0.25, sigmaMax: 50 });

  // ESS / n measured: .46, .60, .75 (bridge .26 to .36, exponential .59 to .66). Bounds at about half, so that they catch errors only.
  test.each([
    [0.25, 0.23],
    [0.5, 0.3],
    [1, 0.37],
  ])("GMM-40, 64 levels, nu = %d: log Z = 0", async (nu, least) => {
    const { logWeights } = await weigh(nu);
    const summary = importance(logWeights as Float64Array);
    expect(summary.essFraction).toBeGreaterThan(least);
    expect(Math.abs(summary.logZ / summary.logZError)).toBeLessThan(6);
  });

  test("control: noise of .95 times the stated size is noticed", async () => {
    const shrunk: NormalSource = (...of) => ({ data: referenceNormals(...of).data.map((v) => 0.95 * v) });
    const { logWeights } = await weigh(0.5, shrunk);
    const summary = importance(logWeights as Float64Array);
    expect(Math.abs(summary.logZ / summary.logZError)).toBeGreaterThan(11);
  });
});
