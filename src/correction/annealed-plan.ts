/**
 * An annealed run with every decision made: plain data, so that it can be sent to another thread, and rows addressed by their number in the whole run.
 * Nothing in it comes from the rows that will be counted.
 */
import type { Key } from "../core/types.js";
import type { Level } from "./levels.js";
import type { Reference } from "./reference.js";
import type { ResamplerName } from "./resample.js";
import type { Frozen } from "./transition.js";

/** Whether and how rows are resampled on the way. */
export interface ResamplingPlan {
  readonly method: ResamplerName;
  /** A trusted level resamples when the Kish effective sample size of an island is below this share of its rows. */
  readonly threshold: number;
  /** [K + 1]: 1 where the learned energy may decide about rows. */
  readonly trusted: Uint8Array;
}

/** Hamiltonian moves of every row at every trusted level; they change no weight but through the energies they start and end at. */
export interface MovesPlan {
  readonly count: number;
  /** 1 is MALA. */
  readonly leapfrogs: number;
  /** [K + 1], length. */
  readonly stepSize: Float64Array;
  /** [K + 1]: 1 where rows are moved. */
  readonly at: Uint8Array;
}

/** With the reference that rows start from. */
export interface AnnealedPlan extends Reference {
  /** Levels 0 .. K; the density of level 0 is the exact target. */
  readonly levels: readonly Level[];
  readonly key: Key;
  /** [K + 1]: what the pilot measured for the transition from level k to k - 1. */
  readonly frozen: readonly (Frozen | undefined)[];
  readonly resampling?: ResamplingPlan;
  readonly moves?: MovesPlan;
  /** First row of each island, and n: [islands + 1]. */
  readonly starts: Int32Array;
}

/** n rows in at most `islands` groups of nearly equal size. */
export function islandStarts(n: number, islands: number): Int32Array {
  return Int32Array.from({ length: islands + 1 }, (_, i) => Math.floor((i * n) / islands));
}
