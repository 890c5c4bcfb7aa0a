/** What this package's own wasm kernels use of tfjs's BackendWasm: tensors on its heap, written from JavaScript. */
import type { TensorInfo } from "@tensorflow/tfjs-core";

export interface HeapBackend {
  makeOutput(shape: number[], dtype: string): TensorInfo;
  /** A view that dies at the next allocation: take it after every output has been made. */
  typedArrayFromHeap(x: TensorInfo): Float32Array | Int32Array;
  disposeData(dataId: object): boolean;
}
