/**
 * Path importance weights: mean w is an unbiased estimate of Z whatever the score, as long as sampling and density agree. Every
 * case has a population ESS above 5 %, where a z-score of mean w means something.
 */
import {
  bridge,
  derive,
  edmGrid,
  eulerMaruyama,
  expectation,
  exponential,
  geometricSchedule,
  importance,
  keyOf,
  langevin,
  memoryEfficientScore,
  type NormalSource,
  reverseSde,
  type ScoreModel,
} from "bnem";
import { describe, expect, test } from "vitest";
import { gmm40, mixtureAt, mixtureEnergy, mixtureModel, type ReferenceMixture } from "../reference/mixture.js";
import { referenceNormals } from "../reference/normals.js";
import { zOfWeights } from "../support/z-scores.js";

/** Two modes of unequal weight; Z = exp(-shift). */
const two: ReferenceMixture = {
  dim: 2,
  means: [
    [1.5, 0.5],
    [-1.5, 0],
  ],
  std: 0.5,
  weights: [2 / 3, 1 / 3],
};
const shift = -1.25;
const energy = mixtureEnergy(two, shift);
const schedule = geometricSchedule({ sigmaMin: 0.02, sigmaMax: 6 });
const grid = edmGrid({ steps: 24, sigmaMin: 0.1, sigmaMax: 5.5 });
const n = 8000;

function run(model: ScoreModel, seed: number, options: Partial<Parameters<typeof reverseSde>[3]> = {}) {
  return reverseSde(model, energy, schedule, {
    n,
    key: keyOf(seed),
    draws: referenceNormals,
    grid,
    priorVariance: 33,
    ...options,
  });
}

/** z of the share of rows nearest the first mode against its weight: raw (binomial), and weighted (delta method). */
function zOfMode(data: Float32Array, weights: Float64Array, truth: number) {
  const first = Array.from({ length: data.length / 2 }, (_, r) => (data[2 * r] > 0 ? 1 : 0));
  const raw = first.reduce<number>((a, b) => a + b, 0) / first.length;
  const e = expectation(first, weights);
  return { raw: (raw - truth) / Math.sqrt((truth * (1 - truth)) / first.length), weighted: (e.mean - truth) / e.error };
}

const exact = mixtureModel(two);
/** Mode weights 40:60 instead of 67:33: raw samples are wrong in the way that score matching cannot see. */
const wrongModes = mixtureModel({ ...two, weights: [0.4, 0.6] });
const scaled: ScoreModel = { dim: 2, score: async (x, h) => (await exact.score(x, h)).map((s) => 0.85 * s) };
const corrector = langevin({ steps: 1, stepScale: 0.15 });

describe("mean w = Z", () => {
  test.each([
    ["exact score, bridge", exact, bridge(), undefined],
    ["exact score, exponential", exact, exponential(), undefined],
    ["exact score, Euler-Maruyama", exact, eulerMaruyama(), undefined],
    ["exact score, bridge of data variance", exact, bridge({ dataVariance: 0.25 }), corrector],
    ["exact score, exponential, Langevin", exact, exponential(), corrector],
    ["wrong mode weights, exponential", wrongModes, exponential(), undefined],
    ["wrong mode weights, bridge, Langevin", wrongModes, bridge(), corrector],
    ["score scaled by .85, exponential", scaled, exponential(), undefined],
    ["score scaled by .85, Euler-Maruyama, Langevin", scaled, eulerMaruyama(), corrector],
  ] as const)("%s", async (_name, model, transition, langevinSteps) => {
    const path = await run(model, 5, { transition, corrector: langevinSteps });
    const logWeights = path.logWeights as Float64Array;
    const summary = importance(logWeights);
    expect(summary.essFraction).toBeGreaterThan(0.05);
    expect(Math.abs(zOfWeights(logWeights, -shift))).toBeLessThan(6);
    // The mode fraction is the mass of x_1 > 0, not the mode weight: 0.99865 of each mode is on its side.
    const side = 0.9986501;
    const truth = (2 / 3) * side + (1 / 3) * (1 - side);
    const z = zOfMode(path.x.data, summary.weights, truth);
    expect(Math.abs(z.weighted)).toBeLessThan(6);
    if (model === wrongModes) expect(Math.abs(z.raw)).toBeGreaterThan(11);
    expect(path.energyCalls).toBe(n);
  });

  test("negative control: noise of 0.95 times the stated size is noticed", async () => {
    const shrunk: NormalSource = (key, step, first, rows, dim) => ({
      data: referenceNormals(key, step, first, rows, dim).data.map((v) => 0.95 * v),
    });
    const path = await run(exact, 6, { transition: exponential(), draws: shrunk });
    expect(Math.abs(zOfWeights(path.logWeights as Float64Array, -shift))).toBeGreaterThan(11);
  });

  test("negative control: the Langevin steps without their ratio are noticed", async () => {
    // The run's own weights minus the corrector's terms, replayed. Short steps, because the sum of terms must have a small
    // variance (about 2 tau |s|^2 per level) for a mean of exponentials to be worth a z-score; at .6 it is not (z = 3.6).
    const short = langevin({ steps: 1, stepScale: 0.02 });
    const path = await run(exact, 7, { transition: exponential(), corrector: short });
    const terms = await langevinTerms(path.x.n, short, 7);
    expect(importance(path.logWeights as Float64Array).essFraction).toBeGreaterThan(0.05);
    expect(Math.abs(zOfWeights(path.logWeights as Float64Array, -shift))).toBeLessThan(6);
    const without = (path.logWeights as Float64Array).map((value, i) => value - terms[i]);
    expect(Math.abs(zOfWeights(without, -shift))).toBeGreaterThan(11);
  });
});

/** Log ratios of the Langevin steps of a run, replayed from their definition in f64. */
async function langevinTerms(rows: number, steps: { steps: number; stepScale: number }, seed: number): Promise<Float64Array> {
  const terms = new Float64Array(rows);
  const key = keyOf(seed);
  const noise = (name: string, step: number) => referenceNormals(derive(key, name), step, 0, rows, 2).data;
  const x = noise("prior", 0).map((v) => Math.sqrt(33) * v);
  for (let k = grid.length - 1; k > 0; k--) {
    const tau = steps.stepScale * grid[k];
    const kicks =
      k < grid.length - 1 ? Array.from({ length: steps.steps }, (_, j) => noise("langevin", k * steps.steps + j)) : [];
    const down = noise("reverse", k);
    const width = grid[k] - grid[k - 1];
    for (let r = 0; r < rows; r++) {
      let at = [x[2 * r], x[2 * r + 1]];
      let score = mixtureAt(two, at, grid[k]).score;
      for (const kick of kicks) {
        const to = at.map((v, i) => v + tau * score[i] + Math.sqrt(2 * tau) * kick[2 * r + i]);
        const next = mixtureAt(two, to, grid[k]).score;
        for (let i = 0; i < 2; i++) {
          terms[r] += ((to[i] - at[i] - tau * score[i]) ** 2 - (at[i] - to[i] - tau * next[i]) ** 2) / (4 * tau);
        }
        [at, score] = [to, next];
      }
      for (let i = 0; i < 2; i++) x[2 * r + i] = at[i] + width * score[i] + Math.sqrt(width) * down[2 * r + i];
    }
  }
  return terms;
}

describe("weights that are known exactly", () => {
  test("the exact posterior kernels of a Gaussian give every path the weight Z", async () => {
    const c = 0.7;
    const one: ReferenceMixture = { dim: 3, means: [[0, 0, 0]], std: Math.sqrt(c), weights: [1] };
    const toZero = Float64Array.of(0, ...edmGrid({ steps: 20, sigmaMin: 0.05, sigmaMax: 5 }));
    const options = { n: 500, key: keyOf(8), draws: referenceNormals, grid: toZero, priorVariance: 25 + c };
    const path = await reverseSde(mixtureModel(one), mixtureEnergy(one, 2), schedule, {
      ...options,
      transition: bridge({ dataVariance: c }),
    });
    // f32 scores and coordinates: 21 levels times an error of about 1e-7 x / sqrt(Delta), x / sqrt(Delta) up to 100.
    for (const value of path.logWeights as Float64Array) expect(Math.abs(value + 2)).toBeLessThan(2e-4);
    // Control: the same target under another kernel.
    const other = await reverseSde(mixtureModel(one), mixtureEnergy(one, 2), schedule, { ...options, transition: exponential() });
    expect(importance(other.logWeights as Float64Array).essFraction).toBeLessThan(0.95);
  });
});

describe("GMM-40 with the exact score, 64 levels", () => {
  const forty = gmm40();
  const model = mixtureModel(forty);
  const wide = edmGrid({ steps: 64, sigmaMin: 0.25, sigmaMax: 50 });
  const moments = { first: [0, 0], second: [0, 0] };
  for (let i = 0; i < 2; i++) {
    for (const mean of forty.means) {
      moments.first[i] += mean[i] / 40;
      moments.second[i] += (mean[i] ** 2 + forty.std ** 2) / 40;
    }
  }

  // Measured over 3 seeds at n = 2000: bridge .26 to .36, exponential .59 to .66. Bounds at about half, so that they catch errors only.
  test.each([
    ["bridge", bridge(), 0.13],
    ["exponential", exponential(), 0.3],
  ] as const)("%s: effective samples, log Z = 0 and weighted moments", async (_name, transition, least) => {
    const path = await reverseSde(model, mixtureEnergy(forty), schedule, {
      n: 4000,
      key: keyOf(21),
      draws: referenceNormals,
      grid: wide,
      transition,
    });
    const summary = importance(path.logWeights as Float64Array);
    expect(summary.essFraction).toBeGreaterThan(least);
    expect(Math.abs(summary.logZ / summary.logZError)).toBeLessThan(6);
    for (let i = 0; i < 2; i++) {
      const column = Array.from({ length: 4000 }, (_, r) => path.x.data[2 * r + i]);
      const first = expectation(column, summary.weights);
      const second = expectation(
        column.map((v) => v * v),
        summary.weights,
      );
      expect(Math.abs((first.mean - moments.first[i]) / first.error)).toBeLessThan(6);
      expect(Math.abs((second.mean - moments.second[i]) / second.error)).toBeLessThan(6);
    }
  });
});

describe("memory-efficient score", () => {
  const low = 0.04;
  const options = { mcSamples: 64, draws: referenceNormals, minVariance: low };

  test("averages to the exact score, in units of h - h_min and not of h", async () => {
    const at = { data: Float32Array.of(0.4, 0.3), n: 1, dim: 2 };
    const h = 0.12;
    const truth = mixtureAt(two, at.data, h).score;
    const repeats = 2000;
    const values = [new Float64Array(repeats), new Float64Array(repeats)];
    for (let r = 0; r < repeats; r++) {
      // K = 512 keeps the O(1/K) bias below the standard error of the 2,000 repeats.
      const model = memoryEfficientScore(exact, { ...options, mcSamples: 512, key: keyOf(r) });
      const score = await model.score(at, Float32Array.of(h));
      values.forEach((column, i) => {
        column[r] = score[i];
      });
    }
    values.forEach((column, i) => {
      const average = column.reduce((a, b) => a + b, 0) / repeats;
      const error = Math.sqrt(column.reduce((a, b) => a + (b - average) ** 2, 0) / repeats / (repeats - 1));
      expect(Math.abs((average - truth[i]) / error)).toBeLessThan(6);
      expect(Math.abs(((average * (h - low)) / h - truth[i]) / error)).toBeGreaterThan(11);
    });
  });

  test("samples with it keep mean w = Z, at 16 draws per score", async () => {
    const model = memoryEfficientScore(
      { dim: 2, score: exact.score, energy: exact.energy },
      { ...options, minVariance: 0.009, mcSamples: 16, key: keyOf(3) },
    );
    const path = await run(model, 9, { n: 2000, transition: exponential() });
    expect(importance(path.logWeights as Float64Array).essFraction).toBeGreaterThan(0.05);
    expect(Math.abs(zOfWeights(path.logWeights as Float64Array, -shift))).toBeLessThan(6);
  });
});
