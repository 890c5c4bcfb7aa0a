/** What a transition between two neighbouring levels of a path is. Each rule is one file in transitions/. */
import type { Batch } from "../core/types.js";
import type { LevelModel } from "./level-model.js";
import type { Interval } from "./levels.js";

/** What a pilot has measured for one interval: plain numbers that the counted run takes as they are. */
export type Frozen = readonly number[];

/** Random numbers of the rows of one step: streams of their own, the same bits whoever computes the rows. */
export interface StepRandom {
  /** Standard normals [n, dim]. */
  normals(): Float32Array;
  /** Uniforms in [0, 1), [n]. */
  uniforms(): Float64Array;
}

export interface StepRequest {
  readonly interval: Interval;
  /** [n, dim]: rows at the noisier level on the way down, at the other on the way up. */
  readonly x: Batch;
  readonly random: StepRandom;
  /** The model at the noisier level. */
  readonly model: LevelModel;
  /** What `measure` gave for this interval. */
  readonly frozen?: Frozen;
  /** On the way down: the score at x, where it is known. */
  readonly score?: Float32Array;
}

/** Rows after a step. */
export interface Moved {
  readonly x: Batch;
  /**
   * Down: log F(x_from | x_to) - log B(x_to | x_from), or log |det J| of a map. Up: log B - log F of the same pair, or -log |det J|. f64,
   * every constant kept. NaN marks a row that cannot be weighed.
   */
  readonly logRatio: Float64Array;
  /** Maps: smallest eigenvalue of J over the rows, relative to that of the pull alone; at most 0 where the map is not invertible. */
  readonly smallestEigenvalue?: number;
}

/**
 * Backward kernel B of one interval, or a map. Any B with a density is legal: a bad one costs effective samples, not correctness. What it takes
 * from other particles must come from a pilot (`measure`), never from the rows it moves.
 */
export interface AnnealedTransition {
  readonly name: string;
  /** True: no noise, the weight has |det J| in place of a ratio of densities. */
  readonly deterministic: boolean;
  /** What it asks of the model besides scores. */
  readonly needs: "score" | "hessian";
  /** Numbers of an interval from pilot rows at its noisier level, `score` [n, dim] there. Absent where nothing has to be measured. */
  measure?(request: {
    readonly interval: Interval;
    readonly x: Batch;
    readonly score: Float32Array;
    readonly model: LevelModel;
  }): Promise<Frozen>;
  /** Numbers of an interval that follow from its levels alone. */
  settle?(interval: Interval): Frozen;
  /** From the noisier level to the other. */
  down(request: StepRequest): Promise<Moved>;
  /** From the other level to the noisier: the noising kernel, or the inverse map. */
  up(request: StepRequest): Promise<Moved>;
}
