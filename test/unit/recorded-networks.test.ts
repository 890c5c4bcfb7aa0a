/** Networks as recorded programs: bits equal to the engine's, networks that cannot be recorded, blocks that do not see each other. */
import { tensor1d } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { energyByName } from "../../src/energies/registry.js";
import { blockGradients } from "../../src/kernels/block-gradients.js";
import { Machine } from "../../src/kernels/machine.js";
import type { Program } from "../../src/kernels/program.js";
import { startBackend } from "../../src/networks/backend.js";
import { NeuralModel } from "../../src/networks/model.js";
import { blockRows, modelProgram } from "../../src/networks/record.js";
import { setKernelMode } from "../../src/networks/wasm/kernel-mode.js";
import { configure } from "../../src/pipeline/configure.js";
import { EngineLearner } from "../../src/training/engine-learner.js";
import { lossArrays } from "../../src/training/loss.js";
import { makeLearner } from "../../src/training/make-learner.js";
import { presets } from "../../src/training/presets.js";
import { ProgramLearner } from "../../src/training/program-learner.js";
import { recordTraining } from "../../src/training/record-training.js";
import { refusedNetworks, singularNetwork } from "../support/custom-networks.js";
import {
  caseData,
  gradientTwin,
  type LossCase,
  lossCases,
  parametersOf,
  relativeError,
  smallNetwork,
} from "../support/network-cases.js";
import { batchOf, byEngine, key, leaveOwn, recorded, startOwn } from "../support/recorded.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";

beforeAll(async () => {
  allowRelaxedSimd();
  await startOwn();
});
afterAll(leaveOwn);

async function machineOf(program: Program, parameters: Float32Array, exact = false): Promise<Machine> {
  const machine = await Machine.load(program, exact);
  machine.view("parameters").set(parameters);
  return machine;
}

describe.each([true, false])("the engine's bits, exact %s", (exact) => {
  beforeAll(() => startOwn(exact));
  afterAll(() => startOwn());

  test.each(Object.entries(lossCases))("a block of training, %s", async (_, { loss, output, kind }: LossCase) => {
    const network = smallNetwork(output);
    const parameters = parametersOf(output);
    const batch = batchOf(blockRows, 2, kind === "energy" ? 1 : 2);
    const truth = byEngine(network, kind, loss, parameters, batch);
    const machine = await machineOf(recorded(network, kind, loss), parameters, exact);
    const { losses, gradients, prediction } = blockGradients(machine, batch);
    expect(losses[0]).toBe(truth.loss);
    expect(prediction).toEqual(truth.prediction);
    expect(gradients).toEqual(truth.gradient);
    expect(truth.gradient.every(Number.isFinite)).toBe(true);
  });

  const quantities = ["energy", "score", "both"] as const;
  const heads = [...quantities.map((quantity) => ["energy", quantity] as const), ["score", "score"] as const];
  test.each(heads.flatMap((head) => [true, false].map((shared) => [...head, shared] as const)))(
    "a model with an %s head, %s, shared variance %s",
    async (output, quantity, shared) => {
      const network = smallNetwork(output);
      const parameters = parametersOf(output);
      expect(modelProgram(network, quantity, shared)).not.toBeNull();
      const flat = tensor1d(parameters);
      const [onPrograms, onEngine] = [new NeuralModel(network, parameters, exact), new NeuralModel(network, flat, exact)];
      for (const n of [1, blockRows - 1, blockRows, 2 * blockRows + 3]) {
        const { x, variance } = batchOf(n, 2, 1);
        if (shared) variance.fill(0.37);
        const rows = { data: x, n, dim: 2 };
        const of = (model: NeuralModel) =>
          quantity === "both" ? model.energyAndScore(rows, variance) : model[quantity](rows, variance);
        expect(await of(onPrograms), `${n} rows`).toEqual(await of(onEngine));
      }
      for (const held of [onPrograms, onEngine, flat]) held.dispose();
    },
  );
});

describe("gradients of programs", () => {
  /** As for the engine (networks-gradients.test.ts): f32 rounding through some thirty operations. */
  const bound = 5e-6;
  async function errorOf(each: LossCase, change: (program: Program) => Program = (program) => program): Promise<number> {
    const { loss, output, kind } = each;
    const data = caseData(each);
    const parameters = parametersOf(output);
    const machine = await machineOf(change(recorded(smallNetwork(output), kind, loss)), parameters);
    const { target, weight } = lossArrays(loss, data.target, data.variance.length, data.weight, data.excluded);
    const { gradients } = blockGradients(machine, { x: data.x, variance: data.variance, target, weight });
    return relativeError(gradients, gradientTwin(each, data, Float64Array.from(parameters)));
  }

  test.each(Object.entries(lossCases))("equal f64 differences, %s", async (_, each) => {
    expect(await errorOf(each)).toBeLessThan(bound);
  });

  test("control: a layer that keeps the wrong derivative is seen", async () => {
    const wrong = (program: Program): Program => ({
      ...program,
      instructions: program.instructions.map(({ call, args }) => {
        const [slope, bend, ...rest] = args;
        return call === "siluKeptCurvature" ? { call, args: [bend, slope, ...rest] } : { call, args };
      }),
    });
    const double = lossCases["squared, score of an energy (double backward)"];
    expect(await errorOf(double, wrong)).toBeGreaterThan(1000 * bound);
  });
});

describe("what cannot be recorded", () => {
  test.each(refusedNetworks.map((each) => [each.network.name, each] as const))("%s runs on tfjs, and right", async (_, each) => {
    const { network, energy, slope, why } = each;
    for (const loss of [{ name: "squared" }, { name: "linex" }] as const)
      expect(recordTraining(network, "energy", loss), why).toBeNull();
    expect(recordTraining(network, "score", { name: "squared" }), why).toBeNull();
    for (const quantity of ["energy", "score", "both"] as const) expect(modelProgram(network, quantity, true), why).toBeNull();
    const parameters = network.initialize(key);
    const model = new NeuralModel(network, parameters);
    const n = blockRows + 5;
    const { x, variance } = batchOf(n, 2, 1);
    const found = await model.energyAndScore({ data: x, n, dim: 2 }, variance);
    for (let i = 0; i < n; i++) {
      const u = x[2 * i] * parameters[0] + x[2 * i + 1] * parameters[1];
      const size = Math.max(1, Math.abs(energy(u)), Math.abs(slope(u)));
      expect(Math.abs(found.energy[i] - energy(u))).toBeLessThan(3e-6 * size);
      for (let j = 0; j < 2; j++) expect(Math.abs(found.score[2 * i + j] + slope(u) * parameters[j])).toBeLessThan(3e-6 * size);
    }
    model.dispose();
  });

  test("such a network trains on the engine", async () => {
    const { network } = refusedNetworks[0];
    const { config } = configure("test", gaussianMixture({ means: [[0, 0]], std: 1 }), { seed: 1, network: () => network });
    const start = network.initialize(key);
    const zeros = () => new Float32Array(start.length);
    const learner = await makeLearner(config, { parameters: start, ema: start, adam: { m: zeros(), v: zeros(), step: 0 } });
    expect(learner).toBeInstanceOf(EngineLearner);
    const { loss } = await learner.step(batchOf(9, 2, 1), 1e-3, true);
    expect(Number.isFinite(loss)).toBe(true);
    learner.dispose();
  });

  test("exact: true takes the plain build on tfjs's heap too: the engine's bits are those of init({ exact: true })", async () => {
    const batch = batchOf(blockRows, 2, 1);
    const bits = () => byEngine(smallNetwork("energy"), "energy", { name: "squared" }, parametersOf("energy"), batch).prediction;
    const relaxed = bits();
    await startBackend("wasm", { exact: true });
    const exact = bits();
    await startOwn(true);
    expect(exact).toEqual(bits());
    await startOwn();
    expect(bits()).toEqual(relaxed);
    expect(relaxed, "control").not.toEqual(exact);
  });

  test("the fit of an energy to its gradient is recorded whole, with and without the slope", () => {
    for (const slopeWeight of [0, 0.3]) {
      const fit = { name: "gradient", slopeWeight, residualClip: 30 } as const;
      expect(recordTraining(smallNetwork("energy"), "gradient", fit)?.names).toHaveProperty("slope");
    }
  });

  test("on other kernels nothing is recorded", async () => {
    setKernelMode("tfjs");
    await startBackend("wasm");
    expect(recordTraining(smallNetwork("energy"), "energy", { name: "squared" })).toBeNull();
    expect(modelProgram(smallNetwork("energy"), "energy", true)).toBeNull();
    await startOwn();
  });

  test("a score head with energy targets is an error, not a refusal", () => {
    expect(() => recordTraining(smallNetwork("score"), "energy", { name: "squared" })).toThrow(TypeError);
    recorded(smallNetwork("score"), "score", { name: "squared" });
  });
});

const presetRows = Object.entries(presets).flatMap(([target, table]) =>
  Object.entries(table).map(([name, preset]) => [`${target}.${name}`, target, preset] as const),
);

test.each(presetRows)("preset %s is recorded whole: training, energy, score, both", async (_, target, preset) => {
  const { config } = configure("test", energyByName(target), { ...preset, seed: 1 });
  const { network, estimator, loss } = config;
  recorded(network, estimator.kind, loss);
  const quantities = network.output === "energy" ? (["energy", "score", "both"] as const) : (["score"] as const);
  for (const quantity of quantities) {
    for (const shared of [true, false])
      expect(modelProgram(network, quantity, shared), `${quantity}, shared ${shared}`).not.toBeNull();
  }
  const start = network.initialize(key);
  const zeros = () => new Float32Array(start.length);
  const learner = await makeLearner(config, { parameters: start, ema: start, adam: { m: zeros(), v: zeros(), step: 0 } });
  expect(learner).toBeInstanceOf(ProgramLearner);
  learner.dispose();
});

describe("blocks", () => {
  const sizes = [1, 5, blockRows - 1, blockRows, blockRows + 1, 3 * blockRows + 17];

  test.each(Object.entries(lossCases))("their gradients add up to the batch's, %s", async (_, { loss, output, kind }) => {
    const network = smallNetwork(output);
    const parameters = parametersOf(output);
    const machine = await machineOf(recorded(network, kind, loss), parameters);
    for (const n of sizes) {
      const batch = batchOf(n, 2, kind === "energy" ? 1 : 2);
      const { losses, gradients, prediction } = blockGradients(machine, batch);
      expect(losses.length).toBe(Math.ceil(n / blockRows));
      const total = new Float64Array(parameters.length);
      gradients.forEach((g, i) => {
        total[i % parameters.length] += g;
      });
      const truth = byEngine(network, kind, loss, parameters, batch);
      expect(relativeError(total, truth.gradient), `${n} rows`).toBeLessThan(2e-6);
      expect(Math.abs(losses.reduce((a, b) => a + b) - truth.loss)).toBeLessThan(1e-6 * Math.abs(truth.loss));
      expect(prediction, `${n} rows`).toEqual(truth.prediction);
    }
  });

  test("what a block held before does not show", async () => {
    const network = smallNetwork("energy");
    const machine = await machineOf(recorded(network, "score", { name: "squared" }), parametersOf("energy"));
    const small = batchOf(7, 2, 2);
    const first = blockGradients(machine, small);
    const big = batchOf(blockRows, 2, 2, "other");
    blockGradients(machine, { ...big, x: big.x.map((v) => v * 1e4) });
    expect(blockGradients(machine, small)).toEqual(first);
  });

  test("rows that fill up a block are rows of the batch: a network without a value at the origin trains", async () => {
    const machine = await machineOf(recorded(singularNetwork, "score", { name: "squared" }), Float32Array.of(0.5, 0.2));
    const batch = batchOf(5, 2, 2);
    const { gradients, losses } = blockGradients(machine, batch);
    const truth = byEngine(singularNetwork, "score", { name: "squared" }, Float32Array.of(0.5, 0.2), batch);
    expect(truth.gradient.every(Number.isFinite)).toBe(true);
    expect(relativeError(gradients, truth.gradient)).toBeLessThan(1e-5);
    expect(Number.isFinite(losses[0])).toBe(true);
    // Control: at the origin it has none.
    const origin = { ...batch, x: batch.x.map(() => 0) };
    expect(blockGradients(machine, origin).gradients.every(Number.isFinite)).toBe(false);
  });

  test("a piece that does not reach the loss has gradient 0 in every block", async () => {
    const network = smallNetwork("energy");
    const machine = await machineOf(recorded(network, "score", { name: "squared" }), parametersOf("energy"));
    const { gradients } = blockGradients(machine, batchOf(2 * blockRows, 2, 2));
    const count = network.parameterCount; // the last bias shifts the energy and no score
    expect([gradients[count - 1], gradients[2 * count - 1]]).toEqual([0, 0]);
  });
});
