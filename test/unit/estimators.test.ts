/** The estimators against hand values and against each other: what becomes the target, what is left out, what is counted. */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import type { Batch, Energy, EstimateRequest, ScoreModel } from "../../src/core/types.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { bootstrapped } from "../../src/estimators/bootstrapped.js";
import { noised } from "../../src/estimators/noised.js";
import { noisedEnergy } from "../../src/estimators/noised-energy.js";
import { noisedScore } from "../../src/estimators/noised-score.js";
import { tweedie } from "../../src/estimators/tweedie.js";
import { initKernels } from "../../src/kernels/load.js";
import { perturbations } from "../../src/kernels/perturbations.js";
import { counting, lineEnergy, oracle, requestOf, schedule, withoutKernel } from "../support/estimate-request.js";

beforeAll(() => initKernels());

const gmm = gaussianMixture();
const x: Batch = { data: Float32Array.from({ length: 40 }, (_, i) => ((i * 37) % 80) - 40), n: 20, dim: 2 };
const h = new Float32Array(20).fill(9);
const top = schedule.variance(1);

describe("energies that are not finite, draw by draw", () => {
  /** One row at 0 whose draws are told apart by their place: K = 4 draws, energies by rank from the left. */
  const energies = (...byRank: number[]) => {
    const request = { ...requestOf(gmm, { data: new Float32Array(1), n: 1, dim: 1 }, Float32Array.of(1)) };
    const ask = { x: request.x, variance: request.variance, key: request.key, mcSamples: 4, mode: "iid" as const };
    const draws = perturbations({ ...ask, quantity: "energy" }, 0);
    const sorted = [...draws].sort((a, b) => a - b);
    const target = lineEnergy(
      (y) => byRank[sorted.indexOf(y)],
      (y) => 10 + sorted.indexOf(y),
    );
    return { sorted, of: (quantity: "energy" | "score" | "mean") => noised(target, { ...ask, quantity }) };
  };

  test.each([
    [[1, 2, Number.NaN, Infinity], 1, [0, 1]],
    [[-Infinity, 2, Number.NaN, 3], 2, [1, 3]],
    [[Infinity, Infinity, 4, Infinity], 0, [2]],
  ])("%j: NaN and -inf are counted, +inf is not, and none of them weighs", (byRank, nonFinite, left) => {
    const { sorted, of } = energies(...byRank);
    const weights = left.map((k) => Math.exp(-byRank[k]));
    const sum = weights.reduce((a, b) => a + b, 0);
    const mean = (values: number[]) => weights.reduce((s, w, i) => s + (w / sum) * values[i], 0);
    const [energy, score, posterior] = [of("energy"), of("score"), of("mean")];
    for (const result of [energy, score, posterior]) {
      expect([result.nonFinite, result.energyCalls]).toEqual([nonFinite, 4]);
      expect(Math.abs(result.energy[0] + Math.log(sum / 4))).toBeLessThan(1e-6);
    }
    expect(Math.abs((score.score?.[0] as number) + mean(left.map((k) => 10 + k)))).toBeLessThan(2e-6);
    expect(Math.abs((posterior.mean?.[0] as number) - mean(left.map((k) => sorted[k])))).toBeLessThan(1e-6);
  });

  test("nothing finite: E_K = +inf, and the score methods leave the row out", async () => {
    const nothing = lineEnergy(
      (y) => (y > 5 ? 0.5 * y * y : y < -5 ? Infinity : Number.NaN),
      (y) => y,
    );
    const rows = { data: Float32Array.of(10, -10, 0), n: 3, dim: 1 };
    const request = requestOf(nothing, rows, new Float32Array(3).fill(0.25));
    const nem = await noisedEnergy({ mcSamples: 8 }).estimate(request);
    expect([Number.isFinite(nem.target[0]), nem.target[1], nem.target[2], nem.nonFinite]).toEqual([true, Infinity, Infinity, 8]);
    for (const estimator of [noisedScore({ mcSamples: 8 }), tweedie({ mcSamples: 8 })]) {
      const { target, excluded, nonFinite } = await estimator.estimate(request);
      expect([...(excluded as Uint8Array)]).toEqual([0, 1, 1]);
      expect([...target.subarray(1)]).toEqual([0, 0]);
      expect([Number.isFinite(target[0]), nonFinite]).toEqual([true, 8]);
    }
  });

  test("a gradient that is not finite leaves the row out of the score match", async () => {
    const kinked = lineEnergy(
      (y) => 0.5 * y * y,
      (y) => (y > 0 ? y : Number.NaN),
    );
    const rows = { data: Float32Array.of(9, -9), n: 2, dim: 1 };
    const { target, excluded, notes } = await noisedScore({ mcSamples: 4 }).estimate(
      requestOf(kinked, rows, new Float32Array(2).fill(0.01)),
    );
    expect([...(excluded as Uint8Array), target[1], notes.droppedRows]).toEqual([0, 1, 0, 1]);
  });
});

describe("NEM", () => {
  test("the target is E_K of the same key", async () => {
    for (const mode of ["iid", "antithetic", "lattice"] as const) {
      const result = await noisedEnergy({ mcSamples: 16, mode }).estimate(requestOf(gmm, x, h));
      const direct = noised(gmm, { x, variance: h, mcSamples: 16, mode, key: keyOf(21), quantity: "energy" });
      expect(result).toMatchObject({ target: direct.energy, energyCalls: 320, networkCalls: 0, nonFinite: 0 });
      expect(result.plain).toBeUndefined();
    }
  });
});

describe("iDEM", () => {
  const unclipped = () => noisedScore({ mcSamples: 16 }).estimate(requestOf(gmm, x, h));
  const norm = (target: Float32Array, i: number) => Math.hypot(target[2 * i], target[2 * i + 1]);

  test("S_K is -grad E_K for shared draws: central differences of E_K agree", async () => {
    const { target } = await unclipped();
    // Draws move with x, so the same key gives the same eps. Step 1/16: truncation below 1e-3 of E_K's third derivative.
    const step = 1 / 16;
    const shifted = (j: number, by: number) => {
      const data = x.data.map((c, i) => (i % 2 === j ? c + by : c));
      return noised(gmm, { x: { ...x, data }, variance: h, mcSamples: 16, mode: "iid", key: keyOf(21), quantity: "energy" })
        .energy;
    };
    for (const j of [0, 1]) {
      const at = [-2, -1, 1, 2].map((k) => shifted(j, k * step));
      for (let i = 0; i < 20; i++) {
        const slope = (8 * (at[2][i] - at[1][i]) - (at[3][i] - at[0][i])) / (12 * step);
        // Roundings of E (up to 200 kT: 1e-5) over the step, and the fourth-order truncation.
        expect(Math.abs(target[2 * i + j] + slope), `row ${i}`).toBeLessThan(2e-3 * (1 + Math.abs(slope)));
      }
    }
  });

  test("rows longer than the clip are shortened to it and keep their direction; the others are untouched", async () => {
    const free = (await unclipped()).target;
    const norms = Array.from({ length: 20 }, (_, i) => norm(free, i));
    const limit = [...norms].sort((a, b) => a - b)[12] * 1.0001;
    const { target, excluded, notes } = await noisedScore({ mcSamples: 16, scoreClip: limit }).estimate(requestOf(gmm, x, h));
    expect(notes).toEqual({ clippedFraction: 7 / 20, droppedRows: 0 });
    expect([...(excluded as Uint8Array)].some(Boolean)).toBe(false);
    for (let i = 0; i < 20; i++) {
      const factor = Math.min(1, limit / norms[i]);
      for (let j = 2 * i; j < 2 * i + 2; j++) {
        if (factor === 1) expect(target[j]).toBe(free[j]);
        else expect(Math.abs(target[j] - factor * free[j])).toBeLessThan(1e-6 * limit);
      }
    }
  });

  test("a row at the limit of f32 is excluded or clipped, never NaN", async () => {
    const steep = lineEnergy(
      (y) => 0.5 * y * y,
      (y) => y * 3e38,
    );
    const rows = { data: Float32Array.of(1, 2), n: 2, dim: 1 };
    const { target, excluded } = await noisedScore({ mcSamples: 4, scoreClip: 5 }).estimate(
      requestOf(steep, rows, new Float32Array(2).fill(1e-4)),
    );
    for (let i = 0; i < 2; i++) expect(excluded?.[i] === 1 ? target[i] : Math.abs(Math.abs(target[i]) - 5) < 1e-5 && 0).toBe(0);
  });
});

describe("TweeDEM", () => {
  test("the target is (D_K - x) / h", async () => {
    const { target } = await tweedie({ mcSamples: 32 }).estimate(requestOf(gmm, x, h));
    const { mean } = noised(gmm, { x, variance: h, mcSamples: 32, mode: "iid", key: keyOf(21), quantity: "mean" });
    for (let i = 0; i < 40; i++) expect(target[i]).toBe(Math.fround(((mean as Float32Array)[i] - x.data[i]) / 9));
  });

  test("for one Gaussian it tends to the exact score -x / (1 + h)", async () => {
    const gauss = gaussianMixture({ means: [[0]], std: 1 });
    const rows = { data: new Float32Array(200).fill(1.5), n: 200, dim: 1 };
    const { target } = await tweedie({ mcSamples: 4096, mode: "lattice" }).estimate(
      requestOf(gauss, rows, new Float32Array(200).fill(1)),
    );
    // A lattice of 4096 points in one dimension: error of order 1 / K.
    for (const value of target) expect(Math.abs(value + 0.75)).toBeLessThan(0.01);
  });
});

describe("BNEM", () => {
  const K = 8;
  const levels = 5;
  /** Rows in the middle of every level. */
  const byLevel = Float32Array.from({ length: 20 }, (_, i) => (top * ((i % levels) + 0.5)) / levels);
  const settings = { mcSamples: K, levels, bootstrapFrom: 0.5 };
  /** Every row that may be bootstrapped is: the running losses rise without end. */
  const always = () => new Map([["bootstrap.loss", Float64Array.of(1e-90, 1e-60, 1e-30, 1, 1e30)]]);
  const ask = (more: Partial<EstimateRequest> = {}, energy: Energy = gmm) =>
    requestOf(energy, x, byLevel, { teacher: oracle(gmm), progress: 0.5, memory: always(), ...more });
  const plainOf = (plain: Uint8Array | undefined) => Array.from({ length: 20 }, (_, i) => plain?.[i]);

  test("before its time, and while a loss is unknown, it is NEM to the bit", async () => {
    const nem = await noisedEnergy({ mcSamples: K }).estimate(ask());
    for (const early of [ask({ progress: 0.4999 }), ask({ memory: new Map() })]) {
      const result = await bootstrapped(settings).estimate(early);
      expect(result).toMatchObject({
        target: nem.target,
        energyCalls: 20 * K,
        networkCalls: 0,
        notes: { bootstrappedFraction: 0 },
      });
      expect(plainOf(result.plain)).toEqual(new Array(20).fill(1));
    }
  });

  test("rows of level 0 stay plain, all others come from the teacher, and every call is counted", async () => {
    const teacher = oracle(gmm);
    const energy = counting(gmm);
    const result = await bootstrapped(settings).estimate(ask({ teacher }, energy));
    expect(plainOf(result.plain)).toEqual(Array.from({ length: 20 }, (_, i) => (i % levels === 0 ? 1 : 0)));
    expect([result.energyCalls, energy.rows()]).toEqual([4 * K, 4 * K]);
    expect([result.networkCalls, teacher.rows()]).toEqual([16 * K, 16 * K]);
    expect(result.notes.bootstrappedFraction).toBe(0.8);
  });

  test("the teacher is asked in the interval below, and never above the row's own level", async () => {
    const asked: number[] = [];
    const teacher: ScoreModel = {
      ...oracle(gmm),
      energy: async (_, hs) => {
        for (let i = 0; i < hs.length; i += K) {
          expect(new Set(hs.subarray(i, i + K)).size).toBe(1);
          asked.push(hs[i]);
        }
        return new Float32Array(hs.length);
      },
    };
    await bootstrapped(settings).estimate(ask({ teacher }));
    expect(asked.length).toBe(16);
    const rows = Array.from({ length: 20 }, (_, i) => i % levels).filter((level) => level > 0);
    rows.forEach((level, i) => {
      expect(asked[i]).toBeGreaterThanOrEqual((top * (level - 1)) / levels);
      expect(asked[i]).toBeLessThanOrEqual(Math.fround((top * level) / levels));
    });
  });

  test("a teacher that is off by a constant moves the targets by just that", async () => {
    const exact = await bootstrapped(settings).estimate(ask());
    const off = await bootstrapped(settings).estimate(ask({ teacher: oracle(gmm, 0.5) }));
    for (let i = 0; i < 20; i++) {
      const shift = off.target[i] - exact.target[i];
      if (i % levels === 0) expect(shift).toBe(0);
      // Energies of about 10, rounded to f32 twice.
      else expect(Math.abs(shift - 0.5)).toBeLessThan(4e-6);
    }
  });

  test("teacher energies that are NaN weigh nothing and are counted", async () => {
    const exact = oracle(gmm);
    const holes: ScoreModel = {
      ...exact,
      energy: async (y, hs) => (await exact.energy(y, hs)).map((e, i) => (i % K < 2 ? Number.NaN : e)),
    };
    const result = await bootstrapped(settings).estimate(ask({ teacher: holes }));
    expect(result.nonFinite).toBe(16 * 2);
    expect(result.target.every(Number.isFinite)).toBe(true);
    const none: ScoreModel = { ...exact, energy: async (y) => new Float32Array(y.n).fill(Number.NaN) };
    const lost = await bootstrapped(settings).estimate(ask({ teacher: none }));
    expect(lost.nonFinite).toBe(16 * K);
    expect([...lost.target].filter((t) => t === Infinity).length).toBe(16);
  });

  test("which rows are bootstrapped depends on key, noise and losses, not on the energies", async () => {
    const memory = () => new Map([["bootstrap.loss", Float64Array.of(1, 2, 3, 4, 5)]]);
    const decide = async (more: Partial<EstimateRequest>, energy: Energy = gmm) =>
      plainOf((await bootstrapped(settings).estimate(ask({ memory: memory(), ...more }, energy))).plain);
    const first = await decide({});
    expect(new Set(first).size).toBe(2);
    const bowl = { ...withoutKernel(gmm), energy: (y: Batch) => new Float32Array(y.n).fill(3) };
    expect(await decide({ teacher: oracle(gmm, 9) }, bowl)).toEqual(first);
    expect(await decide({ key: keyOf(22) })).not.toEqual(first);
  });

  test("running losses: squared residual over h of plain rows only, bounded at 10 kT; NaN does not enter", () => {
    const estimator = bootstrapped(settings);
    const memory = new Map<string, Float64Array>();
    const request = ask({ memory });
    const target = new Float32Array(20).fill(5);
    const prediction = target.map((t, i) => t + [2, 50, 3, 0, 1][i % levels]);
    prediction[8] = Number.NaN; // level 3
    target[15] = Infinity; // level 0: counts as 10 kT
    const plain = Uint8Array.from({ length: 20 }, (_, i) => (i % levels === 4 || i === 7 ? 0 : 1));
    const result = { target, plain, energyCalls: 0, networkCalls: 0, nonFinite: 0, notes: {} };
    estimator.observe?.(request, result, prediction);
    const loss = memory.get("bootstrap.loss") as Float64Array;
    const at = (level: number, residual: number) => residual ** 2 / byLevel[level];
    const zero = 0.999 * at(0, 2) + 0.001 * at(0, 10);
    [zero, at(1, 10), at(2, 3), 0, -1].forEach((value, i) => {
      expect(Math.abs(loss[i] - value), `level ${i}`).toBeLessThan(1e-12);
    });
  });
});

describe("what rejects", () => {
  const levels = 4;
  const byLevel = Float32Array.from({ length: 20 }, (_, i) => (top * ((i % levels) + 0.5)) / levels);
  const plainResult = (target: Float32Array) => ({
    target,
    plain: new Uint8Array(20).fill(1),
    energyCalls: 0,
    networkCalls: 0,
    nonFinite: 0,
    notes: {},
  });
  const rate = async (rejection: "normalized" | "residual" | "none") => {
    const estimator = bootstrapped({ mcSamples: 2, levels, bootstrapFrom: 0, rejection });
    const request = requestOf(gmm, x, byLevel, { teacher: oracle(gmm), memory: new Map() });
    // The squared residual doubles from level to level: more slowly than the variance does at first (.5, 1.5, 2.5, 3.5).
    const target = new Float32Array(20);
    estimator.observe?.(
      request,
      plainResult(target),
      target.map((_, i) => Math.sqrt(2 ** (i % levels))),
    );
    let kept = 0;
    for (let k = 0; k < 100; k++) {
      const { plain } = await estimator.estimate({ ...request, key: keyOf(100 + k) });
      for (let i = 1; i < 20; i += levels) kept += plain?.[i] as number;
    }
    return kept / 500;
  };

  test("level 1 over level 0: half stays by the residual, all by residual / h, nothing without rejection", async () => {
    expect(await rate("normalized")).toBe(1);
    expect(await rate("none")).toBe(0);
    // 500 coins.
    expect(Math.abs((await rate("residual")) - 0.5) * 2 * Math.sqrt(500)).toBeLessThan(6);
  });

  test("without rejection no loss needs to be known, and level 0 stays plain", async () => {
    const estimator = bootstrapped({ mcSamples: 2, levels, bootstrapFrom: 0, rejection: "none" });
    const { plain } = await estimator.estimate(requestOf(gmm, x, byLevel, { teacher: oracle(gmm) }));
    expect([...(plain as Uint8Array)]).toEqual(Array.from({ length: 20 }, (_, i) => (i % levels === 0 ? 1 : 0)));
  });
});

describe("options", () => {
  test.each([
    [() => noisedEnergy({ mcSamples: 0 }), RangeError, /mcSamples/],
    [() => noisedEnergy({ mcSamples: 2.5 }), RangeError, /mcSamples/],
    [() => noisedEnergy({ mcSamples: "8" as never }), TypeError, /mcSamples/],
    [() => noisedEnergy({ mode: "latice" as never }), RangeError, /did you mean "lattice"/],
    [() => noisedEnergy({ mode: "lattice", mcSamples: 33 }), RangeError, /power of two.*use 32/],
    [() => noisedEnergy({ mcsamples: 8 } as never), RangeError, /did you mean "mcSamples"/],
    [() => noisedScore({ scoreClip: 0 }), RangeError, /scoreClip/],
    [() => noisedScore({ scoreClip: Number.NaN }), RangeError, /scoreClip/],
    [() => tweedie({ scoreClip: -1 }), RangeError, /scoreClip/],
    [() => tweedie({ levels: 3 } as never), RangeError, /unknown option/],
    [() => bootstrapped({ levels: 1 }), RangeError, /levels/],
    [() => bootstrapped({ bootstrapFrom: 1.5 }), RangeError, /bootstrapFrom/],
    [() => bootstrapped({ bootstrapFrom: Number.NaN }), RangeError, /bootstrapFrom/],
    [() => bootstrapped({ rejection: "residuals" as never }), RangeError, /did you mean "residual"/],
    [() => bootstrapped(3 as never), TypeError, /options/],
  ])("%s is refused", (make, kind, text) => {
    expect(make).toThrow(kind);
    expect(make).toThrow(text);
  });

  test("options rebuild the estimator: plain JSON, an infinite clip left out", () => {
    const table = { noisedEnergy, noisedScore, tweedie, bootstrapped };
    const clipped = noisedScore({ scoreClip: 3 });
    for (const made of [noisedEnergy(), noisedScore({ scoreClip: Infinity }), tweedie(), bootstrapped({ levels: 7 }), clipped]) {
      const saved = JSON.parse(JSON.stringify(made.options));
      expect(saved).toEqual(made.options);
      expect(table[made.name as keyof typeof table](saved).options).toEqual(made.options);
    }
    expect(clipped.options.scoreClip).toBe(3);
  });
});

describe("requests that cannot be run are refused by name, fused or not", () => {
  const good = { x, variance: h, key: keyOf(1), mcSamples: 4, mode: "iid" as const, quantity: "energy" as const };
  test.each([
    ["a bare array as x", { x: [1, 2] }, TypeError, /x must be a Batch/],
    ["variance 0", { variance: new Float32Array(20) }, RangeError, /variance must be finite and above 0, got 0 at row 0/],
    ["a NaN variance", { variance: new Float32Array(20).fill(Number.NaN) }, RangeError, /variance .* got NaN/],
    ["too many variances", { variance: new Float32Array(21).fill(1) }, RangeError, /one entry per row/],
    ["f64 variances", { variance: new Float64Array(20).fill(1) }, TypeError, /variance must be a Float32Array/],
    ["no key", { key: undefined }, TypeError, /key must be a Key/],
    ["an unknown quantity", { quantity: "energie" }, RangeError, /did you mean "energy"/],
  ])("%s", (_name, wrong, kind, text) => {
    for (const energy of [gmm, withoutKernel(gmm)]) {
      const call = () => noised(energy, { ...good, ...wrong } as never);
      expect(call).toThrow(kind);
      expect(call).toThrow(text);
    }
  });

  test("bootstrapped checks variance, key and teacher before it draws", async () => {
    const request = requestOf(gmm, x, h);
    const ask = (wrong: object) => bootstrapped().estimate({ ...request, ...wrong } as never);
    await expect(ask({ variance: new Float32Array(20) })).rejects.toThrow(/bootstrapped: variance/);
    await expect(ask({ key: undefined })).rejects.toThrow(/bootstrapped: key/);
    await expect(ask({ teacher: undefined })).rejects.toThrow(/request.teacher/);
  });
});
