/** Elementwise functions of one tensor on the kernels of this package. */
import { expConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Exp.js";
import { floorConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Floor.js";
import { logConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Log.js";
import { negConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Neg.js";
import { sigmoidConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Sigmoid.js";
import { sqrtConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Sqrt.js";
import { squareConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Square.js";
import { tanhConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Tanh.js";
import { type KernelConfig, util } from "@tensorflow/tfjs-core";
import type { KernelCall } from "../../kernels/program.js";
import { issue, output } from "./heap.js";
import { instead, type KernelArguments } from "./own-kernel.js";

function map(call: KernelCall) {
  return ({ inputs: { x }, backend }: KernelArguments) => {
    if (x.dtype !== "float32") return null;
    const out = output(backend, x.shape);
    issue(backend, call, [x, out, util.sizeFromShape(x.shape)]);
    return out;
  };
}

export const mapKernels: readonly KernelConfig[] = [
  instead(negConfig, map("mapNeg")),
  instead(squareConfig, map("mapSquare")),
  instead(sqrtConfig, map("mapSqrt")),
  instead(expConfig, map("mapExp")),
  instead(logConfig, map("mapLog")),
  instead(sigmoidConfig, map("mapSigmoid")),
  instead(tanhConfig, map("mapTanh")),
  instead(floorConfig, map("mapFloor")),
];
