/** Networks added to priors: the sum is what is sampled, in workers as here, saved and loaded; an untrained network samples its prior. */
import { add, matMul, mul, reshape, sum, type Tensor2D } from "@tensorflow/tfjs-core";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Energy, NetworkRecipe } from "../../src/core/types.js";
import { doubleWell } from "../../src/energies/double-well.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { readSafetensors, writeSafetensors } from "../../src/io/safetensors.js";
import { mlp } from "../../src/networks/mlp.js";
import { NeuralModel } from "../../src/networks/model.js";
import type { Network } from "../../src/networks/network.js";
import { describeCheckpoint } from "../../src/pipeline/checkpoint.js";
import type { NeuralSampler, SampleResult } from "../../src/pipeline/neural-sampler.js";
import { createTrainer, loadSampler, resumeTrainer } from "../../src/pipeline/trainer.js";
import { gaussianPrior } from "../../src/priors/gaussian.js";
import { twoBodyPrior } from "../../src/priors/two-body.js";
import { networkOf } from "../support/custom-networks.js";
import { leaveOwn, startOwn } from "../support/recorded.js";
import { countingPool, disposePools, pathsHere, startWorkers } from "../support/test-pools.js";

/** The pool that every call gets, whatever `workers` says. */
const given = vi.hoisted(() => ({ pool: undefined as unknown }));
vi.mock("../../src/worker/shared-pool.js", () => ({ sharedPool: () => given.pool }));

async function usePool(threads: number): Promise<void> {
  const pool = countingPool(threads);
  given.pool = pool;
  await startWorkers(pool);
}

beforeAll(() => startOwn());
afterEach(() => {
  vi.restoreAllMocks();
  disposePools();
});
afterAll(() => leaveOwn());

const dw4 = doubleWell();
const raw = { correction: "none", seed: 4, steps: 24 } as const;

/** E = x w + |x|^2 p, zero before training. */
const forward: Network["forward"] = ([w, p], x) =>
  add(reshape(matMul(x, w as Tensor2D), [-1]), mul(sum(mul(x, x), 1), reshape(p, [1])));
const plain: NetworkRecipe = (dim) => ({
  ...networkOf("plain", dim, [[dim, 1], [1]], forward),
  initialize: () => new Float32Array(dim + 1),
});
const options = {
  seed: 3,
  steps: 2,
  method: "nem",
  batchSize: 16,
  mcSamples: 4,
  sigmaMin: 0.03,
  sigmaMax: 4,
  network: plain,
  backend: "wasm",
  bufferRefill: 16,
} as const;

async function untrained(more: object = {}, energy: Energy = dw4): Promise<NeuralSampler> {
  await usePool(1);
  const trainer = await createTrainer(energy, { ...options, ...more });
  const sampler = await trainer.sampler();
  trainer.dispose();
  return sampler;
}

const lasting = ({ seconds: _seconds, notice: _notice, ...result }: SampleResult) => result;
const meanOf = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;

describe("an untrained network", () => {
  test("is its prior", async () => {
    for (const prior of ["gaussian", "two-body", "moreau"] as const) {
      const sampler = await untrained({ prior });
      const alone = { gaussian: gaussianPrior(dw4), "two-body": twoBodyPrior(dw4) };
      const { x } = await sampler.sample(20, raw);
      const h = new Float32Array(20).fill(0.3);
      const { energy, score } = await (sampler.scoreModel as NeuralModel).energyAndScore(x, h);
      if (prior !== "moreau") expect({ energy, score }).toMatchObject(pick(alone[prior].evaluate(x, h)));
      expect(sampler.facts).toMatchObject({ prior: { name: prior }, step: 0 });
      sampler.dispose();
    }
  });

  // Reference of DW-4: mean energy -22.546, standard deviation 1.90; 400 samples have a standard error of 0.1.
  test("samples DW-4 by the Moreau prior, and does not by the Gaussian", async () => {
    const [moreau, gaussian] = [await untrained({ prior: "moreau" }), await untrained({ prior: "gaussian" })];
    const { energy, nonFinite } = await moreau.sample(400, { ...raw, steps: 64, corrector: 0 });
    expect(nonFinite).toBe(0);
    expect(Math.abs(meanOf(energy) + 22.546)).toBeLessThan(0.6);
    expect(meanOf((await gaussian.sample(400, { ...raw, corrector: 0 })).energy)).toBeGreaterThan(-12);
    for (const sampler of [moreau, gaussian]) sampler.dispose();
  });

  test("has path weights with a continuous prior", async () => {
    const sampler = await untrained({ prior: "two-body" });
    const { ess, logZ } = await sampler.sample(200, { seed: 4, steps: 32 });
    expect(ess?.value).toBeGreaterThan(1);
    expect(logZ?.value).toSatisfy(Number.isFinite);
    sampler.dispose();
  });
});

const pick = ({ energy, score }: { energy: Float32Array; score: Float32Array }) => ({ energy, score });

describe("training", () => {
  test("moves the sum, and its energies and scores are prior plus network", async () => {
    await usePool(1);
    const prior = twoBodyPrior(dw4);
    const trainer = await createTrainer(dw4, { ...options, physicsPrior: prior });
    for await (const _ of trainer.steps());
    const sampler = await trainer.sampler();
    const { x } = await sampler.sample(12, raw);
    const h = new Float32Array(12).fill(0.5);
    const model = sampler.scoreModel as NeuralModel;
    const bare = new NeuralModel(model.network, decoded(await sampler.save(), "ema"), false);
    const [both, network, known] = [await model.energyAndScore(x, h), await bare.energyAndScore(x, h), prior.evaluate(x, h)];
    expect(both.energy).toEqual(network.energy.map((v, i) => v + known.energy[i]));
    expect(both.score).toEqual(network.score.map((v, i) => v + known.score[i]));
    expect(network.energy.some((v) => v !== 0)).toBe(true);
    for (const held of [trainer, sampler, bare]) held.dispose();
  });
});

function decoded(bytes: Uint8Array, name: string): Float32Array {
  return readSafetensors(bytes).tensors.get(name)?.data as Float32Array;
}

describe("many threads", () => {
  test.each(["two-body", "moreau"] as const)("%s: the bits of one", async (prior) => {
    const sampler = await untrained({ prior });
    const ask = () => sampler.sample(300, raw);
    await usePool(1);
    vi.spyOn(NeuralModel.prototype, "describe").mockReturnValue(undefined);
    const alone = lasting(await ask());
    vi.restoreAllMocks();
    expect(pathsHere.blocks).toBe(0);
    for (const threads of [2, 3]) {
      await usePool(threads);
      expect(lasting(await ask()), `${threads} threads`).toEqual(alone);
      expect(pathsHere.blocks, "workers computed blocks").toBeLessThan(3);
    }
    sampler.dispose();
  });

  test("an energy or a prior that no name makes again stays on the calling thread, and that is said", async () => {
    const foreign: Energy = { ...dw4, name: "foreign", options: null };
    const renamed: Energy = { ...dw4, name: "no such energy", options: {} };
    const own = { ...twoBodyPrior(dw4) };
    const expected = lasting(await (await untrained({ physicsPrior: twoBodyPrior(dw4) })).sample(40, raw));
    const samplers = [
      await untrained({ prior: "two-body" }, foreign),
      await untrained({ prior: "two-body" }, renamed),
      await untrained({ physicsPrior: own }),
    ];
    await usePool(2);
    for (const sampler of samplers) {
      pathsHere.blocks = 0;
      const result = await sampler.sample(40, { ...raw, workers: 2 });
      expect(lasting(result)).toEqual(expected);
      expect(pathsHere.blocks).toBe(0);
      expect(result.notice).toMatch(/only the calling thread/);
      sampler.dispose();
    }
  });
});

describe("checkpoints", () => {
  test("hold the prior, and come back with the same bits", async () => {
    const sampler = await untrained({ prior: "moreau" });
    const bytes = await sampler.save();
    const facts = describeCheckpoint(bytes);
    expect(facts.prior).toMatchObject({ name: "moreau", options: { steps: 25 } });
    expect(facts.options.baseStd * facts.options.scale).toBeCloseTo(facts.prior?.options.std as number, 12);
    const again = await loadSampler(bytes, dw4, { network: plain });
    expect(await again.save()).toEqual(bytes);
    expect(lasting(await again.sample(30, raw))).toEqual(lasting(await sampler.sample(30, raw)));
    const trainer = await resumeTrainer(bytes, dw4, { network: plain });
    const resumed = await trainer.sampler();
    expect(lasting(await resumed.sample(30, raw))).toEqual(lasting(await sampler.sample(30, raw)));
    for (const held of [sampler, again, trainer, resumed]) held.dispose();
  });

  function changed(bytes: Uint8Array, change: (facts: Record<string, unknown>) => void): Uint8Array {
    const file = readSafetensors(bytes);
    const facts = JSON.parse(file.metadata["bnem.checkpoint"]);
    change(facts);
    return writeSafetensors(file.tensors, { ...file.metadata, "bnem.checkpoint": JSON.stringify(facts) });
  }

  test("of versions without priors load; unknown priors, and others than the recorded, are refused", async () => {
    const none = await untrained();
    const bytes = await none.save();
    expect(describeCheckpoint(bytes).prior).toBeNull();
    const old = await loadSampler(
      changed(bytes, (facts) => {
        delete facts.prior;
        delete (facts.options as Record<string, unknown>).prior;
      }),
      dw4,
      { network: plain },
    );
    expect(lasting(await old.sample(20, raw))).toEqual(lasting(await none.sample(20, raw)));
    const bad = expect.objectContaining({ code: "bad-checkpoint" });
    const unknown = changed(bytes, (facts) => {
      facts.prior = { name: "morau", options: {} };
    });
    await expect(loadSampler(unknown, dw4, { network: plain })).rejects.toEqual(bad);
    const spoiled = changed(bytes, (facts) => {
      facts.prior = { name: "two-body", options: { std: -1 } };
    });
    await expect(loadSampler(spoiled, dw4, { network: plain })).rejects.toEqual(bad);
    const physicsPrior = gaussianPrior(dw4, { std: 2 });
    await expect(loadSampler(bytes, dw4, { network: plain, physicsPrior })).rejects.toThrow(/made with the prior none/);
    for (const held of [none, old]) held.dispose();
  });
});

describe("refusals", () => {
  const mixture = gaussianMixture();

  test.each([
    ["pairs without pairs", mixture, { prior: "two-body" }, /energy\.pairs/],
    ["a base twice", dw4, { prior: "moreau", network: mlp() }, /Gaussian base of its own.*descriptor/],
    ["another dimension", dw4, { physicsPrior: gaussianPrior(mixture, { std: 1 }) }, /Prior of 8 coordinates/],
    ["an unknown name", dw4, { prior: "two-bodies" }, /did you mean "two-body"/],
    ["no prior", dw4, { physicsPrior: {} }, /physicsPrior must be a Prior/],
  ])("%s", async (_what, energy, more, text) => {
    await usePool(1);
    await expect(createTrainer(energy, { ...options, ...more } as never)).rejects.toThrow(text);
  });
});
