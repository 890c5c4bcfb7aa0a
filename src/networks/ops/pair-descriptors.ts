/** Descriptors of particles from their pairs as one kernel, its gradients in positions and radial weights, its second derivatives in positions, and the plain twin with dense pairs. */
import {
  add,
  div,
  engine,
  type GradConfig,
  matMul,
  maximum,
  mul,
  neg,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  type Tensor3D,
  tensor,
  zeros,
} from "@tensorflow/tfjs-core";
import { BnemError } from "../../core/errors.js";
import { ownKernelsRun } from "../wasm/kernel-mode.js";
import { cutColumns, joinColumns } from "./columns.js";

/** Sizes of `pairDescriptors`. */
export interface PairShape {
  readonly count: number;
  /** 2 or 3. */
  readonly spatialDim: number;
  /** Distance from which on pairs are not seen. */
  readonly cutoff: number;
  /** Radial functions. */
  readonly radial: number;
  /** Channels of each kind; multiples of 4, 0 allowed for the last two. */
  readonly scalars: number;
  readonly vectors: number;
  readonly tensors: number;
}

/** Distances are softened by this: r = sqrt(|d|^2 + epsilon^2), so that coincident particles have finite derivatives (assembly/pair-space.ts). */
export const epsilonSquared = 1e-4;

/**
 * Row i of a configuration, with d = y_i - y_j, r = sqrt(|d|^2 + epsilon^2), u = d / r, t = u u^T - I |u|^2 / spatialDim and radial functions
 * f_c(r) = sum_k w_kc B_k(r), B_k the cubic B-splines of the grid of `radial` cells on [0, cutoff] that vanish at the cut-off:
 *
 *   [ sum_j f_c  |  |sum_j f_c u|^2  |  |sum_j f_c t|_F^2 ],   [scalars | vectors | tensors] columns
 *
 * Invariant to rotation, reflection, translation and permutation; two derivatives everywhere, coincident particles included. y [n, count
 * spatialDim], w [n, radial, columns] or [1, radial, columns] for all rows -> [n count, columns]. Differentiable once in w and twice in y.
 */
export function pairDescriptors(y: Tensor2D, w: Tensor3D, shape: PairShape): Tensor2D {
  if (!ownKernelsRun()) return pairDescriptorsPlain(y, w, shape);
  return (engine().runKernel("BnemPairDescriptors", { y, w }, { ...shape }) as unknown as Tensor2D[])[0];
}

/** B_k at r [rows, 1] -> [rows, radial]: the spline of four cells around (k - 1) cells. */
function splines(r: Tensor, { cutoff, radial }: PairShape): Tensor {
  const centers = tensor(
    Float32Array.from({ length: radial }, (_, k) => k - 1),
    [1, radial],
  );
  const t = sub(mul(r, radial / cutoff), centers);
  const away = maximum(t, neg(t));
  const wide = maximum(sub(2, away), 0);
  const narrow = maximum(sub(1, away), 0);
  return mul(sub(mul(square(wide), wide), mul(mul(square(narrow), narrow), 4)), 1 / 6);
}

/** 0 for a particle with itself, [1, count^2, 1]. */
function apart(count: number): Tensor {
  const values = Float32Array.from({ length: count * count }, (_, at) => +(at % (count + 1) !== 0));
  return tensor(values, [1, count * count, 1]);
}

/** Coordinate axes of u and t: [a, b, how often the entry stands in t]. */
function entries(spatialDim: number): [number, number, number][] {
  const axes = Array.from({ length: spatialDim }, (_, a) => a);
  return axes.flatMap((a) => axes.slice(a).map((b): [number, number, number] => [a, b, a === b ? 1 : 2]));
}

/** The twin in tfjs's own operations: [n, count, count, .] tensors. */
export function pairDescriptorsPlain(y: Tensor2D, w: Tensor3D, shape: PairShape): Tensor2D {
  const { count, spatialDim, radial, scalars, vectors, tensors } = shape;
  const n = y.shape[0];
  const pairs = n * count * count;
  const columns = scalars + vectors + tensors;
  const difference = sub(reshape(y, [n, count, 1, spatialDim]), reshape(y, [n, 1, count, spatialDim]));
  const d = reshape(difference, [pairs, spatialDim]) as Tensor2D;
  const r = sqrt(add(sum(square(d), 1, true), epsilonSquared));
  const u = div(d, r) as Tensor2D;
  const masked = mul(reshape(splines(r, shape), [n, count * count, radial]), apart(count));
  const shared = w.shape[0] === 1;
  const values = shared
    ? matMul(reshape(masked, [pairs, radial]) as Tensor2D, reshape(w, [radial, columns]) as Tensor2D)
    : matMul(masked as Tensor3D, w);
  const f = reshape(values, [pairs, columns]) as Tensor2D;
  const axis = (a: number) => cutColumns(u, a, 1);
  const gathered = (part: Tensor) => reshape(sum(reshape(part, [n * count, count, part.shape[1] as number]), 1), [n * count, -1]);
  const parts = [gathered(cutColumns(f, 0, scalars))];
  if (vectors > 0) {
    const own = cutColumns(f, scalars, vectors);
    const squares = Array.from({ length: spatialDim }, (_, a) => square(gathered(mul(own, axis(a)))));
    parts.push(squares.reduce((total, next) => add(total, next)));
  }
  if (tensors > 0) {
    const own = cutColumns(f, scalars + vectors, tensors);
    const trace = mul(sum(square(u), 1, true), 1 / spatialDim);
    const squares = entries(spatialDim).map(([a, b, times]) => {
      const product = mul(axis(a), axis(b));
      return mul(square(gathered(mul(own, a === b ? sub(product, trace) : product))), times);
    });
    parts.push(squares.reduce((total, next) => add(total, next)));
  }
  return joinColumns(parts as Tensor2D[]);
}

function refuse(): never {
  throw new BnemError(
    "unsupported",
    'descriptor: second derivatives in the parameters are not implemented; fit the gradient of the energy with an estimator of kind "gradient", which takes differences of first ones',
  );
}

export const pairGradients: readonly GradConfig[] = [
  {
    kernelName: "BnemPairDescriptors",
    inputsToSave: ["y", "w"],
    outputsToSave: [false, true],
    gradFunc: (dy, [y, w, moments], attrs) => {
      const inputs = { y, w, moments, g: (dy as Tensor[])[0] };
      return {
        y: () => engine().runKernel("BnemPairDescriptorsInY", inputs, attrs) as Tensor,
        w: () => engine().runKernel("BnemPairDescriptorsInW", inputs, attrs) as Tensor,
      };
    },
  },
  {
    kernelName: "BnemPairDescriptorsInY",
    inputsToSave: ["y", "w", "moments", "g"],
    gradFunc: (v, [y, w, moments, g], attrs) => {
      const inputs = { y, w, moments, g, v: v as Tensor };
      const both = engine().runKernel("BnemPairDescriptorsCurvature", inputs, attrs) as unknown as Tensor[];
      // The moments are functions of y and w; what they contribute is in the derivative by y.
      return { y: () => both[1], g: () => both[0], w: refuse, moments: () => zeros(moments.shape) };
    },
  },
  { kernelName: "BnemPairDescriptorsInW", gradFunc: refuse },
];
