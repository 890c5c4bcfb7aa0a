/** Memory that cannot be had: typed errors that name the limit, never a hang, a crash or numbers at a wrong address. */
import { engine, zeros } from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { BnemError } from "../../src/core/errors.js";
import { keyOf } from "../../src/core/random.js";
import type { NoisedRequest } from "../../src/core/types.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { noised } from "../../src/estimators/noised.js";
import { initKernels } from "../../src/kernels/load.js";
import { Machine } from "../../src/kernels/machine.js";
import { startBackend } from "../../src/networks/backend.js";
import { mlp } from "../../src/networks/mlp.js";
import { setKernelMode } from "../../src/networks/wasm/kernel-mode.js";
import { createTrainer } from "../../src/pipeline/trainer.js";

const target = gaussianMixture({ components: 40, seed: 0 });
const { Memory } = WebAssembly;
const grow = Memory.prototype.grow;

/** Memories made from now on end at so many pages of 64 KiB. */
function capMemories(pages: number): void {
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super({ ...descriptor, maximum: Math.min(descriptor.maximum ?? pages, pages) });
    }
  };
}

afterEach(() => {
  WebAssembly.Memory = Memory;
  Memory.prototype.grow = grow;
});
beforeAll(() => initKernels());

/** The BnemError("unsupported") a call ends in. */
async function refusal(call: () => unknown): Promise<string> {
  const error = await (async () => call())().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  // By its name: modules loaded anew have a class of their own.
  expect(error).toMatchObject({ name: "BnemError", code: "unsupported" });
  return (error as BnemError).message;
}

describe("the kernels' own memory", () => {
  const request = (n: number): NoisedRequest => ({
    x: { data: new Float32Array(2 * n), n, dim: 2 },
    variance: new Float32Array(n).fill(1),
    mcSamples: 1,
    mode: "iid",
    key: keyOf(1),
    quantity: "score",
  });

  test("an estimator call, energies and draws of too many rows; fewer rows are computed afterwards", async () => {
    vi.resetModules();
    capMemories(64);
    const load = await import("../../src/kernels/load.js");
    const mixtures = await import("../../src/energies/gaussian-mixture.js");
    const estimators = await import("../../src/estimators/noised.js");
    const { normalRows } = await import("../../src/kernels/normal.js");
    const { createTrainingRows } = await import("../../src/kernels/training-rows.js");
    await load.initKernels({ exact: true });
    const energy = mixtures.gaussianMixture({ components: 40, seed: 0 });
    const calls = [
      () => estimators.noised(energy, request(400_000)),
      () => energy.energy(request(400_000).x),
      () => normalRows(keyOf(1), 0, 0, 1_000_000, 2),
    ];
    for (const call of calls) expect(await refusal(call)).toMatch(/^kernels: no memory for \d+ bytes; .* 2 GiB .*fewer rows/);
    const noise = { varianceFloor: 0.1, levels: Float32Array.of(0, 1, 2) };
    const rows = { key: keyOf(1), dim: 2, capacity: 1_000_000, batchSize: 8, priorWidth: 1, priorFraction: 0.5, ...noise };
    expect(await refusal(() => createTrainingRows(rows))).toMatch(/no memory for \d+ bytes; .* 2 GiB .*bufferSize/);
    expect(estimators.noised(energy, request(1000))).toEqual(noised(target, request(1000)));
  });
});

describe("a machine", () => {
  const program = (bytes: number) => ({
    buffers: [{ bytes }],
    instructions: [{ call: "fillArray" as const, args: [{ buffer: 0 }, 1, 4] }],
    names: { x: 0 },
  });

  test("of a network of width 60,000", async () => {
    expect(await refusal(() => Machine.load(program(4 * 60_000 ** 2), true))).toMatch(/14400000000 bytes.* 4 GiB .*narrower/);
  });

  test("whose memory does not grow", async () => {
    capMemories(32);
    expect(await refusal(() => Machine.load(program(2 ** 24), true))).toMatch(/16777216 bytes.* 4 GiB .*narrower/);
    const small = await Machine.load(program(64), true);
    small.run();
    expect(small.view("x").subarray(0, 5)).toEqual(Float32Array.of(1, 1, 1, 1, 0));
  });

  test("that does not start at all", async () => {
    WebAssembly.Memory = class {
      constructor() {
        throw new RangeError("could not allocate memory");
      }
    } as unknown as typeof Memory;
    expect(await refusal(() => Machine.load(program(64), true))).toMatch(/4 GiB/);
  });
});

describe.each(["bnem", "tfjs"] as const)("the heap of tfjs, kernels %s", (mode) => {
  beforeAll(async () => {
    setKernelMode(mode);
    await startBackend("wasm");
  });

  test("a tensor above 4 GiB, whose size would be cut to 32 bits", async () => {
    expect(await refusal(() => zeros([60_000, 60_000]))).toMatch(/14400000000 bytes of a tensor.* 4 GiB/);
  });

  test("a heap that does not grow: nothing is at address 0, nothing is left behind, and later calls work", async () => {
    const wide = { steps: 1, batchSize: 8, mcSamples: 2, width: 1500, depth: 4, features: 2, seed: 1, backend: "wasm" as const };
    const before = engine().memory().numTensors;
    Memory.prototype.grow = () => {
      throw new RangeError("no more memory");
    };
    const attempt = async () => {
      const trainer = await createTrainer(target, wide);
      try {
        for await (const _ of trainer.steps());
      } finally {
        trainer.dispose();
      }
    };
    expect(await refusal(attempt)).toMatch(/^networks: no memory for \d+ bytes of a tensor; .* 4 GiB/);
    Memory.prototype.grow = grow;
    expect(engine().memory().numTensors).toBe(before);
    const trainer = await createTrainer(target, { ...wide, width: 16 });
    for await (const { loss } of trainer.steps()) expect(loss).toBeGreaterThan(0);
    trainer.dispose();
  });
});

test("a network with more parameters than fit is refused before anything is made of it", () => {
  expect(() => mlp({ width: 60_000 })(2, "energy")).toThrow(/^mlp: width 60000 and depth 3 make 72\d+ parameters.* 4 GiB$/);
  expect(() => mlp({ width: 60_000 })(2, "energy")).toThrow(RangeError);
  expect(mlp({ width: 60_000, depth: 1 })(2, "energy").parameterCount).toBeGreaterThan(60_000);
});
