/** Squared lengths of the edges of fully connected graphs. */
import { engine, type GradConfig, square, sum, type Tensor } from "@tensorflow/tfjs-core";
import { firstOrderKernelsRun } from "../wasm/kernel-mode.js";
import { edgeDifferences } from "./edge-pairs.js";
import { noSecondDerivative } from "./first-order.js";

/** x [batch, n, dim] -> |x_i - x_j|^2, [batch, n, n - 1] (edge-pairs.ts). Differentiable once. */
export function edgeSquares(x: Tensor): Tensor {
  return firstOrderKernelsRun() ? engine().runKernel("BnemEdgeSquares", { x }) : edgeSquaresPlain(x);
}

/** The twin. */
export function edgeSquaresPlain(x: Tensor): Tensor {
  return sum(square(edgeDifferences(x)), -1);
}

export const edgeSquaresGradients: readonly GradConfig[] = [
  {
    kernelName: "BnemEdgeSquares",
    inputsToSave: ["x"],
    gradFunc: (dy, [x]) => ({ x: () => engine().runKernel("BnemEdgeSquaresGradient", { x, dy: dy as Tensor }) as Tensor }),
  },
  noSecondDerivative("BnemEdgeSquaresGradient"),
];
