/** Every kernel of this package for tfjs's wasm backend. A new one is a line in the file of its kind. */
import type { KernelConfig } from "@tensorflow/tfjs-core";
import { copyKernels } from "./copy-kernels.js";
import { edgeKernels } from "./edge-kernels.js";
import { layerKernels } from "./layer-kernels.js";
import { mapKernels } from "./map-kernels.js";
import { matMulKernels } from "./matmul-kernels.js";
import { pairKernels } from "./pair-kernels.js";
import { sumKernels } from "./sum-kernels.js";
import { zipKernels } from "./zip-kernels.js";

export const ownWasmKernels: readonly KernelConfig[] = [
  ...zipKernels,
  ...mapKernels,
  ...sumKernels,
  ...copyKernels,
  ...matMulKernels,
  ...layerKernels,
  ...pairKernels,
  ...edgeKernels,
];
