/** Rows of the table of tensor operations that networks and optimizers are made of. */
import * as tf from "@tensorflow/tfjs-core";
import { packFeatureTables } from "../../src/networks/feature-tables.js";
import { inputCount, makePlainInputs } from "../../src/networks/features.js";
import { dense } from "../../src/networks/ops/dense.js";
import { fusedInputs } from "../../src/networks/ops/features.js";
import { silu } from "../../src/networks/ops/silu.js";
import { ownKernelsRun } from "../../src/networks/wasm/kernel-mode.js";
import { type Input, type OpCase, type OpRow, of, positive, special } from "./elementwise-ops.js";

type Tensor = tf.Tensor;

const product = (a: Input, b: Input, left: boolean, right: boolean, more: Partial<OpCase> = {}): OpCase => ({
  inputs: [a, b],
  run: (x, y) => tf.matMul(x, y, left, right),
  ...more,
});
const four = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const;
/** [m, k] [k, n] in all four transpositions, with leading axes. */
function products(
  m: number,
  k: number,
  n: number,
  lead: readonly number[],
  leadToo: readonly number[],
  more: Partial<OpCase> = {},
) {
  return four.map(([left, right]) => {
    const a = of(...lead, ...(left ? [k, m] : [m, k]));
    return product(a, of(...leadToo, ...(right ? [n, k] : [k, n])), left, right, more);
  });
}

const matMuls: readonly OpRow[] = [
  {
    name: "BatchMatMul",
    order: 2,
    cases: [
      ...products(3, 4, 2, [], []),
      ...products(1, 1, 1, [], []),
      ...products(19, 23, 21, [], [], { order: 0 }),
      ...products(2, 3, 4, [3], [3], { order: 1 }),
      ...products(2, 3, 2, [2, 2], [2, 2], { order: 0 }),
      ...products(2, 3, 4, [1], [3], { order: 0 }),
      ...products(2, 3, 4, [3], [1], { order: 0 }),
      ...products(2, 3, 4, [1, 1], [3], { order: 0 }),
      ...products(2, 3, 4, [], [3], { order: 0 }),
      ...products(2, 3, 4, [3], [], { order: 0 }),
      ...products(2, 3, 4, [1], [], { order: 0 }),
      ...products(2, 3, 4, [2, 1], [1, 3], { serves: "stock", order: 0 }),
      ...products(0, 3, 4, [], [], { serves: "stock", order: 0 }),
      ...products(2, 3, 0, [], [], { serves: "stock", order: 0 }),
    ],
  },
  {
    name: "BnemDense",
    order: 2,
    cases: [
      [2, 3, 2],
      [1, 1, 1],
      [5, 2, 1],
    ].map(([n, k, m]) => ({ inputs: [of(n, k), of(k, m), of(m)], run: dense as unknown as OpCase["run"] })),
  },
];

const siluCases = [[], [1], [7], [3, 5], [0]].map((shape) => ({ inputs: [of(...shape)], run: silu as OpCase["run"] }));
/** At -inf the twin gives NaN (-inf * 0) and the kernel the limit, 0. */
const finite: Input = { ...special, values: special.values?.map((x) => (x === -Infinity ? 0.5 : x)) };
/** grad silu is the kernel SiluGradient, and its gradient SiluCurvature. */
const slope = (x: Tensor) => tf.grad((a: Tensor) => tf.sum(silu(a)))(x);

const featureOptions = { features: 3, featureScale: 2, scale: 2, baseStd: 0.7, horizon: 1.5, sigmaFloor: 0.05 };
const tables = packFeatureTables(2, featureOptions);
const columns = inputCount(2, featureOptions.features);
const plainInputs = makePlainInputs(2, featureOptions);
const inputsOf = (x: Tensor, variance: Tensor) =>
  ownKernelsRun()
    ? fusedInputs(x as tf.Tensor2D, variance as tf.Tensor1D, tables, columns)
    : plainInputs(x as tf.Tensor2D, variance as tf.Tensor1D);
const variances = (...values: number[]): Input => ({ shape: [values.length], values, fixed: true });
/** d/dx <y, inputs>. */
const pulled = (x: Tensor, variance: Tensor, y: Tensor) => tf.grad((a: Tensor) => tf.sum(tf.mul(inputsOf(a, variance), y)))(x);

const featureCases = [
  [of(3, 2), variances(0.1, 0, 2)],
  [of(3, 2), variances(0.4)],
  [of(1, 2), variances(0.4)],
] as const;

const adamNumbers = { rate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, correction: 1.5, shrink: 0.7, emaDecay: 0.98 };

/** New parameters, moments and average, one after the other. */
function adamStep(p: Tensor, g: Tensor, m: Tensor, v: Tensor, ema: Tensor): Tensor {
  if (ownKernelsRun())
    return tf.concat(tf.engine().runKernel("BnemAdam", { p, g, m, v, ema }, adamNumbers) as unknown as Tensor[]);
  const { rate, beta1, beta2, epsilon, correction, shrink, emaDecay } = adamNumbers;
  const first = tf.add(tf.mul(m, beta1), tf.mul(g, (1 - beta1) * shrink));
  const second = tf.add(tf.mul(v, beta2), tf.mul(tf.square(g), (1 - beta2) * shrink * shrink));
  const next = tf.sub(p, tf.div(tf.mul(first, rate), tf.add(tf.sqrt(tf.mul(second, correction)), epsilon)));
  return tf.concat([next, first, second, tf.add(tf.mul(ema, emaDecay), tf.mul(next, 1 - emaDecay))]);
}

const layers: readonly OpRow[] = [
  {
    name: "BnemAdam",
    order: 0,
    cases: [5, 1].map((n) => ({ inputs: [of(n), of(n), of(n), positive(n), of(n)], run: adamStep })),
  },
  { name: "BnemSilu", order: 2, cases: [...siluCases, { inputs: [finite], run: silu as OpCase["run"], order: 0 }] },
  { name: "BnemSiluGradient", order: 1, cases: [of(7), of(3, 5)].map((input) => ({ inputs: [input], run: slope })) },
  { name: "BnemSiluCurvature", order: 0, cases: [{ inputs: [of(7)], run: (x) => tf.grad((a: Tensor) => tf.sum(slope(a)))(x) }] },
  { name: "BnemFeatures", order: 1, cases: featureCases.map((inputs) => ({ inputs, run: inputsOf })) },
  {
    name: "BnemFeaturesGradient",
    order: 1,
    cases: featureCases.map(([x, v]) => ({ inputs: [x, v, of(x.shape[0], columns)], run: pulled })),
  },
  {
    name: "BnemFeaturesCurvature",
    order: 0,
    cases: featureCases.map(([x, v]) => ({
      inputs: [x, v, of(x.shape[0], columns), of(...x.shape)],
      run: (a, variance, y, direction) => tf.grad((b: Tensor) => tf.sum(tf.mul(pulled(b, variance, y), direction)))(a),
    })),
  },
  {
    name: "BnemFeaturesTangent",
    order: 0,
    cases: featureCases.map(([x, v]) => ({
      inputs: [x, v, of(x.shape[0], columns)],
      run: (a, variance, y) => tf.grad((b: Tensor) => tf.sum(tf.square(pulled(a, variance, b))))(y),
    })),
  },
];

export const layerRows: readonly OpRow[] = [...matMuls, ...layers];
