/** A trainer frozen between two steps: with the configuration it is everything that decides the steps to come. */

export interface LoopState {
  /** Steps done. */
  readonly step: number;
  readonly parameters: Float32Array;
  readonly ema: Float32Array;
  readonly adamM: Float32Array;
  readonly adamV: Float32Array;
  /** Adam's own count: steps that were not skipped. */
  readonly adamStep: number;
  /** [filled, dim]. */
  readonly buffer: Float32Array;
  readonly bufferHead: number;
  /** Running statistics of the estimator and of the calibration. */
  readonly memory: ReadonlyMap<string, Float64Array>;
  readonly counts: LoopCounts;
  /** [step] each. */
  readonly loss: Float32Array;
  readonly gradientNorm: Float32Array;
}

export interface LoopCounts {
  readonly nonFinite: number;
  readonly skipped: number;
  /** Skipped steps in a row, up to now. */
  readonly inARow: number;
  readonly energyCalls: number;
  readonly networkCalls: number;
  /** Wall time of the steps done, in this and earlier processes. */
  readonly seconds: number;
}
