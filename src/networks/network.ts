/**
 * What a network is here: a pure function of a flat parameter vector, coordinates and noise variance. One flat vector serves the
 * optimiser, the average, the checkpoint and the wire; a network only says into which shapes it is cut.
 */
import { reshape, slice, type Tensor, type Tensor1D, type Tensor2D, tidy } from "@tensorflow/tfjs-core";
import type { Key, NetworkFacts, NetworkLengths } from "../core/types.js";

/** What a network returns: the noised energy [n] in kT, or the score [n, dim] in 1 / raw unit. */
export type NetworkOutput = "energy" | "score";

export interface Network extends NetworkFacts {
  /** Shapes into which the flat parameter vector is cut, in order. */
  readonly shapes: readonly (readonly number[])[];
  /**
   * Rows of a recorded program (record.ts), 128 where absent: fewer for a network whose rows are large inside, so that a block stays in the
   * caches. Results of training depend on it, as gradients are summed by blocks.
   */
  readonly blockRows?: number;
  /** Starting parameters, [parameterCount]: same key, same bits on every runtime. */
  initialize(key: Key): Float32Array;
  /**
   * Prediction as differentiable tensor operations.
   *
   * @internal no tensor appears in a public signature
   * @param parameters one tensor per entry of `shapes`
   * @param x [n, dim], raw units
   * @param variance noise variance in raw units squared, [n], or [1] when all rows share it (cheaper: what depends on the noise alone is
   *   then computed once)
   * @returns energy [n] or score [n, dim]
   */
  forward(parameters: readonly Tensor[], x: Tensor2D, variance: Tensor1D): Tensor;
}

/** Makes the network of a target: the trainer knows `dim` and which output the estimator asks for. */
export type NetworkFactory = (dim: number, output: NetworkOutput, lengths?: NetworkLengths) => Network;

/** Number of entries of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

/** Length of the flat vector. */
export function countParameters(shapes: readonly (readonly number[])[]): number {
  return shapes.reduce((count, shape) => count + sizeOf(shape), 0);
}

/** Cuts a flat vector [parameterCount] into one tensor per shape. The caller owns the pieces. */
export function splitParameters(flat: Tensor1D, shapes: readonly (readonly number[])[]): Tensor[] {
  return tidy(() => {
    let begin = 0;
    return shapes.map((shape) => {
      const size = sizeOf(shape);
      const piece = reshape(slice(flat, [begin], [size]), [...shape]);
      begin += size;
      return piece;
    });
  });
}
