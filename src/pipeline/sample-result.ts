/** What a call of `sample` returns, and what it says about its weights. */
import type { Batch } from "../core/types.js";
import type { EffectiveSize, GroupedSize } from "../correction/islands.js";
import type { PathMean } from "../correction/path-figures.js";
import type { SampleVerdict } from "../correction/sample-verdict.js";
import type { SplitHalves } from "../correction/split-halves.js";

/** How a weighted sample was made and what its weights are worth. Every effective size says what it is of and carries its n. */
export interface CorrectionReport {
  readonly method: "smc" | "path" | "replica-exchange";
  readonly transition: string;
  /** Noise levels, the target's own included. */
  readonly levels: number;
  /** Weighted rows that were computed: n, or n times the oversampling. */
  readonly rows: number;
  /** What `ess` is of: whole paths, or paths since the last resampling, which is nearly sure to be large. */
  readonly essOf: "whole paths" | "paths since the last resampling" | "draws of chains";
  /** Kish effective size of whole paths: of the sample itself where nothing was resampled, else of the pilot. */
  readonly pathEss?: EffectiveSize;
  /** N_eff from the variance over islands, or over rows where they are independent. */
  readonly effective?: GroupedSize;
  /** Rows at the noisiest level that rows of positive weight descend from. */
  readonly ancestors: { readonly unique: number; readonly n: number };
  readonly islands: number;
  /** Mean number of resamplings of an island. */
  readonly resamplings: number;
  /** Noise standard deviation of the highest level whose learned energy decided about rows, 0 for none, and the accumulated residual there, kT. */
  readonly trusted: { readonly sigma: number; readonly residual: number };
  /** Half the islands against the other half, in combined standard errors. */
  readonly splitHalves?: SplitHalves;
  /** Paths from draws of the target: their effective size, the mean of their log weights (>= log Z), and the share that the rows hardly see. */
  readonly forward?: { readonly ess: EffectiveSize; readonly eubo: PathMean; readonly unseen: number };
  /** Replica exchange: least swap probability of two neighbouring levels, and trips from the reference down to the target. */
  readonly exchange?: { readonly leastSwap: number; readonly roundTrips: number };
  /** Mean acceptance of moves, of replica exchange those at the target; absent without. */
  readonly acceptance?: number;
  /** The discarded run that settled transitions, trust and step sizes. */
  readonly pilot: { readonly n: number; readonly networkCalls: number; readonly energyCalls: number };
  /** What a reader of the weights has to know: a map that is not invertible, a reference that is too narrow, ... */
  readonly notices: readonly string[];
}

/** Samples with what they are worth. Rows that came out non-finite are NaN, weigh nothing and are counted. */
export interface SampleResult {
  /** [n, dim], raw units. */
  readonly x: Batch;
  /** Exact energy of each row [n], kT. */
  readonly energy: Float32Array;
  /** Log importance weight of each row, f64, all constants kept: mean exp is an unbiased estimate of Z. Absent with correction "none". */
  readonly logWeights?: Float64Array;
  /** Number of the row at the noisiest level that each row descends from, [n]; equal numbers are not independent. With weights. */
  readonly ancestors?: Int32Array;
  /** Kish effective sample size of the weights, the n it belongs to, and their ratio; `correction.essOf` says what of. */
  readonly ess?: { readonly value: number; readonly n: number; readonly fraction: number };
  /** log mean weight with its standard error, from the islands where rows were resampled. */
  readonly logZ?: { readonly value: number; readonly standardError: number };
  readonly correction?: CorrectionReport;
  /** Whether the rows can be used as they are, with their weights, or not, and why. With weights. */
  readonly verdict?: SampleVerdict;
  readonly seed: number;
  /** Rows of the exact energy; with the pilot's. */
  readonly energyCalls: number;
  /** Rows of the network, Hessian products among them; `pilotCalls` of them went into a discarded pilot batch. */
  readonly networkCalls: number;
  readonly pilotCalls: number;
  readonly nonFinite: number;
  readonly seconds: number;
  /** One line where fewer threads computed than were asked for. */
  readonly notice?: string;
}

/** A sample without what only the call knows. */
export type Drawn = Omit<SampleResult, "seed" | "seconds" | "notice"> & {
  /** Whether all threads computed. */
  readonly spread: boolean;
};
