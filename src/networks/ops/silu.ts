/** SiLU, y = x sigmoid(x), with its first and second derivative as kernels: what a loss on a network's gradient needs. */
import { add, engine, type GradConfig, mul, sigmoid, sub, type Tensor } from "@tensorflow/tfjs-core";
import { ownKernelsRun } from "../wasm/kernel-mode.js";

/** x sigmoid(x), any shape. Differentiable to any order. */
export function silu<T extends Tensor>(x: T): T {
  return ownKernelsRun() ? engine().runKernel("BnemSilu", { x }) : siluPlain(x);
}

/** The twin; its gradient needs the mended Sigmoid gradient (mends.ts). */
export function siluPlain<T extends Tensor>(x: T): T {
  return mul(x, sigmoid(x));
}

/** dy silu'(x), silu'(x) = s (1 + x (1 - s)), s = sigmoid(x). */
function siluGradient(x: Tensor, dy: Tensor): Tensor {
  return ownKernelsRun() ? engine().runKernel("BnemSiluGradient", { x, dy }) : siluGradientPlain(x, dy);
}

export function siluGradientPlain(x: Tensor, dy: Tensor): Tensor {
  const s = sigmoid(x);
  return mul(dy, mul(s, add(1, mul(x, sub(1, s)))));
}

export const siluGradients: readonly GradConfig[] = [
  {
    kernelName: "BnemSilu",
    inputsToSave: ["x"],
    gradFunc: (dy, [x]) => ({ x: () => siluGradient(x, dy as Tensor) }),
  },
  {
    kernelName: "BnemSiluGradient",
    inputsToSave: ["x", "dy"],
    gradFunc: (g, [x, dy]) => {
      const both = engine().runKernel("BnemSiluCurvature", { x, dy, g: g as Tensor }) as unknown as Tensor[];
      return { x: () => both[0], dy: () => both[1] };
    },
  },
];
