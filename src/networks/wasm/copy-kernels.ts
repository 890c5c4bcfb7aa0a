/** Matrices cut, joined, turned and filled on the kernels of this package. */
import { castConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Cast.js";
import { concatConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Concat.js";
import { fillConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Fill.js";
import { identityConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Identity.js";
import { sliceConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Slice.js";
import { transposeConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/Transpose.js";
import { zerosLikeConfig } from "@tensorflow/tfjs-backend-wasm/dist/kernels/ZerosLike.js";
import { type KernelConfig, slice_util, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { issue, output } from "./heap.js";
import type { HeapBackend } from "./heap-backend.js";
import { instead, type KernelArguments } from "./own-kernel.js";

const size = (shape: readonly number[]) => util.sizeFromShape([...shape]);

/** Tensors joined along one axis: rows are what comes before it, a row's part is what comes from it on. */
function concat(args: KernelArguments): TensorInfo | null {
  const parts = Object.values(args.inputs).filter(({ shape }) => size(shape) > 0);
  if (parts.length === 0 || parts.some(({ dtype }) => dtype !== "float32")) return null;
  const [{ shape }] = parts;
  const axis = util.parseAxisParam(args.attrs.axis as number, [...shape])[0];
  const joined = [...shape];
  joined[axis] = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  const out = output(args.backend, joined);
  const rows = size(shape.slice(0, axis));
  const rowLength = size(joined.slice(axis));
  let at = 0;
  for (const part of parts) {
    const width = size(part.shape.slice(axis));
    issue(args.backend, "copyRows", [part, width, { part: out, byteOffset: 4 * at }, rowLength, rows, width]);
    at += width;
  }
  return out;
}

/** A part cut along at most one axis. */
function slice({ inputs: { x }, attrs, backend }: KernelArguments): TensorInfo | null {
  if (x.dtype !== "float32") return null;
  const [begin, lengths] = slice_util.parseSliceParams(x as never, attrs.begin as number[], attrs.size as number[]);
  if (size(lengths) === 0) return null;
  const cut = lengths.map((length, axis) => (length === x.shape[axis] ? -1 : axis)).filter((axis) => axis >= 0);
  if (cut.length > 1) return null;
  const axis = cut[0] ?? 0;
  const inner = size(x.shape.slice(axis + 1));
  const from = { part: x, byteOffset: 4 * (begin[axis] ?? 0) * inner };
  const out = output(backend, lengths);
  const width = (lengths[axis] ?? 1) * inner;
  issue(backend, "copyRows", [from, (x.shape[axis] ?? 1) * inner, out, width, size(x.shape.slice(0, axis)), width]);
  return out;
}

/** The two last axes exchanged, all others being 1; or an order that moves only axes of length 1. */
function transpose({ inputs: { x }, attrs, backend }: KernelArguments): TensorInfo | null {
  if (x.dtype !== "float32" || size(x.shape) === 0) return null;
  const perm = attrs.perm as number[];
  const real = perm.filter((axis) => x.shape[axis] > 1);
  if (real.length > 2) return null;
  const out = output(
    backend,
    perm.map((axis) => x.shape[axis]),
  );
  if (real.length === 2 && real[0] > real[1]) issue(backend, "transposeMatrix", [x, out, x.shape[real[1]], x.shape[real[0]]]);
  else issue(backend, "copyRows", [x, size(x.shape), out, size(x.shape), 1, size(x.shape)]);
  return out;
}

function filled(backend: HeapBackend, shape: readonly number[], value: number): TensorInfo | null {
  if (size(shape) === 0) return null;
  const out = output(backend, shape);
  issue(backend, "fillArray", [out, value, size(shape)]);
  return out;
}

/** The same data under another handle: what every saved tensor is; tfjs-wasm copies it. */
function same({ inputs: { x }, backend }: KernelArguments): TensorInfo {
  backend.incRef(x.dataId);
  return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
}

/** f32 to f32, which stock gradients ask for everywhere, is the same data. */
function cast(args: KernelArguments): TensorInfo | null {
  return args.inputs.x.dtype === "float32" && args.attrs.dtype === "float32" ? same(args) : null;
}

export const copyKernels: readonly KernelConfig[] = [
  instead(castConfig, cast),
  instead(identityConfig, (args) => (args.inputs.x.dtype === "string" ? null : same(args))),
  instead(concatConfig, concat),
  instead(sliceConfig, slice),
  instead(transposeConfig, transpose),
  instead(fillConfig, ({ attrs, backend }) =>
    attrs.dtype === undefined || attrs.dtype === "float32"
      ? filled(backend, attrs.shape as number[], attrs.value as number)
      : null,
  ),
  instead(zerosLikeConfig, ({ inputs: { x }, backend }) => (x.dtype === "float32" ? filled(backend, x.shape, 0) : null)),
];
