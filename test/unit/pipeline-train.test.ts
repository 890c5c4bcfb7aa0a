/** Training through the public calls: presets, options, parts of one's own, energies that fail, abort. */
import { memory } from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import type { Estimator, NoiseSchedule } from "../../src/core/types.js";
import { customEnergy } from "../../src/energies/custom.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { energyByName } from "../../src/energies/registry.js";
import { bootstrapped } from "../../src/estimators/bootstrapped.js";
import { noisedScore } from "../../src/estimators/noised-score.js";
import { type MlpOptions, mlp } from "../../src/networks/mlp.js";
import { describeCheckpoint } from "../../src/pipeline/checkpoint.js";
import { init } from "../../src/pipeline/init.js";
import { METHODS, parseTrainOptions, SCHEDULES } from "../../src/pipeline/options.js";
import { createTrainer, loadSampler, resumeTrainer, train } from "../../src/pipeline/trainer.js";
import { cosineSchedule } from "../../src/schedules/cosine.js";
import { linearSchedule } from "../../src/schedules/linear.js";
import type { StepInfo } from "../../src/training/loop-config.js";
import { presets } from "../../src/training/presets.js";
import { tinyOptions, tinyTarget } from "../support/tiny-loop.js";

const gmm40 = gaussianMixture();
const small = {
  seed: 1,
  steps: 3,
  batchSize: 16,
  mcSamples: 8,
  width: 8,
  features: 8,
  bufferRefill: 8,
  bufferEvery: 2,
  bufferSteps: 3,
  chains: 16,
  chainMoves: 30,
  chainDraws: 1,
};
const bowl = (evaluate: (x: Float64Array) => number) => customEnergy({ name: "bowl", dim: 2, evaluate });
const half = (x: Float64Array) => 0.5 * (x[0] * x[0] + x[1] * x[1]);

describe("presets", () => {
  const rows = Object.entries(presets).flatMap(([target, table]) =>
    Object.entries(table).map(([name, preset]) => [`${target}.${name}`, target, preset] as const),
  );

  test("there is one for every method", () => {
    expect(new Set(rows.map(([, , preset]) => preset.method))).toEqual(new Set(METHODS));
  });

  test.each(rows)("%s parses, keeps what it says, and trains on its own target", async (_, target, preset) => {
    expect(parseTrainOptions("train", preset)).toMatchObject(preset);
    const infos: StepInfo[] = [];
    const onProgress = (info: StepInfo) => infos.push(info);
    const sampler = await train(energyByName(target), { ...preset, ...small, warmupSteps: 1, onProgress });
    expect(infos.map(({ step }) => step)).toEqual([1, 2, 3]);
    for (const info of infos) expect([Number.isFinite(info.loss), info.skipped]).toEqual([true, 0]);
    expect(sampler.facts).toMatchObject({ method: preset.method, step: 3, steps: 3 });
    sampler.dispose();
  });

  test("their learning rate decays to the end of their own steps", () => {
    for (const [, , preset] of rows) expect(preset.warmupSteps).toBeLessThan(preset.steps / 10);
  });
});

test("init({ exact: true }) is written into the options, so that a resume has the same bits without it", async () => {
  const options = { ...tinyOptions, steps: 1 };
  await init({ exact: true });
  const exact = await createTrainer(tinyTarget, options);
  await init({ exact: false });
  const free = await createTrainer(tinyTarget, options);
  expect([exact.options.exact, free.options.exact]).toEqual([true, false]);
  const resumed = await resumeTrainer(await exact.save(), tinyTarget);
  expect(resumed.options.exact).toBe(true);
  for (const trainer of [exact, free, resumed]) trainer.dispose();
});

test("a total below the steps done is refused: a checkpoint would stand behind its own end", async () => {
  const trainer = await createTrainer(tinyTarget, { ...tinyOptions, steps: 2 });
  for await (const _ of trainer.steps());
  await expect(trainer.steps(1).next()).rejects.toThrow(/^steps: total must be an integer in \[2,/);
  expect(await trainer.steps(2).next()).toEqual({ done: true, value: undefined });
  trainer.dispose();
});

describe("options", () => {
  test.each([
    [{ mcSamples: 0 }, RangeError, /mcSamples/],
    [{ mcSample: 3 }, RangeError, /did you mean "mcSamples"/],
    [{ sigmaMin: -1 }, RangeError, /sigmaMin/],
    [{ sigmaMin: 0 }, RangeError, /sigmaMin/],
    [{ sigmaMin: 3, sigmaMax: 3 }, RangeError, /sigmaMin must be below sigmaMax/],
    [{ sigmaMin: 1e6 }, RangeError, /sigmaMin must be below/],
    [{ sigmaMin: 2.9, sigmaMax: 3 }, RangeError, /sigmaMin must be below the schedule's sigma\(1\)/],
    [{ sigmaMin: 6, schedule: "linear", scale: 5 }, RangeError, /sigmaMin must be below/],
    [{ learningRate: Number.NaN }, RangeError, /learningRate/],
    [{ emaDecay: Number.NaN }, RangeError, /emaDecay/],
    [{ scale: Infinity }, RangeError, /scale/],
    [{ batchSize: 0 }, RangeError, /batchSize/],
    [{ steps: 0 }, RangeError, /steps/],
    [{ seed: -1 }, RangeError, /seed/],
    [{ method: "dem" }, RangeError, /unknown method "dem"/],
    [{ backend: "cuda" }, RangeError, /unknown backend/],
    [{ estimator: {} }, TypeError, /estimator must be an Estimator/],
    [{ estimator: { estimate() {}, kind: "forces" } }, TypeError, /estimator must be an Estimator/],
    [{ network: mlp()(2, "energy") }, TypeError, /network must be a recipe/],
    [{ noiseSchedule: "geometric" }, TypeError, /noiseSchedule must be a NoiseSchedule/],
    [{ noiseSchedule: linearSchedule({ sigmaMax: 1 }), sigmaMin: 1.5 }, RangeError, /sigmaMin must be below/],
    ["bnem", TypeError, /options must be an object/],
  ])("%j is refused before anything is made", async (options, kind, text) => {
    await createTrainer(tinyTarget, tinyOptions).then((trainer) => trainer.dispose());
    const before = memory().numTensors;
    for (const make of [createTrainer, train]) {
      const made = make(gmm40, options as never);
      await expect(made).rejects.toThrow(kind);
      await expect(made).rejects.toThrow(text);
    }
    expect(memory().numTensors).toBe(before);
  });

  test.each([undefined, null, "gmm40", {}])("%j is no energy", async (energy) => {
    await expect(createTrainer(energy as never)).rejects.toThrow(TypeError);
    await expect(createTrainer(energy as never)).rejects.toThrow(/energy must be an Energy/);
  });

  test.each(SCHEDULES)("schedule %s trains, saves and resumes", async (schedule) => {
    const trainer = await createTrainer(tinyTarget, { ...tinyOptions, schedule, steps: 4 });
    for await (const info of trainer.steps()) expect(Number.isFinite(info.loss)).toBe(true);
    const again = await resumeTrainer(await trainer.save(), tinyTarget);
    expect(await again.save()).toEqual(await trainer.save());
    again.dispose();
    trainer.dispose();
  });

  test("no options at all: lengths come from the modes, the seed is drawn and told", async () => {
    const trainer = await createTrainer(gmm40);
    const { sigmaMax, sigmaMin, scale, priorWidth } = trainer.options;
    expect(sigmaMax).toBeGreaterThan(39);
    expect([scale, priorWidth, sigmaMin]).toEqual([sigmaMax, sigmaMax, sigmaMax / 200]);
    expect(Number.isSafeInteger(trainer.seed)).toBe(true);
    expect([trainer.step, trainer.energyCalls, trainer.networkCalls]).toEqual([0, 0, 0]);
    trainer.dispose();
  });
});

describe("parts of one's own", () => {
  test("a network given as a value takes the target's lengths, and its own where it states them: base and prior agree", async () => {
    const lengths = async (network: ReturnType<typeof mlp>) => {
      const trainer = await createTrainer(tinyTarget, { ...tinyOptions, scale: 7, baseStd: 0.5, network });
      const { scale, baseStd } = trainer.options;
      const { network: made } = describeCheckpoint(await trainer.save());
      trainer.dispose();
      expect(made.options).toMatchObject({ scale, baseStd });
      return { scale, baseStd };
    };
    expect(await lengths(mlp({ width: 4 }))).toEqual({ scale: 7, baseStd: 0.5 });
    expect(await lengths(mlp({ width: 4, scale: 9 }))).toEqual({ scale: 9, baseStd: 0.5 });
  });

  test("a schedule as a value sets the largest noise, and must be given again", async () => {
    const noiseSchedule: NoiseSchedule = { ...cosineSchedule({ sigmaMax: 7 }), name: "mine" };
    const { sigmaMax: _, ...options } = tinyOptions;
    const trainer = await createTrainer(tinyTarget, { ...options, noiseSchedule });
    expect(trainer.options.sigmaMax).toBe(noiseSchedule.sigma(1));
    for await (const { step } of trainer.steps()) if (step === 4) break;
    const bytes = await trainer.save();
    for (const open of [loadSampler, resumeTrainer]) {
      await expect(open(bytes, tinyTarget)).rejects.toMatchObject({ code: "bad-checkpoint" });
      (await open(bytes, tinyTarget, { noiseSchedule })).dispose();
    }
    trainer.dispose();
  });

  test("a part given again must be the one of the checkpoint, even where its size would fit", async () => {
    const trainer = await createTrainer(tinyTarget, { ...tinyOptions, method: "nem" });
    const bytes = await trainer.save();
    const { options } = describeCheckpoint(bytes).network as { readonly options: MlpOptions };
    (await loadSampler(bytes, tinyTarget, { network: mlp(options) })).dispose();
    const others = [{ network: mlp({ ...options, scale: 20 }) }, { noiseSchedule: cosineSchedule({ sigmaMax: 6 }) }];
    for (const given of others) {
      for (const open of [loadSampler, resumeTrainer]) {
        await expect(open(bytes, tinyTarget, given)).rejects.toMatchObject({
          code: "bad-checkpoint",
          message: expect.stringMatching(/it was made with the (network|schedule) .* pass the same one/),
        });
      }
    }
    const estimator = noisedScore({ mcSamples: 4 });
    await expect(resumeTrainer(bytes, tinyTarget, { estimator })).rejects.toThrow(/made with the estimator noisedEnergy/);
    trainer.dispose();
  });

  test("an estimator as a value decides the head; its own figures reach the progress", async () => {
    const estimator = noisedScore({ mcSamples: 4, scoreClip: 0.5 });
    const trainer = await createTrainer(tinyTarget, { ...tinyOptions, estimator, network: mlp({ width: 4, scale: 5 }) });
    const { value } = await trainer.steps().next();
    expect((value as StepInfo).notes.clippedFraction).toBeGreaterThan(0);
    expect((value as StepInfo).energyCalls).toBe(24 * 4);
    const sampler = await trainer.sampler();
    expect(sampler.facts).toMatchObject({
      network: { output: "score", options: { width: 4 } },
      estimator: { name: "noisedScore" },
    });
    sampler.dispose();
    trainer.dispose();
  });

  test("an estimator that throws or gives nonsense", async () => {
    const thrower: Estimator = { ...bootstrapped(), estimate: () => Promise.reject(new Error("mine")) };
    await expect(train(tinyTarget, { ...tinyOptions, estimator: thrower })).rejects.toThrow("mine");
  });
});

describe("energies that fail", () => {
  test("one that throws ends in bad-energy with its error as the cause; training goes on where it was", async () => {
    let broken = false;
    const reason = new Error("licence expired");
    const energy = bowl((x) => {
      if (broken) throw reason;
      return half(x);
    });
    const options = { ...tinyOptions, method: "nem" } as const;
    const trainer = await createTrainer(energy, options);
    for await (const { step } of trainer.steps()) if (step === 3) break;
    const before = await trainer.save();
    broken = true;
    const failed = trainer.steps().next();
    await expect(failed).rejects.toMatchObject({ name: "BnemError", code: "bad-energy", cause: reason });
    expect(await trainer.save()).toEqual(before);
    broken = false;
    for await (const _ of trainer.steps());
    const whole = await createTrainer(energy, options);
    for await (const _ of whole.steps());
    expect((await trainer.history()).loss).toEqual(whole.history().loss);
    whole.dispose();
    trainer.dispose();
  });

  test.each([
    ["NaN", () => Number.NaN],
    ["+inf", () => Infinity],
  ])("one that is %s at its check configuration is refused at once, with the remedy", async (_, evaluate) => {
    const made = createTrainer(bowl(evaluate), tinyOptions);
    await expect(made).rejects.toMatchObject({ code: "bad-energy", message: expect.stringMatching(/check: \{ x \}/) });
  });

  test("one that is NaN everywhere else ends as diverged", async () => {
    const energy = bowl((x) => (x[0] === 0.1 ? 1 : Number.NaN));
    await expect(train(energy, tinyOptions)).rejects.toMatchObject({
      code: "diverged",
      message: expect.stringMatching(/step 4/),
    });
  });

  test("one that returns no number is a TypeError", async () => {
    await expect(
      createTrainer(
        bowl(() => "3" as never),
        tinyOptions,
      ),
    ).rejects.toThrow(TypeError);
  });

  test("one without a gradient trains every method", async () => {
    for (const method of METHODS) {
      const sampler = await train(bowl(half), { ...tinyOptions, method, steps: 4 });
      expect(sampler.energy.name).toBe("bowl");
      sampler.dispose();
    }
  });

  test("a hard wall: +inf on half the plane is learned around, not counted as a fault", async () => {
    const energy = bowl((x) => (x[0] < 0 ? Infinity : half(x)));
    const infos: StepInfo[] = [];
    const sampler = await train(energy, { ...tinyOptions, onProgress: (info) => infos.push(info) });
    expect(infos.at(-1)).toMatchObject({ nonFinite: 0, skipped: 0 });
    sampler.dispose();
  });
});

describe("train", () => {
  test("abort ends with the signal's own reason, and leaves no tensor", async () => {
    (await createTrainer(tinyTarget, tinyOptions)).dispose();
    const before = memory().numTensors;
    const controller = new AbortController();
    const reason = new Error("enough");
    const onProgress = ({ step }: StepInfo) => {
      if (step === 2) controller.abort(reason);
    };
    await expect(train(tinyTarget, { ...tinyOptions, signal: controller.signal, onProgress })).rejects.toBe(reason);
    await expect(train(tinyTarget, { ...tinyOptions, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(memory().numTensors).toBe(before);
  });

  test("an error in onProgress comes through, and leaves no tensor", async () => {
    const before = memory().numTensors;
    const onProgress = () => {
      throw new Error("display");
    };
    await expect(train(tinyTarget, { ...tinyOptions, onProgress })).rejects.toThrow("display");
    expect(memory().numTensors).toBe(before);
  });

  test("a disposed trainer refuses; its sampler lives on", async () => {
    const trainer = await createTrainer(tinyTarget, tinyOptions);
    const sampler = await trainer.sampler();
    trainer.dispose();
    trainer.dispose();
    await expect(trainer.steps().next()).rejects.toMatchObject({ code: "disposed" });
    await expect(trainer.save()).rejects.toMatchObject({ code: "disposed" });
    await expect(trainer.sampler()).rejects.toMatchObject({ code: "disposed" });
    expect((await sampler.sample(3, { steps: 2 })).x.n).toBe(3);
    sampler.dispose();
    await expect(sampler.sample(3)).rejects.toMatchObject({ code: "disposed" });
  });

  test("calibration is a curve for energies and nothing for scores", async () => {
    for (const [method, some] of [
      ["nem", true],
      ["idem", false],
    ] as const) {
      const trainer = await createTrainer(tinyTarget, { ...tinyOptions, method });
      for await (const _ of trainer.steps());
      expect(trainer.calibration().length > 3).toBe(some);
      trainer.dispose();
    }
  });
});
