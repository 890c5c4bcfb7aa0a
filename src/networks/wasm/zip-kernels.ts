/** Elementwise operations of two tensors with broadcasting, and a b + c, on the kernels of this package. */
import { addConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Add.js";
import { maximumConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Maximum.js";
import { minimumConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Minimum.js";
import { multiplyConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Multiply.js";
import { realDivConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/RealDiv.js";
import { subConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Sub.js";
import type { KernelConfig, TensorInfo } from "@tensorflow/tfjs-core";
import type { KernelCall } from "../../kernels/program.js";
import { issue, output } from "./heap.js";
import type { HeapBackend } from "./heap-backend.js";
import { instead, type KernelArguments, own } from "./own-kernel.js";
import { type Grid, gridOf } from "./strides.js";

function zip(call: KernelCall, operands: readonly TensorInfo[], grid: Grid, backend: HeapBackend): TensorInfo {
  const out = output(backend, grid.shape);
  const walked = operands.flatMap((operand, at) => [operand, grid.walks[at].row, grid.walks[at].column]);
  issue(backend, call, [...walked, out, grid.rows, grid.columns]);
  return out;
}

function binary(call: KernelCall): (args: KernelArguments) => TensorInfo | null {
  return ({ inputs, backend }) => {
    const { a, b } = inputs;
    if (a.dtype !== "float32" || b.dtype !== "float32") return null;
    const grid = gridOf([a.shape, b.shape]);
    return grid && zip(call, [a, b], grid, backend);
  };
}

function ternary(call: KernelCall): (args: KernelArguments) => TensorInfo {
  return ({ inputs, backend }) => {
    const { a, b, c } = inputs;
    return zip(call, [a, b, c], gridOf([a.shape, b.shape, c.shape]) as Grid, backend);
  };
}

export const zipKernels: readonly KernelConfig[] = [
  instead(addConfig, binary("zipAdd")),
  instead(subConfig, binary("zipSub")),
  instead(multiplyConfig, binary("zipMul")),
  instead(realDivConfig, binary("zipDiv")),
  instead(maximumConfig, binary("zipMax")),
  instead(minimumConfig, binary("zipMin")),
  own("BnemAtLeast", binary("zipGreaterEqual")),
  own("BnemMultiplyAdd", ternary("zipMultiplyAdd")),
];
