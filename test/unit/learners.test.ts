/** The two learners against each other and the f64 twin of Adam, and blocks of a step on workers: the same bits on any number of threads. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { GradientBatch } from "../../src/kernels/block-gradients.js";
import { startBackend } from "../../src/networks/backend.js";
import { blockRows } from "../../src/networks/record.js";
import { setKernelMode } from "../../src/networks/wasm/kernel-mode.js";
import { METHODS } from "../../src/pipeline/options.js";
import { EngineLearner } from "../../src/training/engine-learner.js";
import type { Learner, LearnerOptions, LearnerState } from "../../src/training/learner.js";
import { ProgramLearner } from "../../src/training/program-learner.js";
import { TrainingLoop } from "../../src/training/training-loop.js";
import { type AdamLane, adamLane } from "../reference/adam.js";
import { constantScore } from "../support/custom-networks.js";
import { parametersOf, smallNetwork } from "../support/network-cases.js";
import { batchOf, draw, leaveOwn, recorded, startOwn } from "../support/recorded.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";
import { poolOf } from "../support/test-pools.js";
import { bitsOf, tinyConfig } from "../support/tiny-loop.js";

beforeAll(async () => {
  allowRelaxedSimd();
  await startOwn();
});
afterAll(leaveOwn);

function fresh(parameters: Float32Array): LearnerState {
  const zeros = () => new Float32Array(parameters.length);
  return { parameters, ema: parameters, adam: { m: zeros(), v: zeros(), step: 0 } };
}

const squared = { name: "squared" } as const;

describe("Adam and the average", () => {
  const options: LearnerOptions = { gradientClip: 2, emaDecay: 0.9, exact: false };
  const network = constantScore(5);
  const start = Float32Array.of(0.5, -0.2, 1, 2, -3);
  const rates = Array.from({ length: 50 }, (_, step) => 0.05 / (1 + step));
  /** Targets from within .1 of the parameters to 10 away: gradients on both sides of the clip. */
  const targets = rates.map((_, step) =>
    draw(`target ${step}`, 5, -1, 1).map((v, j) => start[j] + v * (step % 3 === 0 ? 10 : 0.1)),
  );

  function twin(): { lanes: AdamLane[]; clipped: number } {
    let clipped = 0;
    let lanes: AdamLane[] = Array.from(start, (p) => ({ p, m: 0, v: 0, ema: p }));
    rates.forEach((rate, step) => {
      const gradient = lanes.map(({ p }, j) => 2 * (p - targets[step][j]));
      const norm = Math.hypot(...gradient);
      const shrink = Math.min(1, options.gradientClip / norm);
      if (shrink < 1) clipped++;
      const fixed = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, emaDecay: options.emaDecay, shrink };
      const numbers = { ...fixed, rate: rate / (1 - 0.9 ** (step + 1)), correction: 1 / (1 - 0.99 ** (step + 1)) };
      lanes = lanes.map((lane, j) => adamLane(lane, gradient[j], numbers));
    });
    return { lanes, clipped };
  }

  const learners: Record<string, () => Promise<Learner>> = {
    program: () => ProgramLearner.create(recorded(network, "score", squared), options, fresh(start)),
    engine: async () => new EngineLearner(network, "score", squared, options, fresh(start)),
  };

  test.each(Object.keys(learners))("50 steps of the %s learner, clipped and not, are the f64 twin's", async (name) => {
    const learner = await learners[name]();
    for (const [step, rate] of rates.entries()) {
      const one = { x: new Float32Array(5), variance: Float32Array.of(1), target: targets[step], weight: Float32Array.of(1) };
      const { gradientNorm, loss } = await learner.step(one, rate, true);
      expect(Math.abs(gradientNorm - 2 * Math.sqrt(loss))).toBeLessThan(1e-5 * gradientNorm);
    }
    const { lanes, clipped } = twin();
    expect(clipped).toBeGreaterThan(10);
    expect(clipped).toBeLessThan(40);
    const { parameters, ema, adam } = await learner.state();
    expect(adam.step).toBe(50);
    const close = (found: ArrayLike<number>, key: keyof AdamLane) =>
      lanes.forEach((lane, j) => {
        // Fifty steps of some ten roundings, each 6e-8 of a number of size 3 at most.
        expect(Math.abs(found[j] - lane[key]), `${key} ${j}`).toBeLessThan(1e-5);
      });
    close(parameters, "p");
    close(ema, "ema");
    close(adam.m, "m");
    close(adam.v, "v");
    learner.dispose();
  });

  test.each(Object.keys(learners))(
    "the %s learner leaves everything as it was when loss or gradient is not finite, or not worth it",
    async (name) => {
      const learner = await learners[name]();
      const step = (target: number, weight: number, worth: boolean) => {
        const one = { x: new Float32Array(5), variance: Float32Array.of(1), target: new Float32Array(5).fill(target) };
        return learner.step({ ...one, weight: Float32Array.of(weight) }, 0.1, worth);
      };
      await step(1, 1, true);
      const before = await learner.state();
      expect((await step(Number.NaN, 1, true)).gradientNorm).toBeNaN();
      expect((await step(1, 1, false)).gradientNorm).toBeNaN();
      // Each number of the gradient is finite in f32 or infinite: its norm is not finite, the loss is.
      expect(Number.isFinite((await step(1e19, 1e-3, true)).loss)).toBe(false);
      expect(await learner.state()).toEqual(before);
      await step(1, 1, true);
      expect((await learner.state()).adam.step).toBe(2);
      learner.dispose();
    },
  );
});

describe.each(METHODS)("%s", (method) => {
  test("on programs and on tfjs's kernels the first ten steps agree to 1e-4", async () => {
    const run = async () => {
      const loop = new TrainingLoop(tinyConfig({ method }));
      const losses: number[] = [];
      for await (const { loss } of loop.steps()) if (losses.push(loss) === 10) break;
      const { parameters, ema, adamM } = await loop.state();
      loop.dispose();
      return { losses, parameters, ema, adamM };
    };
    const own = await run();
    setKernelMode("tfjs");
    expect((await startBackend("wasm")).kernels).toBe("tfjs");
    const stock = await run();
    await startOwn();
    const largest = (values: ArrayLike<number>) => Array.from(values).reduce((top, v) => Math.max(top, Math.abs(v)), 0);
    for (const name of ["losses", "parameters", "ema", "adamM"] as const) {
      const bound = 1e-4 * largest(stock[name]);
      Array.from(stock[name]).forEach((value, i) => {
        expect(Math.abs(own[name][i] - value), `${name} ${i}`).toBeLessThan(bound);
      });
    }
    expect(own.losses, "control: these are not the same kernels").not.toEqual(stock.losses);
  });
});

/** Waits until whatever a pool was asked for is done. */
async function settled(runs: { readonly mock: { readonly results: readonly { readonly value: unknown }[] } }): Promise<void> {
  await Promise.allSettled(runs.mock.results.map(({ value }) => value));
  await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("blocks on workers", () => {
  const options: LearnerOptions = { gradientClip: 5, emaDecay: 0.99, exact: false };
  const network = smallNetwork("energy");
  const rows = 5 * blockRows + 17;
  const batches: GradientBatch[] = [0, 1, 2].map((i) => batchOf(rows, 2, 2, `batch ${i}`));

  async function trained(threads: number, exact: boolean) {
    const pool = poolOf(threads);
    const runs = vi.spyOn(pool, "run");
    const program = recorded(network, "score", squared);
    const learner = await ProgramLearner.create(program, { ...options, exact }, fresh(parametersOf("energy")), pool);
    await settled(runs);
    const warming = runs.mock.calls.length;
    const losses: number[] = [];
    const predictions: Float32Array[] = [];
    // A share of the blocks is tried for twelve steps, one after the other, none first: five shares for six blocks.
    for (let step = 0; step < 64; step++) {
      const { loss, prediction } = await learner.step(batches[step % 3], 1e-3, true);
      losses.push(loss);
      if (step % 16 === 15) predictions.push(prediction);
    }
    const state = await learner.state();
    learner.dispose();
    return { sent: runs.mock.calls.length - warming, notice: pool.notice, result: { losses, predictions, state } };
  }

  test.each([true, false])("1, 2 and 3 threads give the same bits, exact %s", async (exact) => {
    const alone = await trained(1, exact);
    expect(alone.sent).toBe(0);
    for (const threads of [2, 3]) {
      const shared = await trained(threads, exact);
      expect(shared.notice).toBeUndefined();
      expect(shared.sent, `${threads} threads`).toBeGreaterThanOrEqual(40 * (threads - 1));
      expect(shared.result).toEqual(alone.result);
    }
  });

  test("a whole training run gives the same bits on 1 and 3 threads", async () => {
    const run = async (threads: number) => {
      const config = tinyConfig({ method: "bnem", batchSize: 2 * blockRows + 9, steps: 50, bufferEvery: 20 });
      const pool = threads > 1 ? poolOf(threads) : undefined;
      const runs = pool && vi.spyOn(pool, "run");
      const loop = new TrainingLoop({ ...config, pool });
      for await (const { step } of loop.steps()) {
        if (step === 1 && runs) await settled(runs);
      }
      const bits = bitsOf(await loop.state());
      loop.dispose();
      return { bits, sent: runs?.mock.calls.filter(([task]) => task === "gradient").length ?? 0 };
    };
    const [one, three] = [await run(1), await run(3)];
    expect(three.sent).toBeGreaterThan(20);
    expect(three.bits).toEqual(one.bits);
  });
});
