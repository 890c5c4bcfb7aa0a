/** The small parts of training by hand values: buffer, inputs, learning rate, calibration, history, loss weights. */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import { initKernels } from "../../src/kernels/load.js";
import { normalRows, perturb, uniforms } from "../../src/kernels/normal.js";
import { mlp } from "../../src/networks/mlp.js";
import { geometricSchedule } from "../../src/schedules/geometric.js";
import { SampleBuffer } from "../../src/training/buffer.js";
import { calibrationCurve, observeCalibration } from "../../src/training/calibration.js";
import { History } from "../../src/training/history.js";
import { type RandomSource, stepInputs } from "../../src/training/inputs.js";
import { learningRateAt } from "../../src/training/learning-rate.js";
import { lossWeights } from "../../src/training/loss-weights.js";

beforeAll(() => initKernels());

const rowsOf = (...values: number[]) => ({ data: Float32Array.from(values.flatMap((v) => [v, -v])), n: values.length, dim: 2 });
const held = (buffer: SampleBuffer) => Array.from({ length: buffer.size }, (_, i) => buffer.state().data[2 * i]);

describe("buffer", () => {
  test("keeps the newest rows: the oldest slot is written over first", () => {
    const buffer = new SampleBuffer(3, 2);
    expect(buffer.push(rowsOf(1, 2))).toBe(0);
    expect([buffer.size, ...held(buffer)]).toEqual([2, 1, 2]);
    buffer.push(rowsOf(3, 4));
    expect([buffer.size, ...held(buffer)]).toEqual([3, 4, 2, 3]);
    buffer.push(rowsOf(5, 6, 7, 8));
    expect(held(buffer).sort()).toEqual([6, 7, 8]);
  });

  test("refuses rows with a coordinate that is not finite, and counts them", () => {
    const buffer = new SampleBuffer(4, 2);
    const x = { data: Float32Array.of(1, 1, Number.NaN, 0, 0, Infinity, 2, 2, -Infinity, 0), n: 5, dim: 2 };
    expect(buffer.push(x)).toBe(3);
    expect(held(buffer)).toEqual([1, 2]);
  });

  test("a row is found by its fraction of the filled part, the last one at the very end too", () => {
    const buffer = new SampleBuffer(8, 2);
    buffer.push(rowsOf(10, 20, 30, 40));
    const out = new Float32Array(2);
    const at = (fraction: number) => {
      buffer.copyRow(fraction, out, 0);
      return out[0];
    };
    expect([0, 0.2499, 0.25, 0.5, 0.75, 1 - 2 ** -24, 1].map(at)).toEqual([10, 10, 20, 30, 40, 40, 40]);
  });

  test("goes on from its state as if it had never stopped, half filled and wrapped", () => {
    for (const before of [rowsOf(1, 2), rowsOf(1, 2, 3, 4, 5)]) {
      const one = new SampleBuffer(3, 2);
      one.push(before);
      const saved = one.state();
      const two = new SampleBuffer(3, 2);
      two.restore(saved);
      for (const buffer of [one, two]) buffer.push(rowsOf(8, 9));
      expect(two.state()).toEqual(one.state());
      // A copy: later rows do not reach into it.
      expect(saved.data).not.toEqual(one.state().data);
    }
  });
});

describe("inputs of a step", () => {
  const schedule = geometricSchedule({ sigmaMin: 0.1, sigmaMax: 10 });
  const random: RandomSource = { uniforms, perturb };
  const options = { batchSize: 40, priorFraction: 0.25, priorWidth: 7, varianceFloor: 0.04 };
  const buffer = new SampleBuffer(10, 2);
  buffer.push(rowsOf(100, 200, 300));
  /** x_0, and the variances, with the noise left out. */
  const still: RandomSource = { uniforms, perturb: (x) => x };
  const make = (given: Partial<typeof options> = {}, from = buffer, source = still, step = 5) =>
    stepInputs(keyOf(3), step, 2, schedule, from, source, { ...options, ...given });

  test("each kind of row has one time in each of its strata", () => {
    const { variance } = make({ varianceFloor: 1e-12 });
    const check = (rows: Float32Array) =>
      rows.forEach((h, i) => {
        const stratum = schedule.timeOf(h) * rows.length;
        // f32 variances: a relative 6e-8 is 7e-9 of time.
        expect(stratum).toBeGreaterThan(i - 1e-5);
        expect(stratum).toBeLessThan(i + 1 + 1e-5);
      });
    check(variance.subarray(0, 10));
    check(variance.subarray(10));
  });

  test("no variance is below the floor, and the floor is reached", () => {
    const { variance } = make();
    expect(Math.min(...variance)).toBe(Math.fround(0.04));
    expect(Math.max(...variance)).toBeLessThanOrEqual(schedule.variance(1));
  });

  test("the first part is uniform in the box, the rest from the buffer", () => {
    const { x } = make();
    const inBox = (i: number) => Math.abs(x.data[2 * i]) <= 7 && Math.abs(x.data[2 * i + 1]) <= 7;
    const stored = (i: number) => [100, 200, 300].includes(x.data[2 * i]) && x.data[2 * i + 1] === -x.data[2 * i];
    for (let i = 0; i < 40; i++) expect([inBox(i), stored(i)], `row ${i}`).toEqual(i < 10 ? [true, false] : [false, true]);
    expect(new Set(Array.from({ length: 30 }, (_, i) => x.data[20 + 2 * i]))).toEqual(new Set([100, 200, 300]));
  });

  test.each([
    [0, 0],
    [1, 40],
  ])("a prior fraction of %d gives %d rows of the box", (priorFraction, count) => {
    const { x } = make({ priorFraction });
    expect(Array.from({ length: 40 }, (_, i) => Math.abs(x.data[2 * i]) <= 7).filter(Boolean).length).toBe(count);
  });

  test("an empty buffer gives all rows to the box", () => {
    const { x } = make({ priorFraction: 0 }, new SampleBuffer(10, 2));
    expect(x.data.every((c) => Math.abs(c) <= 7)).toBe(true);
  });

  test("same key and step, same bits; another step, others; the noise has the row's own variance", () => {
    expect(make({}, buffer, random)).toEqual(make({}, buffer, random));
    expect(make({}, buffer, random).x.data).not.toEqual(make({}, buffer, random, 6).x.data);
    const { x, variance } = make({}, buffer, random);
    const { x: origin } = make();
    let square = 0;
    for (let i = 0; i < 80; i++) square += (x.data[i] - origin.data[i]) ** 2 / variance[i >> 1];
    // 80 squared normals: mean 80, deviation sqrt(160).
    expect(Math.abs(square - 80) / Math.sqrt(160)).toBeLessThan(6);
  });
});

describe("learning rate", () => {
  const options = { learningRate: 0.1, finalLearningRate: 0.2, warmupSteps: 4, steps: 14 };

  test("hand values: linear up, half a cosine down, constant after the end", () => {
    const at = (step: number) => learningRateAt(step, options);
    const expected: readonly [number, number][] = [
      [0, 0.02],
      [3, 0.08],
      [4, 0.1],
      [9, 0.1 * (0.2 + 0.8 * 0.5)],
      [14, 0.02],
      [1000, 0.02],
    ];
    for (const [step, rate] of expected) expect(Math.abs(at(step) - rate), `step ${step}`).toBeLessThan(1e-15);
    for (let step = 4; step < 14; step++) expect(at(step + 1)).toBeLessThan(at(step));
  });

  test("a warm-up as long as the run never divides by zero", () => {
    expect(learningRateAt(14, { ...options, warmupSteps: 14 })).toBe(0.1);
    expect(learningRateAt(20, { ...options, warmupSteps: 20, steps: 14 })).toBe(0.1);
  });
});

describe("calibration", () => {
  const range = { low: 0.01, high: 100 };
  const middle = 0.01 * (100 / 0.01) ** (3.5 / 12);

  test("running mean of exp(r) in the bin of its noise; NaN and teacher rows are left out, +inf targets count as 0", () => {
    const memory = new Map<string, Float64Array>();
    const h = new Float32Array(6).fill(middle);
    const prediction = Float32Array.of(1, 3, 5, 7, 2, 20);
    const target = Float32Array.of(1, 3 - Math.log(2), Number.NaN, 0, Infinity, 0);
    observeCalibration(memory, prediction, { target, plain: Uint8Array.of(1, 1, 1, 0, 1, 1) }, h, range);
    // 1, then .999 + .001 * 2, then * .999 + 0, then * .999 + .001 exp(6).
    const mean = ((0.999 + 0.002) * 0.999 + 0) * 0.999 + 0.001 * Math.exp(6);
    const [point, ...others] = calibrationCurve(memory, range);
    expect(others).toEqual([]);
    // log 2 was rounded to f32.
    expect(Math.abs(point.meanExp - mean)).toBeLessThan(1e-9);
    expect(Math.abs(point.sigma - Math.sqrt(middle))).toBeLessThan(1e-12);
  });

  test("noise outside the range falls into the end bins; nothing seen, no curve", () => {
    const memory = new Map<string, Float64Array>();
    expect(calibrationCurve(memory, range)).toEqual([]);
    const zeros = new Float32Array(2);
    observeCalibration(memory, zeros, { target: zeros }, Float32Array.of(1e-9, 1e9), range);
    const curve = calibrationCurve(memory, range);
    expect(curve.map(({ meanExp }) => meanExp)).toEqual([1, 1]);
    expect(curve[0].sigma).toBeLessThan(0.2);
    expect(curve[1].sigma).toBeGreaterThan(5);
  });
});

describe("history", () => {
  test("grows beyond its capacity and gives copies", () => {
    const history = new History(2);
    for (let i = 0; i < 5; i++) history.push(i, 10 * i);
    const { loss, gradientNorm } = history.data();
    expect([...loss]).toEqual([0, 1, 2, 3, 4]);
    expect([...gradientNorm]).toEqual([0, 10, 20, 30, 40]);
    loss.fill(9);
    history.push(5, 50);
    expect([...history.data().loss]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("goes on from what was saved, also into a shorter run; NaN is kept", () => {
    const saved = { loss: Float32Array.of(1, Number.NaN, 3), gradientNorm: Float32Array.of(4, 5, 6) };
    const history = new History(1, saved.loss, saved.gradientNorm);
    history.push(7, 8);
    expect(history.data()).toEqual({ loss: Float32Array.of(1, Number.NaN, 3, 7), gradientNorm: Float32Array.of(4, 5, 6, 8) });
  });
});

describe("loss weights", () => {
  const h = Float32Array.of(0, 1, 4);
  test("energies: none. Scores: h + (detail scale)^2", () => {
    const network = mlp({ detail: 0.1, scale: 5 })(2, "score");
    expect(lossWeights("energy", network, h)).toBeUndefined();
    const weights = lossWeights("score", network, h) as Float32Array;
    [0.25, 1.25, 4.25].forEach((w, i) => void expect(Math.abs(weights[i] - w)).toBeLessThan(1e-6));
  });

  test("a network that knows no detail: h alone", () => {
    const network = { ...mlp()(2, "score"), options: {} };
    expect(lossWeights("score", network, h)).toEqual(h);
  });
});

test("the random source of training is addressed by row: any row alone has the same bits", () => {
  const key = keyOf(8);
  expect(normalRows(key, 2, 5, 1, 3).data).toEqual(normalRows(key, 2, 0, 8, 3).data.subarray(15, 18));
});
