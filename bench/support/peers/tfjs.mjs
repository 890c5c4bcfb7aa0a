/** Stock TensorFlow.js as published: the wasm backend (SIMD, one thread: that is what it has in Node) or "cpu". */
import * as tf from "@tensorflow/tfjs";
import { version_wasm } from "@tensorflow/tfjs-backend-wasm";
import { adam, layerShapes } from "../plain-network.mjs";

async function ready(backend) {
  await tf.setBackend(backend);
  await tf.ready();
  return `tfjs ${tf.version_core}, ${backend === "wasm" ? `backend-wasm ${version_wasm}` : backend}`;
}

/**
 * Stock gradients of Sigmoid save the output, and its second derivative is then wrong without a word (tfjs issue 3252): with them the
 * double-backward loss departs from every other peer's at its second value. Saving the input instead is a documented call and leaves all
 * kernels stock.
 */
function mendSigmoid() {
  tf.unregisterGradient("Sigmoid");
  tf.registerGradient({
    kernelName: "Sigmoid",
    inputsToSave: ["x"],
    gradFunc: (dy, [x]) => ({
      x: () => {
        const s = tf.sigmoid(x);
        return tf.mul(dy, tf.mul(s, tf.sub(1, s)));
      },
    }),
  });
}

function makeLayers(flat, inputs, width, depth) {
  let begin = 0;
  const take = (shape) => {
    const size = shape.reduce((product, length) => product * length, 1);
    begin += size;
    return tf.tensor(flat.slice(begin - size, begin), shape);
  };
  return layerShapes(inputs, width, depth).map(([rows, columns]) => ({
    matrix: tf.variable(take([rows, columns])),
    bias: tf.variable(take([columns])),
  }));
}

function forward(layers, x) {
  let h = x;
  layers.forEach(({ matrix, bias }, at) => {
    const z = tf.add(tf.matMul(h, matrix), bias);
    h = at === layers.length - 1 ? z : tf.mul(z, tf.sigmoid(z));
  });
  return h;
}

export async function trainingStep({ backend = "wasm", inputs, width, depth, batch, loss, parameters, x, target }) {
  const version = await ready(backend);
  if (loss === "double") mendSigmoid();
  const layers = makeLayers(parameters, inputs, width, depth);
  const rows = tf.tensor2d(x, [batch, inputs]);
  const goal = tf.tensor2d(target, [batch, target.length / batch]);
  const optimizer = tf.train.adam(adam.rate, adam.beta1, adam.beta2, adam.epsilon);
  const energy = (points) => tf.sum(forward(layers, points));
  const lossOf = {
    regression: () => tf.mean(tf.square(tf.sub(forward(layers, rows), goal))),
    // Rows first: one running f32 sum over all numbers loses the fourth digit at batch 2048.
    double: () => tf.mean(tf.sum(tf.square(tf.sub(tf.grad(energy)(rows), goal)), 1)),
  }[loss];
  const step = async () => {
    const value = optimizer.minimize(lossOf, true);
    const [number] = await value.data();
    value.dispose();
    return number;
  };
  const profile = async () => {
    const { kernels } = await tf.profile(() => optimizer.minimize(lossOf, false));
    return byKernel(kernels);
  };
  return { version, note: loss === "double" ? "Sigmoid's gradient mended" : undefined, step, profile };
}

/** Calls per kernel; tfjs's own times are of single calls with a clock of coarse grain, so only counts are kept. */
function byKernel(kernels) {
  const counts = {};
  for (const { name } of kernels) counts[name] = (counts[name] ?? 0) + 1;
  return Object.entries(counts)
    .map(([kernel, calls]) => ({ kernel, calls }))
    .sort((a, b) => b.calls - a.calls);
}

/** Noised energy of a Gaussian mixture: draws, all squares, two log-sum-exps. */
export async function estimator({ backend = "wasm", rows, mcSamples, sigma, std, means, points }) {
  const version = await ready(backend);
  const centres = tf.tensor2d(means, [means.length / 2, 2]);
  const x = tf.tensor3d(points, [rows, 1, 2]);
  const constant = Math.log((means.length / 2) * 2 * Math.PI * std * std);
  // |y - m|^2 = |y|^2 - 2 y m + |m|^2 would lose digits at sigma far below |m|; the differences are formed as the definition has them.
  const [cx, cy] = tf.split(centres, 2, 1).map((column) => tf.reshape(column, [1, -1]));
  const step = async () => {
    const energies = tf.tidy(() => {
      const y = tf.reshape(tf.add(x, tf.mul(tf.randomNormal([rows, mcSamples, 2]), sigma)), [rows * mcSamples, 2]);
      const [yx, yy] = tf.split(y, 2, 1);
      const squares = tf.add(tf.square(tf.sub(yx, cx)), tf.square(tf.sub(yy, cy)));
      const inner = tf.logSumExp(tf.mul(squares, -0.5 / (std * std)), 1);
      const logs = tf.logSumExp(tf.sub(tf.reshape(inner, [rows, mcSamples]), constant), 1);
      return tf.sub(Math.log(mcSamples), logs);
    });
    const values = await energies.data();
    energies.dispose();
    return values;
  };
  return { version, step };
}

/** -grad_x E of the energy network, by back-propagation. */
export async function score({ backend = "wasm", inputs, width, depth, batch, parameters, x }) {
  const version = await ready(backend);
  const layers = makeLayers(parameters, inputs, width, depth);
  const rows = tf.tensor2d(x, [batch, inputs]);
  const gradient = tf.grad((points) => tf.sum(forward(layers, points)));
  const step = async () => {
    const values = tf.tidy(() => tf.neg(gradient(rows)));
    const out = await values.data();
    values.dispose();
    return rootMeanSquare(out);
  };
  return { version, step };
}

function rootMeanSquare(values) {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / values.length);
}
