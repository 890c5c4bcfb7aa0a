/** Rows of the table of tensor operations that add up, move or copy numbers. */
import * as tf from "@tensorflow/tfjs-core";
import { logSumExpRows } from "../../src/networks/ops/log-sum-exp.js";
import { type Input, ints, type OpRow, of, special } from "./elementwise-ops.js";

type Tensor = tf.Tensor;

const sumOver =
  (axis: number[] | undefined, keepDims = false) =>
  (x: Tensor) =>
    tf.sum(x, axis, keepDims);

const sums: OpRow = {
  name: "Sum",
  order: 1,
  cases: [
    ...[undefined, [0], [1], [0, 1], [-1]].flatMap((axis) =>
      [false, true].map((keepDims) => ({ inputs: [of(3, 5)], run: sumOver(axis, keepDims) })),
    ),
    ...[[0], [2], [0, 1], [1, 2], [2, 0, 1]].flatMap((axis) =>
      [false, true].map((keepDims) => ({ inputs: [of(2, 3, 4)], run: sumOver(axis, keepDims) })),
    ),
    { inputs: [of(2, 1, 4)], run: sumOver([1]) },
    { inputs: [of(1, 3, 1)], run: sumOver([0, 1], true) },
    { inputs: [of(2, 3, 1)], run: sumOver([0, 2]) },
    { inputs: [of(1)], run: sumOver([0]) },
    { inputs: [of()], run: sumOver(undefined) },
    { inputs: [of(300)], run: sumOver(undefined), order: 0 },
    { inputs: [special], run: sumOver(undefined), order: 0 },
    // The second derivative of a sum is that of what surrounds it.
    { inputs: [of(3, 5)], run: (x) => tf.square(tf.sum(x, 0)), order: 2 },
    { inputs: [of(2, 3, 4)], run: sumOver([1]), serves: "stock" },
    { inputs: [of(2, 3, 4)], run: sumOver([0, 2], true), serves: "stock" },
    { inputs: [of(0, 3)], run: sumOver([0]), order: 0 },
    { inputs: [of(0)], run: sumOver(undefined), order: 0 },
    { inputs: [of(3, 0)], run: sumOver([1], true), order: 0 },
    { inputs: [of(0, 3)], run: sumOver([1]), order: 0 },
    { inputs: [ints(2, 3)], run: sumOver([1]), serves: "stock", order: 0 },
  ],
};

const overRows = (name: string, run: (x: Tensor) => Tensor): OpRow => ({
  name,
  order: 2,
  cases: [
    ...[[5], [1], [3, 4], [3, 1], [2, 3, 4]].map((shape) => ({ inputs: [of(...shape)], run })),
    { inputs: [{ shape: [2, 3], values: [88, -200, 87.5, 1e4, 1e4, -1e4], fixed: true }], run, order: 0 },
    { inputs: [{ shape: [2, 3], values: [1, Number.NaN, 2, 3, 4, 5], fixed: true }], run, order: 0 },
    { inputs: [of(0, 3)], run, serves: "stock", order: 0 },
  ],
});

const ids = (...values: number[]): Input => ({ shape: [values.length], dtype: "int32", values, fixed: true });
const segments = (count: number) => (x: Tensor, at: Tensor) => tf.unsortedSegmentSum(x, at as tf.Tensor1D, count);
const rowsAt =
  (axis = 0) =>
  (x: Tensor, at: Tensor) =>
    tf.gather(x, at as tf.Tensor1D, axis);

const segmentRows: readonly OpRow[] = [
  {
    // Its gradient, the second one of gather, needs kernels that this package does not register.
    name: "UnsortedSegmentSum",
    order: 0,
    cases: [
      { inputs: [of(5, 3), ids(2, 0, 2, 1, 0)], run: segments(4) },
      { inputs: [of(5), ids(1, 1, 1, 1, 1)], run: segments(2) },
      { inputs: [of(4, 2, 3), ids(0, 1, 1, 0)], run: segments(2) },
      { inputs: [of(3, 2), ids(0, -1, 1)], run: segments(2), order: 0 },
      { inputs: [of(0, 3), ids()], run: segments(2), serves: "stock", order: 0 },
    ],
  },
  {
    name: "GatherV2",
    order: 1,
    exact: true,
    cases: [
      { inputs: [of(4, 3), ids(2, 0, 2, 3, 1)], run: rowsAt() },
      { inputs: [of(4), ids(3)], run: rowsAt() },
      { inputs: [of(2, 3, 2), ids(1, 1)], run: rowsAt() },
      { inputs: [of(4, 3), { shape: [2, 2], dtype: "int32", values: [0, 1, 3, 3], fixed: true }], run: rowsAt(), order: 0 },
      { inputs: [of(3, 4), ids(2, 0)], run: rowsAt(1), serves: "stock", order: 0 },
      { inputs: [ints(4, 3), ids(2, 0)], run: rowsAt(), serves: "stock", order: 0 },
    ],
  },
];

const joined =
  (axis: number) =>
  (...parts: Tensor[]) =>
    tf.concat(parts, axis);

const copies: readonly OpRow[] = [
  {
    name: "Concat",
    order: 0,
    exact: true,
    cases: [
      { inputs: [of(2, 3), of(1, 3)], run: joined(0) },
      { inputs: [of(2, 3), of(2, 1), of(2, 4)], run: joined(1) },
      { inputs: [of(2, 3), of(2, 1)], run: joined(-1) },
      { inputs: [of(2, 1, 3), of(2, 2, 3)], run: joined(1) },
      { inputs: [of(2, 3), of(2, 0), of(2, 2)], run: joined(1) },
      { inputs: [of(4), of(2)], run: joined(0) },
      { inputs: [of(0, 2), of(0, 3)], run: joined(1), serves: "stock" },
      { inputs: [ints(2, 3), ints(2, 1)], run: joined(1), serves: "stock" },
    ],
  },
  {
    name: "Slice",
    order: 0,
    exact: true,
    cases: [
      { inputs: [of(5)], run: (x) => tf.slice(x, [1], [3]) },
      { inputs: [of(3, 4)], run: (x) => tf.slice(x, [1, 0], [2, 4]) },
      { inputs: [of(3, 4)], run: (x) => tf.slice(x, [0, 2], [3, -1]) },
      { inputs: [of(3, 4)], run: (x) => tf.slice(x, 1) },
      { inputs: [of(3, 4)], run: (x) => tf.slice(x, 0) },
      { inputs: [of(2, 3, 4)], run: (x) => tf.slice(x, [0, 1, 0], [2, 1, 4]) },
      { inputs: [of(2, 3, 4)], run: (x) => tf.slice(x, [0, 1, 1], [2, 1, 2]), serves: "stock" },
      { inputs: [of(3, 4)], run: (x) => tf.slice(x, [1, 1], [1, 0]), serves: "stock" },
      { inputs: [ints(3, 4)], run: (x) => tf.slice(x, [1, 0], [1, 4]), serves: "stock" },
    ],
  },
  {
    name: "Transpose",
    order: 1,
    exact: true,
    cases: [
      { inputs: [of(3, 5)], run: (x) => tf.transpose(x) },
      { inputs: [of(1, 5)], run: (x) => tf.transpose(x) },
      { inputs: [of(3, 5)], run: (x) => tf.transpose(x, [0, 1]) },
      { inputs: [of(2, 1, 4)], run: (x) => tf.transpose(x, [2, 1, 0]) },
      { inputs: [of(2, 1, 4)], run: (x) => tf.transpose(x, [1, 0, 2]) },
      { inputs: [of(1, 3, 5)], run: (x) => tf.transpose(x, [0, 2, 1]) },
      { inputs: [of(2, 3, 4)], run: (x) => tf.transpose(x, [0, 2, 1]), serves: "stock" },
      { inputs: [of(0, 3)], run: (x) => tf.transpose(x), serves: "stock", order: 0 },
      { inputs: [ints(2, 3)], run: (x) => tf.transpose(x), serves: "stock", order: 0 },
    ],
  },
  {
    name: "Fill",
    order: 0,
    exact: true,
    cases: [
      { inputs: [], run: () => tf.fill([2, 3], 1.5) },
      { inputs: [], run: () => tf.fill([], Number.NaN) },
      { inputs: [], run: () => tf.fill([70], -0.1) },
      { inputs: [], run: () => tf.fill([2, 3], 4, "int32"), serves: "stock" },
      { inputs: [], run: () => tf.fill([0], 4), serves: "stock" },
    ],
  },
  {
    name: "ZerosLike",
    order: 0,
    exact: true,
    cases: [
      { inputs: [of(2, 3)], run: (x) => tf.zerosLike(x) },
      { inputs: [special], run: (x) => tf.zerosLike(x) },
      { inputs: [ints(2, 3)], run: (x) => tf.zerosLike(x), serves: "stock" },
      { inputs: [of(0)], run: (x) => tf.zerosLike(x), serves: "stock" },
    ],
  },
  // Data under another handle: no kernel runs, whatever the type.
  {
    name: "Identity",
    order: 1,
    exact: true,
    cases: [
      { inputs: [of(2, 3)], run: (x) => tf.clone(x) },
      { inputs: [of(0)], run: (x) => tf.clone(x) },
      { inputs: [special], run: (x) => tf.clone(x), order: 0 },
      { inputs: [ints(4)], run: (x) => tf.clone(x), order: 0 },
    ],
  },
  {
    name: "Cast",
    order: 1,
    exact: true,
    cases: [
      { inputs: [of(2, 3)], run: (x) => tf.cast(x, "float32") },
      { inputs: [of(0)], run: (x) => tf.cast(x, "float32") },
      { inputs: [of(2, 3)], run: (x) => tf.cast(x, "int32"), serves: "stock", order: 0 },
      { inputs: [ints(2, 3)], run: (x) => tf.cast(x, "float32"), serves: "stock", order: 0 },
    ],
  },
];

export const movingRows: readonly OpRow[] = [
  sums,
  overRows("Softmax", (x) => tf.softmax(x)),
  overRows("BnemLogSumExp", logSumExpRows),
  ...segmentRows,
  ...copies,
];
