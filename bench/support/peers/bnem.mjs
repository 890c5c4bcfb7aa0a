/**
 * This package's own rows. The estimator is the public one of the built bundle; the training step is reached inside (bundle-inside.mjs
 * says why).
 */

import { importInside } from "../bundle-inside.mjs";
import { adam, layerShapes } from "../plain-network.mjs";

const inside = `
export { engine, neg, square, sub, div, sum, tensor1d, tensor2d, tidy, concat, reshape, zeros, matMul } from "@tensorflow/tfjs-core";
export { initKernels } from "./kernels/load.js";
export { startBackend } from "./networks/backend.js";
export { addBias, silu } from "./networks/layers.js";
export { splitParameters } from "./networks/network.js";
export { Adam } from "./training/adam.js";
`;

function forward(lib, pieces, x) {
  let h = x;
  for (let at = 0; at < pieces.length; at += 2) {
    const z = lib.addBias(lib.matMul(h, pieces[at]), pieces[at + 1]);
    h = at + 2 === pieces.length ? z : lib.silu(z);
  }
  return h;
}

/** Loss of the pieces, as training/gradient.ts differentiates it. */
function lossOf(lib, kind, pieces, x, goal) {
  const rows = x.shape[0];
  if (kind === "regression") return lib.div(lib.sum(lib.square(lib.sub(forward(lib, pieces, x), goal))), rows);
  const { grads } = lib.engine().gradients(() => forward(lib, pieces, x), [x]);
  return lib.div(lib.sum(lib.square(lib.sub(grads[0], goal))), rows);
}

function gradientOf(lib, kind, shapes, flat, x, goal) {
  return lib.tidy(() => {
    const pieces = lib.splitParameters(flat, shapes);
    const { value, grads } = lib.engine().gradients(() => lossOf(lib, kind, pieces, x, goal), pieces, undefined, true);
    const parts = grads.map((g, at) => (g ? lib.reshape(g, [-1]) : lib.zeros([shapes[at].reduce((a, b) => a * b, 1)])));
    return { loss: value, gradient: lib.concat(parts) };
  });
}

/** start({ inputs, width, depth, batch, loss, parameters, x, target }) -> { step(): the loss before the step }. */
async function start({ inputs, width, depth, batch, loss, parameters, x, target }) {
  const lib = await importInside(inside);
  await lib.initKernels();
  await lib.startBackend("wasm");
  const shapes = layerShapes(inputs, width, depth).flatMap(([rows, columns]) => [[rows, columns], [columns]]);
  const rows = lib.tensor2d(x, [batch, inputs]);
  const goal = lib.tensor2d(target, [batch, target.length / batch]);
  const { rate, ...options } = adam;
  const optimizer = new lib.Adam(parameters.length, options);
  let flat = lib.tensor1d(parameters);
  const step = async () => {
    const { loss: value, gradient } = gradientOf(lib, loss, shapes, flat, rows, goal);
    const { parameters: next } = await optimizer.apply(flat, gradient, rate);
    const [number] = await value.data();
    for (const tensor of [value, gradient, flat]) tensor.dispose();
    flat = next;
    return number;
  };
  return { step };
}

export async function trainingStep(theCase) {
  return { version: "this tree", ...(await start(theCase)) };
}

/** Calls of `target.noised` on fixed points, fresh keys. `build`: relaxed (where the engine has it) or plain. */
export async function estimator({ rows, mcSamples, sigma, means, points, mode, build, seed, workers }) {
  const { gaussianMixture, init, keyOf, version } = await import("bnem");
  await init(workers === undefined ? {} : { workers });
  const target = gaussianMixture({ components: means.length / 2, seed: 0 });
  const x = { data: points, n: rows, dim: 2 };
  const variance = new Float32Array(rows).fill(sigma * sigma);
  let count = 0;
  const step = () => {
    const key = keyOf(seed * 100_000 + count++);
    return target.noised({ x, variance, mcSamples, mode, key, quantity: "energy", exact: build === "plain" }).energy;
  };
  return { version: `bnem ${version}, ${build}`, step };
}

/** One public score evaluation of a sampler's model, features included. */
export async function score({ batch, preset, x, sigma }) {
  const { createTrainer, gaussianMixture, init, presets, startBackend, version } = await import("bnem");
  await init();
  await startBackend("wasm");
  const trainer = await createTrainer(gaussianMixture({ components: 40, seed: 0 }), {
    ...presets.gmm40[preset],
    seed: 1,
    steps: 1,
  });
  for await (const _ of trainer.steps());
  const sampler = await trainer.sampler();
  const rows = { data: x.subarray(0, 2 * batch), n: batch, dim: 2 };
  const variance = new Float32Array(batch).fill(sigma * sigma);
  const step = async () => {
    const values = await sampler.scoreModel.score(rows, variance);
    let sum = 0;
    for (const value of values) sum += value * value;
    return Math.sqrt(sum / values.length);
  };
  return { version: `bnem ${version}`, step };
}
