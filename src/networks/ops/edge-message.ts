/** The first layer of a graph network's edges from products of the nodes, with its SiLU: no gather, no matrix of joined features. */
import { add, engine, type GradConfig, matMul, reshape, type Tensor, type Tensor2D } from "@tensorflow/tfjs-core";
import { firstOrderKernelsRun } from "../wasm/kernel-mode.js";
import { joinColumns } from "./columns.js";
import { edgeSums } from "./edge-pairs.js";
import { noSecondDerivative } from "./first-order.js";
import { silu } from "./silu.js";

/**
 * silu(a_i + c_j + r_ij w_0 + q_ij w_1), [batch n (n - 1), width], for a, c [batch n, width], r, q [batch, n, n - 1] and w [2, width].
 * Differentiable once, in all five. The width is a multiple of 4.
 */
export function edgeMessage(a: Tensor2D, c: Tensor2D, r: Tensor, q: Tensor, w: Tensor2D): Tensor2D {
  return firstOrderKernelsRun() ? engine().runKernel("BnemEdgeMessage", { a, c, r, q, w }) : edgeMessagePlain(a, c, r, q, w);
}

/** The twin. */
export function edgeMessagePlain(a: Tensor2D, c: Tensor2D, r: Tensor, q: Tensor, w: Tensor2D): Tensor2D {
  const [batch, n, others] = r.shape;
  const width = w.shape[1];
  const nodes = edgeSums(reshape(a, [batch, n, width]), reshape(c, [batch, n, width]));
  const edges = batch * n * others;
  const lengths = joinColumns([reshape(r, [edges, 1]), reshape(q, [edges, 1])]);
  return silu(add(nodes, matMul(lengths, w)) as Tensor2D);
}

const inputs = ["a", "c", "r", "q", "w"] as const;

export const edgeMessageGradients: readonly GradConfig[] = [
  {
    kernelName: "BnemEdgeMessage",
    inputsToSave: [...inputs],
    gradFunc: (dy, saved) => {
      const [a, c, r, q, w] = saved;
      const all = engine().runKernel("BnemEdgeMessageGradient", { a, c, r, q, w, dy: dy as Tensor }) as unknown as Tensor[];
      return Object.fromEntries(inputs.map((name, at) => [name, () => all[at]]));
    },
  },
  noSecondDerivative("BnemEdgeMessageGradient"),
];
