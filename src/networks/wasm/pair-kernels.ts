/** Pair descriptors and their gradients as kernels of tfjs's wasm backend; their plain twin is in networks/ops/pair-descriptors.ts. */
import type { KernelConfig, TensorInfo } from "@tensorflow/tfjs-core";
import type { KernelCall } from "../../kernels/program.js";
import type { PairShape } from "../ops/pair-descriptors.js";
import { issue, output, sizeFrom } from "./heap.js";
import type { Operand } from "./heap-backend.js";
import { type KernelArguments, own } from "./own-kernel.js";

/** What every call ends with. */
function sizes({ attrs, backend }: KernelArguments, room: "pairScratch" | "pairCurvatureScratch" = "pairScratch"): Operand[] {
  const { count, spatialDim, cutoff, radial, scalars, vectors, tensors } = attrs as unknown as PairShape;
  const scratch = sizeFrom(backend, room, count, radial, scalars, vectors, tensors);
  return [count, spatialDim, cutoff, radial, scalars, vectors, tensors, { scratch }];
}

/** 0 where one set of weights serves all rows. */
const step = (w: TensorInfo) => (w.shape[0] === 1 ? 0 : 1);

/** [descriptors, the sums they are squares of]. */
function descriptors(args: KernelArguments): TensorInfo[] {
  const { y, w } = args.inputs;
  const { count, vectors, tensors } = args.attrs as unknown as PairShape;
  const rows = y.shape[0];
  const out = output(args.backend, [rows * count, w.shape[2]]);
  // One column at least: a tensor of size 0 has no address.
  const moments = output(args.backend, [rows * count, Math.max(1, 3 * vectors + 6 * tensors)]);
  issue(args.backend, "pairDescriptors", [y, w, step(w), out, moments, rows, ...sizes(args)]);
  return [out, moments];
}

function gradient(call: KernelCall, input: "y" | "w") {
  return (args: KernelArguments): TensorInfo => {
    const { y, w, moments, g } = args.inputs;
    const out = output(args.backend, args.inputs[input].shape);
    issue(args.backend, call, [y, w, step(w), moments, g, out, y.shape[0], ...sizes(args)]);
    return out;
  };
}

/** Along v: [change of the descriptors, change of their gradient in y]. */
function curvature(args: KernelArguments): TensorInfo[] {
  const { y, w, moments, g, v } = args.inputs;
  const along = output(args.backend, g.shape);
  const out = output(args.backend, y.shape);
  const operands = [y, w, step(w), moments, g, v, along, out, y.shape[0], ...sizes(args, "pairCurvatureScratch")];
  issue(args.backend, "pairDescriptorsCurvature", operands);
  return [along, out];
}

export const pairKernels: readonly KernelConfig[] = [
  own("BnemPairDescriptors", descriptors),
  own("BnemPairDescriptorsInY", gradient("pairDescriptorsInY", "y")),
  own("BnemPairDescriptorsInW", gradient("pairDescriptorsInW", "w")),
  own("BnemPairDescriptorsCurvature", curvature),
];
