/** Elementwise rows of the table of tensor operations, and what all its rows are made of. */
import * as tf from "@tensorflow/tfjs-core";
import { atLeast } from "../../src/networks/ops/at-least.js";
import { multiplyAdd } from "../../src/networks/ops/multiply-add.js";

type Tensor = tf.Tensor;

export interface Input {
  readonly shape: readonly number[];
  readonly dtype?: "float32" | "int32";
  /** Default: distinct numbers in [-2, 2], no two of two inputs within .01. */
  readonly values?: readonly number[];
  /** Not differentiated. */
  readonly fixed?: boolean;
}

export interface OpCase {
  readonly inputs: readonly Input[];
  readonly run: (...inputs: Tensor[]) => Tensor;
  /** "own" (default): every kernel that runs is this package's. "stock": tfjs has to serve. */
  readonly serves?: "own" | "stock";
  /** Derivatives that exist and matter; default that of the row. */
  readonly order?: 0 | 1 | 2;
}

export interface OpRow {
  readonly name: string;
  readonly cases: readonly OpCase[];
  /** Correctly rounded: no difference at all from tfjs on the cpu, which computes in f64. */
  readonly exact?: boolean;
  readonly order: 0 | 1 | 2;
}

/** Distinct numbers in [low, high], different in each input of a case. */
export function spread(count: number, at: number, low = -2, high = 2): number[] {
  return Array.from({ length: count }, (_, i) => {
    const golden = ((i + 1) * 0.618033988749895 + at * 0.2360679) % 1;
    return low + (high - low) * golden;
  });
}

export const of = (...shape: number[]): Input => ({ shape });
export const ints = (...shape: number[]): Input => {
  const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i * 7) % 5);
  return { shape, dtype: "int32", values };
};
/** Numbers in [.9, 3]: away from where a logarithm, a root or a quotient has its pole. */
export const positive = (...shape: number[]): Input => ({
  shape,
  values: spread(
    shape.reduce((a, b) => a * b, 1),
    0.7,
    0.9,
    3,
  ),
});
export const special: Input = { shape: [8], values: [Number.NaN, Infinity, -Infinity, 0, -0, 1e30, -1e30, 1.5], fixed: true };
const specialToo: Input = { shape: [8], values: [1, Infinity, 2, 0, 1, 1e30, Number.NaN, -Infinity], fixed: true };

/** Pairs that one walk over rows and columns covers; all patterns of repetition, length-1 axes, scalars. */
const walked: readonly (readonly [Input, Input])[] = [
  [of(7), of(7)],
  [of(3, 5), of(3, 5)],
  [of(2, 3, 4), of(2, 3, 4)],
  [of(3, 5), of(5)],
  [of(5), of(3, 5)],
  [of(3, 5), of(3, 1)],
  [of(3, 1), of(3, 5)],
  [of(3, 1), of(1, 5)],
  [of(3, 1), of(5)],
  [of(1, 5), of(3, 1)],
  [of(3, 5), of()],
  [of(), of(3, 5)],
  [of(), of()],
  [of(1), of(4)],
  [of(1, 1), of(4)],
  [of(2, 3, 4), of(3, 4)],
  [of(2, 3, 4), of(2, 1, 1)],
  [of(1, 6, 1), of(1, 6, 1)],
  [of(2, 1, 3), of(1, 1, 3)],
];
/** Two groups of axes are not enough for these. */
const unwalked: readonly (readonly [Input, Input])[] = [
  [of(2, 1, 3), of(1, 4, 3)],
  [of(2, 3, 4), of(2, 1, 4)],
];
const empty: readonly (readonly [Input, Input])[] = [
  [of(0), of(0)],
  [of(0), of()],
  [of(0, 3), of(3)],
  [of(0, 3), of(1, 3)],
  [of(2, 0), of(2, 1)],
];

type Binary = (a: Tensor, b: Tensor) => Tensor;

/** @param make what stands for the two inputs of a shape */
function binary(
  name: string,
  run: Binary,
  order: 0 | 1 | 2,
  make: (a: Input, b: Input) => readonly Input[] = (a, b) => [a, b],
): OpRow {
  const on = (pairs: readonly (readonly [Input, Input])[], more: Partial<OpCase> = {}): OpCase[] =>
    pairs.map(([a, b]) => ({ inputs: make(a, b), run, ...more }));
  const cases = [
    ...on(walked),
    ...on(unwalked, { serves: "stock", order: order === 0 ? 0 : 1 }),
    ...on(empty, { serves: "stock", order: 0 }),
    ...on([[special, specialToo]], { order: 0 }),
    ...on([[special, of()]], { order: 0 }),
  ];
  return { name, cases, exact: true, order };
}

/** Int32 of tfjs's own kernel. */
const onInts = (row: OpRow, run: Binary): OpRow => ({
  ...row,
  cases: [...row.cases, { inputs: [ints(6), ints(6)], run, serves: "stock", order: 0 }],
});

const away = (input: Input): Input => positive(...input.shape);
/** Multiples of 1/2, or those plus 1/4: no two of two inputs are near each other, where a maximum has no derivative. */
const onGrid = ({ shape }: Input, shift: number): Input => ({
  shape,
  values: spread(
    shape.reduce((a, b) => a * b, 1),
    shift,
  ).map((value) => Math.round(2 * value) / 2 + shift),
});
const apart = (a: Input, b: Input) => (a.fixed ? [a, b] : [onGrid(a, 0), onGrid(b, 0.25)]);

const zips: readonly OpRow[] = [
  onInts(binary("Add", tf.add, 2), tf.add),
  onInts(binary("Sub", tf.sub, 2), tf.sub),
  onInts(binary("Multiply", tf.mul, 2), tf.mul),
  binary("RealDiv", tf.div, 2, (a, b) => [a, away(b)]),
  onInts(binary("Maximum", tf.maximum, 2, apart), tf.maximum),
  onInts(binary("Minimum", tf.minimum, 2, apart), tf.minimum),
  onInts(binary("BnemAtLeast", atLeast, 0), atLeast),
];

const multiplyAdds: OpRow = {
  name: "BnemMultiplyAdd",
  order: 2,
  cases: [
    ...[
      [of(7), of(7), of(7)],
      [of(3, 5), of(5), of(3, 5)],
      [of(3, 5), of(), of()],
      [of(3, 1), of(5), of(3, 5)],
      [of(), of(3, 5), of(3, 1)],
      [of(1, 1), of(1), of()],
    ].map((inputs) => ({ inputs, run: multiplyAdd as OpCase["run"] })),
    ...[
      [of(2, 1, 3), of(1, 4, 3), of(3)],
      [of(0, 3), of(3), of(1, 3)],
      [of(0), of(), of()],
    ].map((inputs) => ({ inputs, run: multiplyAdd as OpCase["run"], serves: "stock" as const, order: 0 as const })),
  ],
};

function unary(name: string, run: (x: Tensor) => Tensor, order: 0 | 1 | 2, more: Partial<OpRow> = {}, make = of): OpRow {
  const shapes = [[], [1], [7], [3, 5], [2, 1, 4], [0], [0, 3]];
  const cases: OpCase[] = shapes.map((shape) => ({ inputs: [make(...shape)], run }));
  return { name, order, cases: [...cases, { inputs: [special], run, order: 0 }], ...more };
}

const maps: readonly OpRow[] = [
  unary("Neg", tf.neg, 2, { exact: true }),
  unary("Square", tf.square, 2, { exact: true }),
  unary("Sqrt", tf.sqrt, 2, { exact: true }, positive),
  unary("Exp", tf.exp, 2),
  unary("Log", tf.log, 2, {}, positive),
  unary("Sigmoid", tf.sigmoid, 2),
  unary("Tanh", tf.tanh, 2),
  unary("Floor", tf.floor, 0, { exact: true }),
];

export const elementwiseRows: readonly OpRow[] = [...zips, multiplyAdds, ...maps];
