/** The graph network: f64 twin, gradients, symmetries, recorded programs, what it refuses. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BnemError } from "../../src/core/errors.js";
import type { NetworkLengths } from "../../src/core/types.js";
import { blockGradients } from "../../src/kernels/block-gradients.js";
import { Machine } from "../../src/kernels/machine.js";
import { startBackend } from "../../src/networks/backend.js";
import { type EgnnOptions, egnn } from "../../src/networks/egnn.js";
import { mlp } from "../../src/networks/mlp.js";
import { NeuralModel } from "../../src/networks/model.js";
import { type Network, type NetworkOutput, sizeOf } from "../../src/networks/network.js";
import { modelProgram } from "../../src/networks/record.js";
import { setKernelMode } from "../../src/networks/wasm/kernel-mode.js";
import { recordTraining } from "../../src/training/record-training.js";
import { type EgnnTwin, egnnTwin } from "../reference/egnn.js";
import { relativeError } from "../support/network-cases.js";
import { batchOf, byEngine, draw, key, leaveOwn, recorded, startOwn } from "../support/recorded.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";
import { poolOf } from "../support/test-pools.js";

beforeAll(async () => {
  allowRelaxedSimd();
  await startOwn();
});
afterAll(leaveOwn);

const shapes = {
  "4 particles in the plane": {
    count: 4,
    options: { spatialDim: 2, width: 8, depth: 2, scale: 2, sigmaFloor: 0.05, sigmaTop: 2 },
  },
  "5 particles in space, with a cutoff": {
    count: 5,
    options: { spatialDim: 3, width: 12, depth: 2, scale: 1.5, sigmaFloor: 0.05, sigmaTop: 2, cutoff: 3 },
  },
} as const;
type Shape = { readonly count: number; readonly options: EgnnOptions & { readonly spatialDim: number } };
const outputs = ["energy", "score"] as const;
const cases = Object.entries(shapes).flatMap(([name, shape]) => outputs.map((output) => [name, output, shape as Shape] as const));

const networkOf = ({ count, options }: Shape, output: NetworkOutput) => egnn(options)(count * options.spatialDim, output);

/** Started values with noise on them: as they start, nothing moves. */
function parametersOf(network: Network): Float32Array {
  const noise = draw("egnn parameters", network.parameterCount, -0.3, 0.3);
  return network.initialize(key).map((p, i) => p + noise[i]);
}

const twinOf = (network: Network, { count }: Shape): EgnnTwin => ({
  ...(network.options as unknown as Required<EgnnOptions>),
  count,
  output: network.output,
});

const rows = (data: Float32Array, dim: number) =>
  Array.from({ length: data.length / dim }, (_, i) => [...data.slice(i * dim, (i + 1) * dim)]);

describe.each(cases)("%s, %s", (_, output, shape) => {
  const network = networkOf(shape, output);
  const parameters = parametersOf(network);
  const twin = twinOf(network, shape);
  const { dim } = network;
  const width = output === "energy" ? 1 : dim;
  const n = 6;
  const batch = batchOf(n, dim, width);

  const values = () => rows(batch.x, dim).flatMap((x, i) => egnnTwin(parameters, twin, x, batch.variance[i]));

  test("values equal the f64 twin", () => {
    const { prediction } = byEngine(network, output, { name: "squared" }, parameters, batch);
    expect(relativeError(prediction, values())).toBeLessThan(3e-6);
  });

  test("the loss's gradient in every parameter equals differences of the twin", () => {
    const { gradient } = byEngine(network, output, { name: "squared" }, parameters, batch);
    const step = 1e-5;
    const moving = Float64Array.from(parameters);
    const loss = () =>
      rows(batch.x, dim).reduce((total, x, i) => {
        const out = egnnTwin(moving, twin, x, batch.variance[i]);
        return total + batch.weight[i] * out.reduce((s, value, j) => s + (value - batch.target[i * width + j]) ** 2, 0);
      }, 0);
    // Some of every piece: a difference costs two passes of the slow twin.
    const chosen: number[] = [];
    let begin = 0;
    for (const size of network.shapes.map(sizeOf)) {
      for (const part of [0, 0.41, 0.99]) chosen.push(begin + Math.floor(part * size));
      begin += size;
    }
    const truth = chosen.map((at) => {
      const value = moving[at];
      moving[at] = value + step;
      const up = loss();
      moving[at] = value - step;
      const down = loss();
      moving[at] = value;
      return (up - down) / (2 * step);
    });
    expect(
      relativeError(
        chosen.map((at) => gradient[at]),
        truth,
      ),
    ).toBeLessThan(2e-5);
  });

  test("the model's score equals differences of the twin's energy, or is its head", async () => {
    const model = new NeuralModel(network, parameters);
    const found = await model.score({ data: batch.x, n, dim }, batch.variance);
    const step = 1e-5;
    const truth =
      output === "score"
        ? values()
        : rows(batch.x, dim).flatMap((x, i) =>
            x.map((value, d) => {
              const at = (moved: number) =>
                egnnTwin(
                  parameters,
                  twin,
                  x.map((c, axis) => (axis === d ? moved : c)),
                  batch.variance[i],
                )[0];
              return -(at(value + step) - at(value - step)) / (2 * step);
            }),
          );
    expect(relativeError(found, truth)).toBeLessThan(2e-5);
    model.dispose();
  });

  test("programs have the engine's bits, and their blocks add up", async () => {
    const loss = { name: "squared" } as const;
    const block = network.blockRows as number;
    const machine = await Machine.load(recorded(network, output, loss), false);
    machine.view("parameters").set(parameters);
    const whole = batchOf(block, dim, width);
    const truth = byEngine(network, output, loss, parameters, whole);
    const { losses, gradients, prediction } = blockGradients(machine, whole);
    expect([losses[0], prediction, gradients]).toEqual([truth.loss, truth.prediction, truth.gradient]);
    for (const shared of [true, false]) expect(modelProgram(network, "score", shared)).not.toBeNull();
    const long = batchOf(2 * block + 3, dim, width);
    const parts = blockGradients(machine, long);
    const total = new Float64Array(parameters.length);
    parts.gradients.forEach((g, i) => {
      total[i % parameters.length] += g;
    });
    const all = byEngine(network, output, loss, parameters, long);
    expect(parts.prediction).toEqual(all.prediction);
    expect(relativeError(total, all.gradient)).toBeLessThan(5e-6);
  });

  test("a worker finds the same bits", async () => {
    const program = recorded(network, output, { name: "squared" });
    const long = batchOf((network.blockRows as number) + 3, dim, width);
    const machine = await Machine.load(program, false);
    machine.view("parameters").set(parameters);
    const pool = poolOf(2);
    pool.install("egnn", "program", { program, exact: false });
    const found = await pool.run("gradient", { machine: "egnn", parameters, batch: long });
    expect(found).toEqual(blockGradients(machine, long));
    pool.dispose();
  });

  test("tfjs's own kernels give the same numbers", async () => {
    const loss = { name: "squared" } as const;
    const own = byEngine(network, output, loss, parameters, batch);
    setKernelMode("tfjs");
    await startBackend("wasm");
    const plain = byEngine(network, output, loss, parameters, batch);
    await startOwn();
    expect(relativeError(plain.prediction, own.prediction)).toBeLessThan(3e-6);
    expect(relativeError(plain.gradient, own.gradient)).toBeLessThan(2e-5);
  });

  test("particles at one place have finite values and gradients", () => {
    const x = batch.x.slice();
    x.copyWithin(0, twin.spatialDim, 2 * twin.spatialDim);
    x.fill(0, dim, 2 * dim);
    const { prediction, gradient } = byEngine(network, output, { name: "squared" }, parameters, { ...batch, x });
    expect(prediction.every(Number.isFinite) && gradient.every(Number.isFinite)).toBe(true);
  });
});

/** A rotation by Householder reflections: two of them, or one for a reflection. */
function orthogonal(dim: number, reflections: number): number[][] {
  let matrix = Array.from({ length: dim }, (_, i) => Array.from({ length: dim }, (_, j) => +(i === j)));
  for (let at = 0; at < reflections; at++) {
    const axis = [...draw(`axis ${at}`, dim, -1, 1)];
    const square = axis.reduce((s, a) => s + a * a, 0);
    matrix = matrix.map((row) => {
      const along = (2 * row.reduce((s, value, j) => s + value * axis[j], 0)) / square;
      return row.map((value, j) => value - along * axis[j]);
    });
  }
  return matrix;
}

type Motion = (row: readonly number[], vectors: boolean) => number[];

/** What a system of particles may undergo; `vectors`: rows are scores, which a translation leaves alone. */
function motions(count: number, dim: number): Record<string, Motion> {
  const turn =
    (reflections: number): Motion =>
    (row) => {
      const matrix = orthogonal(dim, reflections);
      return Array.from({ length: count }, (_, i) =>
        matrix.map((line) => line.reduce((s, value, j) => s + value * row[i * dim + j], 0)),
      ).flat();
    };
  const order = Array.from({ length: count }, (_, i) => (3 * i + 1) % count);
  return {
    rotation: turn(2),
    reflection: turn(1),
    translation: (row, vectors) => (vectors ? [...row] : row.map((value, i) => value + [0.7, -1.1, 0.4][i % dim])),
    permutation: (row) => order.flatMap((from) => row.slice(from * dim, (from + 1) * dim)),
  };
}

/** Largest relative change, over all motions, of energies that should stay and scores that should move along. */
async function asymmetry(network: Network, parameters: Float32Array, count: number): Promise<Record<string, number>> {
  const n = 16;
  const { dim } = network;
  const { x, variance } = batchOf(n, dim, 1);
  const model = new NeuralModel(network, parameters);
  const evaluate = async (data: Float32Array) => {
    const batch = { data, n, dim };
    const score = await model.score(batch, variance);
    return { score, energy: network.output === "energy" ? await model.energy(batch, variance) : Float32Array.of(1) };
  };
  const before = await evaluate(x);
  const errors: Record<string, number> = {};
  for (const [name, move] of Object.entries(motions(count, dim / count))) {
    const moved = (data: Float32Array, vectors: boolean) =>
      Float32Array.from(rows(data, dim).flatMap((row) => move(row, vectors)));
    const after = await evaluate(moved(x, false));
    const ofScore = relativeError(after.score, moved(before.score, true));
    errors[name] = Math.max(ofScore, relativeError(after.energy, before.energy));
  }
  model.dispose();
  return errors;
}

describe("symmetries", () => {
  const systems = [
    [4, 2],
    [13, 3],
  ] as const;
  test.each(systems.flatMap(([count, dim]) => outputs.map((output) => [count, dim, output] as const)))(
    "%i particles in %i dimensions, %s: nothing but the frame changes",
    async (count, spatialDim, output) => {
      const network = egnn({ width: 32, depth: 3, scale: 2 })(count * spatialDim, output, lengthsOf(count, spatialDim));
      const noise = draw("egnn parameters", network.parameterCount, -0.05, 0.05);
      const parameters = network.initialize(key).map((p, i) => p + noise[i]);
      for (const [motion, error] of Object.entries(await asymmetry(network, parameters, count)))
        expect(error, motion).toBeLessThan(1e-5);
    },
  );

  test("scores have no net force", async () => {
    const network = egnn({ width: 16, scale: 2 })(39, "score");
    const model = new NeuralModel(network, parametersOf(network));
    const { x, variance } = batchOf(8, 39, 1);
    const score = await model.score({ data: x, n: 8, dim: 39 }, variance);
    const size = Math.hypot(...score) / Math.sqrt(score.length);
    for (const row of rows(score, 39)) {
      for (let axis = 0; axis < 3; axis++)
        expect(Math.abs(row.filter((_, i) => i % 3 === axis).reduce((a, b) => a + b))).toBeLessThan(2e-6 * 13 * size);
    }
    model.dispose();
  });

  test("control: a perceptron has none of them", async () => {
    const network = mlp({ width: 8, scale: 2 })(8, "energy");
    const noise = draw("control", network.parameterCount, -0.4, 0.4);
    const errors = await asymmetry(
      network,
      network.initialize(key).map((p, i) => p + noise[i]),
      4,
    );
    for (const [motion, error] of Object.entries(errors)) expect(error, motion).toBeGreaterThan(1e-3);
  });
});

const lengthsOf = (count: number, spatialDim: number): NetworkLengths => ({
  scale: 1,
  baseStd: 1,
  particles: { count, spatialDim },
});

describe("sizes", () => {
  test("the published numbers of parameters", () => {
    expect(egnn({ width: 128, depth: 3 })(8, "energy", lengthsOf(4, 2)).parameterCount).toBe(347_908);
    expect(egnn({ width: 128, depth: 5 })(39, "energy").parameterCount).toBe(579_590);
    // Without the last nodes' update, [256 -> 128 -> 128], and the nodes' energies, which a score does not need.
    const idle = 256 * 128 + 128 + 128 * 128 + 128 + 129;
    expect(egnn({ width: 128, depth: 3 })(39, "score").parameterCount).toBe(347_908 - idle);
  });

  test("weights of 13 particles serve 55", async () => {
    const [small, large] = [39, 165].map((dim) => egnn({ width: 8 })(dim, "energy"));
    expect(large.shapes).toEqual(small.shapes);
    expect(large.options).toEqual(small.options);
    const model = new NeuralModel(large, small.initialize(key));
    const energy = await model.energy({ data: draw("x", 165, -2, 2), n: 1, dim: 165 }, Float32Array.of(0.3));
    expect(Number.isFinite(energy[0])).toBe(true);
    model.dispose();
  });

  test("blocks are fewer rows for more particles", () => {
    const rowsOf = (dim: number) => egnn()(dim, "energy").blockRows;
    expect([12, 39, 165].map(rowsOf)).toEqual([64, 8, 1]);
  });

  test("pairs beyond the cutoff see nothing of each other", async () => {
    const network = egnn({ width: 8, cutoff: 2, scale: 1 })(12, "energy");
    const model = new NeuralModel(network, parametersOf(network));
    const clusters = (apart: number) => Float32Array.of(0, 0, 0, 1, 0, 0, apart, 0, 0, apart, 1, 0);
    const energy = async (apart: number) =>
      (await model.energy({ data: clusters(apart), n: 1, dim: 12 }, Float32Array.of(0.1)))[0];
    expect(await energy(5)).toBe(await energy(40));
    expect(await energy(1.5), "control").not.toBe(await energy(5));
    model.dispose();
  });
});

describe("what is refused", () => {
  test("second derivatives: an energy trained on scores", () => {
    const network = egnn({ width: 8 })(12, "energy");
    const train = () => recordTraining(network, "score", { name: "squared" });
    expect(train).toThrow(BnemError);
    expect(train).toThrow(/second derivative/);
  });

  test.each([
    [{ width: 6 }, RangeError, /multiple of 4/],
    [{ depth: 0 }, RangeError, /depth/],
    [{ spatialDim: 4 }, RangeError, /spatialDim/],
    [{ cutoff: -1 }, RangeError, /cutoff/],
    [{ sigmaFloor: 2 }, RangeError, /sigmaTop/],
    [{ wdth: 8 } as EgnnOptions, RangeError, /width/],
    [{ scale: Number.NaN }, RangeError, /scale/],
  ] as const)("options %o", (options, kind, text) => {
    expect(() => egnn(options)).toThrow(kind);
    expect(() => egnn(options)).toThrow(text);
  });

  test("coordinates that are no particles, and particles that are others", () => {
    expect(() => egnn()(10, "energy")).toThrow(/two or more particles in 3/);
    expect(() => egnn()(3, "energy")).toThrow(RangeError);
    expect(() => egnn({ spatialDim: 3 })(12, "energy", lengthsOf(6, 2))).toThrow(/6 particles in 2/);
  });
});
