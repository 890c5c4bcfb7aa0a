/** Residual SiLU layers: what every network ends in that starts from features of a row or of a particle. */
import { add, type Tensor, type Tensor1D, type Tensor2D } from "@tensorflow/tfjs-core";
import { derive, uniformAt } from "../core/random.js";
import type { Key } from "../core/types.js";
import { countParameters, sizeOf } from "./network.js";
import { dense } from "./ops/dense.js";
import { silu } from "./ops/silu.js";

export interface LayerSizes {
  readonly inputs: number;
  readonly width: number;
  /** Hidden layers; those after the first are residual. */
  readonly depth: number;
  readonly outputs: number;
}

/** Matrix and bias of each layer. */
export function layerShapes({ inputs, width, depth, outputs }: LayerSizes): number[][] {
  const shapes = [[inputs, width], [width]];
  for (let layer = 1; layer < depth; layer++) shapes.push([width, width], [width]);
  shapes.push([width, outputs], [outputs]);
  return shapes;
}

/**
 * Uniform in +-sqrt(6 / fan in) (variance 2 / fan in, He et al. 2015, arXiv:1502.01852) for matrices of hidden layers; biases and the last
 * layer zero, so that an untrained network gives 0.
 */
export function initialLayers(key: Key, shapes: readonly (readonly number[])[]): Float32Array {
  const flat = new Float32Array(countParameters(shapes));
  let begin = 0;
  shapes.forEach((shape, at) => {
    const hidden = shape.length === 2 && at < shapes.length - 2;
    const bound = Math.sqrt(6 / shape[0]);
    const layer = derive(key, "layer", at);
    const size = sizeOf(shape);
    if (hidden) for (let i = 0; i < size; i++) flat[begin + i] = bound * (2 * uniformAt(layer, i) - 1);
    begin += size;
  });
  return flat;
}

/** The last layer's values [n, outputs]. */
export function residualLayers(parameters: readonly Tensor[], inputs: Tensor2D): Tensor2D {
  const layer = (x: Tensor2D, at: number) => dense(x, parameters[at] as Tensor2D, parameters[at + 1] as Tensor1D);
  let h = silu(layer(inputs, 0));
  let at = 2;
  for (; at < parameters.length - 2; at += 2) h = add(h, silu(layer(h, at)));
  return layer(h, at);
}
