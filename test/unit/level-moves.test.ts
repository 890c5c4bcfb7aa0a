/** Moves at one level: what a row does, what is refused, and that exact draws stay where they are (|z| < 6; wrong moves beyond 11). */
import { beforeAll, describe, expect, test } from "vitest";
import { exp, log } from "../../src/core/elementary.js";
import { derive, keyOf } from "../../src/core/random.js";
import { removeMean } from "../../src/core/subspace.js";
import type { Batch, Energy } from "../../src/core/types.js";
import { LevelModel } from "../../src/correction/level-model.js";
import { firstStep, type LevelState, type LevelTarget, moveAtLevel, StepTuner } from "../../src/correction/level-moves.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { initKernels } from "../../src/kernels/load.js";
import { normalRows, uniforms } from "../../src/kernels/normal.js";
import { zOfMean } from "../support/z-scores.js";

beforeAll(() => initKernels());

const key = keyOf(4);

/** E = |x|^2 / (2 v), score times `scale`. */
function gaussian(v: number, scale = 1): LevelTarget {
  return {
    async evaluate({ data, n, dim }) {
      const energy = Float64Array.from({ length: n }, (_, row) => {
        return data.subarray(row * dim, (row + 1) * dim).reduce((sum, value) => sum + value * value, 0) / (2 * v);
      });
      return { energy, score: data.map((value) => (-scale * value) / v) };
    },
  };
}

async function stateOf(target: LevelTarget, x: Batch): Promise<LevelState> {
  const { energy, score } = await target.evaluate(x, true);
  return { x, energy: energy as Float64Array, score };
}

test("one leapfrog is MALA: proposal and acceptance by hand", async () => {
  const [v, s] = [2, 0.7];
  const target = gaussian(v);
  const state = await stateOf(target, { data: Float32Array.of(1.5, -0.3), n: 2, dim: 1 });
  const moved = await moveAtLevel(state, target, { count: 1, leapfrogs: 1, stepSize: s }, { key, step: 9, firstRow: 3 });
  const noise = normalRows(derive(key, "momentum", 0), 9, 3, 2, 1).data;
  for (const row of [0, 1]) {
    const x = state.x.data[row];
    const drift = (at: number) => at - ((s * s) / 2) * (at / v);
    const y = drift(x) + s * noise[row];
    const ratio = (x * x - y * y) / (2 * v) + ((y - drift(x)) ** 2 - (x - drift(y)) ** 2) / (2 * s * s);
    const probability = Math.min(1, Math.exp(ratio));
    expect(Math.abs(moved.acceptance[row] - probability)).toBeLessThan(1e-5);
    const taken = uniforms(derive(key, "accept", 0), 9, 3 + row, 1)[0] < probability;
    expect(Math.abs(moved.x.data[row] - (taken ? y : x))).toBeLessThan(1e-5);
  }
  expect(moved.calls).toBe(2);
  expect(moved.nonFinite).toBe(0);
});

test("a row has the same bits whichever rows stand beside it, and the state that came in is left alone", async () => {
  const target = gaussian(1);
  const x = normalRows(key, 1, 0, 6, 3);
  const before = x.data.slice();
  const moves = { count: 3, leapfrogs: 2, stepSize: 0.9 };
  const whole = await moveAtLevel(await stateOf(target, x), target, moves, { key, step: 2, firstRow: 10 });
  expect(x.data).toEqual(before);
  const part = await stateOf(target, { data: x.data.slice(12), n: 2, dim: 3 });
  const alone = await moveAtLevel(part, target, moves, { key, step: 2, firstRow: 14 });
  expect(alone.x.data).toEqual(whole.x.data.slice(12));
  expect(alone.energy).toEqual(whole.energy.slice(4));
  expect(whole.calls).toBe(6 * 3 * 2);
});

test("proposals without a finite number are refused and counted, and no model sees them", async () => {
  const inner = gaussian(1);
  const seen: number[] = [];
  const target: LevelTarget = {
    async evaluate(x) {
      seen.push(...x.data);
      const { energy, score } = (await inner.evaluate(x, true)) as { energy: Float64Array; score: Float32Array };
      return {
        energy: energy.map((value, row) => (x.data[row] > 0.5 ? Number.NaN : value)),
        score: score.map((value, row) => (x.data[row] < -0.5 ? Number.POSITIVE_INFINITY : value)),
      };
    },
  };
  const n = 400;
  const state = await stateOf(target, { data: new Float32Array(n), n, dim: 1 });
  const moved = await moveAtLevel(state, target, { count: 2, leapfrogs: 3, stepSize: 1 }, { key, step: 0, firstRow: 0 });
  expect(moved.nonFinite).toBeGreaterThan(n / 4);
  expect(moved.nonFinite).toBeLessThan(2 * n);
  expect(moved.x.data.every((value) => Math.abs(value) <= 0.5)).toBe(true);
  expect([...moved.energy, ...moved.score].every(Number.isFinite)).toBe(true);
  expect(seen.every(Number.isFinite)).toBe(true);
});

test("a row of density 0 leaves for any other, one without a number stays", async () => {
  const target = gaussian(1);
  const x: Batch = { data: Float32Array.of(0.1, 0.1), n: 2, dim: 1 };
  const state = { ...(await stateOf(target, x)), energy: Float64Array.of(Number.POSITIVE_INFINITY, Number.NaN) };
  const moved = await moveAtLevel(state, target, { count: 1, leapfrogs: 1, stepSize: 1 }, { key, step: 0, firstRow: 0 });
  expect([...moved.acceptance]).toEqual([1, 0]);
  expect(moved.x.data[0]).not.toBe(state.x.data[0]);
  expect(moved.x.data[1]).toBe(state.x.data[1]);
});

describe("invariance", () => {
  const n = 20_000;
  const MOVES = 10;
  const mixture = gaussianMixture({
    means: [
      [1.5, 0.5],
      [-1.5, 0],
    ],
    std: [0.5, 0.8],
    weights: [2 / 3, 1 / 3],
  });
  const h = 0.3;
  const model = {
    dim: 2,
    score: async (x: Batch, v: Float32Array) => mixture.noisedExact?.(x, v).score as Float32Array,
    energyAndScore: async (x: Batch, v: Float32Array) => mixture.noisedExact?.(x, v) as never,
  };
  const calls = { scores: 0, products: 0 };
  /** Level of a path with scale a: x = a x_0 + sqrt(a^2 h) z. */
  const level = (scale: number) => new LevelModel(model, { scale, variance: scale * scale * h }, undefined, calls);

  function draws(scale: number): Batch {
    const { data } = (mixture.exact as NonNullable<Energy["exact"]>).sample(n, 8);
    const noise = normalRows(derive(key, "draws"), 0, 0, n, 2).data;
    return { data: data.map((value, i) => scale * (value + Math.sqrt(h) * noise[i])), n, dim: 2 };
  }

  function largest(before: Batch, after: Batch): number {
    const observables = [
      (x: number, _: number) => Math.tanh(x),
      (_: number, y: number) => Math.tanh(y),
      (x: number, y: number) => 1 / (1 + x * x + y * y),
    ];
    const zs = observables.map((f) => {
      const values = (b: Batch) => Array.from({ length: n }, (_, row) => f(b.data[2 * row], b.data[2 * row + 1]));
      const [a, b] = [values(before), values(after)];
      return Math.abs(
        zOfMean(
          a.map((value, i) => b[i] - value),
          0,
        ),
      );
    });
    return Math.max(...zs);
  }

  test.each([
    ["MALA", 1, 1, 1],
    ["MALA at a level of scale .7", 1, 0.7, 1],
    ["HMC", 5, 1, 1],
    ["HMC along a score that is .8 of the right one", 5, 1, 0.8],
  ] as const)("%s", async (_, leapfrogs, scale, share) => {
    const own = level(scale);
    const target: LevelTarget = {
      async evaluate(x) {
        const { energy, score } = await own.evaluate(x, true);
        return { energy, score: share === 1 ? score : score.map((value) => share * value) };
      },
    };
    const x = draws(scale);
    const moves = { count: MOVES, leapfrogs, stepSize: 0.9 * scale };
    const moved = await moveAtLevel(await stateOf(target, x), target, moves, { key, step: 0, firstRow: 0 });
    expect(largest(x, moved.x)).toBeLessThan(6);
    expect(zOfMean(moved.acceptance, 0)).toBeGreaterThan(100);
  });

  /** MALA's proposals with a wrong acceptance. */
  async function wrong(ratio: (from: number, to: number) => number): Promise<number> {
    const own = level(1);
    const x = draws(1);
    let state = await stateOf(own, x);
    const s = 0.9;
    for (let move = 0; move < MOVES; move++) {
      const noise = normalRows(derive(key, "wrong", move), 0, 0, n, 2).data;
      const { data } = state.x;
      const y = { data: data.map((value, i) => value + ((s * s) / 2) * state.score[i] + s * noise[i]), n, dim: 2 };
      const end = await stateOf(own, y);
      const pick = uniforms(derive(key, "pick", move), 0, 0, n);
      const kept = data.map((value, i) => {
        const row = i >> 1;
        return pick[row] < exp(Math.min(0, ratio(state.energy[row], end.energy[row]))) ? y.data[i] : value;
      });
      state = await stateOf(own, { data: kept, n, dim: 2 });
    }
    return largest(x, state.x);
  }

  test("negative controls: MALA without its ratio of proposals, and without any acceptance, is noticed", async () => {
    expect(await wrong((from, to) => from - to)).toBeGreaterThan(11);
    expect(await wrong(() => 0)).toBeGreaterThan(11);
  });
});

test("particles stay on their subspace and reach its variance", async () => {
  const particles = { count: 3, spatialDim: 2 };
  const [n, dim] = [4000, 6];
  const target = { ...gaussian(1), particles };
  const x = normalRows(key, 0, 0, n, dim);
  removeMean(x.data, n, particles);
  const moves = { count: 5, leapfrogs: 2, stepSize: 0.8 };
  const moved = await moveAtLevel(await stateOf(target, x), target, moves, { key, step: 1, firstRow: 0 });
  for (let row = 0; row < 20; row++) {
    const at = moved.x.data.subarray(row * dim, (row + 1) * dim);
    expect(Math.abs(at[0] + at[2] + at[4])).toBeLessThan(1e-5);
  }
  // 2 E has the mean (count - 1) spatialDim = 4.
  expect(
    Math.abs(
      zOfMean(
        moved.energy.map((e) => 2 * e),
        4,
      ),
    ),
  ).toBeLessThan(6);
});

test("a tuner finds the step of .574 from a start that is wrong by a factor of 30", async () => {
  const target = gaussian(1);
  const tuner = new StepTuner(firstStep(0.0036), 0.574, 30);
  let state = await stateOf(target, normalRows(key, 0, 0, 500, 8));
  for (let t = 0; t < 30; t++) {
    const moved = await moveAtLevel(
      state,
      target,
      { count: 1, leapfrogs: 1, stepSize: tuner.stepSize },
      { key, step: t, firstRow: 0 },
    );
    tuner.update(moved.acceptance.reduce((a, b) => a + b, 0) / 500);
    state = moved;
  }
  const moves = { count: 10, leapfrogs: 1, stepSize: tuner.frozen() };
  const { acceptance } = await moveAtLevel(state, target, moves, { key, step: 99, firstRow: 0 });
  expect(Math.abs(acceptance.reduce((a, b) => a + b, 0) / 500 - 0.574)).toBeLessThan(0.06);
  expect(log(tuner.frozen())).toBeGreaterThan(-1);
});
