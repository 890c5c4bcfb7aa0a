/** Gradients on wasm and cpu against f64 differences, and the mends that make second derivatives right. WebGPU: test/runtime. */
import {
  cast,
  elu,
  exp,
  gather,
  grad,
  greater,
  matMul,
  mul,
  registerGradient,
  sigmoid,
  softmax,
  square,
  sum,
  type Tensor,
  type Tensor1D,
  tanh,
  tensor1d,
  tensor2d,
  unregisterGradient,
} from "@tensorflow/tfjs-core";
import { sigmoidGradConfig } from "@tensorflow/tfjs-core/dist/gradients/Sigmoid_grad.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBackend } from "../../src/networks/backend.js";
import { cosTurns } from "../../src/networks/cosine.js";
import { dense } from "../../src/networks/ops/dense.js";
import { silu } from "../../src/networks/ops/silu.js";
import { kernelMode, setKernelMode } from "../../src/networks/wasm/kernel-mode.js";
import {
  caseData,
  gradientErrors,
  gradientTwin,
  lossCases,
  onBackend,
  parametersOf,
  relativeError,
} from "../support/network-cases.js";

const double = "squared, score of an energy (double backward)";

/** f32 rounding (6e-8) through some thirty operations and angles of up to 3 radians leaves about 1e-6; measured 2e-7 to 8e-7. */
const bound = 5e-6;

/** Functions of one coordinate whose second derivative needs a path that tfjs's saved outputs lose, with that derivative. */
const s = (x: number) => 1 / (1 + Math.exp(-x));
const second: Record<string, [(x: Tensor) => Tensor, (x: number) => number]> = {
  silu: [silu, (x) => s(x) * (1 - s(x)) * (2 + x * (1 - 2 * s(x)))],
  sigmoid: [sigmoid, (x) => s(x) * (1 - s(x)) * (1 - 2 * s(x))],
  exp: [exp, (x) => Math.exp(x)],
  "x exp(x)": [(x) => mul(x, exp(x)), (x) => (2 + x) * Math.exp(x)],
  tanh: [tanh, (x) => -2 * Math.tanh(x) * (1 - Math.tanh(x) ** 2)],
  "x tanh(x)": [(x) => mul(x, tanh(x)), (x) => 2 * (1 - Math.tanh(x) ** 2) * (1 - x * Math.tanh(x))],
  elu: [elu, (x) => (x > 0 ? 0 : Math.exp(x))],
  cosTurns: [cosTurns, (x) => -((2 * Math.PI) ** 2) * Math.cos(2 * Math.PI * x)],
  "x [x > 0]": [(x) => mul(x, cast(greater(x, 0), "float32")), () => 0],
};

const ways = [
  ["wasm", "bnem"],
  ["wasm", "tfjs"],
  ["cpu", "tfjs"],
] as const;

describe.each(ways)("on %s with the kernels of %s", (backend, kernels) => {
  const before = kernelMode();
  beforeAll(async () => {
    setKernelMode(kernels);
    await startBackend(backend);
  });
  afterAll(() => setKernelMode(before));

  test("every loss has the gradient of its f64 twin", async () => {
    const errors = await gradientErrors();
    expect(Object.keys(errors)).toEqual(Object.keys(lossCases));
    for (const [name, error] of Object.entries(errors)) expect(error, `${name}: ${error}`).toBeLessThan(bound);
  });

  test("control: with tfjs's own sigmoid gradient the double-backward loss is silently wrong by more than 5 %", async () => {
    const data = caseData(lossCases[double]);
    const truth = gradientTwin(lossCases[double], data, Float64Array.from(parametersOf("energy")));
    setKernelMode("tfjs"); // the SiLU of this package's kernels has no Sigmoid in it
    await startBackend(backend);
    unregisterGradient("Sigmoid");
    registerGradient(sigmoidGradConfig);
    const { gradient } = await onBackend(lossCases[double], data);
    setKernelMode(kernels);
    await startBackend(backend); // mends again
    expect(relativeError(gradient, truth)).toBeGreaterThan(0.05);
    expect(relativeError((await onBackend(lossCases[double], data)).gradient, truth)).toBeLessThan(bound);
  });

  test.each(Object.keys(second))("second derivative of %s", async (name) => {
    const [f, truth] = second[name];
    const at = [-2.3, -0.7, 0.4, 1.6];
    const once = (x: Tensor) => sum(grad(f)(x));
    const found = await grad(once)(tensor1d(at)).data();
    const scale = Math.max(1, ...at.map((x) => Math.abs(truth(x))));
    for (const [i, x] of at.entries()) expect(Math.abs(found[i] - truth(x)), `${name} at ${x}`).toBeLessThan(1e-5 * scale);
  });

  test("second derivative through softmax", async () => {
    const logits = [0.3, -1.1, 0.8];
    const value = (v: readonly number[]) => {
      const e = v.map(Math.exp);
      const total = e[0] + e[1] + e[2];
      return e.map((a) => a / total);
    };
    // d/dv_j of sum_i (d/dv_i sum_k p_k^2)^2, against differences of the closed first derivative.
    const first = (v: readonly number[]) => {
      const p = value(v);
      const dot = p.reduce((a, q) => a + q * q, 0);
      return p.map((q) => 2 * q * (q - dot));
    };
    const squared = (v: readonly number[]) => first(v).reduce((a, g) => a + g * g, 0);
    const f = (x: Tensor) => sum(square(softmax(x)));
    const found = await grad((x: Tensor) => sum(square(grad(f)(x))))(tensor1d(logits)).data();
    logits.forEach((_, j) => {
      const moved = (d: number) => squared(logits.map((a, k) => (k === j ? a + d : a)));
      expect(Math.abs(found[j] - (moved(1e-5) - moved(-1e-5)) / 2e-5)).toBeLessThan(1e-6);
    });
  });

  test("gather has a gradient: rows drawn twice count twice, rows never drawn not at all", async () => {
    const x = tensor2d([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const index = tensor1d([2, 0, 2], "int32");
    const g = await grad((a: Tensor) =>
      sum(
        mul(
          gather(a, index),
          tensor2d([
            [1, 10],
            [2, 20],
            [3, 30],
          ]),
        ),
      ),
    )(x).data();
    expect([...g]).toEqual([2, 20, 0, 0, 4, 40]);
  });

  test("dense is the product and the bias, and its bias gradient the column sums", async () => {
    const x = tensor2d([
      [1, 2],
      [4, 5],
    ]);
    const w = tensor2d([
      [1, 0, 1],
      [0, 1, 1],
    ]);
    expect([...(await dense(x, w, tensor1d([10, 20, 30])).data())]).toEqual([11, 22, 33, 14, 25, 39]);
    const weights = tensor2d([
      [1, 2, 3],
      [4, 5, 7],
    ]);
    const g = grad((b: Tensor) => sum(mul(dense(x, w, b as Tensor1D), weights)));
    expect([...(await g(tensor1d([0, 0, 0])).data())]).toEqual([5, 7, 10]);
  });

  test("products with transposed operands", async () => {
    const rows = 37;
    const a = Float32Array.from({ length: rows * 21 }, (_, i) => ((i * 7) % 13) - 6);
    const b = Float32Array.from({ length: rows * 18 }, (_, i) => ((i * 5) % 11) - 5);
    const truth = new Float64Array(21 * 18);
    for (let r = 0; r < rows; r++) {
      for (let i = 0; i < 21; i++) for (let j = 0; j < 18; j++) truth[i * 18 + j] += a[r * 21 + i] * b[r * 18 + j];
    }
    const left = await matMul(tensor2d(a, [rows, 21]), tensor2d(b, [rows, 18]), true, false).data();
    expect([...left]).toEqual([...truth]); // small integers: exact in f32
    const at = tensor2d(a, [21, rows]);
    const bt = tensor2d(b, [18, rows]);
    const right = await matMul(at, bt, false, true).data();
    const plain = await matMul(at, tensor2d(transposeOf(b, 18, rows), [rows, 18])).data();
    expect([...right]).toEqual([...plain]);
    const both = await matMul(tensor2d(transposeOf(a, 21, rows), [rows, 21]), bt, true, true).data();
    expect([...both]).toEqual([...plain]);
  });
});

function transposeOf(x: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from({ length: x.length }, (_, k) => x[(k % rows) * columns + Math.floor(k / rows)]);
}
