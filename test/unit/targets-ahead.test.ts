/** Targets made while workers compute the step before: which steps, the same bits, and nothing kept that has become wrong. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Energy, EstimateRequest } from "../../src/core/types.js";
import type { LoopConfig } from "../../src/training/loop-config.js";
import type { LoopState } from "../../src/training/loop-state.js";
import { TrainingLoop } from "../../src/training/training-loop.js";
import { finalBits, runTo } from "../support/loop-runs.js";
import { leaveOwn, startOwn } from "../support/recorded.js";
import { poolOf } from "../support/test-pools.js";
import { BUFFERED, bitsOf, tinyConfig, tinyTarget } from "../support/tiny-loop.js";

const pool = poolOf(2);
beforeAll(() => startOwn()); // only recorded programs have blocks to send
afterAll(leaveOwn);

/** An estimator with something done to each request first. */
function watched(config: LoopConfig, look: (request: EstimateRequest) => void): LoopConfig {
  const { estimator } = config;
  const estimate: typeof estimator.estimate = async (request) => {
    look(request);
    return estimator.estimate(request);
  };
  return { ...config, estimator: { ...estimator, estimate } };
}

const stepOf = ({ progress }: EstimateRequest, total = 12) => Math.round(progress * total);

test.each(BUFFERED)(
  "%s: every step but the first and those that refill; none past the end; the bits of one thread",
  async (method) => {
    const config = tinyConfig({ method });
    const { bits } = await finalBits(config);
    const ahead: number[] = [];
    const seen: number[] = [];
    const loop: TrainingLoop = new TrainingLoop(
      watched({ ...config, pool }, (request) => {
        seen.push(stepOf(request));
        if (stepOf(request) > loop.step) ahead.push(stepOf(request));
      }),
    );
    await runTo(loop, 12);
    expect(bitsOf(await loop.state())).toEqual(bits);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(ahead).toEqual(method === "bnem" ? [] : [1, 2, 4, 5, 7, 8, 10, 11]);
    loop.dispose();
  },
);

test("stopped and restored, aborted and gone on with, it ends in the same bits", async () => {
  const config = tinyConfig({ method: "nem" });
  const { bits } = await finalBits(config);
  let loop = new TrainingLoop({ ...config, pool });
  for (const until of [1, 5, 7, 8]) {
    await runTo(loop, until);
    const state: LoopState = await loop.state();
    loop.dispose();
    loop = new TrainingLoop({ ...config, pool }, state);
  }
  const reason = new Error("enough");
  await expect(runTo(loop, 12, AbortSignal.abort(reason))).rejects.toBe(reason);
  await runTo(loop, 10);
  await runTo(loop, 12);
  expect(bitsOf(await loop.state())).toEqual(bits);
  loop.dispose();
});

test("a run made longer changes the progress of a step that was made already", async () => {
  const progress: number[] = [];
  const config = tinyConfig({ method: "nem", steps: 8 });
  const loop = new TrainingLoop(watched({ ...config, pool }, (request) => progress.push(request.progress)));
  await runTo(loop, 5);
  loop.total = 16;
  await runTo(loop, 6);
  // Step 5 was ahead of its turn with 8 steps to do, and is made again with 16.
  expect(progress).toEqual([0, 1 / 8, 2 / 8, 3 / 8, 4 / 8, 5 / 8, 5 / 16]);
  loop.dispose();
});

describe("what an estimator may do", () => {
  test("keep statistics in its memory: its targets wait for their turn, and a state holds what it held on one thread", async () => {
    const counting = (config: LoopConfig) =>
      watched(config, ({ memory }) => memory.set("calls", Float64Array.of((memory.get("calls")?.[0] ?? 0) + 1)));
    const config = tinyConfig({ method: "nem" });
    const loop = new TrainingLoop(counting({ ...config, pool }));
    await runTo(loop, 5);
    expect((await loop.state()).memory.get("calls")).toEqual(Float64Array.of(5));
    await runTo(loop, 12);
    expect(bitsOf(await loop.state())).toEqual((await finalBits(counting(config))).bits);
    loop.dispose();
  });

  test("pass its request on in parts or as a whole", async () => {
    const config = tinyConfig({ method: "idem" });
    const { estimate } = config.estimator;
    const passing = (request: EstimateRequest) => estimate({ ...request });
    const loop = new TrainingLoop({ ...config, pool, estimator: { ...config.estimator, estimate: passing } });
    await runTo(loop, 12);
    expect(bitsOf(await loop.state())).toEqual((await finalBits(config)).bits);
    loop.dispose();
  });
});

describe("what goes wrong ahead", () => {
  /** The tiny target, which throws when asked for its n-th estimate. */
  function failingOnce(at: number): Energy {
    let calls = 0;
    return {
      ...tinyTarget,
      noised: (request) => {
        if (++calls === at) throw new Error("no licence");
        return (tinyTarget.noised as NonNullable<Energy["noised"]>)(request);
      },
    };
  }

  test.each([4, 5, 6, 12])("call %i: the error comes at its own step, and the same bits afterwards", async (call) => {
    const { bits } = await finalBits(tinyConfig({ method: "nem" }));
    const loop = new TrainingLoop({ ...tinyConfig({ method: "nem" }, failingOnce(call)), pool });
    await expect(runTo(loop, 12)).rejects.toThrow("no licence");
    expect(loop.step).toBe(call - 1);
    await runTo(loop, 12);
    expect(bitsOf(await loop.state())).toEqual(bits);
    loop.dispose();
  });

  test("nobody asks for it: nothing is heard", async () => {
    const loop = new TrainingLoop({ ...tinyConfig({ method: "nem" }, failingOnce(5)), pool });
    await runTo(loop, 4);
    loop.dispose();
    await expect(runTo(loop, 5)).rejects.toMatchObject({ code: "disposed" });
  });
});
