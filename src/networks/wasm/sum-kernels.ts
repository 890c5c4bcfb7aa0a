/** Sums over the first or the last axes, softmax and log-sum-exp over the last one, and sums by segment, on the kernels of this package. */
import { gatherV2Config } from "@tensorflow/tfjs-backend-wasm/dist/kernels/GatherV2.js";
import { softmaxConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Softmax.js";
import { sumConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Sum.js";
import { type KernelConfig, type TensorInfo, util } from "@tensorflow/tfjs-core";
import type { KernelCall } from "../../kernels/program.js";
import { segmentSumKernel } from "../segment-sum-wasm.js";
import { issue, output } from "./heap.js";
import type { HeapBackend } from "./heap-backend.js";
import { instead, type KernelArguments, own } from "./own-kernel.js";

const size = (shape: readonly number[]) => util.sizeFromShape([...shape]);

/** Axes must be the first or the last ones, all together; others are left to tfjs. A sum of nothing is 0: tfjs-wasm leaves it unset. */
function sum({ inputs: { x }, attrs, backend }: KernelArguments): TensorInfo | null {
  if (x.dtype !== "float32") return null;
  const axes = util.parseAxisParam(attrs.axis as number | number[], [...x.shape]).sort((a, b) => a - b);
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const reduced = size(axes.map((axis) => x.shape[axis]));
  const rest = size(kept.map((axis) => x.shape[axis]));
  const shape = attrs.keepDims ? x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n)) : kept.map((axis) => x.shape[axis]);
  if (size(x.shape) === 0) return zerosOf(backend, shape);
  const longer = (axis: number) => x.shape[axis] > 1;
  const realAxes = axes.filter(longer);
  const realKept = kept.filter(longer);
  const last = realAxes.length === 0 || realKept.length === 0 || Math.max(...realKept) < Math.min(...realAxes);
  const first = !last && Math.max(...realAxes) < Math.min(...realKept);
  if (!first && !last) return null;
  const out = output(backend, shape);
  if (last) issue(backend, "rowSums", [x, out, rest, reduced]);
  else issue(backend, "columnSums", [x, out, reduced, rest]);
  return out;
}

function zerosOf(backend: HeapBackend, shape: readonly number[]): TensorInfo {
  const out = output(backend, shape);
  issue(backend, "fillArray", [out, 0, size(shape)]);
  return out;
}

function overRows(call: KernelCall, input: string, shapeOf: (shape: readonly number[]) => number[]) {
  return ({ inputs, backend }: KernelArguments): TensorInfo | null => {
    const x = inputs[input];
    if (x.dtype !== "float32" || size(x.shape) === 0) return null;
    const columns = x.shape[x.shape.length - 1] ?? 1;
    const out = output(backend, shapeOf(x.shape));
    issue(backend, call, [x, out, size(x.shape) / columns, columns]);
    return out;
  };
}

function segmentSum({ inputs: { x, segmentIds }, attrs, backend }: KernelArguments): TensorInfo | null {
  const segments = attrs.numSegments as number;
  if (x.dtype !== "float32" || size(x.shape) === 0 || segments === 0) return null;
  const shape = [segments, ...x.shape.slice(segmentIds.shape.length)];
  const out = output(backend, shape);
  issue(backend, "segmentSum", [x, segmentIds, out, size(segmentIds.shape), size(shape.slice(1)), segments]);
  return out;
}

/** Rows of x along its first axis; other axes are left to tfjs, and so are batched ones. */
function gather({ inputs: { x, indices }, attrs, backend }: KernelArguments): TensorInfo | null {
  const wholeRows = attrs.axis === 0 && !attrs.batchDims && indices.dtype === "int32";
  if (x.dtype !== "float32" || !wholeRows || size(x.shape) === 0 || size(indices.shape) === 0) return null;
  const out = output(backend, [...indices.shape, ...x.shape.slice(1)]);
  issue(backend, "gatherRows", [x, indices, out, size(indices.shape), size(x.shape.slice(1)), x.shape[0]]);
  return out;
}

export const sumKernels: readonly KernelConfig[] = [
  instead(sumConfig, sum),
  instead(
    softmaxConfig,
    overRows("softmaxRows", "logits", (shape) => [...shape]),
  ),
  own(
    "BnemLogSumExp",
    overRows("logSumExpRows", "x", (shape) => shape.slice(0, -1)),
  ),
  instead(segmentSumKernel, segmentSum),
  instead(gatherV2Config, gather),
];
