/** The edges of graph networks (networks/ops/edge-*.ts) as kernels of tfjs's wasm backend. */
import { type KernelConfig, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { issue, output } from "./heap.js";
import { type KernelArguments, own } from "./own-kernel.js";

const size = (x: TensorInfo) => util.sizeFromShape([...x.shape]);

/** Floats from one edge's factor to the next: 0 where all share one. */
const stepOf = (f: TensorInfo) => (size(f) === 1 ? 0 : 1);

function squares({ inputs: { x }, backend }: KernelArguments): TensorInfo {
  const [batch, n, dim] = x.shape;
  const out = output(backend, [batch, n, n - 1]);
  issue(backend, "edgeSquares", [x, out, batch, n, dim]);
  return out;
}

function squaresGradient({ inputs: { x, dy }, backend }: KernelArguments): TensorInfo {
  const [batch, n, dim] = x.shape;
  const out = output(backend, x.shape);
  issue(backend, "edgeSquaresGradient", [x, dy, out, batch, n, dim]);
  return out;
}

function message({ inputs: { a, c, r, q, w }, backend }: KernelArguments): TensorInfo {
  const [batch, n] = r.shape;
  const width = w.shape[1];
  const out = output(backend, [size(r), width]);
  issue(backend, "edgeMessage", [a, c, r, q, w, out, batch, n, width]);
  return out;
}

/** [for a, for c, for r, for q, for w]. */
function messageGradient({ inputs: { a, c, r, q, w, dy }, backend }: KernelArguments): TensorInfo[] {
  const [batch, n] = r.shape;
  const outs = [a, c, r, q, w].map(({ shape }) => output(backend, shape));
  issue(backend, "edgeMessageGradient", [a, c, r, q, w, dy, ...outs, batch, n, w.shape[1]]);
  return outs;
}

/** [messages, sums]. */
function gate({ inputs: { z, w, bias, f }, attrs, backend }: KernelArguments): TensorInfo[] {
  const [rows, width] = z.shape;
  const edges = attrs.edges as number;
  const nodes = rows / edges;
  const messages = output(backend, [rows, width]);
  const sums = output(backend, [nodes, width]);
  issue(backend, "edgeGate", [z, w, bias, f, stepOf(f), messages, sums, nodes, edges, width]);
  return [messages, sums];
}

/** [for z, for w, for bias, for f by edges]. */
function gateGradient({ inputs: { z, w, bias, f, dy, dsum }, attrs, backend }: KernelArguments): TensorInfo[] {
  const [rows, width] = z.shape;
  const edges = attrs.edges as number;
  const outs = [z.shape, w.shape, bias.shape, [rows]].map((shape) => output(backend, shape));
  const scratch = { scratch: 8 * width };
  issue(backend, "edgeGateGradient", [z, w, bias, f, stepOf(f), dy, dsum, ...outs, rows / edges, edges, width, scratch]);
  return outs;
}

function shift({ inputs: { z, w, x, f }, attrs, backend }: KernelArguments): TensorInfo {
  const [batch, n, dim] = x.shape;
  const out = output(backend, x.shape);
  issue(backend, "edgeShift", [z, w, x, f, stepOf(f), out, batch, n, dim, z.shape[1], attrs.range as number]);
  return out;
}

/** [for z, for w, for x, for f by edges]. */
function shiftGradient({ inputs: { z, w, x, f, dy }, attrs, backend }: KernelArguments): TensorInfo[] {
  const [batch, n, dim] = x.shape;
  const [rows, width] = z.shape;
  const outs = [z.shape, w.shape, x.shape, [rows]].map((shape) => output(backend, shape));
  const numbers = [batch, n, dim, width, attrs.range as number];
  issue(backend, "edgeShiftGradient", [z, w, x, f, stepOf(f), dy, ...outs, ...numbers, { scratch: 4 * width }]);
  return outs;
}

export const edgeKernels: readonly KernelConfig[] = [
  own("BnemEdgeSquares", squares),
  own("BnemEdgeSquaresGradient", squaresGradient),
  own("BnemEdgeMessage", message),
  own("BnemEdgeMessageGradient", messageGradient),
  own("BnemEdgeGate", gate),
  own("BnemEdgeGateGradient", gateGradient),
  own("BnemEdgeShift", shift),
  own("BnemEdgeShiftGradient", shiftGradient),
];
