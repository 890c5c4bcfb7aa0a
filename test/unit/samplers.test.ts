/** Samplers: grids, memory in chunks, failures, abort, refusals. The laws are tested in test/statistical. */
import { describe, expect, test } from "vitest";
import { BnemError } from "../../src/core/errors.js";
import { keyOf } from "../../src/core/random.js";
import type { Energy, ScoreModel } from "../../src/core/types.js";
import { bridge } from "../../src/samplers/bridge.js";
import { exponential } from "../../src/samplers/exponential.js";
import { edmGrid, uniformGrid } from "../../src/samplers/grid.js";
import { langevin } from "../../src/samplers/langevin.js";
import { stepVariance } from "../../src/samplers/pilot.js";
import { probabilityFlow } from "../../src/samplers/probability-flow.js";
import { type ReverseSdeOptions, reverseSde } from "../../src/samplers/reverse-sde.js";
import type { SamplerProgress } from "../../src/samplers/run-rows.js";
import { memoryEfficientScore } from "../../src/samplers/tweedie-score.js";
import { geometricSchedule } from "../../src/schedules/geometric.js";
import { linearSchedule } from "../../src/schedules/linear.js";
import { gmm40, mixtureEnergy, mixtureModel } from "../reference/mixture.js";
import { referenceNormals } from "../reference/normals.js";

const schedule = geometricSchedule({ sigmaMin: 0.1, sigmaMax: 51 });
const model = mixtureModel(gmm40());
const energy = mixtureEnergy(gmm40());
const grid = edmGrid({ steps: 8, sigmaMin: 0.5, sigmaMax: 50 });
const base: ReverseSdeOptions = { n: 250, key: keyOf(1), draws: referenceNormals, grid };

describe("variance grids", () => {
  test.each([1, 3, 7, 1000, Infinity])("EDM grid, rho = %s: ends exact, ascending, equal steps of sigma^(1/rho)", (rho) => {
    const levels = edmGrid({ steps: 20, sigmaMin: 0.25, sigmaMax: 50, rho });
    expect([levels.length, levels[0], levels[20]]).toEqual([21, 0.0625, 2500]);
    const warp = (h: number) => (rho === Infinity ? Math.log(h) / 2 : h ** (1 / (2 * rho)));
    const steps = Array.from({ length: 20 }, (_, i) => warp(levels[i + 1]) - warp(levels[i]));
    for (const step of steps) expect(Math.abs(step / steps[0] - 1)).toBeLessThan(1e-9);
    expect(Math.min(...steps)).toBeGreaterThan(0);
  });

  test("the geometric grid is the limit of large rho", () => {
    const far = edmGrid({ steps: 20, sigmaMin: 0.25, sigmaMax: 50, rho: 1e6 });
    const limit = edmGrid({ steps: 20, sigmaMin: 0.25, sigmaMax: 50, rho: Infinity });
    // The difference of sigma^(1/rho) and its limit is (log ratio)^2 / (8 rho) = 3.5e-6 in log sigma.
    for (let i = 0; i <= 20; i++) expect(Math.abs(far[i] / limit[i] - 1)).toBeLessThan(8e-6);
  });

  test("uniform grid: equal steps of time between the ends", () => {
    const levels = uniformGrid(schedule, { steps: 10 });
    expect([levels.length, levels[0], levels[10]]).toEqual([11, 0, schedule.variance(1)]);
    for (let i = 0; i <= 10; i++) expect(Math.abs(schedule.timeOf(levels[i]) - i / 10)).toBeLessThan(1e-12);
    const raised = uniformGrid(linearSchedule({ sigmaMax: 4 }), { steps: 4, sigmaMin: 2 });
    expect(Array.from(raised)).toEqual([4, 7, 10, 13, 16]);
  });

  test("refuses bad options", () => {
    const good = { steps: 4, sigmaMin: 1, sigmaMax: 2 };
    for (const bad of [{ steps: 0 }, { steps: 1.5 }, { sigmaMin: 0 }, { sigmaMin: 2 }, { sigmaMax: Infinity }, { rho: 0.5 }]) {
      expect(() => edmGrid({ ...good, ...bad }), JSON.stringify(bad)).toThrow(RangeError);
    }
    expect(() => edmGrid({ ...good, sigmamin: 1 } as never)).toThrow(/did you mean "sigmaMin"/);
    expect(() => edmGrid(undefined as never)).toThrow(TypeError);
    for (const bad of [{ steps: 0 }, { steps: 2, sigmaMin: 51 }, { steps: 2, sigmaMin: -1 }]) {
      expect(() => uniformGrid(schedule, bad), JSON.stringify(bad)).toThrow(RangeError);
    }
  });
});

describe("memory in chunks", () => {
  const bits = (x: ArrayBufferView) => Buffer.from(x.buffer, x.byteOffset, x.byteLength).toString("hex");

  test.each(["reverse SDE", "probability flow"])(
    "%s: same bits for chunks of 100 and 1000, and rows do not depend on n",
    async (which) => {
      const go = (n: number, chunk?: number) =>
        which === "reverse SDE"
          ? reverseSde(model, energy, schedule, { ...base, n, chunk, corrector: langevin() })
          : probabilityFlow(model, { ...base, n, chunk });
      const [small, large, fewer] = [await go(1100, 100), await go(1100, 1000), await go(130)];
      expect(bits(small.x.data)).toBe(bits(large.x.data));
      expect(bits(fewer.x.data)).toBe(bits(large.x.data.subarray(0, 260)));
      if (which === "reverse SDE") {
        expect(bits(small.logWeights as Float64Array)).toBe(bits(large.logWeights as Float64Array));
        expect(bits(small.energy as Float32Array)).toBe(bits(large.energy as Float32Array));
      }
      // Control: another key.
      const other = await reverseSde(model, energy, schedule, { ...base, key: keyOf(2) });
      expect(bits(other.x.data)).not.toBe(bits((await reverseSde(model, energy, schedule, base)).x.data));
    },
  );

  test("the model sees at most `chunk` rows, and progress goes from 0 to 1", async () => {
    let most = 0;
    const watched: ScoreModel = {
      dim: 2,
      score: (x, variance) => {
        most = Math.max(most, x.n);
        expect(variance.length).toBe(x.n);
        return model.score(x, variance);
      },
    };
    const seen: SamplerProgress[] = [];
    const path = await reverseSde(watched, undefined, schedule, { ...base, chunk: 60, onProgress: (p) => seen.push(p) });
    expect([most, path.x.n, path.scoreCalls]).toEqual([60, 250, 250 * 8]);
    expect(seen.length).toBe(5 * 8 + 1);
    for (let i = 1; i < seen.length; i++) expect(seen[i].fraction).toBeGreaterThanOrEqual(seen[i - 1].fraction);
    expect(seen.at(-1)).toEqual({ rows: 250, n: 250, fraction: 1, nonFinite: 0 });
  });

  test("what a model was given is never written to afterwards", async () => {
    const kept: { given: Float32Array; copy: Float32Array }[] = [];
    const keeper: ScoreModel = {
      dim: 2,
      score: (x, variance) => {
        kept.push({ given: x.data, copy: x.data.slice() }, { given: variance, copy: variance.slice() });
        return model.score(x, variance);
      },
    };
    await reverseSde(keeper, energy, schedule, { ...base, corrector: langevin() });
    await probabilityFlow(keeper, base);
    for (const { given, copy } of kept.slice(0, -2)) expect(given).toEqual(copy);
  });
});

describe("rows that fail", () => {
  /** NaN score for rows that are right of x_1 = 40 at a level above sigma 20. */
  const patchy: ScoreModel = {
    dim: 2,
    score: async (x, variance) => {
      const score = await model.score(x, variance);
      for (let r = 0; r < x.n; r++) {
        for (let i = 0; i < 2; i++) expect(Number.isFinite(x.data[2 * r + i])).toBe(true);
        if (variance[r] > 400 && x.data[2 * r] > 40) score[2 * r + 1] = Number.NaN;
      }
      return score;
    },
  };

  test("are counted, come out NaN with weight zero, and leave the others as they were", async () => {
    const path = await reverseSde(patchy, energy, schedule, { ...base, chunk: 100, maxNonFinite: 1 });
    const clean = await reverseSde(model, energy, schedule, base);
    expect(path.nonFinite).toBeGreaterThan(10);
    expect(path.nonFinite).toBeLessThan(240);
    let lost = 0;
    for (let r = 0; r < 250; r++) {
      const row = path.x.data.subarray(2 * r, 2 * r + 2);
      if (Number.isNaN(row[0])) {
        lost++;
        expect([row[1], path.energy?.[r], path.logWeights?.[r]]).toEqual([Number.NaN, Number.NaN, -Infinity]);
      } else {
        expect(row).toEqual(clean.x.data.subarray(2 * r, 2 * r + 2));
        expect(path.logWeights?.[r]).toBe(clean.logWeights?.[r]);
      }
    }
    expect(lost).toBe(path.nonFinite);
  });

  test("above the limit the run ends as diverged, and says where", async () => {
    for (const run of [
      () => reverseSde(patchy, energy, schedule, base),
      () => reverseSde(patchy, undefined, schedule, { ...base, corrector: langevin() }),
      () => probabilityFlow(patchy, base),
    ]) {
      await expect(run()).rejects.toThrow(BnemError);
      await expect(run()).rejects.toMatchObject({
        code: "diverged",
        message: expect.stringMatching(/of 250 rows were not finite at level \d/),
      });
    }
  });

  test("an energy of NaN fails its row; +Infinity is a weight of zero", async () => {
    const odd: Energy = { ...energy, energy: (x) => energy.energy(x).map((e, r) => [Number.NaN, Infinity, e][Math.min(r, 2)]) };
    const path = await reverseSde(model, odd, schedule, { ...base, maxNonFinite: 0.01 });
    expect(path.nonFinite).toBe(1);
    expect(path.logWeights?.slice(0, 2)).toEqual(Float64Array.of(-Infinity, -Infinity));
    expect(path.energy?.[1]).toBe(Infinity);
    expect(path.x.data[0]).toBeNaN();
    expect(Number.isFinite(path.x.data[2])).toBe(true);
  });
});

test("energies that are NaN end the run as diverged above the limit; raw output never asks for them", async () => {
  const nan: Energy = { ...energy, energy: (x) => new Float32Array(x.n).fill(Number.NaN) };
  await expect(reverseSde(model, nan, schedule, base)).rejects.toMatchObject({
    code: "diverged",
    message: expect.stringMatching(/250 of 250 rows were not finite at the end/),
  });
  await expect(reverseSde(model, nan, schedule, { ...base, maxNonFinite: 1 })).resolves.toMatchObject({ nonFinite: 250 });
  await expect(reverseSde(model, undefined, schedule, base)).resolves.toMatchObject({ nonFinite: 0 });
});

describe("abort", () => {
  test("before the start and at any level, with the signal's own reason", async () => {
    const reason = new Error("enough");
    const done = AbortSignal.abort(reason);
    await expect(reverseSde(model, energy, schedule, { ...base, signal: done })).rejects.toBe(reason);
    await expect(probabilityFlow(model, { ...base, signal: done })).rejects.toBe(reason);
    const controller = new AbortController();
    let levels = 0;
    const onProgress = () => {
      if (++levels === 3) controller.abort(reason);
    };
    await expect(reverseSde(model, energy, schedule, { ...base, signal: controller.signal, onProgress })).rejects.toBe(reason);
    expect(levels).toBe(3);
  });
});

describe("refusals", () => {
  const refuse = (options: object, e: Energy | undefined = energy) =>
    reverseSde(model, e, schedule, { ...base, ...options } as never);

  test.each([
    ["n", { n: 0 }],
    ["n", { n: 1.5 }],
    ["chunk", { chunk: 0 }],
    ["grid", { grid: Float64Array.of(1) }],
    ["grid", { grid: Float64Array.of(1, 1) }],
    ["grid", { grid: Float64Array.of(2, 1) }],
    ["grid", { grid: Float64Array.of(-1, 1) }],
    ["grid", { grid: Float64Array.of(1, Number.NaN) }],
    ["priorVariance", { priorVariance: 0 }],
    ["maxNonFinite", { maxNonFinite: 2 }],
    ["tweedie", { tweedie: true }],
    ["nu", { nu: -0.1 }],
    ["nu", { nu: Number.NaN }],
    ["nu is a transition of its own", { nu: 0.5, transition: bridge() }],
    ["particles", { particles: { count: 1, spatialDim: 2 } }],
    ["unknown option", { transitions: bridge() }],
  ])("%s: %o", async (name, options) => {
    await expect(refuse(options)).rejects.toThrow(RangeError);
    await expect(refuse(options)).rejects.toThrow(name);
  });

  test("wrong kinds are TypeErrors", async () => {
    await expect(refuse({ grid: [1, 2] })).rejects.toThrow(TypeError);
    await expect(refuse({ n: "3" })).rejects.toThrow(TypeError);
  });

  test("a weighted step without noise, a Tweedie step at level 0, another dimension", async () => {
    const toZero = Float64Array.of(0, 1, 4);
    await expect(refuse({ grid: toZero })).rejects.toThrow(/no noise from level 1 to 0/);
    await expect(reverseSde(model, undefined, schedule, { ...base, grid: toZero })).resolves.toMatchObject({ nonFinite: 0 });
    await expect(refuse({ grid: toZero, transition: exponential() })).resolves.toMatchObject({ nonFinite: 0 });
    await expect(reverseSde(model, undefined, schedule, { ...base, grid: toZero, tweedie: true })).rejects.toThrow(
      /above variance 0/,
    );
    await expect(refuse({}, { ...energy, dim: 3 })).rejects.toThrow(/energy.dim is 3/);
  });

  test("bad transitions and correctors", () => {
    expect(() => bridge({ dataVariance: -1 })).toThrow(RangeError);
    expect(() => bridge({ variance: 1 } as never)).toThrow(/did you mean "dataVariance"/);
    for (const bad of [{ steps: 0 }, { stepScale: 0 }, { stepScale: 2.1 }, { sigmaMin: -1 }])
      expect(() => langevin(bad)).toThrow(RangeError);
  });
});

describe("the pilot batch of nu", () => {
  test("runs before the rows, at most `chunk` at a time, ends with the signal's reason, and diverges with its model", async () => {
    const sizes: number[] = [];
    const watch = (before: (n: number) => void): ScoreModel => ({
      dim: 2,
      score: (x, h) => {
        before(x.n);
        return model.score(x, h);
      },
    });
    await reverseSde(
      watch((n) => sizes.push(n)),
      energy,
      schedule,
      { ...base, n: 10, nu: 0.5, chunk: 200 },
    );
    expect(sizes.slice(0, 8 * 3)).toEqual(Array.from({ length: 8 }, () => [200, 200, 112]).flat());
    expect(sizes.slice(24)).toEqual(Array.from({ length: 8 }, () => 10));
    const stop = new AbortController();
    const reason = new Error("enough");
    const stopped = watch(() => stop.abort(reason));
    await expect(reverseSde(stopped, energy, schedule, { ...base, nu: 1, signal: stop.signal })).rejects.toBe(reason);
    const lost: ScoreModel = { dim: 2, score: async (x) => new Float32Array(2 * x.n).fill(Number.NaN) };
    await expect(reverseSde(lost, energy, schedule, { ...base, nu: 1 })).rejects.toMatchObject({
      code: "diverged",
      message: expect.stringMatching(/^reverseSde: no row of the pilot batch of nu is finite at level 8; train longer/),
    });
  });

  test("a score that is larger than any exact one makes no step narrower than nu = 0", () => {
    expect(stepVariance(1, 4, 1, 100)).toBe(stepVariance(0, 4, 1, 100));
    expect(stepVariance(0, 4, 1, 0.2)).toBe(0.75);
    expect(stepVariance(1, 4, 1, 0.2)).toBeCloseTo(3 * (1 - 0.6), 12);
    expect(stepVariance(0.5, 4, 1, 0.2)).toBeCloseTo((0.75 + 1.2) / 2, 12);
    expect(stepVariance(1, 4, 0, 0.25)).toBe(0);
  });
});

test("the corrector works at levels of its noise and above", async () => {
  const calls = async (sigmaMin?: number) => {
    const corrector = langevin({ steps: 2, sigmaMin });
    return (await reverseSde(model, undefined, schedule, { ...base, n: 5, corrector })).scoreCalls / 5;
  };
  // Eight levels, two moves at each of the seven between.
  expect([await calls(), await calls(0), await calls(Math.sqrt(grid[3])), await calls(60)]).toEqual([22, 22, 18, 8]);
});

describe("memory-efficient score", () => {
  const options = { mcSamples: 8, key: keyOf(4), draws: referenceNormals, minVariance: 0.1 };

  test("is a function of x and h, in any batch, block and order", async () => {
    const x = { data: Float32Array.of(1, 2, -3, 4, 1, 2, 10, 20), n: 4, dim: 2 };
    const h = Float32Array.of(1, 2, 1, 3);
    const whole = await memoryEfficientScore(model, options).score(x, h);
    const pieces = await memoryEfficientScore(model, { ...options, block: 1 }).score(x, h);
    expect(pieces).toEqual(whole);
    expect(whole.subarray(0, 2)).toEqual(whole.subarray(4, 6));
    const last = await memoryEfficientScore(model, options).score({ data: x.data.subarray(6), n: 1, dim: 2 }, h.subarray(3));
    expect(last).toEqual(whole.subarray(6));
  });

  test("two draws of a linear energy: by hand", async () => {
    // E = 2 x_1: with y = x +- d the weights are logistic, so the score is -d tanh(2 d_1) / (h - h_min).
    const linear: ScoreModel = {
      dim: 2,
      score: model.score,
      energy: async (x) => Float32Array.from({ length: x.n }, (_, r) => 2 * x.data[2 * r]),
    };
    const draws = () => ({ data: Float32Array.of(0.5, -1) });
    const score = await memoryEfficientScore(linear, { ...options, mcSamples: 2, draws }).score(
      { data: new Float32Array(2), n: 1, dim: 2 },
      Float32Array.of(1.1),
    );
    const tanh = Math.tanh(2 * 0.5);
    expect(Math.abs(score[0] + 0.5 * tanh)).toBeLessThan(1e-6);
    expect(Math.abs(score[1] - tanh)).toBeLessThan(1e-6);
  });

  test("NaN and -inf energies weigh nothing; a row without a finite energy is NaN", async () => {
    // Draws 0 and 2 are the pair +-1, draws 1 and 3 the pair +-2; the excess is 1, so a lone draw gives its own value.
    const draws = () => ({ data: Float32Array.of(1, 2) });
    const scoreOf = async (energies: number[]) => {
      const given: ScoreModel = { dim: 1, score: model.score, energy: async () => Float32Array.from(energies) };
      const at = { data: new Float32Array(1), n: 1, dim: 1 };
      const asked = { ...options, mcSamples: 4, draws, minVariance: 0 };
      return (await memoryEfficientScore(given, asked).score(at, Float32Array.of(1)))[0];
    };
    expect(await scoreOf([0, 0, 0, 0])).toBe(0);
    expect(await scoreOf([0, Number.NaN, Infinity, Infinity])).toBe(1);
    expect(await scoreOf([-Infinity, 5, Infinity, Number.NaN])).toBe(2);
    expect(await scoreOf([Number.NaN, 3, 3, Infinity])).toBe(0.5);
    expect(await scoreOf([Number.NaN, Infinity, -Infinity, Infinity])).toBeNaN();
  });

  test("refuses a model without energy, odd draws and levels not above the lowest", async () => {
    expect(() => memoryEfficientScore({ dim: 2, score: model.score }, options)).toThrow(TypeError);
    for (const mcSamples of [0, 1, 3]) expect(() => memoryEfficientScore(model, { ...options, mcSamples })).toThrow(RangeError);
    const x = { data: new Float32Array(2), n: 1, dim: 2 };
    await expect(memoryEfficientScore(model, options).score(x, Float32Array.of(0.1))).rejects.toThrow(RangeError);
  });
});
