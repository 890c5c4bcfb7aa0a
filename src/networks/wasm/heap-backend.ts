/** The memory of tfjs's wasm backend as this package's kernels see it. */
import type { TensorInfo } from "@tensorflow/tfjs-core";

/** What is used of tfjs's BackendWasm. */
export interface HeapBackend {
  readonly wasm: {
    readonly asm: { readonly memory: WebAssembly.Memory };
    _malloc(bytes: number): number;
    _free(pointer: number): void;
  };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  makeOutput(shape: number[], dtype: string): TensorInfo;
  /** A view that dies at the next allocation: take it after every output has been made. */
  typedArrayFromHeap(x: TensorInfo): Float32Array | Int32Array;
  write(values: ArrayBufferView | null, shape: number[], dtype: string): object;
  readSync(dataId: object, start?: number, end?: number): ArrayBufferView;
  disposeData(dataId: object): boolean;
  incRef(dataId: object): void;
}

/** A tensor from its start or from a byte offset on, a number, or that many bytes of scratch. */
export type Operand =
  | TensorInfo
  | { readonly part: TensorInfo; readonly byteOffset: number }
  | number
  | { readonly scratch: number };
