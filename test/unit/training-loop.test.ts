/** The training loop: bits, restarts, abort, failures, resources. */
import { memory } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { BnemError } from "../../src/core/errors.js";
import type { Batch, Energy } from "../../src/core/types.js";
import { customEnergy } from "../../src/energies/custom.js";
import { initKernels } from "../../src/kernels/load.js";
import { startBackend } from "../../src/networks/backend.js";
import { METHODS } from "../../src/pipeline/options.js";
import type { LoopConfig } from "../../src/training/loop-config.js";
import type { LoopState } from "../../src/training/loop-state.js";
import { TrainingLoop } from "../../src/training/training-loop.js";
import { finalBits, runTo } from "../support/loop-runs.js";
import { BUFFERED, bitsOf, tinyConfig, tinyTarget } from "../support/tiny-loop.js";

beforeAll(async () => {
  await initKernels();
  await startBackend("wasm");
});

/** The tiny target without its kernel, with something done to each call. */
function watched(change: (energies: Float32Array, call: number, x: Batch) => void): Energy {
  let call = 0;
  const { noised: _, ...rest } = tinyTarget;
  const after = (energies: Float32Array, x: Batch) => {
    change(energies, call++, x);
    return energies;
  };
  return {
    ...rest,
    energy: (x) => after(tinyTarget.energy(x), x),
    energyAndGradient: (x) => {
      const both = tinyTarget.energyAndGradient(x);
      return { ...both, energy: after(both.energy, x) };
    },
  };
}

describe.each(METHODS)("%s", (method) => {
  test("same seed, same losses and bits; another seed, others", async () => {
    const [one, two, other] = [
      await finalBits(tinyConfig({ method })),
      await finalBits(tinyConfig({ method })),
      await finalBits(tinyConfig({ method, seed: 12 })),
    ];
    expect(two.bits).toEqual(one.bits);
    expect(two.infos.map(({ loss }) => loss)).toEqual(one.infos.map(({ loss }) => loss));
    expect(other.bits).not.toEqual(one.bits);
    expect(one.infos.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    const last = one.infos[11];
    expect([last.steps, last.skipped, last.nonFinite]).toEqual([12, 0, 0]);
  });

  test("stopped after 1, 4 and 7 steps and restored, it ends in the same bits", async () => {
    const config = tinyConfig({ method });
    const { bits } = await finalBits(config);
    let loop = new TrainingLoop(config);
    for (const until of [1, 4, 7, 12]) {
      await runTo(loop, until);
      const state = await loop.state();
      loop.dispose();
      loop = new TrainingLoop(config, state);
    }
    expect(bitsOf(await loop.state())).toEqual(bits);
    // The restored history is whole.
    expect(loop.historyData().loss.length).toBe(12);
    loop.dispose();
  });

  test("the number of tensors is constant over the steps, and none stays after dispose", async () => {
    const before = memory().numTensors;
    const loop = new TrainingLoop(tinyConfig({ method }));
    const counts: number[] = [];
    for await (const _ of loop.steps()) counts.push(memory().numTensors);
    expect(new Set(counts).size).toBe(1);
    await loop.state();
    expect(memory().numTensors).toBe(counts[0]);
    loop.dispose();
    loop.dispose();
    expect(memory().numTensors).toBe(before);
  });
});

describe.each(BUFFERED)("%s", (method) => {
  test("what it says is what it did", async () => {
    const { energyCalls, networkCalls } = (await finalBits(tinyConfig({ method }))).infos[11];
    expect(energyCalls + networkCalls).toBe(12 * 24 * 8);
    expect(networkCalls > 0).toBe(method === "bnem");
  });

  test("energies that are always NaN end as diverged, naming the step; nothing was learned", async () => {
    const before = memory().numTensors;
    const loop = new TrainingLoop(
      tinyConfig(
        { method },
        watched((energies) => energies.fill(Number.NaN)),
      ),
    );
    const start = await loop.state();
    const fails = runTo(loop, 12);
    await expect(fails).rejects.toThrow(BnemError);
    await expect(fails).rejects.toMatchObject({ code: "diverged", message: expect.stringMatching(/4 steps in a row at step 4/) });
    const end = await loop.state();
    expect([end.parameters, end.ema, end.adamM, end.adamStep]).toEqual([start.parameters, start.ema, start.adamM, 0]);
    expect([end.counts.skipped, end.counts.inARow, end.counts.nonFinite]).toEqual([4, 4, 4 * 24 * 8]);
    expect(loop.calibration()).toEqual([]);
    loop.dispose();
    expect(memory().numTensors).toBe(before);
  });

  test("one step of NaN is skipped and counted, and changes no parameter", async () => {
    // Generic path: one call per row, so calls 48 to 71 are the third step's.
    const spoiled = watched((energies, call) => call >= 48 && call < 72 && energies.fill(Number.NaN));
    const loop = new TrainingLoop(tinyConfig({ method, bootstrapFrom: 1 }, spoiled));
    await runTo(loop, 2);
    const two = await loop.state();
    const [third] = await runTo(loop, 3);
    const three = await loop.state();
    expect(Number.isNaN(third.loss)).toBe(true);
    expect([third.skipped, third.nonFinite, third.step]).toEqual([1, 24 * 8, 3]);
    expect([three.parameters, three.ema, three.adamM, three.adamStep]).toEqual([two.parameters, two.ema, two.adamM, 2]);
    expect(three.memory).toEqual(two.memory);
    const rest = await runTo(loop, 12);
    expect(rest.every(({ loss }) => Number.isFinite(loss))).toBe(true);
    expect((await loop.state()).counts).toMatchObject({ skipped: 1, inARow: 0 });
    loop.dispose();
  });
});

describe("abort", () => {
  const reason = new Error("enough");

  test("before the start, and between steps: the signal's own reason, and the same bits afterwards", async () => {
    const config = tinyConfig();
    const { bits } = await finalBits(config);
    const loop = new TrainingLoop(config);
    await expect(runTo(loop, 12, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(loop.step).toBe(0);
    const controller = new AbortController();
    const aborted = async () => {
      for await (const { step } of loop.steps({ signal: controller.signal })) if (step === 5) controller.abort(reason);
    };
    await expect(aborted()).rejects.toBe(reason);
    expect(loop.step).toBe(5);
    await runTo(loop, 12);
    expect(bitsOf(await loop.state())).toEqual(bits);
    loop.dispose();
  });

  test("during a refill of the buffer: the refill is made again", async () => {
    const config = tinyConfig({ bufferSteps: 6 });
    const { bits } = await finalBits(config);
    const controller = new AbortController();
    // Normal rows of dimension 2 are drawn at the start, then at each level of a refill: the fourth is inside the first refill.
    let draws = 0;
    const counted: LoopConfig["draws"] = (...args) => {
      if (++draws === 4) controller.abort(reason);
      return config.draws(...args);
    };
    const loop = new TrainingLoop({ ...config, draws: counted });
    await expect(runTo(loop, 12, controller.signal)).rejects.toBe(reason);
    expect([loop.step, draws]).toEqual([3, 4]);
    const between = bitsOf(await loop.state());
    await runTo(loop, 12);
    expect(bitsOf(await loop.state())).toEqual(bits);
    // Control: the state that was left holds no half-made refill.
    expect(between).toEqual((await finalBits(config, 3)).bits);
    loop.dispose();
  });
});

describe("failures", () => {
  test("an energy that throws right after a refill leaves a state that goes on with the same bits", async () => {
    let calls = 0;
    let broken = true;
    const energy = customEnergy({
      name: "bowl",
      dim: 2,
      evaluate: (x) => {
        // 24 rows of 8 draws a step: the middle of step 4, at whose start the buffer is refilled.
        if (broken && ++calls === 3 * 192 + 100) throw new Error("no licence");
        return 0.5 * (x[0] * x[0] + x[1] * x[1]);
      },
    });
    const config = tinyConfig({ method: "nem" }, energy);
    const loop = new TrainingLoop(config);
    await expect(runTo(loop, 12)).rejects.toMatchObject({ code: "bad-energy", message: expect.stringMatching(/no licence/) });
    expect(loop.step).toBe(3);
    const left = await loop.state();
    broken = false;
    const { bits } = await finalBits(config);
    await runTo(loop, 12);
    expect(bitsOf(await loop.state())).toEqual(bits);
    const again = new TrainingLoop(config, left);
    await runTo(again, 12);
    expect(bitsOf(await again.state())).toEqual(bits);
    again.dispose();
    loop.dispose();
  });

  test("a buffer that no memory holds, and a schedule that falls: the first step says so", async () => {
    const config = tinyConfig();
    const large = new TrainingLoop({ ...config, knobs: { ...config.knobs, bufferSize: 2 ** 30 } });
    await expect(runTo(large, 1)).rejects.toMatchObject({ code: "unsupported", message: expect.stringMatching(/bufferSize/) });
    const schedule = { ...config.schedule, variance: (t: number) => 36 * (1 - t) };
    const falling = new TrainingLoop({ ...config, schedule });
    await expect(runTo(falling, 1)).rejects.toThrow(/levels must increase/);
    for (const loop of [large, falling]) loop.dispose();
  });

  test("use after dispose", async () => {
    const loop = new TrainingLoop(tinyConfig());
    await runTo(loop, 1);
    loop.dispose();
    await expect(runTo(loop, 2)).rejects.toMatchObject({ code: "disposed" });
    await expect(loop.state()).rejects.toMatchObject({ code: "disposed" });
    const other = new TrainingLoop(tinyConfig());
    const inside = async () => {
      for await (const _ of other.steps()) other.dispose();
    };
    await expect(inside()).rejects.toMatchObject({ code: "disposed" });
  });
});

describe("one step at a time", () => {
  test("two loops over the steps share them: each step once, the same bits as one loop", async () => {
    const config = tinyConfig();
    const { bits } = await finalBits(config);
    const loop = new TrainingLoop(config);
    const seen: number[] = [];
    const drain = async () => {
      for await (const { step } of loop.steps()) seen.push(step);
    };
    await Promise.all([drain(), drain()]);
    expect(seen.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(bitsOf(await loop.state())).toEqual(bits);
    loop.dispose();
  });

  test("a state asked for in the middle of a step is the one after it", async () => {
    const config = tinyConfig();
    let asked: Promise<LoopState> | undefined;
    let estimates = 0;
    const estimate: LoopConfig["estimator"]["estimate"] = (request) => {
      if (++estimates === 4) asked = loop.state();
      return config.estimator.estimate(request);
    };
    const loop = new TrainingLoop({ ...config, estimator: { ...config.estimator, estimate } });
    await runTo(loop, 5);
    expect(bitsOf(await (asked as Promise<LoopState>))).toEqual((await finalBits(config, 4)).bits);
    loop.dispose();
  });
});

test("a network that throws leaves no tensor behind", async () => {
  const config = tinyConfig();
  const broken = {
    ...config.network,
    forward: () => {
      throw new Error("no such layer");
    },
  };
  const loop = new TrainingLoop({ ...config, network: broken });
  const before = memory().numTensors;
  await expect(runTo(loop, 1)).rejects.toThrow(/no such layer/);
  expect(memory().numTensors).toBe(before);
  loop.dispose();
});

test("a run may be made longer: the rate follows the new total", async () => {
  const loop = new TrainingLoop(tinyConfig({ steps: 4 }));
  const first = await runTo(loop, 4);
  loop.total = 8;
  const more = await runTo(loop, 8);
  expect(first[3].secondsLeft).toBe(0);
  expect(more[0].learningRate).toBeGreaterThan(first[3].learningRate);
  expect(more.map(({ steps }) => steps)).toEqual([8, 8, 8, 8]);
  loop.dispose();
});
