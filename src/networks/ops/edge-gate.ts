/** Messages of the edges of a graph network weighed by an attention gate, and their sum at each node, from where their SiLU begins. */
import {
  add,
  engine,
  type GradConfig,
  matMul,
  mul,
  reshape,
  sigmoid,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from "@tensorflow/tfjs-core";
import { firstOrderKernelsRun } from "../wasm/kernel-mode.js";
import { overEdges } from "./edge-pairs.js";
import { noSecondDerivative } from "./first-order.js";
import { silu } from "./silu.js";

export interface Gated {
  /** [nodes edges, width]. */
  readonly messages: Tensor2D;
  /** [nodes, width]. */
  readonly sums: Tensor2D;
}

/**
 * With m = silu(z): messages m sigmoid(m w + bias) f, and their sums over the `edges` rows of each node. z [nodes edges, width],
 * w [width, 1], bias [1], f [nodes edges entries in any shape], or [1] for all. Differentiable once, in all four. The width is a multiple of 4.
 */
export function edgeGate(z: Tensor2D, w: Tensor2D, bias: Tensor1D, f: Tensor, edges: number): Gated {
  if (!firstOrderKernelsRun()) return edgeGatePlain(z, w, bias, f, edges);
  const [messages, sums] = engine().runKernel("BnemEdgeGate", { z, w, bias, f }, { edges }) as unknown as Tensor2D[];
  return { messages, sums };
}

/** The twin. */
export function edgeGatePlain(z: Tensor2D, w: Tensor2D, bias: Tensor1D, f: Tensor, edges: number): Gated {
  const [rows, width] = z.shape;
  const m = silu(z);
  const gate = mul(sigmoid(add(matMul(m, w), bias)), reshape(f, [f.size, 1]));
  const messages = mul(m, gate) as Tensor2D;
  return { messages, sums: overEdges(reshape(messages, [rows / edges, edges, width])) as Tensor2D };
}

const inputs = ["z", "w", "bias", "f"] as const;

export const edgeGateGradients: readonly GradConfig[] = [
  {
    kernelName: "BnemEdgeGate",
    inputsToSave: [...inputs],
    gradFunc: (dys, [z, w, bias, f], attrs) => {
      const [dy, dsum] = dys as Tensor[];
      const all = engine().runKernel("BnemEdgeGateGradient", { z, w, bias, f, dy, dsum }, attrs) as unknown as Tensor[];
      const forF = () => (f.size === 1 ? reshape(sum(all[3]), f.shape) : reshape(all[3], f.shape));
      return { z: () => all[0], w: () => all[1], bias: () => all[2], f: forF };
    },
  },
  noSecondDerivative("BnemEdgeGateGradient"),
];
