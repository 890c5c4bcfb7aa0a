/** What holds the parameters of a run and takes its optimizer steps: on tfjs, or on a recorded program. */
import type { Tensor1D } from "@tensorflow/tfjs-core";
import type { AdamState } from "./adam.js";

/** One batch as numbers. */
export interface LearnerBatch {
  /** [n, dim], raw units. */
  readonly x: Float32Array;
  /** h of each row [n], raw units squared. */
  readonly variance: Float32Array;
  /** From `lossArrays`. */
  readonly target: Float32Array;
  /** [n], where an energy is fitted to its gradient. */
  readonly slope?: Float32Array;
  readonly weight: Float32Array;
}

export interface LearnerStep {
  /** Weighted mean loss before the step. */
  readonly loss: number;
  /** NaN where the step was not taken: the loss is not finite, or the batch was not worth one. */
  readonly gradientNorm: number;
  /** Before the step: energy [n], score [n, dim], or, where an energy is fitted to its gradient, score and slope [n, dim + 1]. */
  readonly prediction: Float32Array;
}

export interface LearnerState {
  readonly parameters: Float32Array;
  readonly ema: Float32Array;
  readonly adam: AdamState;
}

/** Settings of the optimizer. */
export interface LearnerOptions {
  readonly gradientClip: number;
  readonly emaDecay: number;
  /** Plain-SIMD kernels only. */
  readonly exact: boolean;
}

/** Holds memory until `dispose`. */
export interface Learner {
  /**
   * One Adam step and one of the average; nothing changes unless loss and gradient are finite and the batch is `worth` it.
   * @param meanwhile called at most once, where this thread would only wait for others
   */
  step(batch: LearnerBatch, learningRate: number, worth: boolean, meanwhile?: () => void): Promise<LearnerStep>;
  /** The average, valid until the next step. */
  average(): Float32Array | Tensor1D;
  /** Copies of everything. */
  state(): Promise<LearnerState>;
  dispose(): void;
}
