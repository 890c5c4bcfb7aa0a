/** Particles moved along the edges of a graph network, from where the SiLU of the edges' coordinate layer begins. */
import {
  add,
  div,
  engine,
  type GradConfig,
  matMul,
  mul,
  reshape,
  sqrt,
  square,
  sum,
  type Tensor,
  type Tensor2D,
  tanh,
} from "@tensorflow/tfjs-core";
import { firstOrderKernelsRun } from "../wasm/kernel-mode.js";
import { edgeDifferences, overEdges } from "./edge-pairs.js";
import { noSecondDerivative } from "./first-order.js";
import { silu } from "./silu.js";

/**
 * x_i + sum_j range f_ij tanh(silu(z_ij) w) (x_i - x_j) / (rho_ij + 1), rho = sqrt(|x_i - x_j|^2 + 1e-8), [batch, n, dim].
 * z [batch n (n - 1), width], w [width, 1], x [batch, n, dim], f [batch n (n - 1) entries in any shape], or [1] for all.
 * Differentiable once, in all four. The width is a multiple of 4.
 */
export function edgeShift(z: Tensor2D, w: Tensor2D, x: Tensor, f: Tensor, range: number): Tensor {
  return firstOrderKernelsRun()
    ? engine().runKernel("BnemEdgeShift", { z, w, x, f }, { range })
    : edgeShiftPlain(z, w, x, f, range);
}

/** The twin. */
export function edgeShiftPlain(z: Tensor2D, w: Tensor2D, x: Tensor, f: Tensor, range: number): Tensor {
  const [batch, n, dim] = x.shape;
  const differences = edgeDifferences(x);
  const rho = sqrt(add(sum(square(differences), -1, true), 1e-8));
  const weights = mul(tanh(matMul(silu(z), w)), mul(reshape(f, [f.size, 1]), range));
  const steps = mul(reshape(weights, [batch, n, n - 1, 1]), div(differences, add(rho, 1)));
  return add(x, reshape(overEdges(reshape(steps, [batch * n, n - 1, dim])), [batch, n, dim]));
}

const inputs = ["z", "w", "x", "f"] as const;

export const edgeShiftGradients: readonly GradConfig[] = [
  {
    kernelName: "BnemEdgeShift",
    inputsToSave: [...inputs],
    gradFunc: (dy, [z, w, x, f], attrs) => {
      const given = { z, w, x, f, dy: dy as Tensor };
      const all = engine().runKernel("BnemEdgeShiftGradient", given, attrs) as unknown as Tensor[];
      const forF = () => (f.size === 1 ? reshape(sum(all[3]), f.shape) : reshape(all[3], f.shape));
      return { z: () => all[0], w: () => all[1], x: () => all[2], f: forF };
    },
  },
  noSecondDerivative("BnemEdgeShiftGradient"),
];
