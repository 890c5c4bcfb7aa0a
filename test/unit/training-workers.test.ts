/** A whole run on several threads, refills of the buffer included, is the run on one, bit for bit. */
import { describe, expect, test } from "vitest";
import { createTrainer } from "../../src/pipeline/trainer.js";
import { tinyOptions, tinyTarget } from "../support/tiny-loop.js";

/** Four blocks a step, so that some can go away; long enough for the share of the workers to be tried at several sizes. */
const options = { ...tinyOptions, batchSize: 512, steps: 45, bufferEvery: 10, bufferRefill: 300, bufferSize: 900 };

/** One of them with a pilot batch before each refill. */
const steps = { nem: {}, bnem: { nu: 0.5 }, idem: {} };

async function run(method: "nem" | "bnem" | "idem", workers: number, seed = 11) {
  const trainer = await createTrainer(tinyTarget, { ...options, ...steps[method], method, workers, seed });
  for await (const _ of trainer.steps());
  const sampler = await trainer.sampler();
  const { x, logWeights } = await sampler.sample(300, { seed: 3, steps: 8, workers });
  const outcome = { ...trainer.history(), x, logWeights, notice: trainer.notice };
  sampler.dispose();
  trainer.dispose();
  return outcome;
}

describe("training with workers", () => {
  test.each(["nem", "bnem", "idem"] as const)("%s: the same losses and samples on 1 and 2 threads", async (method) => {
    const one = await run(method, 1);
    expect(await run(method, 2)).toEqual(one);
    expect((await run(method, 2, 12)).loss).not.toEqual(one.loss); // control: another seed
  });
});
