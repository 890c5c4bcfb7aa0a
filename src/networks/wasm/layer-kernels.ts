/** SiLU, the input features and Adam as kernels of tfjs's wasm backend. Their plain twins are beside their gradients in networks/ops. */
import { type KernelConfig, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { tableStride } from "../feature-tables.js";
import { issue, output, sizeFrom } from "./heap.js";
import type { HeapBackend } from "./heap-backend.js";
import { type KernelArguments, own } from "./own-kernel.js";

const size = (x: TensorInfo) => util.sizeFromShape([...x.shape]);

function silu({ inputs: { x }, backend }: KernelArguments): TensorInfo {
  const out = output(backend, x.shape);
  issue(backend, "silu", [x, 0, out, size(x)]);
  return out;
}

function siluGradient({ inputs: { x, dy }, backend }: KernelArguments): TensorInfo {
  const out = output(backend, x.shape);
  issue(backend, "siluGradient", [x, dy, out, size(x)]);
  return out;
}

/** [for x, for dy]. */
function siluCurvature({ inputs: { x, dy, g }, backend }: KernelArguments): TensorInfo[] {
  const forX = output(backend, x.shape);
  const forDy = output(backend, x.shape);
  issue(backend, "siluCurvature", [x, dy, g, forX, forDy, size(x)]);
  return [forX, forDy];
}

/** Rows of x, and 1 where every row has its own variance. */
function rowsOf({ x, variance }: KernelArguments["inputs"]): [rows: number, varianceStep: number] {
  return [x.shape[0], size(variance) === x.shape[0] && x.shape[0] > 1 ? 1 : 0];
}

function features({ inputs, attrs, backend }: KernelArguments): TensorInfo {
  const [rows, step] = rowsOf(inputs);
  const out = output(backend, [rows, attrs.columns as number]);
  issue(backend, "features", [inputs.tables, inputs.x, inputs.variance, step, out, rows]);
  return out;
}

function featuresGradient({ inputs, backend }: KernelArguments): TensorInfo {
  const [rows, step] = rowsOf(inputs);
  const out = output(backend, inputs.x.shape);
  issue(backend, "featuresGradient", [inputs.tables, inputs.x, inputs.variance, step, inputs.dy, out, rows]);
  return out;
}

function featuresTangent({ inputs, attrs, backend }: KernelArguments): TensorInfo {
  const [rows, step] = rowsOf(inputs);
  const out = output(backend, [rows, attrs.columns as number]);
  issue(backend, "featuresTangent", [inputs.tables, inputs.x, inputs.variance, step, inputs.v, out, rows]);
  return out;
}

function featuresCurvature({ inputs, backend }: KernelArguments): TensorInfo {
  const { tables, x, variance, dy, v } = inputs;
  const [rows, step] = rowsOf(inputs);
  const out = output(backend, x.shape);
  const scratch = sizeFrom(backend, "curvatureScratch", x.shape[1], tableStride(size(tables), x.shape[1]));
  issue(backend, "featuresCurvature", [tables, x, variance, step, dy, v, out, rows, { scratch }]);
  return out;
}

const state = ["p", "m", "v", "ema"] as const;

/** [p, m, v, ema] after one step; the kernel works in place, on copies. */
function adam({ inputs, attrs, backend }: KernelArguments): TensorInfo[] {
  const next = state.map((name) => copied(backend, inputs[name]));
  const [p, m, v, ema] = next;
  const numbers = ["rate", "beta1", "beta2", "epsilon", "correction", "shrink", "emaDecay"].map((name) => attrs[name] as number);
  issue(backend, "adamStep", [p, inputs.g, m, v, ema, size(p), ...numbers]);
  return next;
}

function copied(backend: HeapBackend, x: TensorInfo): TensorInfo {
  const out = output(backend, x.shape);
  issue(backend, "copyRows", [x, size(x), out, size(x), 1, size(x)]);
  return out;
}

export const layerKernels: readonly KernelConfig[] = [
  own("BnemSilu", silu),
  own("BnemSiluGradient", siluGradient),
  own("BnemSiluCurvature", siluCurvature),
  own("BnemFeatures", features),
  own("BnemFeaturesGradient", featuresGradient),
  own("BnemFeaturesTangent", featuresTangent),
  own("BnemFeaturesCurvature", featuresCurvature),
  own("BnemAdam", adam),
];
