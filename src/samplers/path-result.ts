/** What comes of a run of a sampler, and what is heard of it meanwhile. */
import type { Batch } from "../core/types.js";

/** Where a run of a sampler stands. */
export interface SamplerProgress {
  /** Rows that are finished, and in all. */
  readonly rows: number;
  readonly n: number;
  /** Share of the work done, in [0, 1]. */
  readonly fraction: number;
  /** Rows lost to non-finite coordinates so far. */
  readonly nonFinite: number;
}

/** What comes of a run. Rows that failed are NaN in `x` and `energy` and -Infinity in `logWeights`. */
export interface Path {
  /** [n, dim], raw units. */
  readonly x: Batch;
  /** Energy at x, [n], kT; where weights were asked for. */
  readonly energy?: Float32Array;
  /** Log importance weights with every constant kept: mean exp is an unbiased estimate of Z. [n] */
  readonly logWeights?: Float64Array;
  /** Rows with a non-finite coordinate or energy. */
  readonly nonFinite: number;
  /** Rows times score evaluations, and rows times energy evaluations. */
  readonly scoreCalls: number;
  readonly energyCalls: number;
  /** The part of `scoreCalls` that went into a discarded pilot batch; 0 where nothing had to be measured. */
  readonly pilotCalls: number;
}
