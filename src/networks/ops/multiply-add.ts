/** a b + c in one pass over memory. */
import { add, engine, type GradConfig, mul, reshape, sum, type Tensor } from "@tensorflow/tfjs-core";
import { ownKernelsRun } from "../wasm/kernel-mode.js";
import { gridOf } from "../wasm/strides.js";

/** a b + c, shapes broadcast. Differentiable to any order. */
export function multiplyAdd(a: Tensor, b: Tensor, c: Tensor): Tensor {
  const fused = ownKernelsRun() && gridOf([a.shape, b.shape, c.shape]) !== null;
  return fused ? engine().runKernel("BnemMultiplyAdd", { a, b, c }) : multiplyAddPlain(a, b, c);
}

/** The twin. */
export function multiplyAddPlain(a: Tensor, b: Tensor, c: Tensor): Tensor {
  return add(mul(a, b), c);
}

/** Sums x over the axes along which `shape` repeats. */
export function sumTo(x: Tensor, shape: readonly number[]): Tensor {
  const extra = x.shape.length - shape.length;
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis < extra || (shape[axis - extra] === 1 && x.shape[axis] > 1));
  return axes.length === 0 ? reshape(x, [...shape]) : reshape(sum(x, axes), [...shape]);
}

export const multiplyAddGradient: GradConfig = {
  kernelName: "BnemMultiplyAdd",
  inputsToSave: ["a", "b", "c"],
  gradFunc: (dy, [a, b, c]) => ({
    a: () => sumTo(mul(dy as Tensor, b), a.shape),
    b: () => sumTo(mul(dy as Tensor, a), b.shape),
    c: () => sumTo(dy as Tensor, c.shape),
  }),
};
