/** jax-js on its wasm device (one thread: Node has no global Worker), every step under `jit`. Arrays are counted: `.ref` keeps one. */
import { readFileSync } from "node:fs";
import { defaultDevice, grad, init, jit, nn, numpy as np, random, tree, valueAndGrad } from "@jax-js/jax";
import { adam, layerShapes } from "../plain-network.mjs";

async function ready() {
  await init("wasm");
  defaultDevice("wasm");
  const manifest = new URL("../../../node_modules/@jax-js/jax/package.json", import.meta.url);
  return `jax-js ${JSON.parse(readFileSync(manifest, "utf8")).version}, wasm`;
}

function makeLayers(flat, inputs, width, depth) {
  let begin = 0;
  const take = (shape) => {
    const size = shape.reduce((product, length) => product * length, 1);
    begin += size;
    return np.array(flat.slice(begin - size, begin)).reshape(shape);
  };
  return layerShapes(inputs, width, depth).map(([rows, columns]) => ({ matrix: take([rows, columns]), bias: take([columns]) }));
}

/**
 * a [n, k] b [k, m] as a product and a sum, which `jit` fuses into one kernel as it does `np.matmul`. The second derivative of
 * `np.matmul` itself is wrong in 0.1.25 (differences of the loss say .458 where it says .229; this form gives .458).
 */
function productAndSum(a, b) {
  const [n, k] = a.shape;
  const m = b.shape[1];
  return a
    .reshape([n, 1, k])
    .mul(b.transpose().reshape([1, m, k]))
    .sum(-1);
}

/** Consumes both arguments. */
function forward(layers, x, matmul = np.matmul) {
  let h = x;
  layers.forEach(({ matrix, bias }, at) => {
    const z = matmul(h, matrix).add(bias);
    h = at === layers.length - 1 ? z : nn.silu(z);
  });
  return h;
}

const losses = {
  regression: (layers, x, goal) => np.square(forward(layers, x).sub(goal)).mean(),
  double: (layers, x, goal) => {
    const energy = (points) => forward(tree.ref(layers), points, productAndSum).sum();
    const difference = grad(energy)(x).sub(goal);
    tree.dispose(layers);
    return np.square(difference).sum(-1).mean();
  },
};

/** One Adam update of a leaf; consumes everything. */
function update(p, g, m, v, rate, correction) {
  const nextM = m.mul(adam.beta1).add(g.ref.mul(1 - adam.beta1));
  const nextV = v.mul(adam.beta2).add(np.square(g).mul(1 - adam.beta2));
  const size = np.sqrt(nextV.ref.mul(correction)).add(adam.epsilon);
  return [p.sub(nextM.ref.mul(rate).div(size)), nextM, nextV];
}

export async function trainingStep({ inputs, width, depth, batch, loss, parameters, x, target }) {
  const version = await ready();
  const layers = makeLayers(parameters, inputs, width, depth);
  const [leaves, structure] = tree.flatten(layers);
  const rows = np.array(x).reshape([batch, inputs]);
  const goal = np.array(target).reshape([batch, target.length / batch]);
  const step = jit((p, m, v, points, wanted, rate, correction) => {
    const [value, gradient] = valueAndGrad(losses[loss])(tree.unflatten(structure, tree.ref(p)), points, wanted);
    const [g] = tree.flatten(gradient);
    const updated = p.map((leaf, i) => update(leaf, g[i], m[i], v[i], rate.ref, correction.ref));
    rate.dispose();
    correction.dispose();
    return [value, updated.map((u) => u[0]), updated.map((u) => u[1]), updated.map((u) => u[2])];
  });
  const state = {
    p: leaves,
    m: leaves.map((leaf) => np.zeros(leaf.shape)),
    v: leaves.map((leaf) => np.zeros(leaf.shape)),
    t: 0,
  };
  return {
    version,
    note: loss === "double" ? "products as multiply and sum: the second derivative of its matmul is wrong" : undefined,
    async step() {
      const t = ++state.t;
      const rate = np.array(adam.rate / (1 - adam.beta1 ** t));
      const correction = np.array(1 / (1 - adam.beta2 ** t));
      const [value, p, m, v] = step(state.p, state.m, state.v, rows.ref, goal.ref, rate, correction);
      Object.assign(state, { p, m, v });
      return (await value.data())[0];
    },
  };
}

export async function estimator({ rows, mcSamples, sigma, std, means, points, seed }) {
  const version = await ready();
  const centres = np.array(means).reshape([1, 1, means.length / 2, 2]);
  const x = np.array(points).reshape([rows, 1, 2]);
  const constant = Math.log((means.length / 2) * 2 * Math.PI * std * std);
  const estimate = jit((key, points, m) => {
    const y = points.add(random.normal(key, [rows, mcSamples, 2]).mul(sigma));
    const squares = np.square(y.reshape([rows, mcSamples, 1, 2]).sub(m)).sum(-1);
    const logs = nn.logsumexp(squares.mul(-0.5 / (std * std)), -1).sub(constant);
    return np.negative(nn.logsumexp(logs, -1)).add(Math.log(mcSamples));
  });
  let count = seed * 100_000;
  return { version, step: () => estimate(random.key(count++), x.ref, centres.ref).data() };
}

export async function score({ inputs, width, depth, batch, parameters, x }) {
  const version = await ready();
  const layers = makeLayers(parameters, inputs, width, depth);
  const rows = np.array(x).reshape([batch, inputs]);
  const evaluate = jit((weights, points) => {
    const out = np.negative(grad((at) => forward(tree.ref(weights), at).sum())(points));
    tree.dispose(weights);
    return out;
  });
  return {
    version,
    async step() {
      const values = await evaluate(tree.ref(layers), rows.ref).data();
      let sum = 0;
      for (const value of values) sum += value * value;
      return Math.sqrt(sum / values.length);
    },
  };
}
