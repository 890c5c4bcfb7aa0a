/** Adam and the moving average against hand values. */
import { memory, tensor1d } from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { startBackend } from "../../src/networks/backend.js";
import { Ema } from "../../src/networks/ema.js";
import { Adam } from "../../src/training/adam.js";

beforeAll(() => startBackend("wasm"));

/** Adam in f64. */
function adamTwin(p: number[], gradients: readonly number[][], rate: number, clip: number) {
  const m = p.map(() => 0);
  const v = p.map(() => 0);
  gradients.forEach((g, at) => {
    const norm = Math.hypot(...g);
    const shrink = norm > clip ? clip / norm : 1;
    for (let i = 0; i < p.length; i++) {
      m[i] = 0.9 * m[i] + 0.1 * g[i] * shrink;
      v[i] = 0.99 * v[i] + 0.01 * (g[i] * shrink) ** 2;
      p[i] -= (rate * (m[i] / (1 - 0.9 ** (at + 1)))) / (Math.sqrt(v[i] / (1 - 0.99 ** (at + 1))) + 1e-8);
    }
  });
  return p;
}

test("the first step moves every coordinate by the learning rate against its gradient's sign", async () => {
  const adam = new Adam(3);
  const { parameters, gradientNorm, clipped } = await adam.apply(tensor1d([1, 2, 3]), tensor1d([0.3, -400, 1e-3]), 0.01);
  const moved = await parameters?.data();
  [0.99, 2.01, 2.99].forEach((p, i) => void expect(Math.abs((moved as Float32Array)[i] - p)).toBeLessThan(1e-6));
  expect(Math.abs(gradientNorm - Math.hypot(0.3, 400))).toBeLessThan(1e-3);
  expect(clipped).toBe(false);
  adam.dispose();
});

test("five steps with clipping equal the f64 twin; no tensor stays", async () => {
  const gradients = [
    [3, 4],
    [0.1, -0.2],
    [-30, 40],
    [0, 0],
    [1, 1],
  ];
  const before = memory().numTensors;
  const adam = new Adam(2, { clipNorm: 2 });
  let p = tensor1d([0.5, -0.5]);
  const clips: boolean[] = [];
  for (const g of gradients) {
    const gradient = tensor1d(g);
    const step = await adam.apply(p, gradient, 0.1);
    clips.push(step.clipped);
    gradient.dispose();
    p.dispose();
    p = step.parameters as typeof p;
  }
  const truth = adamTwin([0.5, -0.5], gradients, 0.1, 2);
  for (const [i, value] of (await p.data()).entries()) expect(Math.abs(value - truth[i])).toBeLessThan(1e-6);
  expect(clips).toEqual([true, false, true, false, false]);
  expect(adam.step).toBe(5);
  adam.dispose();
  p.dispose();
  expect(memory().numTensors).toBe(before);
});

test.each([Number.NaN, Infinity])("a gradient of %d changes nothing and is reported", async (bad) => {
  const adam = new Adam(2);
  await adam.apply(tensor1d([1, 1]), tensor1d([1, 1]), 0.1);
  const before = await adam.state();
  const { parameters, gradientNorm } = await adam.apply(tensor1d([1, 1]), tensor1d([bad, 1]), 0.1);
  expect(parameters).toBeNull();
  expect(Number.isFinite(gradientNorm)).toBe(false);
  expect(await adam.state()).toEqual(before);
  adam.dispose();
});

test("a saved optimiser goes on with the same bits", async () => {
  const gradient = tensor1d([0.3, -0.7]);
  const start = tensor1d([1, 2]);
  const a = new Adam(2);
  const one = await a.apply(start, gradient, 0.01);
  const saved = await a.state();
  const b = new Adam(2, {}, saved);
  const [x, y] = [
    await a.apply(one.parameters as typeof start, gradient, 0.01),
    await b.apply(one.parameters as typeof start, gradient, 0.01),
  ];
  expect(await x.parameters?.data()).toEqual(await y.parameters?.data());
  expect(await a.state()).toEqual(await b.state());
});

test("the average starts as a copy of the online network and follows it", async () => {
  const online = tensor1d([1, -2]);
  const before = memory().numTensors;
  const ema = new Ema(online, 0.75);
  expect([...(await ema.data())]).toEqual([1, -2]);
  const next = tensor1d([5, 2]);
  ema.update(next);
  expect([...(await ema.data())]).toEqual([2, -1]); // .75 * 1 + .25 * 5, .75 * -2 + .25 * 2: exact in binary
  expect([...(await online.data())]).toEqual([1, -2]);
  const again = new Ema(await ema.data(), 0.75);
  expect(await again.data()).toEqual(await ema.data());
  again.dispose();
  ema.dispose();
  next.dispose();
  expect(memory().numTensors).toBe(before);
});
