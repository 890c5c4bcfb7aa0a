/** Products of learned models with their Hessians: every network on every backend of this process, with every prior, and on other threads. */
import { registerGradient, tensor1d, unregisterGradient } from "@tensorflow/tfjs-core";
import { sigmoidGradConfig } from "@tensorflow/tfjs-core/dist/gradients/Sigmoid_grad.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BnemError } from "../../src/core/errors.js";
import type { Energy, Prior, ScoreModel } from "../../src/core/types.js";
import { doubleWell } from "../../src/energies/double-well.js";
import { initKernels } from "../../src/kernels/load.js";
import { startBackend } from "../../src/networks/backend.js";
import { descriptor } from "../../src/networks/descriptor.js";
import { egnn } from "../../src/networks/egnn.js";
import { mlp } from "../../src/networks/mlp.js";
import { NeuralModel } from "../../src/networks/model.js";
import type { NetworkFactory } from "../../src/networks/network.js";
import { modelProgram } from "../../src/networks/record.js";
import { kernelMode, setKernelMode } from "../../src/networks/wasm/kernel-mode.js";
import { describeModel } from "../../src/pipeline/describe-model.js";
import { gaussianPrior } from "../../src/priors/gaussian.js";
import { moreauPrior } from "../../src/priors/moreau.js";
import { twoBodyPrior } from "../../src/priors/two-body.js";
import { type InstalledModel, installModel, scoreModelOf } from "../../src/worker/installed-model.js";
import { relativeError } from "../support/network-cases.js";
import { productBound, productCase, productCases, productError } from "../support/product-cases.js";
import { draw, leaveOwn, startOwn } from "../support/recorded.js";

const ways = [
  ["wasm", "bnem"],
  ["wasm", "tfjs"],
  ["cpu", "tfjs"],
] as const;

const before = kernelMode();
async function start([backend, kernels]: (typeof ways)[number]): Promise<void> {
  setKernelMode(kernels);
  expect(await startBackend(backend)).toMatchObject({ backend, kernels });
}
beforeAll(() => initKernels());
afterAll(() => setKernelMode(before));

const names = Object.keys(productCases);
const energies = names.filter((name) => productCases[name].output === "energy");
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

describe.each(ways)("on %s with the kernels of %s", (...way) => {
  beforeAll(() => start(way as (typeof ways)[number]));

  test.each(names)("%s: the f64 twin's", async (name) => {
    expect(await productError(name)).toBeLessThan(productBound(name));
  });

  test.each(energies)("%s: symmetric; a translation of particles has none", async (name) => {
    const { network, parameters, x, v, variance } = productCase(name);
    const model = new NeuralModel(network, parameters);
    const rows = { data: x, n: variance.length, dim: network.dim };
    const u = draw("u", x.length, -1, 1);
    const [alongU, alongV] = [await model.hessianProduct(rows, variance, u), await model.hessianProduct(rows, variance, v)];
    const size = Math.hypot(...alongU) * Math.hypot(...v);
    expect(Math.abs(dot(u, alongV) - dot(v, alongU))).toBeLessThan(1e-5 * size);
    const { spatialDim } = network.options as { readonly spatialDim?: number };
    if (spatialDim) {
      const shift = u.map((_, i) => [1, -0.5, 2][i % spatialDim]);
      const still = await model.hessianProduct(rows, variance, shift);
      expect(Math.hypot(...still)).toBeLessThan(1e-5 * Math.hypot(...alongU));
    }
    model.dispose();
  });
});

test("control: the wrong sign, 1 % too much and the score's own Jacobian are seen", async () => {
  await start(ways[0]);
  for (const name of names) {
    const { value, v } = productCase(name);
    for (const factor of [-1, 1.01])
      expect(
        relativeError(
          value.map((c) => factor * c),
          value,
        ),
      ).toBeGreaterThan(productBound(name));
    expect(relativeError(v, value)).toBeGreaterThan(productBound(name));
  }
});

// The SiLU of this package's kernels has no Sigmoid in it.
test.each([ways[1], ways[2]])(
  "control: wrong on %s with the kernels of %s and tfjs's own gradient of Sigmoid",
  async (...way) => {
    await start(way);
    unregisterGradient("Sigmoid");
    registerGradient(sigmoidGradConfig);
    const found = await productError("perceptron, energy");
    await start(way); // mends again
    expect(found).toBeGreaterThan(0.01);
    expect(await productError("perceptron, energy")).toBeLessThan(productBound("perceptron, energy"));
  },
);

describe("programs", () => {
  beforeAll(() => startOwn());
  afterAll(leaveOwn);

  test.each(names)("%s: recorded, with the engine's bits, whatever else is in the batch", async (name) => {
    const { network, parameters } = productCase(name);
    const { dim } = network;
    for (const shared of [true, false]) expect(modelProgram(network, "product", shared)).not.toBeNull();
    const flat = tensor1d(parameters);
    const [onPrograms, onEngine] = [new NeuralModel(network, parameters), new NeuralModel(network, flat)];
    const n = (network.blockRows ?? 128) + 3;
    const [x, v] = [draw("x", n * dim, -2, 2), draw("v", n * dim, -1, 1)];
    for (const variance of [new Float32Array(n).fill(0.37), draw("h", n, 0.05, 2)]) {
      const found = await onPrograms.hessianProduct({ data: x, n, dim }, variance, v);
      expect(found.every(Number.isFinite)).toBe(true);
      expect(await onEngine.hessianProduct({ data: x, n, dim }, variance, v)).toEqual(found);
      const tail = { data: x.slice((n - 2) * dim), n: 2, dim };
      if (variance[0] === variance[1])
        expect(await onPrograms.hessianProduct(tail, variance.slice(n - 2), v.slice((n - 2) * dim))).toEqual(
          found.slice((n - 2) * dim),
        );
    }
    for (const held of [onPrograms, onEngine, flat]) held.dispose();
  });
});

const dw4 = doubleWell();
const factories: { readonly [name: string]: NetworkFactory } = {
  perceptron: mlp({ width: 8, depth: 2, features: 6, featureScale: 1, scale: 3 }),
  "graph network": egnn({ width: 4, depth: 2, scale: 2, sigmaFloor: 0.05, sigmaTop: 2 }),
  descriptor: descriptor({ width: 8, radial: 8, levels: 4, scalars: 4, vectors: 4, tensors: 4, scale: 2 }),
};
const priors: { readonly [name: string]: (energy: Energy) => Prior } = { gaussian: gaussianPrior, "two-body": twoBodyPrior };

interface Posed {
  readonly model: NeuralModel;
  readonly rows: { readonly data: Float32Array; readonly n: number; readonly dim: number };
  readonly variance: Float32Array;
  readonly v: Float32Array;
}

function posed(factory: NetworkFactory, prior: Prior | undefined): Posed {
  const network = factory(dw4.dim, "energy", { scale: 3, baseStd: 0.7, particles: dw4.particles });
  const noise = draw("parameters", network.parameterCount, -0.3, 0.3);
  const parameters = network.initialize({ a: 1, b: 2 }).map((p, i) => p + noise[i]);
  const n = 5;
  const jitter = draw("x", n * dw4.dim, -0.3, 0.3);
  const data = jitter.map((c, i) => dw4.check.x[i % dw4.dim] + c);
  const model = new NeuralModel(network, parameters, false, prior);
  return { model, rows: { data, n, dim: dw4.dim }, variance: new Float32Array(n).fill(0.16), v: draw("v", n * dw4.dim, -1, 1) };
}

describe.each(Object.keys(factories))("with priors: %s", (network) => {
  beforeAll(() => start(ways[before === "tfjs" ? 1 : 0]));

  test.each(Object.keys(priors))("%s: the derivative of the model's score", async (name) => {
    const { model, rows, variance, v } = posed(factories[network], priors[name](dw4));
    const found = await model.hessianProduct(rows, variance, v);
    const at = (t: number) => model.score({ ...rows, data: rows.data.map((c, i) => c + t * v[i]) }, variance);
    const step = 2 ** -8;
    const [up, down] = [await at(step), await at(-step)];
    const differences = up.map((value, i) => (value - down[i]) / (2 * step));
    // Scores of size 5 in f32 over the step, and the third derivative: measured 3e-4.
    expect(relativeError(found, differences)).toBeLessThan(2e-3);
    expect(
      relativeError(
        found.map((c) => -c),
        differences,
      ),
    ).toBeGreaterThan(1);
    model.dispose();
  });

  test("an envelope is refused", async () => {
    const { model, rows, variance, v } = posed(factories[network], moreauPrior(dw4));
    await expect(model.hessianProduct(rows, variance, v)).rejects.toThrow(/moreau prior has no second derivatives/);
    await expect(model.hessianProduct(rows, variance, v)).rejects.toThrow(BnemError);
    model.dispose();
  });
});

describe("on another thread", () => {
  beforeAll(() => startOwn());
  afterAll(leaveOwn);

  test("a described model has the same bits for every quantity", async () => {
    const { model, rows, variance, v } = posed(factories.descriptor, twoBodyPrior(dw4));
    const description = structuredClone(describeModel(model, ["both", "product", "score"]));
    const installed = installModel(description as NonNullable<typeof description>).value as InstalledModel;
    expect([...installed.quantities]).toEqual(["both", "product", "score"]);
    const there = scoreModelOf(installed) as Required<ScoreModel>;
    expect(await there.score(rows, variance)).toEqual(await model.score(rows, variance));
    expect(await there.energyAndScore(rows, variance)).toEqual(await model.energyAndScore(rows, variance));
    // From the program of both, which computes the energy as the one of the energy alone does.
    expect(await there.energy(rows, variance)).toEqual(await model.energy(rows, variance));
    expect(await there.hessianProduct(rows, variance, v)).toEqual(await model.hessianProduct(rows, variance, v));
    await expect(there.score(rows, draw("h", rows.n, 0.1, 1))).rejects.toThrow(/no program/);
    model.dispose();
  });

  test("a model has what was described of it", () => {
    const { model } = posed(factories.perceptron, undefined);
    const methods = (quantities: Parameters<typeof describeModel>[1]) => {
      const description = describeModel(model, quantities);
      return Object.keys(scoreModelOf(installModel(description as NonNullable<typeof description>).value as InstalledModel));
    };
    expect(methods(["score"])).toEqual(["dim", "score"]);
    expect(methods(["energy"])).toEqual(["dim", "score", "energy"]);
    expect(methods(["both"])).toEqual(["dim", "score", "energy", "energyAndScore"]);
    expect(methods(["score", "product"])).toEqual(["dim", "score", "hessianProduct"]);
    model.dispose();
    expect(describeModel(model, ["score"])).toBeUndefined();
  });
});

test("what has the wrong shape is refused, and so is a model that is gone", async () => {
  const { model, rows, variance, v } = posed(factories.perceptron, undefined);
  await expect(model.hessianProduct(rows, variance, v.slice(1))).rejects.toThrow(
    /direction must hold n \* dim = 40 numbers, got 39/,
  );
  await expect(model.hessianProduct(rows, variance, [...v] as unknown as Float32Array)).rejects.toThrow(TypeError);
  await expect(model.hessianProduct(rows, variance.slice(1), v)).rejects.toThrow(/variance/);
  model.dispose();
  await expect(model.hessianProduct(rows, variance, v)).rejects.toMatchObject({ code: "disposed" });
});
