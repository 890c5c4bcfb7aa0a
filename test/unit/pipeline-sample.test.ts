/** Sampling and scoring through the public calls: every combination, what it is worth, failures, bits. */
import { mul } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Energy, NetworkRecipe } from "../../src/core/types.js";
import { customEnergy } from "../../src/energies/custom.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { mlp } from "../../src/networks/mlp.js";
import type { Network } from "../../src/networks/network.js";
import { evaluate } from "../../src/pipeline/evaluate.js";
import type { NeuralSampler, SampleOptions } from "../../src/pipeline/neural-sampler.js";
import { CORRECTIONS, GRIDS, INTEGRATORS } from "../../src/pipeline/sample-options.js";
import { createTrainer, loadSampler } from "../../src/pipeline/trainer.js";
import { edmGrid } from "../../src/samplers/grid.js";
import type { SamplerProgress } from "../../src/samplers/run-rows.js";
import { geometricSchedule } from "../../src/schedules/geometric.js";
import { tinyOptions, tinyTarget } from "../support/tiny-loop.js";
import { tinySampler as made } from "../support/tiny-sampler.js";

let sampler: NeuralSampler;
beforeAll(async () => {
  sampler = await made();
});
afterAll(() => sampler.dispose());

const raw = { correction: "none" } as const;
const path = { correction: "path" } as const;
/** Replica exchange takes chains, not paths; it has its own tests. */
const PATHS = CORRECTIONS.filter((correction) => correction !== "replica-exchange");
/** Steps that exist for raw output alone, or in a form of its own. */
const FIRST_ORDER = ["bridge", "exponential", "euler-maruyama", "tuned"];

describe("every combination", () => {
  const cases = INTEGRATORS.flatMap((integrator) =>
    GRIDS.flatMap((grid) =>
      PATHS.flatMap((correction) => [0, 2].map((corrector) => ({ integrator, grid, correction, corrector }))),
    ),
  );

  /** What is said of options that do not go together. */
  function refusal({ integrator, correction, corrector }: (typeof cases)[number]): RegExp | undefined {
    const weighted = correction !== "none";
    if (weighted && integrator === "heun") return /no path weights; take "map"/;
    if (corrector === 0) return undefined;
    if (weighted) return /corrector moves raw output, got 2 with correction "(smc|path)"; take moves/;
    return FIRST_ORDER.includes(integrator) ? undefined : /takes no corrector/;
  }

  test.each(cases)("$integrator, $grid grid, correction $correction, $corrector Langevin moves", async (options) => {
    const ask = sampler.sample(20, { ...options, seed: 4, steps: 5 });
    const refused = refusal(options);
    if (refused) {
      await expect(ask).rejects.toThrow(RangeError);
      await expect(ask).rejects.toThrow(refused);
      return;
    }
    const result = await ask;
    const { correction, energyCalls } = result;
    expect([result.x.n, result.x.dim, result.seed, result.nonFinite]).toEqual([20, 2, 4, 0]);
    expect(energyCalls).toBe(20 + (correction?.pilot.energyCalls ?? 0));
    expect(result.x.data.every(Number.isFinite)).toBe(true);
    expect(result.energy).toEqual(tinyTarget.energy(result.x));
    const weighted = options.correction !== "none";
    const lengths = [result.logWeights?.length, result.ancestors?.length, result.ess?.n, correction?.rows];
    expect(lengths).toEqual(weighted ? [20, 20, 20, 20] : [undefined, undefined, undefined, undefined]);
    for (const part of ["logZ", "correction", "verdict"] as const) expect(result[part] !== undefined, part).toBe(weighted);
    if (result.ess) expect(result.ess.fraction).toBe(result.ess.value / 20);
    if (correction) {
      expect([correction.method, correction.transition]).toEqual([options.correction, options.integrator]);
      expect([correction.islands, correction.levels]).toEqual([1, 6]);
      expect(correction.pilot.networkCalls).toBe(result.pilotCalls);
    }
    expect(await sampler.sample(20, { ...options, seed: 4, steps: 5 })).toEqual({ ...result, seconds: expect.any(Number) });
  });

  test("what raw output does not read is refused there", async () => {
    await expect(sampler.sample(5, { ...raw, moves: 1 })).rejects.toThrow(/moves .* with weights.*take corrector/);
    await expect(sampler.sample(5, { ...raw, noising: "preserving" })).rejects.toThrow(/noising "preserving"/);
    await expect(sampler.sample(5, { ...path, integrator: "bridge", rank: 3 })).rejects.toThrow(/rank is of/);
  });

  test("raw output makes no move below the noise it was trained on, and none where none is asked for", async () => {
    const calls = async (more: SampleOptions) =>
      (await sampler.sample(10, { ...raw, steps: 8, seed: 1, ...more })).networkCalls / 10;
    // Eight levels, a move at the seven between, the last denoising.
    expect(await calls({})).toBe(8 + 7 + 1);
    expect(await calls({ corrector: 0 })).toBe(8 + 1);
    const end = tinyOptions.sigmaMin / 10;
    const levels = edmGrid({ steps: 8, sigmaMin: end, sigmaMax: geometricSchedule({ sigmaMin: 0.2, sigmaMax: 6 }).sigma(1) });
    const trained = levels.subarray(1, 8).filter((h) => h >= tinyOptions.sigmaMin ** 2).length;
    expect(trained).toBeLessThan(7);
    expect(await calls({ sigmaEnd: end })).toBe(8 + trained + 1);
  });

  test("what training says of nu holds for raw samples, as far as the call says nothing else", async () => {
    const own = await made({ nu: 0.5 });
    const ask = async (more: SampleOptions) => (await own.sample(10, { steps: 4, seed: 1, ...more })).pilotCalls;
    expect(await ask(raw)).toBe(512 * 4);
    expect(await ask({ ...raw, corrector: 1 })).toBe(512 * (4 + 3));
    for (const more of [{ nu: 0 }, { dataStd: 1 }, { integrator: "exponential" as const }, { integrator: "heun" as const }])
      expect(await ask({ ...raw, ...more })).toBe(0);
    // Weighted rows measure nu = 1, whatever raw ones were drawn with.
    expect(await ask(path)).toBe(128 * 4);
    const { logWeights } = await own.sample(10, { ...path, steps: 4, seed: 1 });
    expect((await own.sample(10, { ...path, steps: 4, seed: 1, nu: 1 })).logWeights).toEqual(logWeights);
    expect((await own.sample(10, { ...path, steps: 4, seed: 1, nu: 0.5 })).logWeights).not.toEqual(logWeights);
    const again = await loadSampler(await own.save(), tinyTarget);
    expect((await again.sample(10, { ...raw, seed: 1 })).x).toEqual((await own.sample(10, { ...raw, seed: 1 })).x);
    own.dispose();
    again.dispose();
  });

  test.each(["idem", "tweedem", "me-nem", "nem"] as const)("%s samples weighted and raw", async (method) => {
    const other = await made({ method });
    const energies = method === "nem" || method === "me-nem";
    expect(other.defaultCorrection).toBe(energies ? "smc" : "path");
    // ME-NEM asks for 128 energies for each score, no more.
    const perScore = method === "me-nem" ? 128 : 1;
    const ask = async (correction: (typeof PATHS)[number]) => {
      const { networkCalls, pilotCalls, energyCalls, nonFinite } = await other.sample(10, { correction, steps: 4, seed: 1 });
      expect(nonFinite).toBe(0);
      return [networkCalls, pilotCalls, energyCalls];
    };
    // Four levels; raw output adds a Langevin move at the three between and the last denoising.
    expect(await ask("none")).toEqual([10 * (method === "me-nem" ? 4 : 8) * perScore, 0, 10]);
    expect(await ask("path")).toEqual([(10 + 128) * 4 * perScore, 128 * 4 * perScore, 10]);
    // The pilot of SMC asks four times at every level what the learned energies are worth one level lower.
    const pilot = 128 * (4 + 4 * 3) * perScore;
    if (energies) expect(await ask("smc")).toEqual([10 * 4 * perScore + pilot, pilot, 10 + 128 * 4]);
    else await expect(ask("smc")).rejects.toMatchObject({ code: "unsupported", message: /energies.*take correction "path"/ });
    other.dispose();
  });
});

describe("bits", () => {
  test.each<SampleOptions>([
    raw,
    { ...raw, integrator: "heun" },
    { ...raw, grid: "uniform" },
    path,
    { ...path, integrator: "bridge" },
    { ...path, integrator: "low-rank" },
    { ...path, islands: 3 },
  ])("%j: neither chunk nor n changes a row; the seed does", async (options) => {
    const ask = (n: number, more: SampleOptions = {}) => sampler.sample(n, { seed: 9, steps: 6, ...options, ...more });
    const whole = await ask(70);
    for (const chunk of [70, 64, 7, 1]) {
      const parts = await ask(70, { chunk });
      expect(parts.x, `chunk ${chunk}`).toEqual(whole.x);
      expect(parts.logWeights).toEqual(whole.logWeights);
    }
    expect((await ask(40)).x.data).toEqual(whole.x.data.subarray(0, 80));
    expect((await ask(70, { seed: 10 })).x.data).not.toEqual(whole.x.data);
  });

  test("path weights without resampling do not depend on the islands; resampled rows do", async () => {
    const ask = (more: SampleOptions) => sampler.sample(96, { seed: 9, steps: 6, ...more });
    const one = await ask({ ...path, islands: 1 });
    for (const islands of [3, 96]) expect((await ask({ ...path, islands })).logWeights).toEqual(one.logWeights);
    const forced = { correction: "smc", resampleBelow: 1, trust: 1e9 } as const;
    const resampled = await ask({ ...forced, islands: 3 });
    expect(resampled.correction).toMatchObject({ islands: 3, resamplings: 6, essOf: "paths since the last resampling" });
    expect(resampled.correction?.ancestors.unique).toBeLessThan(96);
    expect((await ask({ ...forced, islands: 1 })).x).not.toEqual(resampled.x);
  });

  test("ME-NEM: the same", async () => {
    const other = await made({ method: "me-nem" });
    for (const options of [raw, path]) {
      const whole = await other.sample(30, { ...options, seed: 9, steps: 4 });
      for (const chunk of [30, 7, 1])
        expect((await other.sample(30, { ...options, seed: 9, steps: 4, chunk })).x).toEqual(whole.x);
    }
    other.dispose();
  });

  test("without a seed one is drawn and told", async () => {
    const one = await sampler.sample(5, { steps: 3 });
    const again = await sampler.sample(5, { steps: 3, seed: one.seed });
    expect(again.x).toEqual(one.x);
    expect((await sampler.sample(5, { steps: 3 })).seed).not.toBe(one.seed);
  });
});

describe("weights", () => {
  const mode = gaussianMixture({ means: [[1, -0.5]], std: 0.8 });
  const shifted: Energy = { ...mode, energy: (x) => mode.energy(x).map((e) => e + 0.4) };
  const options = { scale: 2, sigmaMin: 0.05, sigmaMax: 4, dataStd: 0.8 };
  /** z of mean w against 1, by the standard error that the sample itself gives: of the islands where rows were resampled, else of the rows. */
  async function zOfZ(energy: Energy, more: SampleOptions): Promise<number> {
    const untrained = await made(options, energy, 0);
    const { logZ } = await untrained.sample(4000, { seed: 12, steps: 16, ...more });
    untrained.dispose();
    const { value, standardError } = logZ as NonNullable<typeof logZ>;
    return (Math.exp(value) - 1) / (Math.exp(value) * standardError);
  }

  test.each<SampleOptions>([
    {},
    path,
    { integrator: "exponential" },
    { integrator: "euler-maruyama", grid: "uniform", steps: 64 },
    { grid: "uniform" },
    { moves: 1 },
    { moves: 2, moveLeapfrogs: 3, resampleBelow: 1, trust: 1e9 },
    { resampling: "residual", trust: 1e9 },
    { integrator: "diagonal" },
    { integrator: "low-rank", rank: 1 },
    { integrator: "full", noising: "preserving" },
    { integrator: "map" },
    { oversampling: 3 },
    { dataStd: 3 },
    { nu: 1 },
    { sigmaEnd: 0.1 },
  ])("%j: the mean weight of an untrained network is Z = 1", async (more) => {
    expect(Math.abs(await zOfZ(mode, more))).toBeLessThan(6);
    // Control: an energy .4 kT higher has Z = .67.
    expect(await zOfZ(shifted, more)).toBeLessThan(-11);
  });
});

describe("failures", () => {
  /** A network whose score is NaN right of `edge` at high noise. */
  const patchy =
    (edge: number): NetworkRecipe =>
    (dim, output) => {
      const inner = mlp({ width: 4, scale: 5 })(dim, output);
      const network: Network = {
        ...inner,
        forward: (parameters, x, variance) => {
          const out = inner.forward(parameters, x, variance);
          const high = variance.arraySync()[0] > 25;
          const hit = x.arraySync().map(([a]) => (high && a > edge ? Number.NaN : 1));
          return mul(out, output === "energy" ? hit : hit.map((h) => [h]));
        },
      };
      return network;
    };
  const score = { method: "idem", priorFraction: 1 } as const;

  test("rows that fail are NaN, weigh nothing, are counted, and are asked no energy", async () => {
    const trainer = await createTrainer(tinyTarget, { ...tinyOptions, ...score, network: patchy(16) });
    const holey = await trainer.sampler();
    for (const options of [{}, raw]) {
      const result = await holey.sample(400, { seed: 3, steps: 4, ...options });
      const lost = Array.from({ length: 400 }, (_, i) => i).filter((i) => Number.isNaN(result.x.data[2 * i]));
      expect(lost.length).toBeGreaterThan(0);
      expect(lost.length).toBeLessThanOrEqual(4);
      expect(result.nonFinite).toBe(lost.length);
      for (const i of lost) {
        expect(result.energy[i]).toBeNaN();
        if (result.logWeights) expect(result.logWeights[i]).toBe(-Infinity);
      }
      expect(result.energy.filter(Number.isFinite).length).toBe(400 - lost.length);
      const evaluation = await evaluate(result, tinyTarget, { seed: 1, metrics: ["energyW2", "modesCovered"] });
      expect(evaluation.n).toBe(400 - lost.length);
      expect(evaluation.verdict[0]).toBe(`${lost.length} of 400 rows came out non-finite and were left out.`);
      expect(evaluation.weighted !== undefined).toBe(result.logWeights !== undefined);
      // Control: a whole sample has nothing to say about that.
      const whole = await sampler.sample(50, { seed: 3, steps: 4, ...options });
      expect((await evaluate(whole, tinyTarget, { seed: 1, metrics: ["energyW2"] })).verdict.join()).not.toMatch(/left out/);
    }
    holey.dispose();
    trainer.dispose();
  });

  test("above 1 % the call ends as diverged", async () => {
    const trainer = await createTrainer(tinyTarget, { ...tinyOptions, ...score, network: patchy(2) });
    const broken = await trainer.sampler();
    for (const options of [{}, raw, { ...raw, integrator: "heun" as const }]) {
      await expect(broken.sample(100, { steps: 4, ...options })).rejects.toMatchObject({ name: "BnemError", code: "diverged" });
    }
    broken.dispose();
    trainer.dispose();
  });

  test("a sample without two finite rows cannot be scored", async () => {
    const x = { data: new Float32Array(6).fill(Number.NaN), n: 3, dim: 2 };
    const result = { x, energy: new Float32Array(3), seed: 1, energyCalls: 3, networkCalls: 3, nonFinite: 3, seconds: 0 };
    await expect(evaluate(result, tinyTarget)).rejects.toThrow(/0 of 3 rows/);
  });

  test("an energy that throws, or forbids every sample", async () => {
    const reason = new Error("gone");
    let broken = false;
    const energy = customEnergy({
      name: "bowl",
      dim: 2,
      evaluate: (x) => {
        if (broken) throw reason;
        return 0.5 * (x[0] * x[0] + x[1] * x[1]);
      },
    });
    const bowl = await made({ method: "nem" }, energy, 2);
    broken = true;
    for (const options of [{}, raw]) {
      await expect(bowl.sample(5, { steps: 3, ...options })).rejects.toMatchObject({ code: "bad-energy", cause: reason });
    }
    bowl.dispose();
    const forbidden = await made(
      { method: "nem" },
      customEnergy({ name: "point", dim: 2, evaluate: (x) => (x[0] === 0.1 ? 0 : Infinity) }),
      0,
    );
    for (const correction of ["smc", "path"] as const) {
      const rows = { x: expect.objectContaining({ n: 5, dim: 2 }), logWeights: new Float64Array(5).fill(-Infinity) };
      const failed = expect.objectContaining({ ...rows, energy: new Float32Array(5).fill(Infinity) });
      await expect(forbidden.sample(5, { steps: 3, correction })).rejects.toMatchObject({
        code: "degenerate-weights",
        data: failed,
      });
    }
    expect((await forbidden.sample(5, { steps: 3, ...raw })).energy).toEqual(new Float32Array(5).fill(Infinity));
    forbidden.dispose();
  });

  test.each([
    [0, {}, RangeError, /n must be an integer/],
    [-3, {}, RangeError, /n must be/],
    [2.5, {}, RangeError, /n must be/],
    ["5", {}, TypeError, /n must be a number/],
    [Number.NaN, {}, RangeError, /n must be/],
    [5, { steps: 0 }, RangeError, /steps/],
    [5, { chunk: 0 }, RangeError, /chunk/],
    [5, { rho: Number.NaN }, RangeError, /rho/],
    [5, { correctorScale: 3 }, RangeError, /correctorScale/],
    [5, { dataStd: -1 }, RangeError, /dataStd/],
    [5, { nu: 1.1 }, RangeError, /nu must be in/],
    [5, { nu: 0.5, dataStd: 1 }, RangeError, /nu and dataStd both set the variance of the bridge step, got 0.5 and 1; leave one/],
    [
      5,
      { nu: 0.5, integrator: "exponential" },
      RangeError,
      /nu is the variance of the "bridge" or "tuned" step, got integrator "exponential"/,
    ],
    [5, { nu: 0.5, integrator: "heun", correction: "none" }, RangeError, /nu is the variance/],
    [5, { sigmaEnd: 0 }, RangeError, /sigmaEnd/],
    [5, { sigmaEnd: 7 }, RangeError, /^sample: sigmaEnd must be below the schedule's sigma\(1\)/],
    [5, { integrator: "bridges" }, RangeError, /did you mean "bridge"/],
    [5, { corection: "none" }, RangeError, /did you mean "correction"/],
    [5, { seed: 0.5 }, RangeError, /seed/],
    [5, 7, TypeError, /options must be an object/],
  ])("n = %j with %j is refused", async (n, options, kind, text) => {
    const ask = sampler.sample(n as number, options as never);
    await expect(ask).rejects.toThrow(kind);
    await expect(ask).rejects.toThrow(text);
  });

  test("batches of another dimension are refused by the model and by evaluate", async () => {
    const x = { data: new Float32Array(9), n: 3, dim: 3 };
    await expect(sampler.scoreModel.score(x, new Float32Array(3))).rejects.toThrow(/x.dim must be 2/);
    await expect(evaluate(x, tinyTarget)).rejects.toThrow(/x.dim must be 2/);
  });
});

describe("progress and abort", () => {
  test("progress rises from the first level to 1; abort ends with the signal's own reason and the sampler goes on", async () => {
    const seen: SamplerProgress[] = [];
    const onSeen = (p: SamplerProgress) => {
      seen.push(p);
    };
    await sampler.sample(30, { ...raw, steps: 4, chunk: 10, workers: 1, onProgress: onSeen });
    expect(seen.length).toBe(3 * 4 + 1);
    await sampler.sample(30, { steps: 4, islands: 3, workers: 1, onProgress: onSeen });
    // Three islands: four levels each and its end, then the run's.
    expect(seen.length).toBe(3 * 4 + 1 + 3 * 5 + 1);
    for (const run of [seen.slice(0, 13), seen.slice(13)]) {
      for (let i = 1; i < run.length; i++) expect(run[i].fraction).toBeGreaterThanOrEqual(run[i - 1].fraction);
      expect(run.at(-1)).toEqual({ rows: 30, n: 30, fraction: 1, nonFinite: 0 });
    }
    const controller = new AbortController();
    const reason = new Error("enough");
    let levels = 0;
    const onProgress = () => {
      if (++levels === 2) controller.abort(reason);
    };
    await expect(sampler.sample(30, { steps: 4, signal: controller.signal, onProgress })).rejects.toBe(reason);
    expect(levels).toBe(2);
    expect((await sampler.sample(3, { steps: 2 })).x.n).toBe(3);
  });
});
