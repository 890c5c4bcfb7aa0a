/** Fit of an energy to score and slope targets: its gradient against differences of the loss, on every backend and as a recorded program. */
import { type Tensor, tensor1d, tensor2d } from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import { startBackend } from "../../src/networks/backend.js";
import { mlp } from "../../src/networks/mlp.js";
import { lossAndGradient } from "../../src/training/gradient.js";
import { type GradientFit, gradientLosses } from "../../src/training/gradient-fit.js";
import { draw } from "../support/recorded.js";

const fit: GradientFit = { name: "gradient", slopeWeight: 0.3, residualClip: 1e6 };
const n = 7;
const network = mlp({ width: 8, depth: 2, features: 6, featureScale: 1, scale: 2, baseStd: 0.5 })(2, "energy");
const x = draw("x", 2 * n, -2, 2);
const variance = draw("variance", n, 0.05, 1.5);
const target = draw("target", 2 * n, -1, 1);
const slope = draw("slope", n, -1, 1);
const weight = draw("weight", n, 0.1, 1);
const start = network.initialize(keyOf(4)).map((value, i) => value + 0.2 * Math.sin(i));

async function evaluate(parameters: Float32Array, settings = fit) {
  const flat = tensor1d(parameters);
  const batch = {
    x: tensor2d(x, [n, 2]),
    variance: tensor1d(variance),
    target: tensor2d(target, [n, 2]),
    slope: tensor1d(slope),
    weight: tensor1d(weight),
    kind: "gradient" as const,
  };
  const outcome = lossAndGradient(network, flat, batch, settings);
  const read = async (tensor: Tensor) => (await tensor.data()) as Float32Array;
  return {
    loss: (await read(outcome.loss))[0],
    gradient: await read(outcome.gradient),
    prediction: await read(outcome.prediction),
  };
}

/** Loss in f64 from a prediction. */
function lossOf(prediction: Float32Array): number {
  return gradientLosses(prediction, { target, slope }, variance, fit).reduce((sum, value, row) => sum + weight[row] * value, 0);
}

describe.each(["wasm", "cpu"] as const)("on %s", (backend) => {
  beforeAll(() => startBackend(backend));

  test("the gradient in the parameters is that of the loss", async () => {
    const { loss, gradient, prediction } = await evaluate(start);
    expect(Math.abs(loss - lossOf(prediction))).toBeLessThan(1e-4 * Math.abs(loss));
    // A random direction: differences of a loss of about 10 in f32 leave 1e-3 of the derivative, the stride another 1e-3.
    for (const name of ["a", "b", "c"]) {
      const direction = draw(name, start.length, -1, 1);
      const step = 3e-3;
      const moved = async (sign: number) =>
        lossOf((await evaluate(start.map((p, i) => p + sign * step * direction[i]))).prediction);
      const difference = ((await moved(1)) - (await moved(-1))) / (2 * step);
      const derivative = gradient.reduce((sum, g, i) => sum + g * direction[i], 0);
      const scale = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0)) * Math.sqrt(start.length / 3);
      expect(Math.abs(derivative - difference)).toBeLessThan(0.01 * scale);
    }
  });

  test("beyond the clip a row pulls no harder", async () => {
    const norm = async (residualClip: number) => {
      const { gradient } = await evaluate(start, { ...fit, residualClip });
      return Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
    };
    expect(await norm(1e-3)).toBeLessThan(0.02 * (await norm(1e6)));
  });
});
