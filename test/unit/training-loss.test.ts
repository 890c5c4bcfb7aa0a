/** Losses at hand values, what happens to targets that are not finite, and that a training step leaves no tensor behind. */
import { grad, memory, type Tensor, tensor1d, tensor2d } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import { startBackend } from "../../src/networks/backend.js";
import { mlp } from "../../src/networks/mlp.js";
import { lossAndGradient } from "../../src/training/gradient.js";
import { type Loss, meanLoss } from "../../src/training/loss.js";
import { lossInputs } from "../support/loss-inputs.js";

async function evaluate(loss: Loss, prediction: number[], target: number[], weight?: number[], excluded?: number[]) {
  const n = prediction.length;
  const weights = weight && Float32Array.from(weight);
  const inputs = lossInputs(loss, Float32Array.from(target), n, weights, excluded && Uint8Array.from(excluded));
  const f = (p: Tensor) => meanLoss(loss, p, inputs);
  const p = tensor1d(prediction);
  return { loss: (await f(p).data())[0], gradient: [...(await grad(f)(p).data())], dropped: inputs.dropped };
}

describe.each(["wasm", "cpu"] as const)("on %s", (backend) => {
  beforeAll(() => startBackend(backend));

  test.each([-40, -5, -0.5, 0, 0.5, 5.9, 6, 6.1, 80, 1000])("linex at residual %d", async (r) => {
    const { loss, gradient } = await evaluate({ name: "linex" }, [10 + r], [10]);
    const bounded = Math.max(r, -32);
    const truth = r <= 6 ? Math.exp(bounded) - bounded - 1 : Math.exp(6) - 7 + (Math.exp(6) - 1) * (r - 6);
    // f32: 10 + r is rounded to 1e-6 of it, and exp has that relative error.
    expect(Math.abs(loss - truth)).toBeLessThan(1e-5 * Math.max(1, truth));
    expect(Math.abs(gradient[0] - (Math.exp(Math.min(bounded, 6)) - 1))).toBeLessThan(1e-5 * Math.exp(Math.min(r, 6)) + 1e-6);
  });

  test("a target of +inf pulls with gradient exactly -1 and keeps the mean finite", async () => {
    const { loss, gradient, dropped } = await evaluate({ name: "linex" }, [3, 1e4, -2], [Infinity, Infinity, -2]);
    expect(gradient).toEqual([-1, -1, 0].map((g) => Math.fround(g * Math.fround(1 / 3)) + 0));
    expect(Math.abs(loss - 62 / 3)).toBeLessThan(1e-5);
    expect(dropped).toBe(0);
  });

  test("rows that are excluded or not finite count neither in the loss nor in the mean", async () => {
    const target = [1, Number.NaN, -Infinity, Number.NaN, 3];
    const { loss, gradient, dropped } = await evaluate({ name: "linex" }, [1, 9, 9, 9, 3.5], target, undefined, [0, 0, 0, 1, 0]);
    expect(Math.abs(loss - (Math.exp(0.5) - 1.5) / 2)).toBeLessThan(1e-6);
    expect(gradient.slice(0, 4).map(Math.abs)).toEqual([0, 0, 0, 0]);
    expect(dropped).toBe(2);
  });

  test("squared error leaves out a target of +inf, says so, and weighs the rest", async () => {
    const { loss, gradient, dropped } = await evaluate({ name: "squared" }, [1, 2, 5], [0, Infinity, 2], [0.5, 1, 2]);
    expect(loss).toBe((0.5 * 1 + 2 * 9) / 2);
    expect(gradient).toEqual([0.5, 0, 6]);
    expect(dropped).toBe(1);
  });

  test("a batch in which nothing counts has loss and gradient zero", async () => {
    const { loss, gradient, dropped } = await evaluate({ name: "squared" }, [1, 2], [Number.NaN, Infinity]);
    expect([loss, ...gradient.map(Math.abs), dropped]).toEqual([0, 0, 0, 2]);
  });

  test("minimising linex finds -log mean exp(-E), minimising squares the mean", async () => {
    const energies = [0, 1, 4, 9];
    const slope = async (loss: Loss, at: number) => {
      const { gradient } = await evaluate(
        loss,
        energies.map(() => at),
        energies,
      );
      return gradient.reduce((s, g) => s + g, 0);
    };
    const logMean = -Math.log(energies.reduce((s, e) => s + Math.exp(-e), 0) / 4);
    expect(Math.abs(await slope({ name: "linex" }, logMean))).toBeLessThan(1e-6);
    expect(Math.abs(await slope({ name: "squared" }, 3.5))).toBeLessThan(1e-6);
    expect(await slope({ name: "linex" }, 3.5)).toBeGreaterThan(1); // control: Jensen's gap is seen
  });
});

describe("a training step", () => {
  beforeAll(() => startBackend("wasm"));

  test.each([
    ["energy", "energy"],
    ["score", "score"],
    ["energy", "score"],
  ] as const)("%s network, %s target: finite, and no tensor stays", async (output, kind) => {
    const network = mlp({ width: 8 })(2, output);
    const loss: Loss = { name: "squared" };
    const flat = tensor1d(network.initialize(keyOf(1)));
    const count = () => memory().numTensors;
    const step = async () => {
      const inputs = lossInputs(
        loss,
        Float32Array.from({ length: kind === "energy" ? 3 : 6 }, (_, i) => i),
        3,
      );
      const batch = { ...inputs, kind, x: tensor2d([1, 2, 3, 4, 5, 6], [3, 2]), variance: tensor1d([0, 1, 2]) };
      const { loss: value, gradient, prediction } = lossAndGradient(network, flat, batch, loss);
      const numbers = [...(await value.data()), ...(await gradient.data()), ...(await prediction.data())];
      for (const t of [inputs.target, inputs.weight, batch.x, batch.variance, value, gradient, prediction]) t.dispose();
      expect(gradient.size).toBe(network.parameterCount);
      return numbers.every(Number.isFinite);
    };
    expect(await step()).toBe(true);
    const before = count();
    for (let i = 0; i < 3; i++) await step();
    expect(count()).toBe(before);
    flat.dispose();
  });

  test("energies for a score network are refused", () => {
    const network = mlp({ width: 8 })(2, "score");
    const inputs = lossInputs({ name: "squared" }, Float32Array.of(1), 1);
    const batch = { ...inputs, kind: "energy" as const, x: tensor2d([1, 2], [1, 2]), variance: tensor1d([1]) };
    const flat = tensor1d(network.initialize(keyOf(1)));
    expect(() => lossAndGradient(network, flat, batch, { name: "squared" })).toThrow(TypeError);
  });
});
