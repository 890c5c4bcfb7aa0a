/** The result of an evaluation. */
import type { Draws } from "./draws.js";
import type { ModeFractions } from "./mode-fractions.js";
import type { RadialDistribution } from "./radial-distribution.js";
import type { MetricResults } from "./result.js";

/** What `evaluate` returns: plain data, numbers beside their floors and a verdict in words. */
export interface Evaluation {
  readonly energyName: string;
  readonly n: number;
  readonly dim: number;
  readonly seed: number;
  /** Number of references the sample was scored against, and of pairs behind each floor. */
  readonly references: number;
  readonly pairs: number;
  /** Floors from exact draws, from splits of the given reference, or (label-free checks) from the sample itself. */
  readonly floorFrom: Draws["from"] | "bootstrap";
  /** Rows of the sample whose energy is NaN or infinite. */
  readonly nonFiniteEnergies: number;
  readonly metrics: MetricResults;
  /** The same sample with its weights; floors at the same effective size. */
  readonly weighted?: { readonly effectiveSize: number; readonly essFraction: number; readonly metrics: MetricResults };
  /** Shares of the modes with their errors, where the target has modes: of the rows as they are, and with their weights. */
  readonly modeFractions?: { readonly raw: ModeFractions; readonly weighted?: ModeFractions };
  /** g(r) of particles. */
  readonly radialDistribution?: RadialDistribution;
  readonly verdict: readonly string[];
}
