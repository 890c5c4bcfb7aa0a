/**
 * Matrix product on wasm. Stock tfjs hands only untransposed products to XNNPACK and runs a scalar loop for the rest, which are
 * all the products of a gradient: 512 x 128 x 128 takes 1.2 ms untransposed and 54 to 63 ms transposed. Here a transposed operand is
 * transposed explicitly first, in tiles (.08 ms for 512 x 128; tfjs's own transpose takes .2 to .6). Products over more than one matrix at once (batched) go to tfjs unchanged.
 */
import { batchMatMulConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/BatchMatMul.js";
import type { KernelConfig, KernelFunc, TensorInfo } from "@tensorflow/tfjs-core";
import type { HeapBackend } from "./wasm/heap-backend.js";

type Arguments = Parameters<KernelFunc>[0];

function isSingle(shape: readonly number[]): boolean {
  for (let i = 0; i < shape.length - 2; i++) if (shape[i] !== 1) return false;
  return true;
}

/** Side of the square tiles in which a matrix is transposed: two tiles fit in the first-level cache whatever the row length. */
const tile = 16;

/** The last two axes exchanged, all others being 1. A power-of-two row length makes tfjs's plain loops miss the cache on every write. */
function transposed(x: TensorInfo, backend: HeapBackend): TensorInfo {
  const shape = [...x.shape];
  const rows = shape[shape.length - 2];
  const columns = shape[shape.length - 1];
  shape[shape.length - 2] = columns;
  shape[shape.length - 1] = rows;
  const out = backend.makeOutput(shape, x.dtype);
  const from = backend.typedArrayFromHeap(x);
  const to = backend.typedArrayFromHeap(out);
  for (let row = 0; row < rows; row += tile) {
    const rowEnd = Math.min(rows, row + tile);
    for (let column = 0; column < columns; column += tile) {
      const columnEnd = Math.min(columns, column + tile);
      for (let j = column; j < columnEnd; j++) {
        for (let i = row; i < rowEnd; i++) to[j * rows + i] = from[i * columns + j];
      }
    }
  }
  return out;
}

function matMul(args: Arguments): TensorInfo | TensorInfo[] {
  const { a, b } = args.inputs as { a: TensorInfo; b: TensorInfo };
  const { transposeA, transposeB } = args.attrs as unknown as { transposeA: boolean; transposeB: boolean };
  const single = isSingle(a.shape) && isSingle(b.shape);
  if (!single || !(transposeA || transposeB)) return batchMatMulConfig.kernelFunc(args);
  const backend = args.backend as HeapBackend;
  const left = transposeA ? transposed(a, backend) : a;
  const right = transposeB ? transposed(b, backend) : b;
  const attrs = { transposeA: false, transposeB: false };
  const product = batchMatMulConfig.kernelFunc({ inputs: { a: left, b: right }, backend, attrs });
  if (left !== a) backend.disposeData(left.dataId);
  if (right !== b) backend.disposeData(right.dataId);
  return product;
}

export const matMulKernel: KernelConfig = { ...batchMatMulConfig, kernelFunc: matMul };
