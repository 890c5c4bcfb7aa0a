/** The tfjs kernels that networks and training use, on the webgpu backend: their shaders are text, so every kernel left out counts. */
import { addConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Add.js";
import { batchMatMulConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/BatchMatMul.js";
import { castConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Cast.js";
import { concatConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Concat.js";
import { cosConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Cos.js";
import { eluConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Elu.js";
import { equalConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Equal.js";
import { expConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Exp.js";
import { fillConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Fill.js";
import { floorConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Floor.js";
import { gatherV2Config } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/GatherV2.js";
import { greaterConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Greater.js";
import { greaterEqualConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/GreaterEqual.js";
import { identityConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Identity.js";
import { lessConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Less.js";
import { lessEqualConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/LessEqual.js";
import { logConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Log.js";
import { logicalAndConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/LogicalAnd.js";
import { logicalNotConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/LogicalNot.js";
import { logicalOrConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/LogicalOr.js";
import { maxConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Max.js";
import { maximumConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Maximum.js";
import { minimumConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Minimum.js";
import { multiplyConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Multiply.js";
import { negConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Neg.js";
import { notEqualConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/NotEqual.js";
import { realDivConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/RealDiv.js";
import { reshapeConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Reshape.js";
import { selectConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Select.js";
import { sigmoidConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Sigmoid.js";
import { sinConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Sin.js";
import { sliceConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Slice.js";
import { softmaxConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Softmax.js";
import { sqrtConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Sqrt.js";
import { squareConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Square.js";
import { subConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Sub.js";
import { sumConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Sum.js";
import { tanhConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Tanh.js";
import { transposeConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/Transpose.js";
import { unsortedSegmentSumConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/UnsortedSegmentSum.js";
import { zerosLikeConfig } from "@tensorflow/tfjs-backend-webgpu/dist/kernels/ZerosLike.js";
import type { KernelConfig } from "@tensorflow/tfjs-core";

export const webgpuKernels: readonly KernelConfig[] = [
  addConfig,
  batchMatMulConfig,
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
  unsortedSegmentSumConfig,
  zerosLikeConfig,
];
