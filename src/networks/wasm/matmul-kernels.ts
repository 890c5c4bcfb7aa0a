/** Matrix products on the packed GEMM of this package: any transposition, any number of matrices. */
import { type KernelConfig, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { matMulKernel } from "../matmul-wasm.js";
import { issue, output, sizeFrom } from "./heap.js";
import { instead, type KernelArguments, own } from "./own-kernel.js";
import { broadcastShape } from "./strides.js";

const size = (shape: readonly number[]) => util.sizeFromShape([...shape]);

/** Leading axes equal on both sides, or all 1 on one of them: what strides of one matrix or none can walk. */
function batchOf(a: readonly number[], b: readonly number[]): { shape: number[]; aStep: number; bStep: number } | null {
  const [aCount, bCount] = [size(a), size(b)];
  if (aCount !== 1 && bCount !== 1 && a.join() !== b.join()) return null;
  return { shape: broadcastShape([a, b]), aStep: aCount === 1 ? 0 : 1, bStep: bCount === 1 ? 0 : 1 };
}

function matMul({ inputs: { a, b }, attrs, backend }: KernelArguments): TensorInfo | null {
  if (a.dtype !== "float32" || b.dtype !== "float32" || size(a.shape) === 0 || size(b.shape) === 0) return null;
  const [transposeA, transposeB] = [Boolean(attrs.transposeA), Boolean(attrs.transposeB)];
  const [aRows, aColumns] = a.shape.slice(-2);
  const [bRows, bColumns] = b.shape.slice(-2);
  const batch = batchOf(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (!batch) return null;
  const m = transposeA ? aColumns : aRows;
  const k = transposeA ? aRows : aColumns;
  const n = transposeB ? bRows : bColumns;
  const mode = (transposeA ? 2 : 0) + (transposeB ? 1 : 0);
  const out = output(backend, [...batch.shape, m, n]);
  const scratch = { scratch: sizeFrom(backend, "gemmScratch", m, n, k) };
  const count = size(batch.shape);
  if (count === 1) issue(backend, "gemm", [mode, a, b, 0, out, m, n, k, 0, scratch]);
  else issue(backend, "gemmBatched", [mode, a, batch.aStep * m * k, b, batch.bStep * k * n, out, m * n, count, m, n, k, scratch]);
  return out;
}

/** x [n, k] w [k, m] + bias [m]. */
function dense({ inputs: { x, w, bias }, backend }: KernelArguments): TensorInfo {
  const [n, k] = x.shape;
  const m = w.shape[1];
  const out = output(backend, [n, m]);
  issue(backend, "gemm", [0, x, w, bias, out, n, m, k, 0, { scratch: sizeFrom(backend, "gemmScratch", n, m, k) }]);
  return out;
}

export const matMulKernels: readonly KernelConfig[] = [instead(matMulKernel, matMul), own("BnemDense", dense)];
