/** Scalar JavaScript as a careful programmer writes it: typed arrays, no allocation in a step, rows innermost, no libraries. */
import { adam, layerOffsets } from "../plain-network.mjs";
import { scalarEstimator } from "../scalar-estimator.mjs";
import { energyW2, ksd, positionW2 } from "./scalar-metrics.mjs";

const version = `JavaScript, V8 ${process.versions.v8}`;

/** c[m, n] (+)= a[m, k] b[k, n]; b begins at `at`. */
function product(c, a, b, at, m, k, n, accumulate) {
  for (let i = 0; i < m; i++) {
    const row = i * n;
    if (!accumulate) for (let j = 0; j < n; j++) c[row + j] = 0;
    for (let l = 0; l < k; l++) {
      const factor = a[i * k + l];
      const from = at + l * n;
      for (let j = 0; j < n; j++) c[row + j] += factor * b[from + j];
    }
  }
}

/** c[m, k] (+)= a[m, n] b[k, n]^T; b begins at `at`. */
function productTransposed(c, a, b, at, m, n, k, accumulate) {
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      let sum = accumulate ? c[i * k + l] : 0;
      const from = at + l * n;
      for (let j = 0; j < n; j++) sum += a[i * n + j] * b[from + j];
      c[i * k + l] = sum;
    }
  }
}

/** c[k, n] += a[m, k]^T b[m, n]; c begins at `at`. */
function outer(c, at, a, b, m, k, n) {
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      const factor = a[i * k + l];
      const to = at + l * n;
      for (let j = 0; j < n; j++) c[to + j] += factor * b[i * n + j];
    }
  }
}

function columnSums(c, at, a, m, n) {
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) c[at + j] += a[i * n + j];
}

const sigmoid = (z) => 1 / (1 + Math.exp(-z));
const slope = (z) => {
  const s = sigmoid(z);
  return s * (1 + z * (1 - s));
};
const curvature = (z) => {
  const s = sigmoid(z);
  return s * (1 - s) * (2 + z * (1 - 2 * s));
};

/** Arrays of a network over a fixed batch: z and h = silu(z) of every hidden layer, and whatever the passes back need. */
class Network {
  constructor({ inputs, width, depth, batch, parameters, x }) {
    Object.assign(this, { inputs, width, depth, batch, x, p: parameters });
    this.layers = layerOffsets(inputs, width, depth);
    const hidden = () => Array.from({ length: depth }, () => new Float32Array(batch * width));
    Object.assign(this, { z: hidden(), h: hidden(), a: hidden(), d: hidden(), zBar: hidden() });
    this.energy = new Float32Array(batch);
    this.input = new Float32Array(batch * inputs);
    this.gradient = new Float32Array(parameters.length);
    this.work = [new Float32Array(batch * width), new Float32Array(batch * width)];
  }

  /** Input of layer `at`. */
  into(at) {
    return at === 0 ? this.x : this.h[at - 1];
  }

  forward() {
    const { p, batch, layers, depth } = this;
    layers.forEach(({ rows, columns, matrix, bias }, at) => {
      const z = at === depth ? this.energy : this.z[at];
      for (let i = 0; i < batch; i++) for (let j = 0; j < columns; j++) z[i * columns + j] = p[bias + j];
      product(z, this.into(at), p, matrix, batch, rows, columns, true);
      if (at < depth) for (let i = 0; i < z.length; i++) this.h[at][i] = z[i] * sigmoid(z[i]);
    });
  }

  /** From `zBar` of the last hidden layer to every parameter below; lower layers' `zBar` are added to what they hold. */
  backward() {
    const { p, batch, layers, depth, gradient, zBar, work } = this;
    for (let at = depth - 1; at >= 0; at--) {
      const { rows, columns, matrix, bias } = layers[at];
      outer(gradient, matrix, this.into(at), zBar[at], batch, rows, columns);
      columnSums(gradient, bias, zBar[at], batch, columns);
      if (at === 0) break;
      productTransposed(work[0], zBar[at], p, matrix, batch, columns, rows, false);
      for (let i = 0; i < work[0].length; i++) zBar[at - 1][i] += work[0][i] * slope(this.z[at - 1][i]);
    }
  }

  /** Mean squared error of the energies; its gradient. */
  regression(target) {
    const { batch, width, depth, gradient, p, layers } = this;
    gradient.fill(0);
    for (const z of this.zBar) z.fill(0);
    this.forward();
    const { matrix, bias } = layers[depth];
    let loss = 0;
    for (let i = 0; i < batch; i++) {
      const error = this.energy[i] - target[i];
      loss += error * error;
      const bar = (2 * error) / batch;
      gradient[bias] += bar;
      for (let j = 0; j < width; j++) {
        const at = i * width + j;
        gradient[matrix + j] += bar * this.h[depth - 1][at];
        this.zBar[depth - 1][at] = bar * p[matrix + j] * slope(this.z[depth - 1][at]);
      }
    }
    this.backward();
    return loss / batch;
  }

  /** grad_x E into `input`; d = dE/dz and a = dE/dh of every hidden layer stay. */
  inputGradient() {
    const { p, batch, width, depth, layers, a, d, z } = this;
    for (let at = depth - 1; at >= 0; at--) {
      if (at === depth - 1) for (let i = 0; i < batch * width; i++) a[at][i] = p[layers[depth].matrix + (i % width)];
      for (let i = 0; i < batch * width; i++) d[at][i] = a[at][i] * slope(z[at][i]);
      const below = at === 0 ? this.input : a[at - 1];
      productTransposed(below, d[at], p, layers[at].matrix, batch, width, layers[at].rows, false);
    }
  }

  /** Mean over rows of |grad_x E - target|^2, and its gradient: the input gradient differentiated once more, by hand. */
  double(target) {
    const { batch, width, inputs, depth, layers, gradient, p, a, d, z, zBar, input, work } = this;
    gradient.fill(0);
    this.forward();
    this.inputGradient();
    let loss = 0;
    for (let i = 0; i < batch * inputs; i++) {
      const error = input[i] - target[i];
      loss += error * error;
      input[i] = (2 * error) / batch;
    }
    for (let at = 0; at < depth; at++) {
      const { rows, columns, matrix } = layers[at];
      const bar = at === 0 ? input : work[0];
      outer(gradient, matrix, bar, d[at], batch, rows, columns);
      product(work[1], bar, p, matrix, batch, rows, columns, false);
      for (let i = 0; i < batch * width; i++) {
        zBar[at][i] = work[1][i] * a[at][i] * curvature(z[at][i]);
        work[0][i] = work[1][i] * slope(z[at][i]);
      }
    }
    columnSums(gradient, layers[depth].matrix, work[0], batch, width);
    this.backward();
    return loss / batch;
  }
}

class Adam {
  constructor(count) {
    this.m = new Float32Array(count);
    this.v = new Float32Array(count);
    this.t = 0;
  }

  apply(p, g) {
    const { m, v } = this;
    const t = ++this.t;
    const { beta1, beta2, epsilon } = adam;
    const rate = adam.rate / (1 - beta1 ** t);
    const correction = 1 / (1 - beta2 ** t);
    for (let i = 0; i < p.length; i++) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      p[i] -= (rate * m[i]) / (Math.sqrt(v[i] * correction) + epsilon);
    }
  }
}

export function trainingStep(theCase) {
  const network = new Network(theCase);
  const optimizer = new Adam(network.p.length);
  const step = () => {
    const loss = network[theCase.loss](theCase.target);
    optimizer.apply(network.p, network.gradient);
    return loss;
  };
  return { version, step };
}

export function score(theCase) {
  const network = new Network(theCase);
  const step = () => {
    network.forward();
    network.inputGradient();
    let sum = 0;
    for (const value of network.input) sum += value * value;
    return Math.sqrt(sum / network.input.length);
  };
  return { version, step };
}

export function estimator({ rows, mcSamples, sigma, std, means, points, skip }) {
  const out = new Float64Array(rows);
  const flat = Array.from(means);
  const step = () => {
    scalarEstimator(flat, means.length / 2, std, points, rows, sigma, mcSamples, skip, out);
    return out;
  };
  return { version, step };
}

export function metric({ metric: name, rows, dim, a, b, gradient, energiesA, energiesB, bandwidth }) {
  const steps = {
    positionW2: () => positionW2(a, b, rows, dim),
    energyW2: () => energyW2(energiesA, energiesB),
    ksd: () => ksd(a, gradient, rows, dim, bandwidth),
  };
  return { version, step: steps[name] };
}
