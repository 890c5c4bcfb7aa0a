/** 1 where a >= b, else 0, and the gradients of maximum and minimum made of it: stock ones go through boolean tensors, which no program can hold. */
import { cast, engine, type GradConfig, greaterEqual, Maximum, Minimum, mul, sub, type Tensor } from "@tensorflow/tfjs-core";
import { ownKernelsRun } from "../wasm/kernel-mode.js";
import { gridOf } from "../wasm/strides.js";
import { sumTo } from "./multiply-add.js";

/** Shapes broadcast; NaN gives 0. */
export function atLeast(a: Tensor, b: Tensor): Tensor {
  const numbers = a.dtype === "float32" && b.dtype === "float32";
  const walked = ownKernelsRun() && numbers && gridOf([a.shape, b.shape]) !== null;
  return walked ? engine().runKernel("BnemAtLeast", { a, b }) : cast(greaterEqual(a, b), "float32");
}

/** The winner takes dy; at a tie that is a. */
function extreme(kernelName: string, first: string, second: string): GradConfig {
  return {
    kernelName,
    inputsToSave: ["a", "b"],
    gradFunc: (dy, [a, b]) => {
      const inputs: { [name: string]: Tensor } = { a, b };
      const wins = () => atLeast(inputs[first], inputs[second]);
      return {
        a: () => sumTo(mul(dy as Tensor, wins()), a.shape),
        b: () => sumTo(mul(dy as Tensor, sub(1, wins())), b.shape),
      };
    },
  };
}

export const extremeGradients: readonly GradConfig[] = [extreme(Maximum, "a", "b"), extreme(Minimum, "b", "a")];
