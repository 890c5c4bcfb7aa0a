/** Paths from draws of the target: against closed forms, against the runs that go down, and mean 1 / w against 1 / Z. */
import { beforeAll, describe, expect, test } from "vitest";
import { BnemError } from "../../src/core/errors.js";
import { keyOf } from "../../src/core/random.js";
import { removeMean } from "../../src/core/subspace.js";
import type { Batch, Energy, ScoreModel } from "../../src/core/types.js";
import { type AnnealedOptions, annealed } from "../../src/correction/annealed.js";
import { type ForwardOptions, forwardPaths } from "../../src/correction/forward.js";
import { explodingLevels, type Level, preservingLevels } from "../../src/correction/levels.js";
import { pathFigures } from "../../src/correction/path-figures.js";
import type { AnnealedTransition } from "../../src/correction/transition.js";
import { bridgeTransition } from "../../src/correction/transitions/bridge.js";
import { exponentialTransition } from "../../src/correction/transitions/exponential.js";
import { fullTransition } from "../../src/correction/transitions/full.js";
import { mapTransition } from "../../src/correction/transitions/map.js";
import { tunedTransition } from "../../src/correction/transitions/tuned.js";
import { customEnergy } from "../../src/energies/custom.js";
import { exactDiffusion } from "../../src/energies/exact-diffusion.js";
import { twoModes } from "../../src/energies/two-modes.js";
import { initKernels } from "../../src/kernels/load.js";
import { normalRows } from "../../src/kernels/normal.js";
import { edmGrid } from "../../src/samplers/grid.js";
import { zOfWeights } from "../support/z-scores.js";

beforeAll(() => initKernels());

const VARIANCE = 0.4;
const SHIFT = 0.7;
const PARTICLES = { count: 3, spatialDim: 2 };

/** |x|^2 / 2c - shift in `dim` dimensions, of particles where they are given; its Z is known. */
function gaussian(dim: number, particles?: Energy["particles"]): { energy: Energy; logZ: number; free: number } {
  const square = (x: Float64Array) => {
    const own = x.slice();
    if (particles) removeMean(own, 1, particles);
    return own.reduce((sum, value) => sum + value * value, 0);
  };
  const energy = customEnergy({
    name: "harmonic",
    dim,
    ...(particles && { particles }),
    evaluate: (x) => square(x) / (2 * VARIANCE) - SHIFT,
  });
  const free = particles ? dim - particles.spatialDim : dim;
  return { energy, logZ: SHIFT + 0.5 * free * Math.log(2 * Math.PI * VARIANCE), free };
}

/** The exact model of data of variance `c`. */
const gaussianModel = (dim: number, c: number): ScoreModel => ({
  dim,
  score: async (x, variance) => x.data.map((value, i) => -value / (c + variance[Math.floor(i / dim)])),
});

/** Draws of the Gaussian, for particles away from the origin. */
function draws(dim: number, n: number, seed: number, particles?: Energy["particles"], away = 0): Batch {
  const { data } = normalRows(keyOf(seed), 0, 0, n, dim);
  for (let i = 0; i < data.length; i++) data[i] *= Math.sqrt(VARIANCE);
  if (particles) {
    removeMean(data, n, particles);
    for (let i = 0; i < data.length; i++) data[i] += away;
  }
  return { data, n, dim };
}

const GRID = edmGrid({ steps: 12, sigmaMin: 0.1, sigmaMax: 4, rho: Infinity });
const PATHS: readonly (readonly [string, readonly Level[]])[] = [
  ["exploding", explodingLevels(GRID)],
  ["preserving", preservingLevels(GRID, 1)],
];

describe("Gaussian data, the exact step: every path weighs Z", () => {
  // Level 0 is the target itself, so the data below all noise has a variance that is smaller by that of level 0.
  const c = VARIANCE - GRID[0];
  test.each(PATHS)("%s", async (_name, levels) => {
    const { energy, logZ } = gaussian(3);
    const top = levels[levels.length - 1];
    const options = { key: keyOf(1), levels, transition: bridgeTransition({ dataVariance: c }) };
    const priorVariance = top.scale ** 2 * c + top.variance;
    const run = await forwardPaths(gaussianModel(3, c), energy, draws(3, 200, 2), { ...options, priorVariance });
    for (const value of run.logWeights) expect(Math.abs(value - logZ)).toBeLessThan(2e-5);
    expect(run).toMatchObject({ nonFinite: 0, energyCalls: 200, networkCalls: 12 * 200 });
  });

  test.each(PATHS)("%s, of particles wherever their center of mass is", async (_name, levels) => {
    const { energy, logZ } = gaussian(6, PARTICLES);
    const top = levels[levels.length - 1];
    const options = {
      ...{ key: keyOf(1), levels, transition: bridgeTransition({ dataVariance: c }) },
      priorVariance: top.scale ** 2 * c + top.variance,
    };
    const at = (away: number) => forwardPaths(gaussianModel(6, c), energy, draws(6, 100, 3, PARTICLES, away), options);
    for (const value of (await at(0)).logWeights) expect(Math.abs(value - logZ)).toBeLessThan(5e-5);
    for (const value of (await at(5)).logWeights) expect(Math.abs(value - logZ)).toBeLessThan(5e-5);
  });

  test("negative control: another step of the same path does not", async () => {
    const { energy, logZ } = gaussian(3);
    const options = { key: keyOf(1), levels: PATHS[0][1], transition: exponentialTransition(), priorVariance: c + 16 };
    const run = await forwardPaths(gaussianModel(3, c), energy, draws(3, 200, 2), options);
    expect(run.logWeights.filter((value) => Math.abs(value - logZ) > 0.01).length).toBeGreaterThan(150);
  });
});

const target = twoModes({ dim: 2 });
const model = exactDiffusion(target);
/** Scores and Hessians of a model that is too broad by 5 %. */
const wrong: ScoreModel = {
  dim: 2,
  score: async (x, h) => (await model.score(x, h)).map((value) => 0.95 * value),
  energy: async (x, h) => (await model.energy(x, h)).map((value) => 0.95 * value),
  hessian: async (x, h) => (await model.hessian(x, h)).map((value) => 0.95 * value),
};
const exact = target.exact as NonNullable<Energy["exact"]>;
const variances = edmGrid({ steps: 24, sigmaMin: 0.02, sigmaMax: 5, rho: Infinity });

test("the map has one path through each row: what goes up weighs as it did on the way down", async () => {
  const options: ForwardOptions = { key: keyOf(5), levels: explodingLevels(variances), transition: mapTransition() };
  const down = await annealed(model, target, { ...options, n: 64 } as AnnealedOptions);
  const up = await forwardPaths(model, target, down.x, options);
  // Rounding of x to f32 at sigma .02, where the energy changes by |grad E| 2^-24 |x| a step.
  up.logWeights.forEach((value, i) => {
    expect(Math.abs(value - down.logWeights[i])).toBeLessThan(2e-3);
  });
});

describe("mean 1 / w = 1 / Z from target draws, 20,000 of them", () => {
  const cases: readonly (readonly [string, ScoreModel, AnnealedTransition, readonly Level[]])[] = [
    ["exponential", model, exponentialTransition(), explodingLevels(variances)],
    ["tuned, preserving, a wrong model", wrong, tunedTransition(), preservingLevels(variances, 1)],
    ["full, a wrong model", wrong, fullTransition(), explodingLevels(variances)],
    ["map, a wrong model", wrong, mapTransition(), preservingLevels(variances, 1)],
  ];
  test.each(cases)("%s", async (_name, own, transition, levels) => {
    const n = 20_000;
    const options = { key: keyOf(11), levels, transition };
    const top = levels[levels.length - 1];
    const priorVariance = top.variance + top.scale ** 2;
    const { logWeights, nonFinite } = await forwardPaths(own, target, exact.sample(n, 12), { ...options, priorVariance });
    expect(nonFinite).toBe(0);
    const inverse = logWeights.map((value) => -value);
    expect(Math.abs(zOfWeights(inverse, 0))).toBeLessThan(6);
    // Negative control: a constant that was dropped, the two dimensions' factor of one level.
    const dropped = inverse.map((value) => value + Math.log(variances[1] / variances[0]));
    expect(Math.abs(zOfWeights(dropped, 0))).toBeGreaterThan(6);
    const down = await annealed(own, target, { ...options, n: 4096, priorVariance });
    const figures = pathFigures({ reverse: down.logWeights, forward: logWeights });
    expect(figures.elbo.mean).toBeLessThan(4 * figures.elbo.error);
    expect(figures.eubo?.mean).toBeGreaterThan(-4 * (figures.eubo?.error as number));
    // One variance for both modes and what lies between is too little there: of the tuned step only forward paths see how much.
    const forward = (figures.forwardEss as { readonly fraction: number }).fraction;
    const reverse = figures.reverseEss.fraction;
    if (transition.name === "tuned") expect(forward).toBeLessThan(reverse / 2);
    else expect(Math.abs(Math.log(forward / reverse))).toBeLessThan(0.25);
  });
});

describe("rows, blocks and errors", () => {
  const options: ForwardOptions = { key: keyOf(3), levels: explodingLevels(variances), transition: exponentialTransition() };

  test("a row has the same weight in a longer batch, and the call leaves x as it is", async () => {
    const x = exact.sample(1500, 4);
    const before = x.data.slice();
    const all = await forwardPaths(model, target, x, options);
    expect(x.data).toEqual(before);
    const few = await forwardPaths(model, target, { ...x, data: x.data.slice(0, 2 * 300), n: 300 }, options);
    expect(all.logWeights.slice(0, 300)).toEqual(few.logWeights);
  });

  test("rows that fail are NaN and counted, the others stay what they are", async () => {
    const broken: ScoreModel = {
      dim: 2,
      score: async (x, h) => {
        const score = await model.score(x, h);
        if (x.n > 7 && h[0] > 1) score[2 * 7] = Number.NaN;
        return score;
      },
    };
    const x = exact.sample(32, 4);
    const run = await forwardPaths(broken, target, x, options);
    const whole = await forwardPaths(model, target, x, options);
    expect(run.nonFinite).toBe(1);
    run.logWeights.forEach((value, i) => {
      if (i === 7) expect(value).toBeNaN();
      else expect(value).toBe(whole.logWeights[i]);
    });
  });

  test("bad options, and a signal", async () => {
    const x = exact.sample(8, 4);
    await expect(forwardPaths(model, target, x, { ...options, n: 3 } as never)).rejects.toThrow(/forwardPaths/);
    await expect(forwardPaths(model, target, { ...x, dim: 1 }, options)).rejects.toThrow(RangeError);
    await expect(forwardPaths(model, target, x, { ...options, levels: [] })).rejects.toThrow(RangeError);
    const none: ScoreModel = { dim: 2, score: model.score };
    await expect(forwardPaths(none, target, x, { ...options, transition: fullTransition() })).rejects.toThrow(BnemError);
    const reason = new Error("stop");
    await expect(forwardPaths(model, target, x, { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
