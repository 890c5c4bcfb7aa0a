/** The additive network: f64 twin, gradients, its Gaussian base, recorded programs, what it refuses. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blockGradients } from "../../src/kernels/block-gradients.js";
import { Machine } from "../../src/kernels/machine.js";
import { additive, bumpTables } from "../../src/networks/additive.js";
import { startBackend } from "../../src/networks/backend.js";
import { NeuralModel } from "../../src/networks/model.js";
import type { NetworkOutput } from "../../src/networks/network.js";
import { blockRows, modelProgram } from "../../src/networks/record.js";
import { setKernelMode } from "../../src/networks/wasm/kernel-mode.js";
import { type AdditiveTwin, additiveTwin } from "../reference/additive.js";
import { relativeError } from "../support/network-cases.js";
import { batchOf, byEngine, draw, key, leaveOwn, recorded, startOwn } from "../support/recorded.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";

beforeAll(async () => {
  allowRelaxedSimd();
  await startOwn();
});
afterAll(leaveOwn);

const dim = 3;
const options = { bumps: 9, span: 5, levels: 5, scale: 2, baseStd: 0.4, outputScale: 3, detail: 0.1, sigmaMin: 0.1, sigmaMax: 3 };
const networkOf = (output: NetworkOutput) => additive(options)(dim, output);
const rows = (data: Float32Array) => Array.from({ length: data.length / dim }, (_, i) => [...data.slice(i * dim, (i + 1) * dim)]);
const squared = { name: "squared" } as const;

describe.each(["energy", "score"] as const)("%s", (output) => {
  const network = networkOf(output);
  const twin: AdditiveTwin = { ...options, output };
  const parameters = draw("additive parameters", network.parameterCount, -1, 1);
  const width = output === "energy" ? 1 : dim;
  const n = 12;
  const batch = batchOf(n, dim, width);
  batch.variance[0] = 0;
  const values = (of: ArrayLike<number> = parameters) =>
    rows(batch.x).flatMap((x, i) => additiveTwin(of, twin, x, batch.variance[i]));

  test("values equal the f64 twin", () => {
    const { prediction } = byEngine(network, output, squared, parameters, batch);
    // Places of bumps reach 5 spacings, rounded to 6e-8 of that, and some ten bumps of weight 1 count.
    expect(relativeError(prediction, values())).toBeLessThan(2e-6);
  });

  test("the loss's gradient in every parameter equals differences of the twin", () => {
    const { gradient } = byEngine(network, output, squared, parameters, batch);
    const moving = Float64Array.from(parameters);
    const loss = () =>
      values(moving).reduce((sum, value, j) => sum + batch.weight[Math.floor(j / width)] * (value - batch.target[j]) ** 2, 0);
    const truth = moving.map((value, at) => {
      // The loss is a parabola in each parameter: any step gives its slope.
      moving[at] = value + 0.1;
      const up = loss();
      moving[at] = value - 0.1;
      const down = loss();
      moving[at] = value;
      return (up - down) / 0.2;
    });
    expect(relativeError(gradient, truth)).toBeLessThan(1e-5);
  });

  test("the model's score equals differences of the twin's energy, or is its head; at one noise or many", async () => {
    const model = new NeuralModel(network, parameters);
    const step = 1e-5;
    const scoresAt = (variance: Float32Array) =>
      rows(batch.x).flatMap((x, i) => {
        if (output === "score") return additiveTwin(parameters, twin, x, variance[i]);
        return x.map((_, d) => {
          const at = (by: number) =>
            additiveTwin(
              parameters,
              twin,
              x.map((c, j) => (j === d ? c + by : c)),
              variance[i],
            )[0];
          return (at(-step) - at(step)) / (2 * step);
        });
      });
    for (const variance of [batch.variance, new Float32Array(n).fill(0.3)]) {
      expect(relativeError(await model.score({ data: batch.x, n, dim }, variance), scoresAt(variance))).toBeLessThan(1e-5);
    }
    model.dispose();
  });

  test("programs have the engine's bits", async () => {
    const machine = await Machine.load(recorded(network, output, squared), false);
    machine.view("parameters").set(parameters);
    const block = batchOf(blockRows, dim, width);
    const truth = byEngine(network, output, squared, parameters, block);
    const { losses, gradients, prediction } = blockGradients(machine, block);
    expect([losses[0], prediction, gradients]).toEqual([truth.loss, truth.prediction, truth.gradient]);
    for (const shared of [true, false]) expect(modelProgram(network, "score", shared)).not.toBeNull();
    if (output === "energy") recorded(network, "gradient", { name: "gradient", slopeWeight: 0.1, residualClip: 30 });
  });

  test("tfjs's own kernels give the same numbers", async () => {
    const own = byEngine(network, output, squared, parameters, batch);
    setKernelMode("tfjs");
    await startBackend("wasm");
    const plain = byEngine(network, output, squared, parameters, batch);
    await startOwn();
    expect(relativeError(plain.prediction, own.prediction)).toBeLessThan(2e-6);
    expect(relativeError(plain.gradient, own.gradient)).toBeLessThan(1e-5);
  });

  test("untrained it is its Gaussian base, whose lengths are those of training unless given", async () => {
    const lengths = { scale: 3, baseStd: 0.5 };
    const made = additive()(dim, output, lengths);
    expect(made.options).toMatchObject(lengths);
    expect(additive({ scale: 7 })(dim, output, lengths).options).toMatchObject({ scale: 7, baseStd: 0.5 });
    const model = new NeuralModel(made, made.initialize(key));
    const x = { data: batch.x, n, dim };
    const v = batch.variance.map((h) => 1.5 ** 2 + h);
    const score = await model.score(x, batch.variance);
    score.forEach((value, at) => void expect(Math.abs(value + batch.x[at] / v[Math.floor(at / dim)])).toBeLessThan(1e-6));
    if (output === "energy") {
      const energy = await model.energy(x, batch.variance);
      rows(batch.x).forEach((row, i) => {
        const truth = row.reduce((q, c) => q + c * c, 0) / (2 * v[i]) + (dim / 2) * Math.log(2 * Math.PI * v[i]);
        expect(Math.abs(energy[i] - truth)).toBeLessThan(2e-6 * Math.max(1, truth));
      });
    }
    model.dispose();
  });
});

test("equal weights in a row of bumps add up to a constant between its ends", () => {
  const { places, sharpness } = bumpTables({ bumps: 32, span: 8 });
  expect(places.length).toBe(32 + 16 + 8 + 4);
  const sumAt = (y: number) => {
    let sum = 0;
    for (let k = 0; k < 32; k++) sum += Math.exp(-((y * sharpness[k] - places[k]) ** 2) / 2);
    return sum;
  };
  const middle = 0.8 * Math.sqrt(2 * Math.PI);
  for (let y = -5; y <= 5; y += 0.1) expect(Math.abs(sumAt(y) / middle - 1)).toBeLessThan(1e-5);
});

test.each([
  [{ bump: 3 }, RangeError, /did you mean "bumps"/],
  [{ bumps: 3 }, RangeError, /bumps/],
  [{ levels: 1 }, RangeError, /levels/],
  [{ span: 0 }, RangeError, /span/],
  [{ baseStd: "1" }, TypeError, /baseStd/],
  [{ sigmaMin: 2, sigmaMax: 2 }, RangeError, /sigmaMin must be below sigmaMax = 2/],
])("refuses %j", (bad, kind, text) => {
  expect(() => additive(bad as object)).toThrow(kind as typeof RangeError);
  expect(() => additive(bad as object)).toThrow(text as RegExp);
});
