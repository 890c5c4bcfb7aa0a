/** Annealed runs: what they count, keep and refuse. That their weights are right is tested by statistics. */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import type { Batch, Energy, ScoreModel } from "../../src/core/types.js";
import { type AnnealedOptions, type AnnealedProgress, annealed } from "../../src/correction/annealed.js";
import { explodingLevels } from "../../src/correction/levels.js";
import { makeTransition } from "../../src/correction/transitions/table.js";
import { exactDiffusion } from "../../src/energies/exact-diffusion.js";
import { twoModes } from "../../src/energies/two-modes.js";
import { initKernels } from "../../src/kernels/load.js";

beforeAll(() => initKernels());

const target = twoModes({ dim: 2, separation: 0.5 });
const K = 6;
const variances = Float64Array.from({ length: K + 1 }, (_, k) => (0.1 * 15 ** (k / K)) ** 2);
const exact = exactDiffusion(target);
const forced = { threshold: 1, trust: Infinity };

function options(more: Partial<AnnealedOptions> = {}): AnnealedOptions {
  const levels = explodingLevels(variances);
  return {
    n: 96,
    islands: 3,
    key: keyOf(3),
    levels,
    transition: makeTransition("tuned"),
    priorVariance: 2.6,
    pilotRows: 16,
    ...more,
  };
}

/** Number of the level of a variance. */
function levelOf(variance: number): number {
  return variances.findIndex((h) => Math.abs(h - variance) < 1e-4 * h);
}

/** The exact model; `seen` hears of every call. */
function heard(seen: (level: number, x: Batch) => void): ScoreModel {
  const listen = <T>(call: (x: Batch, variance: Float32Array) => T) => {
    return (x: Batch, variance: Float32Array) => {
      seen(levelOf(variance[0]), x);
      return call(x, variance);
    };
  };
  return { dim: 2, score: listen(exact.score), energy: listen(exact.energy), energyAndScore: listen(exact.energyAndScore) };
}

/** The exact model, with NaN as the score where `where` says so. */
function holed(where: (level: number, first: number) => boolean): ScoreModel {
  const score: ScoreModel["score"] = async (x, variance) => {
    const values = await exact.score(x, variance);
    return values.map((value, i) => (where(levelOf(variance[0]), x.data[i - (i % 2)]) ? Number.NaN : value));
  };
  const energyAndScore: ScoreModel["energyAndScore"] = async (x, variance) => ({
    energy: await exact.energy(x, variance),
    score: await score(x, variance),
  });
  return { dim: 2, score, energy: exact.energy, energyAndScore };
}

/** The target with another energy where `where` says so. */
function altered(where: (first: number) => boolean, value: number): Energy {
  return { ...target, energy: (x) => target.energy(x).map((energy, row) => (where(x.data[2 * row]) ? value : energy)) };
}

const correctors: { readonly [name: string]: Partial<AnnealedOptions> } = {
  path: {},
  SMC: { resample: forced },
  "SMC with moves": { resample: { ...forced, method: "residual" }, moves: { count: 2, leapfrogs: 3 } },
};

describe.each(Object.keys(correctors))("%s", (name) => {
  const corrector = correctors[name];

  test("same key, same bits; another key, other rows", async () => {
    const run = await annealed(exact, target, options(corrector));
    expect(await annealed(exact, target, options(corrector))).toEqual(run);
    const other = await annealed(exact, target, options({ ...corrector, key: keyOf(4) }));
    expect(other.x.data).not.toEqual(run.x.data);
  });

  test("an island is the same whatever other islands there are", async () => {
    const few = await annealed(exact, target, options({ ...corrector, n: 64, islands: 4 }));
    const many = await annealed(exact, target, options({ ...corrector, n: 128, islands: 8 }));
    expect(many.x.data.subarray(0, 128)).toEqual(few.x.data);
    expect(many.logWeights.subarray(0, 64)).toEqual(few.logWeights);
    expect(many.ancestors.subarray(0, 64)).toEqual(few.ancestors);
    expect(many.resampledAt.slice(0, 4)).toEqual(few.resampledAt);
  });

  test("calls are those that were made", async () => {
    let rows = 0;
    let exactRows = 0;
    const energy = (x: Batch) => {
      exactRows += x.n;
      return target.energy(x);
    };
    const model = heard((_, x) => {
      rows += x.n;
    });
    const run = await annealed(model, { ...target, energy }, options(corrector));
    expect(run.networkCalls).toBe(rows);
    expect(run.energyCalls).toBe(exactRows);
  });
});

describe("what a run says", () => {
  test("calls by arithmetic", async () => {
    const bridge = makeTransition("bridge");
    const path = await annealed(exact, target, options({ transition: bridge }));
    expect(path.pilot).toEqual({ n: 0, networkCalls: 0, energyCalls: 0 });
    expect([path.networkCalls, path.energyCalls]).toEqual([96 * K, 96]);
    const tuned = await annealed(exact, target, options());
    expect([tuned.networkCalls, tuned.energyCalls]).toEqual([(96 + 16) * K, 96]);
    // The pilot takes scores and energies at every level, and 4 energies below each of them.
    const smc = await annealed(exact, target, options({ transition: bridge, resample: forced }));
    expect([smc.networkCalls, smc.energyCalls]).toEqual([96 * K + 16 * (K + 4 * (K - 1)), 96 + 4 * 16]);
    // One evaluation and 8 rounds of one move of 3 leapfrogs tune each level.
    const moves = await annealed(
      exact,
      target,
      options({ transition: bridge, resample: forced, moves: { count: 2, leapfrogs: 3 } }),
    );
    expect(moves.networkCalls - smc.networkCalls).toBe(96 * K * 2 * 3 + 16 * K * (1 + 8 * 3));
    expect(moves.acceptance).toBeGreaterThan(0.3);
    expect(smc.acceptance).toBeNaN();
  });

  test("ancestors and resamplings", async () => {
    const path = await annealed(exact, target, options({ n: 100 }));
    expect(path.starts).toEqual(Int32Array.of(0, 33, 66, 100));
    expect(path.resampledAt).toEqual([[], [], []]);
    expect(path.trustedTo).toBe(0);
    expect(path.ancestors).toEqual(Int32Array.from({ length: 100 }, (_, row) => row));
    const smc = await annealed(exact, target, options({ n: 100, resample: forced }));
    expect(smc.resampledAt).toEqual(new Array(3).fill([6, 5, 4, 3, 2, 1]));
    expect(smc.trustedTo).toBe(K);
    smc.ancestors.forEach((ancestor, row) => {
      const island = row < 33 ? 0 : row < 66 ? 1 : 2;
      expect(ancestor).toBeGreaterThanOrEqual(smc.starts[island]);
      expect(ancestor).toBeLessThan(smc.starts[island + 1]);
    });
    expect(new Set(smc.ancestors).size).toBeLessThan(100);
    const never = await annealed(exact, target, options({ n: 100, resample: { threshold: 0, trust: Infinity } }));
    expect(never.logWeights).toEqual(path.logWeights);
    const distrusted = await annealed(exact, target, options({ n: 100, resample: { threshold: 1, trust: 0 }, moves: {} }));
    expect(distrusted.trustedTo).toBe(0);
    expect(distrusted.logWeights).toEqual(path.logWeights);
  });

  test("progress rises to 1", async () => {
    const told: AnnealedProgress[] = [];
    await annealed(exact, target, options({ resample: forced, onProgress: (progress) => told.push(progress) }));
    expect(told.length).toBeGreaterThanOrEqual(3 * K);
    for (let i = 1; i < told.length; i++) {
      expect(told[i].fraction).toBeGreaterThanOrEqual(told[i - 1].fraction);
      expect(told[i].rows).toBeGreaterThanOrEqual(told[i - 1].rows);
    }
    expect(told[0].fraction).toBeLessThan(0.1);
    expect(told.at(-1)).toEqual({ rows: 96, n: 96, fraction: 1, nonFinite: 0 });
  });
});

describe("abort", () => {
  test.each(["pilot", "run"])("in the middle of the %s, with the signal's own reason and no call after", async (where) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    let after = 0;
    const model = heard((level, x) => {
      if (controller.signal.aborted) after++;
      if (level === 3 && x.n === (where === "pilot" ? 16 : 32)) controller.abort(reason);
    });
    await expect(annealed(model, target, options({ signal: controller.signal }))).rejects.toBe(reason);
    expect(after).toBe(0);
  });

  test("before the start: nothing is asked", async () => {
    const reason = new Error("never mind");
    let asked = 0;
    const model = heard(() => {
      asked++;
    });
    const run = annealed(model, target, options({ signal: AbortSignal.abort(reason), transition: makeTransition("bridge") }));
    await expect(run).rejects.toBe(reason);
    expect(asked).toBe(0);
  });
});

describe("options", () => {
  const levels = explodingLevels(variances);
  test.each([
    [{ steps: 3 }, RangeError, "steps"],
    [{ n: 0 }, RangeError, "n must be"],
    [{ n: "9" }, TypeError, "n must be"],
    [{ key: 3 }, TypeError, "key must be"],
    [{ levels: undefined }, TypeError, "levels must be"],
    [{ levels: levels.slice(0, 1) }, RangeError, "at least 2"],
    [{ levels: levels.slice().reverse() }, RangeError, "ascending"],
    [{ levels: [levels[0], levels[1], levels[1]] }, RangeError, "ascending"],
    [{ levels: [levels[0], { scale: 0, variance: 1 }] }, RangeError, "levels[1].scale"],
    [{ levels: [levels[0], { scale: 1, variance: Number.NaN }] }, RangeError, "levels[1].variance"],
    [{ levels: [levels[0], null] }, TypeError, "levels[1].scale"],
    [{ transition: "tuned" }, TypeError, "transition must be"],
    [{ priorVariance: 0 }, RangeError, "priorVariance"],
    [{ priorMean: [0] }, RangeError, "priorMean"],
    [{ islands: 97 }, RangeError, "islands"],
    [{ pilotRows: 7 }, RangeError, "pilotRows"],
    [{ maxNonFinite: 1.1 }, RangeError, "maxNonFinite"],
    [{ particles: { count: 3, spatialDim: 2 } }, RangeError, "particles"],
    [{ resample: { treshold: 0.5 } }, RangeError, "threshold"],
    [{ resample: { threshold: 1.5 } }, RangeError, "threshold"],
    [{ resample: { method: "multinomial" } }, RangeError, "method"],
    [{ resample: { trust: -1 } }, RangeError, "trust"],
    [{ resample: { trust: Number.NaN } }, RangeError, "trust"],
    [{ resample: null }, TypeError, "resample"],
    [{ moves: { count: 0 } }, RangeError, "count"],
    [{ moves: { steps: 1 } }, RangeError, "steps"],
    [{ signal: 1 }, TypeError, "signal"],
    [{ onProgress: 1 }, TypeError, "onProgress"],
  ] as const)("%j", async (more, kind, text) => {
    const bad = annealed(exact, target, options(more as unknown as Partial<AnnealedOptions>));
    await expect(bad).rejects.toBeInstanceOf(kind);
    await expect(bad).rejects.toThrow(text);
    await expect(bad).rejects.toThrow(/^annealed/);
  });

  test("no options, no model, another dimension", async () => {
    await expect(annealed(exact, target, undefined as unknown as AnnealedOptions)).rejects.toThrow(/^annealed: options/);
    await expect(annealed({ dim: 2 } as ScoreModel, target, options())).rejects.toThrow(/^annealed: model must be/);
    await expect(annealed(exact, {} as Energy, options())).rejects.toThrow(/^annealed: energy must be/);
    await expect(annealed(exact, twoModes({ dim: 3 }), options())).rejects.toThrow("energy.dim is 3, model.dim 2");
  });

  test("scores without energies: paths, and nothing that asks for energies", async () => {
    const model: ScoreModel = { dim: 2, score: exact.score };
    const path = await annealed(model, target, options());
    expect(path.logWeights).toEqual((await annealed(exact, target, options())).logWeights);
    for (const more of [{ resample: {} }, { resample: forced }, { moves: {} }]) {
      await expect(annealed(model, target, options(more))).rejects.toMatchObject({ name: "BnemError", code: "unsupported" });
    }
    const second = options({ transition: makeTransition("full") });
    await expect(annealed(model, target, second)).rejects.toMatchObject({ code: "unsupported" });
  });
});

describe("numbers that are not finite", () => {
  /** Rows far out to one side are lost at level 3. */
  const model = holed((level, first) => level === 3 && first > 0.9);

  test.each(Object.keys(correctors))("scores, %s: counted, weightless, NaN; resampling replaces them", async (name) => {
    const run = await annealed(
      model,
      target,
      options({ ...correctors[name], maxNonFinite: 1, transition: makeTransition("bridge") }),
    );
    expect(run.nonFinite).toBeGreaterThan(0);
    let zeros = 0;
    run.logWeights.forEach((value, row) => {
      const lost = value === -Infinity;
      if (lost) zeros++;
      expect(Number.isNaN(run.x.data[2 * row])).toBe(lost);
      expect(Number.isNaN(run.energy[row])).toBe(lost);
      expect(Number.isNaN(value)).toBe(false);
    });
    expect(zeros).toBe(name === "path" ? run.nonFinite : 0);
    expect(run.energyCalls - run.pilot.energyCalls).toBe(96 - zeros);
    if (run.pilot.pathEss !== undefined) expect(run.pilot.pathEss).toBeGreaterThan(0);
  });

  test("above the limit: diverged, with the level", async () => {
    const bad = annealed(model, target, options({ transition: makeTransition("bridge") }));
    await expect(bad).rejects.toMatchObject({ name: "BnemError", code: "diverged" });
    await expect(bad).rejects.toThrow("at level 3 of 6");
  });

  test("all of the pilot's rows: diverged, with the level", async () => {
    const bad = annealed(
      holed((level) => level === 2),
      target,
      options({ maxNonFinite: 1 }),
    );
    await expect(bad).rejects.toMatchObject({ name: "BnemError", code: "diverged" });
    await expect(bad).rejects.toThrow("at level 2");
  });

  test.each([Number.NaN, -Infinity])("exact energy %d: a lost row", async (value) => {
    const energy = altered((first) => first > 0.5, value);
    const run = await annealed(exact, energy, options({ maxNonFinite: 1, resample: forced }));
    const fine = await annealed(exact, target, options({ maxNonFinite: 1, resample: forced }));
    let lost = 0;
    for (let row = 0; row < 96; row++) {
      if (fine.x.data[2 * row] > 0.5) {
        lost++;
        expect([run.x.data[2 * row], run.energy[row], run.logWeights[row]]).toEqual([Number.NaN, Number.NaN, -Infinity]);
      } else expect(run.logWeights[row]).toBe(fine.logWeights[row]);
    }
    expect(lost).toBeGreaterThan(5);
    expect(run.nonFinite).toBe(lost);
    expect(run.pilot.pathEss).toBeGreaterThan(0);
    const error = await annealed(exact, energy, options()).catch((caught) => caught);
    expect(error).toMatchObject({ code: "diverged", message: expect.stringContaining("the end") });
    // What was computed is not lost with the error.
    const { x, energy: energies, logWeights } = error.data;
    expect([x.n, energies.length, logWeights.length]).toEqual([options().n, options().n, options().n]);
    await expect(annealed(exact, energy, options())).rejects.toThrow("at the end");
  });

  test("exact energy +Infinity: weight 0 and nothing lost, whole islands too", async () => {
    const run = await annealed(
      exact,
      altered((first) => first > -0.5, Infinity),
      options({ n: 96, islands: 48 }),
    );
    expect(run.nonFinite).toBe(0);
    expect(run.x.data.every(Number.isFinite)).toBe(true);
    const zero = Array.from({ length: 48 }, (_, i) => run.logWeights.subarray(2 * i, 2 * i + 2).every((v) => v === -Infinity));
    expect(zero).toContain(true);
    expect(zero).toContain(false);
    run.logWeights.forEach((value, row) => {
      expect(value === -Infinity).toBe(run.energy[row] === Infinity);
    });
  });

  test("an island that has lost every row stays without weight", async () => {
    const run = await annealed(
      holed((level, first) => level === 4 && first > -1),
      target,
      options({ n: 96, islands: 48, resample: forced, maxNonFinite: 1 }),
    );
    const lost = Array.from({ length: 48 }, (_, i) => run.logWeights.subarray(2 * i, 2 * i + 2).every((v) => v === -Infinity));
    expect(lost).toContain(true);
    expect(lost).toContain(false);
    // Nothing is left to resample below level 4.
    lost.forEach((gone, i) => {
      expect(run.resampledAt[i].some((level) => level <= 4)).toBe(!gone);
    });
  });
});
