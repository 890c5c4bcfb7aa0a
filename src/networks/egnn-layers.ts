/** The equivariant graph network of egnn.ts as tensor operations: dense pair tensors, no gather. */
import {
  add,
  log,
  matMul,
  maximum,
  mul,
  ones,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor2d,
  zeros,
} from "@tensorflow/tfjs-core";
import { exp } from "../core/elementary.js";
import { joinColumns } from "./ops/columns.js";
import { dense } from "./ops/dense.js";
import { edgeGate } from "./ops/edge-gate.js";
import { edgeMessage } from "./ops/edge-message.js";
import { edgeShift } from "./ops/edge-shift.js";
import { edgeSquares } from "./ops/edge-squares.js";
import { silu } from "./ops/silu.js";

/** What the layers need to know. */
export interface EgnnShape {
  readonly count: number;
  readonly spatialDim: number;
  readonly width: number;
  readonly depth: number;
  readonly range: number;
  readonly scale: number;
  readonly cutoff: number;
  /** log of the sigmas, in units of scale, where the time input is 0 and 1. */
  readonly logFloor: number;
  readonly logTop: number;
}

/** Rounds off |v| at 0, where it has no gradient, in units of scale. */
const SMOOTH = 1e-3;

/** The nodes: where they are, [n, count, spatialDim], and what they know, [n count, width]. */
interface Nodes {
  readonly u: Tensor;
  readonly h: Tensor2D;
}

/** What the edges keep through all rounds. */
interface Edges {
  /** |u_i - u_j|^2 at the start, [n, count, count - 1]. */
  readonly start: Tensor;
  /** Weight of each edge, [n, count, count - 1], or [1]: all alike. */
  readonly weight: Tensor;
}

type Take = () => Tensor;

/** Pieces of the parameters one after the other, in the order of egnn.ts. */
function reader(parameters: readonly Tensor[]): Take {
  let at = 0;
  return () => parameters[at++];
}

const layer = (x: Tensor2D, take: Take) => dense(x, take() as Tensor2D, take() as Tensor1D);

/** Time input of each node, [n count, 1]. */
function times({ count, scale, logFloor, logTop }: EgnnShape, n: number, variance: Tensor1D): Tensor2D {
  const squared = maximum(mul(variance, 1 / (scale * scale)), exp(2 * logFloor));
  const t = mul(sub(mul(log(squared), 0.5), logFloor), 1 / (logTop - logFloor));
  return reshape(add(zeros([n, count]), reshape(t, [variance.shape[0], 1])), [n * count, 1]);
}

function weights(start: Tensor, cutoff: number): Tensor {
  if (cutoff === 0) return ones([1]);
  const near = maximum(sub(1, mul(start, 1 / (cutoff * cutoff))), 0);
  return mul(mul(near, near), near);
}

/** One round of messages. @param last nobody looks at the nodes' h after it */
function round(shape: EgnnShape, take: Take, { u, h }: Nodes, { start, weight }: Edges, last: boolean): Nodes {
  const [toReceiver, toSender, toLengths, bias] = [take(), take(), take(), take()];
  const receiver = dense(h, toReceiver as Tensor2D, bias as Tensor1D);
  const sender = matMul(h, toSender as Tensor2D) as Tensor2D;
  const hidden = edgeMessage(receiver, sender, edgeSquares(u), start, toLengths as Tensor2D);
  const second = layer(hidden, take);
  const { messages, sums } = edgeGate(second, take() as Tensor2D, take() as Tensor1D, weight, shape.count - 1);
  const pull = layer(messages, take);
  const moved = edgeShift(pull, take() as Tensor2D, u, weight, shape.range / shape.depth);
  if (last) return { u: moved, h };
  const update = layer(silu(layer(joinColumns([h, sums]), take)), take);
  return { u: moved, h: add(h, update) as Tensor2D };
}

/** I - 1 / count on each axis, as a matrix [dim, dim] from the right. */
function centering({ count, spatialDim }: EgnnShape): Tensor2D {
  const dim = count * spatialDim;
  const matrix = new Float32Array(dim * dim);
  for (let i = 0; i < dim; i++) {
    for (let j = i % spatialDim; j < dim; j += spatialDim) matrix[i * dim + j] = (i === j ? 1 : 0) - 1 / count;
  }
  return tensor2d(matrix, [dim, dim]);
}

/** All rounds: v [n, dim] in units of scale, and h after them. */
function run(shape: EgnnShape, take: Take, x: Tensor2D, variance: Tensor1D, nodesMatter: boolean): { v: Tensor2D; h: Tensor2D } {
  const n = x.shape[0];
  const u = reshape(mul(x, 1 / shape.scale), [n, shape.count, shape.spatialDim]);
  const start = edgeSquares(u);
  const edges = { start, weight: weights(start, shape.cutoff) };
  let nodes: Nodes = { u, h: layer(times(shape, n, variance), take) };
  for (let at = 1; at <= shape.depth; at++) nodes = round(shape, take, nodes, edges, !nodesMatter && at === shape.depth);
  const way = reshape(sub(nodes.u, u), [n, x.shape[1]]) as Tensor2D;
  return { v: matMul(way, centering(shape)), h: nodes.h };
}

/** [n], kT. */
export function egnnEnergy(shape: EgnnShape, parameters: readonly Tensor[], x: Tensor2D, variance: Tensor1D): Tensor1D {
  const { count, spatialDim } = shape;
  const n = x.shape[0];
  const take = reader(parameters);
  const { v, h } = run(shape, take, x, variance, true);
  const lengths = sqrt(add(sum(square(reshape(v, [n * count, spatialDim])), 1), SMOOTH * SMOOTH));
  const shares = sub(reshape(lengths, [n, count]), reshape(layer(h, take), [n, count]));
  return sub(sum(shares, 1), SMOOTH * count);
}

/** [n, dim], 1 / raw unit. */
export function egnnScore(shape: EgnnShape, parameters: readonly Tensor[], x: Tensor2D, variance: Tensor1D): Tensor2D {
  const { v } = run(shape, reader(parameters), x, variance, false);
  return mul(v, 1 / shape.scale);
}
