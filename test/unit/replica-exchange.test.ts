/** Replica exchange: options, repeatability, going on, particles, maps that cannot be inverted, what is counted and what is refused. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Batch, Energy, ScoreModel } from "../../src/core/types.js";
import { explodingLevels, preservingLevels } from "../../src/correction/levels.js";
import { type ReplicaExchangeOptions, replicaExchange } from "../../src/correction/replica-exchange.js";
import type { AnnealedTransition } from "../../src/correction/transition.js";
import { bridgeTransition } from "../../src/correction/transitions/bridge.js";
import { exponentialTransition } from "../../src/correction/transitions/exponential.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { initKernels } from "../../src/kernels/load.js";
import { trappedParticles } from "../support/trapped-particles.js";
import { zOfMean } from "../support/z-scores.js";

beforeAll(() => initKernels());

const target = gaussianMixture({
  means: [
    [2, 0],
    [-2, 0],
  ],
  std: [0.5, 0.5],
  weights: [0.5, 0.5],
});

function modelOf(energy: Energy): ScoreModel {
  const noised = (x: Batch, h: Float32Array) => (energy.noisedExact as NonNullable<Energy["noisedExact"]>)(x, h);
  return {
    dim: energy.dim,
    score: async (x, h) => noised(x, h).score,
    energyAndScore: async (x, h) => noised(x, h),
  };
}

const model = modelOf(target);
const variances = Float64Array.of(0.01, 0.1, 0.5, 2, 8);
const levels = explodingLevels(variances);
const usual: ReplicaExchangeOptions = { levels, chains: 8, sweeps: 20, burnIn: 20, seed: 1 };

test("the result says what was done, and its calls add up", async () => {
  const run = await replicaExchange(model, target, { ...usual, transition: exponentialTransition(), thin: 2 });
  expect(run.x.n).toBe(80);
  expect(run.draws).toBe(10);
  expect([run.acceptance.length, run.stepSizes.length, run.swapAcceptance.length]).toEqual([4, 4, 4]);
  // A sweep: 3 levels of the network move; half of the sweeps swap (1, 0) and (3, 2), half (2, 1) and (4, 3). The pair (1, 0) asks for
  // the row that goes up; (3, 2) and (2, 1) for both; (4, 3) for the score of both rows at the top, and for the row that comes down.
  expect(run.calls.sampling.scores).toBe(8 * (20 * 3 + 10 * (1 + 2) + 10 * (2 + 3)));
  expect(run.calls.sampling.energies).toBe(8 * (20 + 10));
  expect(run.calls.sampling.products).toBe(0);
  expect(run.diagnostics.map(({ name }) => name)).toEqual(["energy", "x0", "x1"]);
  expect(run.nEff).toBe(Math.min(...run.diagnostics.map(({ ess }) => ess)));
  expect([...run.energy].slice(-8)).toEqual([...target.energy(run.state.x[0])]);
});

test("the same seed gives the same bits, another one does not", async () => {
  const [a, b, c] = await Promise.all([1, 1, 2].map((seed) => replicaExchange(model, target, { ...usual, seed })));
  expect(a.x).toEqual(b.x);
  expect(a.stepSizes).toEqual(b.stepSizes);
  expect(a.x).not.toEqual(c.x);
});

test("a run goes on from its state with everything frozen", async () => {
  const run = await replicaExchange(model, target, usual);
  const before = structuredClone(run.state);
  const next = await replicaExchange(model, target, { levels, start: run.state, sweeps: 30, seed: 2 });
  expect(run.state).toEqual(before);
  expect(next.chains).toBe(8);
  expect(next.stepSizes).toEqual(run.stepSizes);
  expect(next.state.frozen).toEqual(run.state.frozen);
  expect(next.calls.burnIn.energies).toBe(8);
});

test("burn-in finds steps, both modes are reached from the reference, and replicas come round", async () => {
  const run = await replicaExchange(model, target, { ...usual, chains: 64, sweeps: 200, burnIn: 60, seed: 3 });
  for (const value of run.acceptance) expect(Math.abs(value - 0.574)).toBeLessThan(0.15);
  expect(run.roundTrips).toBeGreaterThan(64 * 5);
  // Chains are independent: one fraction from each.
  const fractions = Array.from({ length: 64 }, (_, chain) => {
    let right = 0;
    for (let d = 0; d < run.draws; d++) right += run.x.data[2 * (d * 64 + chain)] > 0 ? 1 : 0;
    return right / run.draws;
  });
  expect(Math.abs(zOfMean(fractions, 0.5))).toBeLessThan(6);
  expect(run.notice).toBeUndefined();
});

test("levels are thinned evenly, and those of a variance-preserving path work too", async () => {
  const many = preservingLevels(
    Float64Array.from({ length: 21 }, (_, k) => 0.01 * 1.4 ** k),
    4,
  );
  const run = await replicaExchange(model, target, { ...usual, levels: many, replicas: 6, priorVariance: 4 });
  expect(run.levels).toEqual([0, 4, 8, 12, 16, 20].map((k) => many[k]));
  expect(Math.min(...run.swapAcceptance)).toBeGreaterThan(0.02);
});

test("the reference stands at its mean", async () => {
  const far = gaussianMixture({ means: [[300, 40]], std: [1], weights: [1] });
  const options = { ...usual, transition: bridgeTransition({ dataVariance: 1 }), priorVariance: 9 };
  const run = await replicaExchange(modelOf(far), far, { ...options, priorMean: [300, 40] });
  // An exact model, the exact kernel and the exact reference: every swap above level 0 is accepted.
  expect([...run.swapAcceptance.slice(1)].every((value) => value > 0.999)).toBe(true);
});

test("particles stay on their subspace", async () => {
  const particles = { count: 3, spatialDim: 2 };
  const trap = trappedParticles(particles, 1);
  const noised = (x: Batch, h: Float32Array) => {
    const { energy, gradient } = trap.energyAndGradient(x);
    const share = (row: number) => 1 / (1 + h[row]);
    return {
      energy: energy.map((value, row) => value * share(row) + 2 * Math.log(1 + h[row])),
      score: gradient.map((value, i) => -value * share(Math.floor(i / 6))),
    };
  };
  const own: ScoreModel = { dim: 6, score: async (x, h) => noised(x, h).score, energyAndScore: async (x, h) => noised(x, h) };
  const run = await replicaExchange(own, trap, {
    ...usual,
    chains: 64,
    sweeps: 60,
    transition: bridgeTransition({ dataVariance: 1 }),
  });
  const worst = run.x.data.reduce((most, _, i) => {
    if (i % 6 > 1) return most;
    return Math.max(most, Math.abs(run.x.data[i] + run.x.data[i + 2] + run.x.data[i + 4]));
  }, 0);
  expect(worst).toBeLessThan(1e-5);
  // An exact model, and the exact kernel of Gaussian data: every swap below the top is accepted.
  expect([...run.swapAcceptance.slice(0, 3)].every((value) => value > 0.95)).toBe(true);
  const means = Array.from({ length: 64 }, (_, chain) => {
    let sum = 0;
    for (let d = 0; d < run.draws; d++) sum += run.energy[d * 64 + chain] / run.draws;
    return sum;
  });
  expect(Math.abs(zOfMean(means, 2))).toBeLessThan(6);
});

describe("maps", () => {
  /** x_to = f(x_from) in each coordinate, on the way up its inverse: of f, or wrongly of the absolute value of x. */
  function scaling(inverse: (value: number) => number): AnnealedTransition {
    const factor = 0.5;
    const mapped = (x: Batch, f: (value: number) => number, sign: number) => ({
      x: { ...x, data: x.data.map(f) },
      logRatio: new Float64Array(x.n).fill(sign * x.dim * Math.log(factor)),
    });
    return {
      name: "scaling",
      deterministic: true,
      needs: "score",
      down: async ({ x }) => mapped(x, (value) => factor * value, 1),
      up: async ({ x }) => mapped(x, (value) => inverse(value / factor), -1),
    };
  }

  test("one that is inverted swaps, and rows that do not find back are refused", async () => {
    const good = await replicaExchange(model, target, { ...usual, transition: scaling((value) => value) });
    expect(good.swapAcceptance[2]).toBeGreaterThan(0.1);
    expect(good.nonFinite.swaps.every((count) => count === 0)).toBe(true);
    const folded = await replicaExchange(model, target, { ...usual, transition: scaling(Math.abs) });
    // Three of four rows in the plane have a negative coordinate.
    expect(folded.nonFinite.swaps.every((count) => count > 20)).toBe(true);
  });

  test("a transition that is nowhere finite never swaps, and the notice says so", async () => {
    const lost: AnnealedTransition = {
      ...exponentialTransition(),
      up: async ({ x }) => ({ x: { ...x, data: x.data.map(() => Number.NaN) }, logRatio: new Float64Array(x.n) }),
    };
    const run = await replicaExchange(model, target, { ...usual, transition: lost });
    expect([...run.swapAcceptance]).toEqual([0, 0, 0, 0]);
    expect([...run.nonFinite.swaps]).toEqual([80, 80, 80, 80]);
    expect(run.notice).toMatch(/levels 0 and 1 .* swap with probability 0\.0/);
  });
});

describe("refusals", () => {
  test.each([
    ["an unknown option", { ...usual, sweep: 3 }, /unknown option "sweep"; did you mean "sweeps"/],
    ["no levels", { seed: 1 }, /levels must be an array/],
    ["a mean of another dimension", { ...usual, priorMean: [1] }, /priorMean must have dim = 2 numbers, got 1/],
    ["levels in the wrong order", { ...usual, levels: [...levels].reverse() }, /noisier/],
    ["more replicas than levels", { ...usual, replicas: 6 }, /replicas must be an integer in \[2, 5\]/],
    ["no burn-in", { ...usual, burnIn: 0 }, /without burnIn/],
    ["an unknown move", { ...usual, moves: { leapfrog: 2 } }, /did you mean "leapfrogs"/],
    ["no transition", { ...usual, transition: {} }, /transition must be an AnnealedTransition/],
    ["too many kept", { ...usual, sweeps: 1e9 }, /keep more than 1 GiB/],
    ["a start that is none", { ...usual, start: {} }, /burnIn|start must be/],
  ] as const)("%s", async (_, options, message) => {
    await expect(replicaExchange(model, target, options as never)).rejects.toThrow(message);
  });

  test("a model without energies, another dimension, a state of another shape", async () => {
    await expect(replicaExchange({ dim: 2, score: model.score }, target, usual)).rejects.toThrow(/energyAndScore/);
    await expect(replicaExchange({ ...model, dim: 3 }, target, usual)).rejects.toThrow(/energy.dim is 2, model.dim 3/);
    const { state } = await replicaExchange(model, target, usual);
    await expect(replicaExchange(model, target, { levels, start: state, chains: 9 })).rejects.toThrow(/must have 9 rows/);
    await expect(replicaExchange(model, target, { levels, start: state, replicas: 4 })).rejects.toThrow(/must have 4 levels/);
  });

  test("a model without numbers ends the run by its name", async () => {
    const nowhere: ScoreModel = {
      dim: 2,
      score: async (x) => x.data.map(() => Number.NaN),
      energyAndScore: async (x) => ({ energy: new Float32Array(x.n).fill(Number.NaN), score: x.data.map(() => Number.NaN) }),
    };
    await expect(replicaExchange(nowhere, target, usual)).rejects.toMatchObject({ code: "diverged" });
  });

  test("levels whose energies turn out to be no numbers end burn-in", async () => {
    let asked = 0;
    const ends: ScoreModel = {
      ...model,
      energyAndScore: async (x, h) => {
        const found = await (model.energyAndScore as NonNullable<ScoreModel["energyAndScore"]>)(x, h);
        return ++asked > 8 ? { ...found, energy: found.energy.map(() => Number.NaN) } : found;
      },
    };
    await expect(replicaExchange(ends, target, usual)).rejects.toThrow(/no move at level 1 had a finite energy/);
  });

  test("a signal ends it with its own reason, and progress is told", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const seen: number[] = [];
    const run = replicaExchange(model, target, {
      ...usual,
      sweeps: 1_000_000,
      thin: 100,
      signal: stop.signal,
      onProgress: ({ sweep, total }) => {
        expect(total).toBe(1_000_020);
        seen.push(sweep);
        if (seen.length > 2) stop.abort(reason);
      },
    });
    await expect(run).rejects.toBe(reason);
    expect(seen.length).toBe(3);
  });
});
