/** Networks and NeuralModel against their f64 twin and their closed limits. */
import { memory, tensor1d, tensor2d } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { BnemError } from "../../src/core/errors.js";
import { derive, keyOf, uniformAt } from "../../src/core/random.js";
import { startBackend } from "../../src/networks/backend.js";
import { frequencies } from "../../src/networks/features.js";
import { mlp } from "../../src/networks/mlp.js";
import { NeuralModel } from "../../src/networks/model.js";
import { lossAndGradient } from "../../src/training/gradient.js";
import { forwardTwin, scoreTwin, type TwinSettings } from "../reference/mlp.js";
import { lossInputs } from "../support/loss-inputs.js";

const key = keyOf(5);
const draw = (label: string, count: number, low: number, high: number) =>
  Float32Array.from({ length: count }, (_, i) => low + (high - low) * uniformAt(derive(key, label), i));

const rows = 40;
/** The plane of GMM-40, and noise from none to twice the plane. */
const x = { data: draw("x", 2 * rows, -60, 60), n: rows, dim: 2 };
const variance = draw("log h", rows, -6, 9).map(Math.exp);
variance[0] = 0;

function trained(output: "energy" | "score", dim = 2) {
  const network = mlp({ width: 16 })(dim, output);
  const noise = draw("noise", network.parameterCount, -0.1, 0.1);
  return { network, parameters: network.initialize(key).map((p, i) => p + noise[i]) };
}

describe.each(["wasm", "cpu"] as const)("on %s", (backend) => {
  beforeAll(() => startBackend(backend));

  test.each([
    [1, undefined],
    [2, undefined],
    [5, undefined],
    [6, { count: 3, spatialDim: 2 }],
  ])(
    "untrained, the energy is the normalised Gaussian's in %i dimensions, of particles %j on their subspace",
    async (dim, particles) => {
      const network = mlp()(dim, "energy", { scale: 50, baseStd: 0.46, particles });
      const freeDim = particles ? dim - particles.spatialDim : dim;
      const model = new NeuralModel(network, network.initialize(key));
      const at = { data: draw("at", dim * rows, -60, 60), n: rows, dim };
      const { energy, score } = await model.energyAndScore(at, variance);
      for (let i = 0; i < rows; i++) {
        const v = (0.46 * 50) ** 2 + variance[i];
        const row = [...at.data.subarray(i * dim, (i + 1) * dim)];
        const truth = row.reduce((q, c) => q + c * c, 0) / (2 * v) + (freeDim / 2) * Math.log(2 * Math.PI * v);
        // f32: a handful of roundings of 6e-8 each, on numbers the size of the energy.
        expect(Math.abs(energy[i] - truth)).toBeLessThan(1e-6 * truth);
        row.forEach((c, j) => void expect(Math.abs(score[i * dim + j] + c / v)).toBeLessThan(1e-6 * Math.abs(c / v) + 1e-12));
      }
      model.dispose();
    },
  );

  test("energy and score equal the f64 twin's", async () => {
    const { network, parameters } = trained("energy");
    const settings = { ...network.options, dim: 2, output: "energy" } as unknown as TwinSettings;
    const model = new NeuralModel(network, parameters);
    const { energy, score } = await model.energyAndScore(x, variance);
    const flat = Float64Array.from(parameters);
    for (let i = 0; i < rows; i++) {
      const at = [x.data[2 * i], x.data[2 * i + 1]];
      const truth = forwardTwin(flat, settings, at, variance[i])[0];
      // Angles reach some 60 radians: 4e-6 of rounding in each feature, 136 of them, weights of .2, output scale 4: 3e-5 in the energy.
      expect(Math.abs(energy[i] - truth), `energy of row ${i}`).toBeLessThan(1e-4);
      const slope = scoreTwin(flat, settings, at, variance[i]);
      // The gradient carries a frequency of up to 36 radians per 50 raw units more: the same bound.
      for (let j = 0; j < 2; j++) expect(Math.abs(score[2 * i + j] - slope[j]), `score of row ${i}`).toBeLessThan(1e-4);
    }
    expect([...(await model.energy(x, variance))]).toEqual([...energy]);
    expect([...(await model.score(x, variance))]).toEqual([...score]);
    model.dispose();
  });

  test("a score network equals its f64 twin, and tends to the Gaussian's score", async () => {
    const { network, parameters } = trained("score");
    const settings = { ...network.options, dim: 2, output: "score" } as unknown as TwinSettings;
    const model = new NeuralModel(network, parameters);
    const score = await model.score(x, variance);
    for (let i = 0; i < rows; i++) {
      const truth = forwardTwin(Float64Array.from(parameters), settings, [x.data[2 * i], x.data[2 * i + 1]], variance[i]);
      const reach = Math.sqrt(1.25 ** 2 + variance[i]);
      for (let j = 0; j < 2; j++) expect(Math.abs(score[2 * i + j] - truth[j])).toBeLessThan(2e-5 / reach + 1e-6);
    }
    await expect(model.energy(x, variance)).rejects.toMatchObject({ code: "unsupported" });
    model.update(network.initialize(key));
    const untrained = await model.score(x, variance);
    for (let i = 0; i < 2 * rows; i++) {
      const truth = -x.data[i] / ((0.46 * 50) ** 2 + variance[i >> 1]);
      expect(Math.abs(untrained[i] - truth)).toBeLessThan(1e-6 * Math.abs(truth) + 1e-12);
    }
    model.dispose();
  });

  test.each([1e4, 1e8, 1e9])("rows %d away are finite to the second differentiation and equal the f64 twin's", async (far) => {
    const { network, parameters } = trained("energy");
    const settings = { ...network.options, dim: 2, output: "energy" } as unknown as TwinSettings;
    const away = { data: Float32Array.of(far, far / 2, -far, 3), n: 2, dim: 2 };
    const h = Float32Array.of(1, 100);
    const model = new NeuralModel(network, parameters);
    const { energy, score } = await model.energyAndScore(away, h);
    model.dispose();
    for (let i = 0; i < 2; i++) {
      const at = [away.data[2 * i], away.data[2 * i + 1]];
      const truth = forwardTwin(Float64Array.from(parameters), settings, at, h[i])[0];
      // Some ten roundings of f32.
      expect(Math.abs(energy[i] - truth)).toBeLessThan(1e-6 * truth);
      // The base's pull |x| / v is all there is but for the network's own slope, below 3e-3 per raw unit out there.
      const v = 23 ** 2 + h[i];
      for (let j = 0; j < 2; j++) expect(Math.abs(score[2 * i + j] + at[j] / v)).toBeLessThan(3e-3 + 1e-5 * (far / v));
    }
    const flat = tensor1d(parameters);
    const batch = {
      x: tensor2d(away.data, [2, 2]),
      variance: tensor1d(h),
      kind: "score" as const,
      ...lossInputs({ name: "squared" }, new Float32Array(4), 2),
    };
    const { gradient } = lossAndGradient(network, flat, batch, { name: "squared" });
    expect((await gradient.data()).every(Number.isFinite)).toBe(true);
  });

  test("one variance for all rows takes the shorter path to the same numbers", async () => {
    const { network, parameters } = trained("energy");
    const model = new NeuralModel(network, parameters);
    const shared = await model.energyAndScore(x, new Float32Array(rows).fill(3));
    const mixed = new Float32Array(rows).fill(3);
    mixed[rows - 1] = 4;
    const single = await model.energyAndScore(x, mixed);
    for (let i = 0; i < rows - 1; i++) {
      // The same numbers are added in another order: a few roundings of an energy of about 10.
      expect(Math.abs(shared.energy[i] - single.energy[i])).toBeLessThan(1e-5);
      for (let j = 0; j < 2; j++) expect(Math.abs(shared.score[2 * i + j] - single.score[2 * i + j])).toBeLessThan(1e-5);
    }
    expect(Math.abs(shared.energy[rows - 1] - single.energy[rows - 1])).toBeGreaterThan(1e-3);
    model.dispose();
  });
});

describe("NeuralModel", () => {
  beforeAll(() => startBackend("wasm"));

  test("more rows than one pass holds give the numbers of single rows, and no tensor stays", async () => {
    const { network, parameters } = trained("energy");
    const before = memory().numTensors;
    const model = new NeuralModel(network, parameters);
    const n = 5000;
    const many = { data: draw("many", 2 * n, -50, 50), n, dim: 2 };
    const h = draw("many h", n, 1, 2);
    const held = memory().numTensors;
    const { energy, score } = await model.energyAndScore(many, h);
    expect(memory().numTensors).toBe(held);
    for (const i of [0, 4095, 4096, 4999]) {
      const one = await model.energyAndScore({ data: many.data.slice(2 * i, 2 * i + 2), n: 1, dim: 2 }, h.slice(i, i + 1));
      expect(Math.abs(one.energy[0] - energy[i])).toBeLessThan(1e-5);
      for (let j = 0; j < 2; j++) expect(Math.abs(one.score[j] - score[2 * i + j])).toBeLessThan(1e-5);
    }
    model.dispose();
    expect(memory().numTensors).toBe(before);
  });

  test("a coordinate that is not a number gives a result that is not, in its row only", async () => {
    const { network, parameters } = trained("energy");
    const model = new NeuralModel(network, parameters);
    const bad = { data: Float32Array.of(1, 2, Number.NaN, 0, 3, 4), n: 3, dim: 2 };
    const { energy, score } = await model.energyAndScore(bad, new Float32Array(3).fill(1));
    expect([...energy].map(Number.isFinite)).toEqual([true, false, true]);
    expect([...score].map(Number.isFinite)).toEqual([true, true, false, false, true, true]);
    model.dispose();
  });

  test("wrong sizes and use after dispose are refused", async () => {
    const { network, parameters } = trained("energy");
    expect(() => new NeuralModel(network, parameters.slice(1))).toThrow(RangeError);
    const model = new NeuralModel(network, parameters);
    await expect(model.score(x, variance.slice(1))).rejects.toThrow("variance must hold");
    await expect(model.score({ data: new Float32Array(3), n: 1, dim: 3 }, variance.slice(0, 1))).rejects.toThrow(RangeError);
    model.dispose();
    model.dispose();
    await expect(model.score(x, variance)).rejects.toBeInstanceOf(BnemError);
  });
});

describe("mlp", () => {
  test("has the parameters its shapes say: 17,345 at the defaults in the plane", () => {
    const network = mlp()(2, "energy");
    expect(network.parameterCount).toBe(136 * 64 + 2 * 64 + 64 + 64 + 2 * (64 * 64 + 64) + 64 + 1);
    expect(network.initialize(key).length).toBe(network.parameterCount);
    expect(mlp()(2, "score").parameterCount).toBe(network.parameterCount + 65);
  });

  test("the same key gives the same parameters, another key others, none beyond its bound", () => {
    const network = mlp()(2, "energy");
    const a = network.initialize(key);
    expect([...network.initialize(keyOf(5))]).toEqual([...a]);
    expect(network.initialize(keyOf(6)).filter((p, i) => p === a[i] && p !== 0).length).toBeLessThan(10);
    const first = a.subarray(0, 136 * 64);
    const bound = Math.sqrt(6 / 139);
    expect(Math.max(...first)).toBeLessThanOrEqual(Math.fround(bound));
    // Mean square of U(-b, b) is b^2 / 3; of 8704 draws its standard error is b^2 sqrt(4 / 45 / 8704): |z| < 6.
    const meanSquare = first.reduce((s, p) => s + p * p, 0) / first.length;
    expect(Math.abs(meanSquare - bound ** 2 / 3) / (bound ** 2 * Math.sqrt(4 / 45 / first.length))).toBeLessThan(6);
  });

  test("frequencies are fixed, centred and of the variance asked for", () => {
    const w = frequencies(2, 5000, 12);
    expect([...frequencies(2, 5000, 12)]).toEqual([...w]);
    const n = w.length;
    const mean = w.reduce((s, a) => s + a, 0) / n;
    const square = w.reduce((s, a) => s + a * a, 0) / n;
    expect(Math.abs(mean) / (12 / Math.sqrt(n))).toBeLessThan(6);
    expect(Math.abs(square - 144) / (144 * Math.sqrt(2 / n))).toBeLessThan(6); // kurtosis 2.9: a little less than sqrt(2 / n)
  });

  test.each([
    [{ widht: 3 }, RangeError, "width"],
    [{ width: 0 }, RangeError, "width"],
    [{ depth: 1.5 }, RangeError, "depth"],
    [{ scale: "50" }, TypeError, "scale"],
    [{ featureScale: Number.NaN }, RangeError, "featureScale"],
  ])("refuses %j", (options, kind, name) => {
    expect(() => mlp(options as object)).toThrow(kind as typeof RangeError);
    expect(() => mlp(options as object)).toThrow(name);
  });
});
