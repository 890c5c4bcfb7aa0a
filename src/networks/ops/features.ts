/** The network's inputs as one kernel, with their Jacobian from both sides; features.ts has the plain twin. */
import { engine, type GradConfig, type Tensor, type Tensor1D, type Tensor2D, tensor1d } from "@tensorflow/tfjs-core";

/**
 * x [n, dim], variance [n] or [1] -> [n, columns] (features.ts). Differentiable in x alone, twice: enough for losses on energies and on
 * scores, and for products with the Hessian.
 *
 * @param tables from `packFeatureTables`
 */
export function fusedInputs(x: Tensor2D, variance: Tensor1D, tables: Float32Array, columns: number): Tensor2D {
  return engine().runKernel("BnemFeatures", { x, variance, tables: tensor1d(tables) }, { columns });
}

export const featureGradients: readonly GradConfig[] = [
  {
    kernelName: "BnemFeatures",
    inputsToSave: ["x", "variance", "tables"],
    gradFunc: (dy, [x, variance, tables], attrs) => ({
      x: () => engine().runKernel("BnemFeaturesGradient", { x, variance, tables, dy: dy as Tensor }, attrs) as Tensor,
    }),
  },
  {
    kernelName: "BnemFeaturesGradient",
    inputsToSave: ["x", "variance", "tables", "dy"],
    gradFunc: (v, [x, variance, tables, dy], attrs) => ({
      x: () => engine().runKernel("BnemFeaturesCurvature", { x, variance, tables, dy, v: v as Tensor }, attrs) as Tensor,
      dy: () => engine().runKernel("BnemFeaturesTangent", { x, variance, tables, v: v as Tensor }, attrs) as Tensor,
    }),
  },
];
