/** The option `workers` of every call that takes it, and `kernels` of init: what is refused before anything starts, and more than there is. */
import { availableParallelism } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as bnem from "../../src/index.js";
import { kernelMode } from "../../src/networks/wasm/kernel-mode.js";

const target = bnem.gaussianMixture({ components: 40, seed: 0 });
const tiny = { steps: 2, batchSize: 256, mcSamples: 4, width: 8, depth: 1, features: 4, seed: 1, backend: "wasm" } as const;
const x = { data: Float32Array.from({ length: 80 }, (_, i) => i % 7), n: 40, dim: 2 };
const request = {
  x,
  variance: new Float32Array(40).fill(1),
  mcSamples: 4,
  mode: "iid",
  key: bnem.keyOf(1),
  quantity: "score",
} as const;

let bytes: Uint8Array;
let sampler: bnem.NeuralSampler;
beforeAll(async () => {
  const trainer = await bnem.createTrainer(target, { ...tiny, workers: 1 });
  for await (const _ of trainer.steps());
  bytes = await trainer.save();
  sampler = await trainer.sampler();
  trainer.dispose();
});
afterAll(() => sampler?.dispose());

type Call = (workers: never) => Promise<unknown>;
const calls: readonly (readonly [name: string, call: Call])[] = [
  ["init", (workers) => bnem.init({ workers })],
  ["createTrainer", (workers) => bnem.createTrainer(target, { ...tiny, workers })],
  ["train", (workers) => bnem.train(target, { ...tiny, workers })],
  ["resumeTrainer", (workers) => bnem.resumeTrainer(bytes, target, { workers })],
  ["sample", (workers) => sampler.sample(4, { workers })],
  ["evaluate", (workers) => bnem.evaluate(x, target, { workers })],
  ["noisedOnAllCores", (workers) => bnem.noisedOnAllCores(target, request, { workers })],
];

const wrong: readonly (readonly [workers: unknown, kind: typeof TypeError | typeof RangeError, shown: string])[] = [
  [0, RangeError, "0"],
  [-1, RangeError, "-1"],
  [1.5, RangeError, "1.5"],
  [Number.NaN, RangeError, "NaN"],
  [Number.POSITIVE_INFINITY, RangeError, "Infinity"],
  ["two", TypeError, '"two"'],
  ["2", TypeError, '"2"'],
  [null, TypeError, "null"],
  [true, TypeError, "true"],
];

describe.each(calls)("%s", (name, call) => {
  // `train` makes its trainer by createTrainer, which speaks for it.
  const speaker = name === "train" ? "createTrainer" : name;

  test.each(wrong)("workers %s is refused, and the message names what is allowed", async (workers, kind, shown) => {
    const error = await call(workers as never).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toBe(
      `${speaker}: workers must be "auto" or an integer from 1 (the calling thread alone), got ${shown}`,
    );
  });
});

describe("more workers than cores", () => {
  const notice = (call: string) =>
    `${call}: workers 4096 is more than the ${availableParallelism()} this machine runs at once; ${availableParallelism()} are used`;

  test("works everywhere, with the results of one thread and one line", async () => {
    const trainer = await bnem.createTrainer(target, { ...tiny, workers: 4096 });
    for await (const _ of trainer.steps());
    expect(trainer.notice).toBe(notice("createTrainer"));
    const { tensors } = bnem.readSafetensors(await trainer.save());
    expect(tensors.get("parameters")).toEqual(bnem.readSafetensors(bytes).tensors.get("parameters"));
    trainer.dispose();

    const options = { seed: 3, steps: 4 };
    const many = await sampler.sample(300, { ...options, workers: 4096 });
    const one = await sampler.sample(300, { ...options, workers: 1 });
    expect(many.x).toEqual(one.x);
    expect(one.notice).toBeUndefined();

    const scored = await bnem.evaluate(x, target, { seed: 1, workers: 4096 });
    const { notice: line, ...rest } = scored;
    expect(line).toBe(notice("evaluate"));
    expect(rest).toEqual(await bnem.evaluate(x, target, { seed: 1, workers: 1 }));
  });
});

describe("init", () => {
  const standard = kernelMode();
  afterAll(() => bnem.init({ kernels: standard, workers: "auto" }));

  test.each([
    ["x", RangeError, 'init: unknown kernels "x"; did you mean "bnem"? Known: bnem, tfjs'],
    ["TFJS", RangeError, 'init: unknown kernels "TFJS"; did you mean "tfjs"? Known: bnem, tfjs'],
    [null, TypeError, "init: kernels must be a string, got null"],
    [1, TypeError, "init: kernels must be a string, got 1"],
  ] as const)("kernels %j is refused", async (kernels, kind, text) => {
    const error = await bnem.init({ kernels } as never).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toBe(text);
  });

  test("changes nothing when one of several options is refused", async () => {
    const before = kernelMode();
    const kernels = before === "bnem" ? "tfjs" : "bnem";
    await expect(bnem.init({ kernels, workers: 0 })).rejects.toThrow(RangeError);
    expect(kernelMode()).toBe(before);
  });

  test("takes effect at the next start of a backend: kernels tfjs trains without programs", async () => {
    await bnem.init({ kernels: "tfjs", workers: 1 });
    const trainer = await bnem.createTrainer(target, tiny);
    expect(trainer.backend.kernels).toBe("tfjs");
    for await (const { loss } of trainer.steps()) expect(Number.isFinite(loss)).toBe(true);
    expect(trainer.notice).toBeUndefined();
    trainer.dispose();
  });
});
