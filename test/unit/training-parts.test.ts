/** The small parts of training by hand values: learning rate, calibration, history, loss weights. */
import { describe, expect, test } from "vitest";
import { mlp } from "../../src/networks/mlp.js";
import { calibrationCurve, observeCalibration } from "../../src/training/calibration.js";
import { History } from "../../src/training/history.js";
import { learningRateAt } from "../../src/training/learning-rate.js";
import { lossWeights } from "../../src/training/loss-weights.js";

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

  test("every noise falls into its bin, equal in log h: 1e4 levels", () => {
    for (let i = 0; i < 10_000; i++) {
      const h = Math.fround(0.01 * 1e4 ** ((i + 0.5) / 10_000));
      const memory = new Map<string, Float64Array>();
      observeCalibration(memory, new Float32Array(1), { target: new Float32Array(1) }, Float32Array.of(h), range);
      const means = memory.get("calibration") as Float64Array;
      expect(means.indexOf(1)).toBe(Math.floor((Math.log(h / 0.01) / Math.log(1e4)) * 12));
    }
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
