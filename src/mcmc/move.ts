/** What a move is: an init / step pair over many chains at once. */
import type { Batch, Energy, Json, Key } from "../core/types.js";
import type { RequestOf, ResultOf, RowTask } from "./shared-chains.js";

/** What a move needs besides its chains. */
export interface MoveContext {
  readonly energy: Energy;
  readonly key: Key;
  /** Runs a task on rows, on as many threads as there are. */
  run<T extends RowTask>(task: T, request: RequestOf<T>): Promise<ResultOf<T>>;
}

/** Chains of a move. A step updates it in place. */
export interface ChainState {
  /** The first `chains` rows of x are at the target; a move may have more, at other temperatures. */
  readonly chains: number;
  x: Batch;
  /** Unscaled, [x.n]. */
  energy: Float32Array;
  /** [x.n, dim]; empty where the move needs none. */
  gradient: Float32Array;
  /** Step sizes of the groups of rows, which are equally many and side by side: what warm-up adapts. */
  readonly stepSize: Float64Array;
  /** Number of the next move in its stream. */
  step: number;
}

/** What one call of `step` did. */
export interface McInfo {
  /** Mean acceptance of each group, as `ChainState.stepSize`. */
  readonly acceptance: Float64Array;
  /** Energies without a gradient, and with one. */
  readonly plainCalls: number;
  readonly gradientCalls: number;
  /** Proposals refused because their energy was not finite. */
  readonly nonFinite: number;
}

/** A Markov move that leaves exp(-E) invariant; made by `mala`, `hmc`, `nuts`, `randomWalk`, `tempering`. */
export interface McMove {
  readonly name: string;
  readonly options: { readonly [name: string]: Json };
  /** Acceptance that warm-up tunes the step size to. */
  readonly targetAcceptance: number;
  /** Fixed step size; warm-up leaves it alone. */
  readonly stepSize?: number;
  /** Chains of a move from where they start; x [n, dim] belongs to the caller. Counts the energies it takes. */
  init(context: MoveContext, x: Batch): { state: ChainState; info: McInfo };
  /** `moves` moves of all chains, in place. */
  step(context: MoveContext, state: ChainState, moves: number): Promise<McInfo>;
  /** In warm-up, after the share `progress` in (0, 1] of it; for what a move tunes besides step sizes. */
  adapt?(state: ChainState, progress: number): void;
  /** Called when warm-up is over: counts for `report` begin anew. */
  freeze?(state: ChainState): void;
  /** What there is to say about a run: numbers, and a line where something must be changed. */
  report?(state: ChainState): MoveReport;
}

/** What a move says of a run since warm-up: numbers, and one line where something should be changed. */
export interface MoveReport {
  readonly details: { readonly [name: string]: number | readonly number[] };
  readonly notice?: string;
}

/** Sum of what several calls did; acceptances are weighted by moves. */
export function addInfo(a: McInfo | undefined, b: McInfo, share = 1): McInfo {
  if (!a) return { ...b, acceptance: b.acceptance.map((value) => share * value) };
  return {
    acceptance: a.acceptance.map((value, i) => value + share * b.acceptance[i]),
    plainCalls: a.plainCalls + b.plainCalls,
    gradientCalls: a.gradientCalls + b.gradientCalls,
    nonFinite: a.nonFinite + b.nonFinite,
  };
}

/** Means over groups of equally many rows. */
export function groupMeans(values: Float32Array, groups: number): Float64Array {
  const size = values.length / groups;
  return Float64Array.from({ length: groups }, (_, group) => {
    let sum = 0;
    for (let i = group * size; i < (group + 1) * size; i++) sum += values[i];
    return sum / size;
  });
}

/** Each group's number for each of its n / groups rows. */
export function spread(values: Float64Array, n: number): Float32Array {
  const size = n / values.length;
  return Float32Array.from({ length: n }, (_, row) => values[Math.floor(row / size)]);
}
