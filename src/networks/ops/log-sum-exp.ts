/** log sum exp over the last axis. */
import {
  add,
  customGrad,
  engine,
  exp,
  type GradConfig,
  log,
  max,
  mul,
  reshape,
  softmax,
  sub,
  sum,
  type Tensor,
} from "@tensorflow/tfjs-core";
import { ownKernelsRun } from "../wasm/kernel-mode.js";

/** log sum_j exp(x_ij), [..., m] -> [...]. Differentiable to any order. */
export function logSumExpRows(x: Tensor): Tensor {
  return ownKernelsRun() && x.size > 0 ? engine().runKernel("BnemLogSumExp", { x }) : logSumExpRowsPlain(x);
}

/** The twin: what is subtracted for safety is a constant here, and the gradient is stated, as stock ones go through comparisons. */
export function logSumExpRowsPlain(x: Tensor): Tensor {
  const apply = customGrad((...inputs) => {
    const [own, save] = inputs as unknown as [Tensor, (tensors: Tensor[]) => void];
    save([own]);
    const top = max(own, -1, true);
    const value = add(log(sum(exp(sub(own, top)), -1)), reshape(top, own.shape.slice(0, -1)));
    return { value, gradFunc: (dy: Tensor, saved: Tensor[]) => spread(dy, saved[0]) };
  });
  return apply(x);
}

function spread(dy: Tensor, x: Tensor): Tensor {
  return mul(reshape(dy, [...dy.shape, 1]), softmax(x));
}

export const logSumExpGradient: GradConfig = {
  kernelName: "BnemLogSumExp",
  inputsToSave: ["x"],
  gradFunc: (dy, [x]) => ({ x: () => spread(dy as Tensor, x) }),
};
