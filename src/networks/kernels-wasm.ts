/**
 * The tfjs kernels that networks and training use, on the wasm backend. Each costs about 100 bytes of JavaScript, the code being
 * in the .wasm file. BatchMatMul and UnsortedSegmentSum are this package's own, see matmul-wasm.ts and segment-sum-wasm.ts.
 */
import { addConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Add.js";
import { castConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Cast.js";
import { concatConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Concat.js";
import { cosConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Cos.js";
import { eluConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Elu.js";
import { equalConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Equal.js";
import { expConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Exp.js";
import { fillConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Fill.js";
import { floorConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Floor.js";
import { gatherV2Config } from "@tensorflow/tfjs-backend-wasm/dist/kernels/GatherV2.js";
import { greaterConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Greater.js";
import { greaterEqualConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/GreaterEqual.js";
import { identityConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Identity.js";
import { lessConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Less.js";
import { lessEqualConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/LessEqual.js";
import { logConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Log.js";
import { logicalAndConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/LogicalAnd.js";
import { logicalNotConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/LogicalNot.js";
import { logicalOrConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/LogicalOr.js";
import { maxConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Max.js";
import { maximumConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Maximum.js";
import { minimumConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Minimum.js";
import { multiplyConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Multiply.js";
import { negConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Neg.js";
import { notEqualConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/NotEqual.js";
import { realDivConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/RealDiv.js";
import { reshapeConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Reshape.js";
import { selectConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Select.js";
import { sigmoidConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Sigmoid.js";
import { sinConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Sin.js";
import { sliceConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Slice.js";
import { softmaxConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Softmax.js";
import { sqrtConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Sqrt.js";
import { squareConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Square.js";
import { subConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Sub.js";
import { sumConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Sum.js";
import { tanhConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Tanh.js";
import { transposeConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Transpose.js";
import { zerosLikeConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/ZerosLike.js";
import type { KernelConfig } from "@tensorflow/tfjs-core";
import { matMulKernel } from "./matmul-wasm.js";
import { segmentSumKernel } from "./segment-sum-wasm.js";

export const wasmKernels: readonly KernelConfig[] = [
  matMulKernel,
  segmentSumKernel,
  addConfig,
  castConfig,
  concatConfig,
  cosConfig,
  eluConfig,
  equalConfig,
  expConfig,
  fillConfig,
  floorConfig,
  gatherV2Config,
  greaterConfig,
  greaterEqualConfig,
  identityConfig,
  lessConfig,
  lessEqualConfig,
  logConfig,
  logicalAndConfig,
  logicalNotConfig,
  logicalOrConfig,
  maxConfig,
  maximumConfig,
  minimumConfig,
  multiplyConfig,
  negConfig,
  notEqualConfig,
  realDivConfig,
  reshapeConfig,
  selectConfig,
  sigmoidConfig,
  sinConfig,
  sliceConfig,
  softmaxConfig,
  sqrtConfig,
  squareConfig,
  subConfig,
  sumConfig,
  tanhConfig,
  transposeConfig,
  zerosLikeConfig,
];
