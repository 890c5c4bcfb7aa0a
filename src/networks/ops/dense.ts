/** Dense layers: x w + bias. */

import type { GradConfig } from "@tensorflow/tfjs-core";
import {
  add,
  customGrad,
  engine,
  matMul,
  ones,
  reshape,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
} from "@tensorflow/tfjs-core";
import { ownKernelsRun } from "../wasm/kernel-mode.js";

/**
 * x [n, k] w [k, m] + bias [m] -> [n, m], differentiable to any order in all three.
 */
export function dense(x: Tensor2D, w: Tensor2D, bias: Tensor1D): Tensor2D {
  return ownKernelsRun() ? engine().runKernel("BnemDense", { x, w, bias }) : densePlain(x, w, bias);
}

/** The twin in tfjs's own operations. */
export function densePlain(x: Tensor2D, w: Tensor2D, bias: Tensor1D): Tensor2D {
  return addBias(matMul(x, w), bias);
}

/** Gradients are products and a column sum, which have their own. */
export const denseGradient: GradConfig = {
  kernelName: "BnemDense",
  inputsToSave: ["x", "w"],
  gradFunc: (dy, [x, w]) => ({
    x: () => matMul(dy as Tensor2D, w, false, true),
    w: () => matMul(x, dy as Tensor2D, true, false),
    bias: () => sum(dy as Tensor2D, 0),
  }),
};

/**
 * x [n, m] + bias [m]. The stock gradient of the bias sums over rows with a scalar loop after a transpose (.25 ms at 512 x 64); a product with
 * a row of ones gives the same sum on the fast path (.03 ms). Linear, and nothing is saved, so higher derivatives are right.
 */
function addBias(x: Tensor2D, bias: Tensor1D): Tensor2D {
  const rows = x.shape[0];
  const apply = customGrad((...inputs) => {
    const [a, b] = inputs as Tensor[];
    return { value: add(a, b), gradFunc: (dy: Tensor) => [dy, columnSums(dy as Tensor2D, rows)] };
  });
  return apply(x, bias) as Tensor2D;
}

function columnSums(x: Tensor2D, rows: number): Tensor1D {
  return reshape(matMul(ones([1, rows]) as Tensor2D, x), [x.shape[1]]);
}
