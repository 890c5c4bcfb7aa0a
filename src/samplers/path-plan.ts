/**
 * A run of a sampler with every decision made: plain data, so that it can be sent to another thread, and rows addressed by their number in the
 * whole run, so that they can be computed in blocks anywhere.
 */
import type { Batch, Key, Particles } from "../core/types.js";
import type { Corrector } from "./langevin.js";
import type { NormalSource } from "./normal-source.js";
import type { Rows } from "./rows.js";

/** The rules that take rows from the prior to the end; their names are those of the public calls. */
export type PathRule = "reverseSde" | "probabilityFlow";

/** Together with a model and a source of normals it decides every bit of a path. */
export interface PathPlan {
  readonly rule: PathRule;
  readonly dim: number;
  /** The paths stay on their subspace, and the weights are densities on it. */
  readonly particles?: Particles;
  /** Variances h_0 < ... < h_N, [N + 1]. */
  readonly grid: Float64Array;
  /** Of the transition from level k to k - 1, [N + 1]; empty where the rule has none. */
  readonly drift: Float64Array;
  readonly variance: Float64Array;
  readonly priorVariance: number;
  readonly weighted: boolean;
  /** Ends with x + h_0 s(x, h_0). */
  readonly tweedie: boolean;
  readonly corrector?: Corrector;
  readonly key: Key;
  /** Rows times scores that went into making this plan. */
  readonly pilotCalls: number;
}

/** What rows need on their way. */
export interface PathTools {
  /** The model's score of x at variance h; each call is counted. */
  score(x: Batch, h: number): Promise<Float32Array>;
  readonly draws: NormalSource;
  /** Told where the transition from level k begins: `rows.score` is the score there. */
  leaving?(k: number, rows: Rows): void;
  /** To be called after every level. */
  step(): Promise<void>;
}

/** Takes rows from the prior to the end. */
export type Advance = (rows: Rows, plan: PathPlan, tools: PathTools) => Promise<void>;

/** Rows `first` .. `first + failed.length - 1` of a run at its end, their weights still without the energy. */
export interface PathBlock {
  readonly first: number;
  /** [rows, dim]; what stands in failed rows says nothing. */
  readonly x: Float32Array;
  /** [rows]; absent for raw output. */
  readonly logWeights?: Float64Array;
  /** 1 where a coordinate came out non-finite. */
  readonly failed: Uint8Array;
  /** Score evaluations per row. */
  readonly evaluations: number;
}
