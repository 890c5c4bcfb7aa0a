/** Rows of the table of tensor operations for the edges of graph networks. */
import * as tf from "@tensorflow/tfjs-core";
import { joinColumns } from "../../src/networks/ops/columns.js";
import { edgeGate } from "../../src/networks/ops/edge-gate.js";
import { edgeMessage } from "../../src/networks/ops/edge-message.js";
import { edgeShift } from "../../src/networks/ops/edge-shift.js";
import { edgeSquares } from "../../src/networks/ops/edge-squares.js";
import { type Input, type OpCase, type OpRow, of, positive } from "./elementwise-ops.js";

type Tensor = tf.Tensor;
type Case = Pick<OpCase, "inputs" | "run">;

/** Batch, particles, dimension: two and three of each, one row, one dimension. */
const shapes = [
  [2, 3, 2],
  [1, 2, 3],
  [1, 4, 1],
] as const;

/** All gradients of the weighted sum of a result, one after the other: the gradient kernels. */
function gradientsOf({ inputs, run }: Case): Case {
  const weights = (out: Tensor) =>
    tf.tensor(
      Float32Array.from({ length: out.size }, (_, i) => 0.3 + 0.07 * i),
      out.shape,
    );
  return {
    inputs,
    run: (...all) => {
      const gradients = tf.grads((...moving: Tensor[]) => {
        const out = run(...moving);
        return tf.sum(tf.mul(out, weights(out)));
      })(all);
      return tf.concat(gradients.map((gradient) => tf.reshape(gradient, [-1])));
    },
  };
}

const squares: readonly Case[] = shapes.map(([batch, n, dim]) => ({ inputs: [of(batch, n, dim)], run: edgeSquares }));

const messages: readonly Case[] = shapes.map(([batch, n], at) => {
  const width = 4 + 4 * (at % 2);
  const nodes = of(batch * n, width);
  const lengths = positive(batch, n, n - 1);
  return { inputs: [nodes, nodes, lengths, lengths, of(2, width)], run: edgeMessage as unknown as OpCase["run"] };
});

/** One factor per edge, or one for all. */
const factors = (edges: number): readonly Input[] => [positive(edges), positive(1)];

const gates: readonly Case[] = shapes.flatMap(([batch, n], at) => {
  const width = 4 + 4 * (at % 2);
  const edges = batch * n * (n - 1);
  return factors(edges).map((f) => ({
    inputs: [of(edges, width), of(width, 1), of(1), f],
    run: (z: Tensor, w: Tensor, bias: Tensor, each: Tensor) => {
      const gated = edgeGate(z as tf.Tensor2D, w as tf.Tensor2D, bias as tf.Tensor1D, each, n - 1);
      return joinColumns([gated.messages, gated.sums].map((part) => tf.reshape(part, [1, part.size]) as tf.Tensor2D));
    },
  }));
});

const shifts: readonly Case[] = shapes.flatMap(([batch, n, dim], at) => {
  const width = 4 + 4 * (at % 2);
  const edges = batch * n * (n - 1);
  return factors(edges).map((f) => ({
    inputs: [of(edges, width), of(width, 1), of(batch, n, dim), f],
    run: (z: Tensor, w: Tensor, x: Tensor, each: Tensor) => edgeShift(z as tf.Tensor2D, w as tf.Tensor2D, x, each, 1.7),
  }));
});

const rowsOf = (name: string, cases: readonly Case[]): OpRow[] => [
  { name, order: 1, cases },
  { name: `${name}Gradient`, order: 0, cases: cases.map(gradientsOf) },
];

export const edgeRows: readonly OpRow[] = [
  ...rowsOf("BnemEdgeSquares", squares),
  ...rowsOf("BnemEdgeMessage", messages),
  ...rowsOf("BnemEdgeGate", gates),
  ...rowsOf("BnemEdgeShift", shifts),
];
