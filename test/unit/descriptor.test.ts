/** The descriptor network: its f64 twin, its invariances, its limits, its programs, and what it refuses. */
import { grads, mul, sum, type Tensor, type Tensor1D, type Tensor2D, tensor1d, tensor2d, tidy } from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Batch } from "../../src/core/types.js";
import { blockGradients } from "../../src/kernels/block-gradients.js";
import { Machine } from "../../src/kernels/machine.js";
import { type ModelDescription, ProgramModel } from "../../src/kernels/program-model.js";
import { startBackend } from "../../src/networks/backend.js";
import { type DescriptorOptions, descriptor } from "../../src/networks/descriptor.js";
import { NeuralModel } from "../../src/networks/model.js";
import { type Network, sizeOf, splitParameters } from "../../src/networks/network.js";
import { modelProgram } from "../../src/networks/record.js";
import { setKernelMode } from "../../src/networks/wasm/kernel-mode.js";
import { recordTraining } from "../../src/training/record-training.js";
import { type DescriptorSettings, descriptorTwin } from "../reference/descriptor.js";
import { relativeError } from "../support/network-cases.js";
import { byEngine, draw, key, leaveOwn, recorded, startOwn } from "../support/recorded.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";

beforeAll(async () => {
  allowRelaxedSimd();
  await startOwn();
});
afterAll(leaveOwn);

const cases: Readonly<Record<string, DescriptorOptions>> = {
  "7 in space": { count: 7, spatialDim: 3, width: 12, radial: 10, levels: 4, scalars: 8, vectors: 4, tensors: 4 },
  "5 in the plane": {
    count: 5,
    spatialDim: 2,
    width: 8,
    depth: 3,
    scale: 2,
    cutoff: 3,
    outputScale: 2.5,
    scalars: 4,
    vectors: 8,
    tensors: 8,
  },
  "cut off": {
    count: 9,
    spatialDim: 3,
    width: 8,
    depth: 1,
    cutoff: 1.2,
    radial: 6,
    vectors: 0,
    tensors: 4,
    noiseLength: 0.4,
    smallSigma: 0.3,
  },
};
const names = Object.keys(cases);
const networkOf = (options: DescriptorOptions) =>
  descriptor(options)((options.count as number) * (options.spatialDim as number), "energy");
const settingsOf = (network: Network) => network.options as unknown as DescriptorSettings;

/** Parameters with no zeros: an untrained last layer would hide the others. */
function parametersOf(network: Network): Float32Array {
  const noise = draw("parameters", network.parameterCount, -0.15, 0.15);
  return network.initialize(key).map((p, i) => p + noise[i]);
}

/** Clusters about a grid with noise, and variances from 0 to beyond the noise length. */
function rowsOf(network: Network, n: number): { x: Batch; variance: Float32Array } {
  const { count, spatialDim: d, scale } = settingsOf(network);
  const noise = draw("x", n * network.dim, -0.35, 0.35);
  const data = noise.map(
    (v, at) => scale * (v + (Math.floor((Math.floor(at / d) % count) / 2 ** (at % d)) % 2) + 0.1 * (at % 3)),
  );
  const variance = draw("h", n, -8, 2).map((v) => scale * scale * Math.exp(v));
  variance[0] = 0;
  return { x: { data, n, dim: network.dim }, variance };
}

const rowOf = (x: Batch, row: number) => Float64Array.from(x.data.subarray(row * x.dim, (row + 1) * x.dim));

/** Central differences of the twin in one of its arrays. */
function differences(values: Float64Array, f: (values: Float64Array) => number, step = 1e-4): Float64Array {
  return values.map((value, i) => {
    const moved = values.slice();
    moved[i] = value + step;
    const up = f(moved);
    moved[i] = value - step;
    return (up - f(moved)) / (2 * step);
  });
}

describe.each(names)("%s", (name) => {
  const network = networkOf(cases[name]);
  const parameters = parametersOf(network);
  const n = 9;
  const { x, variance } = rowsOf(network, n);
  const twin = (p: ArrayLike<number>, at: ArrayLike<number>, h: number) => descriptorTwin(p, settingsOf(network), at, h);
  const energies = Array.from(variance, (h, row) => twin(parameters, rowOf(x, row), h));
  /** f32 through some sixty operations, squares of sums among them. */
  const bound = 3e-6;

  test.each(["bnem", "tfjs", "cpu"] as const)("energy and score are the twin's, kernels %s", async (kernels) => {
    if (kernels !== "bnem") setKernelMode("tfjs");
    if (kernels !== "bnem") await startBackend(kernels === "cpu" ? "cpu" : "wasm");
    const model = new NeuralModel(network, parameters);
    const found = await model.energyAndScore(x, variance);
    expect(relativeError(found.energy, energies)).toBeLessThan(bound);
    const slopes = Array.from(variance, (h, row) => [...differences(rowOf(x, row), (at) => -twin(parameters, at, h))]).flat();
    expect(relativeError(found.score, slopes)).toBeLessThan(2 * bound);
    model.dispose();
    await startOwn();
  });

  test("one variance for all rows gives the energies of one per row", async () => {
    const model = new NeuralModel(network, parameters);
    const shared = new Float32Array(n).fill(0.05);
    const found = await model.energyAndScore(x, shared);
    const each = await Promise.all(
      Array.from({ length: n }, (_, row) => ({ data: x.data.slice(row * x.dim, (row + 1) * x.dim), n: 1, dim: x.dim })).map(
        (one) => model.energy(one, shared.subarray(0, 1)),
      ),
    );
    each.forEach(([e], row) => void expect(e).toBe(found.energy[row]));
    expect(
      relativeError(
        found.energy,
        Array.from(shared, (h, row) => twin(parameters, rowOf(x, row), h)),
      ),
    ).toBeLessThan(bound);
    model.dispose();
  });

  test("the gradient of a weighted sum of energies in the parameters is the twin's", () => {
    const weight = draw("weight", n, -1, 1);
    const found = tidy(() => {
      const pieces = splitParameters(tensor1d(parameters), network.shapes);
      const f = (...p: Tensor[]) =>
        sum(mul(network.forward(p, tensor2d(x.data, [n, x.dim]) as Tensor2D, tensor1d(variance) as Tensor1D), tensor1d(weight)));
      return grads(f)(pieces).flatMap((g) => [...g.dataSync()]);
    });
    const total = (p: Float64Array) => Array.from(weight).reduce((s, w, row) => s + w * twin(p, rowOf(x, row), variance[row]), 0);
    // Three directions through every matrix and bias: all single parameters took a minute.
    let begin = 0;
    for (const [at, shape] of network.shapes.entries()) {
      const end = begin + sizeOf(shape);
      for (let k = 0; k < 3; k++) {
        const direction = draw(`direction ${at} ${k}`, end - begin, -1, 1);
        const moved = (step: number) => {
          const p = Float64Array.from(parameters);
          for (const [i, d] of direction.entries()) p[begin + i] += step * d;
          return total(p);
        };
        const slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        const [own, size] = [direction.reduce((s, d, i) => s + d * found[begin + i], 0), Math.hypot(...found.slice(begin, end))];
        expect(Math.abs(own - slope), `shape ${at}`).toBeLessThan(1e-5 * size * Math.hypot(...direction));
      }
      begin = end;
    }
  });

  test("engine and program have the same bits: training, energy, score, both", async () => {
    const count = 2 * (network.blockRows as number) + 3;
    const many = rowsOf(network, count);
    const batch = {
      x: many.x.data,
      variance: many.variance,
      target: draw("target", count, -3, 3),
      weight: draw("weight", count, 0.1, 1),
    };
    const rows = network.blockRows as number;
    const block = {
      x: batch.x.slice(0, rows * x.dim),
      variance: batch.variance.slice(0, rows),
      target: batch.target.slice(0, rows),
      weight: batch.weight.slice(0, rows),
    };
    const loss = { name: "squared" } as const;
    const truth = byEngine(network, "energy", loss, parameters, block);
    const machine = await Machine.load(recorded(network, "energy", loss), false);
    machine.view("parameters").set(parameters);
    const { gradients, prediction } = blockGradients(machine, block);
    expect(prediction).toEqual(truth.prediction);
    expect(gradients).toEqual(truth.gradient);
    for (const quantity of ["energy", "score", "both"] as const)
      for (const shared of [true, false])
        expect(modelProgram(network, quantity, shared), `${quantity}, ${shared}`).not.toBeNull();
    const flat = tensor1d(parameters);
    const [onPrograms, onEngine] = [new NeuralModel(network, parameters), new NeuralModel(network, flat)];
    expect(await onPrograms.energyAndScore(many.x, many.variance)).toEqual(await onEngine.energyAndScore(many.x, many.variance));
    for (const held of [onPrograms, onEngine, flat]) held.dispose();
  });

  test("as plain data, for another thread, it gives the same bits", async () => {
    const model = new NeuralModel(network, parameters);
    const shared = new Float32Array(n).fill(0.05);
    const description = structuredClone(model.describe(["both"]));
    const elsewhere = ProgramModel.from(description as ModelDescription);
    expect(await elsewhere.evaluate(x, shared, "both")).toEqual(await model.energyAndScore(x, shared));
    model.dispose();
  });

  test("the fit of gradients is recorded whole", () => {
    expect(recordTraining(network, "gradient", { name: "gradient", slopeWeight: 0.1, residualClip: 30 })).not.toBeNull();
  });
});

describe("invariance", () => {
  const network = networkOf(cases["7 in space"]);
  const { count } = settingsOf(network);
  const parameters = parametersOf(network);
  const n = 16;
  const { x, variance } = rowsOf(network, n);
  variance.fill(0.03, 0, 8);

  /** Every particle of every row through a map of its place. */
  const mapped = (f: (place: number[], particle: number) => number[]): Batch => {
    const data = new Float32Array(x.data.length);
    for (let at = 0; at < data.length; at += 3) data.set(f([...x.data.subarray(at, at + 3)], (at / 3) % count), at);
    return { ...x, data };
  };
  const [a, b] = [0.7, 1.9];
  const turned = ([p, q, r]: number[]) => {
    const [u, v] = [Math.cos(a) * p - Math.sin(a) * q, Math.sin(a) * p + Math.cos(a) * q];
    return [u, Math.cos(b) * v - Math.sin(b) * r, Math.sin(b) * v + Math.cos(b) * r];
  };
  const order = [3, 6, 0, 5, 1, 4, 2];
  const permuted = (): Batch => {
    const data = new Float32Array(x.data.length);
    for (let row = 0; row < n; row++)
      order.forEach((from, to) => {
        const start = row * x.dim;
        data.set(x.data.subarray(start + 3 * from, start + 3 * from + 3), start + 3 * to);
      });
    return { ...x, data };
  };
  const changes: Readonly<Record<string, () => Batch>> = {
    rotation: () => mapped(turned),
    reflection: () => mapped(([p, q, r]) => [-p, q, r]),
    translation: () => mapped(([p, q, r]) => [p + 0.5, q - 1, r + 2]),
    permutation: permuted,
  };

  /** Largest change of an energy over the largest energy. */
  async function change(of: Batch): Promise<number> {
    const model = new NeuralModel(network, parameters);
    const [before, after] = [await model.energy(x, variance), await model.energy(of, variance)];
    model.dispose();
    const size = Math.max(...before.map(Math.abs));
    return Math.max(...before.map((e, i) => Math.abs(e - after[i]))) / size;
  }

  test.each(Object.keys(changes))("%s", async (name) => {
    expect(await change(changes[name]())).toBeLessThan(1e-5);
  });

  test("control: stretching along an axis is seen", async () => {
    expect(await change(mapped(([p, q, r]) => [1.05 * p, q, r]))).toBeGreaterThan(1e-3);
  });

  test("scores turn with the particles", async () => {
    const model = new NeuralModel(network, parameters);
    const [before, after] = [await model.score(x, variance), await model.score(changes.rotation(), variance)];
    const turnedScores = mapped((_, __) => [0, 0, 0]).data.slice();
    for (let at = 0; at < before.length; at += 3) turnedScores.set(turned([...before.subarray(at, at + 3)]), at);
    expect(relativeError(after, turnedScores)).toBeLessThan(1e-5);
    model.dispose();
  });
});

describe("limits", () => {
  const network = networkOf(cases["7 in space"]);
  const parameters = parametersOf(network);
  const one = (data: Float32Array): Batch => ({ data, n: 1, dim: network.dim });

  test("an untrained network is 0, a trained one at sigma 0", async () => {
    const { x, variance } = rowsOf(network, 5);
    const untrained = new NeuralModel(network, network.initialize(key));
    expect([...(await untrained.energy(x, variance))].map(Math.abs)).toEqual([0, 0, 0, 0, 0]);
    const trained = new NeuralModel(network, parameters);
    expect([...(await trained.energy(x, new Float32Array(5)))].map(Math.abs)).toEqual([0, 0, 0, 0, 0]);
    for (const model of [untrained, trained]) model.dispose();
  });

  test("coincident particles have finite energies and gradients, the twin's", async () => {
    const model = new NeuralModel(network, parameters);
    const { x } = rowsOf(network, 1);
    x.data.copyWithin(3, 0, 3);
    for (const data of [x.data, new Float32Array(network.dim)]) {
      const found = await model.energyAndScore(one(data), Float32Array.of(0.04));
      expect(found.score.every(Number.isFinite)).toBe(true);
      const truth = descriptorTwin(parameters, settingsOf(network), data, Math.fround(0.04));
      expect(Math.abs(found.energy[0] - truth)).toBeLessThan(3e-6 * Math.max(1, Math.abs(truth)));
    }
    model.dispose();
  });

  test("a NaN coordinate makes NaN of its row and of no other", async () => {
    const model = new NeuralModel(network, parameters);
    const { x, variance } = rowsOf(network, 3);
    const before = await model.energy(x, variance);
    x.data[network.dim + 4] = Number.NaN;
    const { energy, score } = await model.energyAndScore(x, variance);
    expect([energy[0], energy[1], energy[2]]).toEqual([before[0], Number.NaN, before[2]]);
    expect(score.subarray(0, network.dim).every(Number.isFinite)).toBe(true);
    model.dispose();
  });

  test("particles farther apart than the cut-off do not see each other", async () => {
    const model = new NeuralModel(network, parameters);
    const far = rowsOf(network, 1).x.data.map((v, at) => v + (at < 3 ? 100 : 0));
    const farther = far.map((v, at) => v + (at < 3 ? 64 : 0));
    const h = Float32Array.of(0.1);
    expect(await model.energy(one(farther), h)).toEqual(await model.energy(one(far), h));
    expect([...(await model.score(one(far), h)).subarray(0, 3)].map(Math.abs)).toEqual([0, 0, 0]);
    model.dispose();
  });
});

test("shapes do not depend on the number of particles: weights of LJ-13 load into LJ-55", async () => {
  const small = networkOf({ count: 13, spatialDim: 3 });
  const large = networkOf({ count: 55, spatialDim: 3, cutoff: 3 });
  expect(large.shapes).toEqual(small.shapes);
  expect(small.parameterCount).toBe(15049);
  expect(large.blockRows as number).toBeLessThan(small.blockRows as number);
  const model = new NeuralModel(large, parametersOf(small));
  const { x, variance } = rowsOf(large, 2);
  expect((await model.score(x, variance)).every(Number.isFinite)).toBe(true);
  model.dispose();
});

describe("options", () => {
  const particles = { count: 4, spatialDim: 2 };

  test("particles come from the target where the options leave them open, and are stored", () => {
    const network = descriptor()(8, "energy", { scale: 50, baseStd: 0.5, particles });
    expect(network.options).toMatchObject({ ...particles, scale: 1, scalars: 24 });
    expect(descriptor(network.options as DescriptorOptions)(8, "energy").options).toEqual(network.options);
  });

  const bad: [DescriptorOptions, number, string][] = [
    [{}, 8, "says nothing of particles"],
    [{ count: 3, spatialDim: 3 }, 8, "9 coordinates"],
    [{ ...particles, scalars: 6 }, 8, "multiple of 4"],
    [{ ...particles, scalars: 0 }, 8, "scalars"],
    [{ ...particles, spatialDim: 4 }, 16, "spatialDim"],
    [{ ...particles, cutoff: 0 }, 8, "cutoff"],
    [{ ...particles, radial: 3 }, 8, "radial"],
    [{ ...particles, sigmaMin: 5 }, 8, "sigmaMin"],
    [{ ...particles, widht: 3 } as DescriptorOptions, 8, "width"],
  ];
  test.each(bad)("%o is refused", (options, dim, words) => {
    expect(() => descriptor(options)(dim, "energy")).toThrow(words);
  });

  test("a score output is refused with a reason", () => {
    expect(() => descriptor(particles)(8, "score")).toThrow(expect.objectContaining({ code: "unsupported" }));
  });

  test("a loss on scores needs second derivatives and is refused with what to do", () => {
    const network = descriptor(particles)(8, "energy");
    expect(() => recordTraining(network, "score", { name: "squared" })).toThrow(/second derivatives.*"gradient"/);
  });
});
