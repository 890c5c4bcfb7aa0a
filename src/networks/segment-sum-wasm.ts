/** UnsortedSegmentSum, which tfjs's wasm backend lacks although the gradient of `gather` calls it. Negative ids are dropped. */
import { type KernelConfig, type KernelFunc, type TensorInfo, UnsortedSegmentSum, util } from "@tensorflow/tfjs-core";
import type { HeapBackend } from "./wasm/heap-backend.js";

/** x [m, ...rest], segmentIds [m] int32 -> [numSegments, ...rest]: the sum of the rows of each id. */
function segmentSum(args: Parameters<KernelFunc>[0]): TensorInfo {
  const { x, segmentIds } = args.inputs as { x: TensorInfo; segmentIds: TensorInfo };
  const { numSegments } = args.attrs as unknown as { numSegments: number };
  const backend = args.backend as HeapBackend;
  const shape = [numSegments, ...x.shape.slice(segmentIds.shape.length)];
  const out = backend.makeOutput(shape, x.dtype);
  const ids = backend.typedArrayFromHeap(segmentIds);
  const from = backend.typedArrayFromHeap(x);
  const to = backend.typedArrayFromHeap(out).fill(0);
  const width = util.sizeFromShape(shape.slice(1));
  for (let row = 0; row < ids.length; row++) {
    if (ids[row] < 0) continue;
    const start = ids[row] * width;
    for (let j = 0; j < width; j++) to[start + j] += from[row * width + j];
  }
  return out;
}

export const segmentSumKernel: KernelConfig = { kernelName: UnsortedSegmentSum, backendName: "wasm", kernelFunc: segmentSum };
