/** What a metric is: one file exports one value of `Metric`, one row of table.ts lists it. Nothing here computes a metric. */
import type { Batch, Energy, Key } from "../core/types.js";
import type { Average } from "./average.js";
import type { Floor } from "./floor.js";

/** A sample as the metrics see it. */
export interface Cloud {
  readonly x: Batch;
  /** Energy of each row, kT, [n]. */
  readonly energies: Float32Array;
  /** Probabilities of the rows, [n], summing to 1; absent when all rows count the same. */
  readonly weights?: Float64Array;
}

/** What metrics share during one evaluation, so that floors and sample are scored alike. */
export interface MetricContext {
  readonly energy: Energy;
  /** Stream of the evaluation: the directions of slicedW2. */
  readonly key: Key;
  /** Length scale of the KSD kernel in the target's units. */
  readonly bandwidth: number;
  /** Mean transport cost of position under the exact assignment: power 1 |a - b|, power 2 |a - b|^2. Kept per pair. */
  transportCost(sample: Cloud, reference: Cloud, power: 1 | 2): number;
  /** grad E of each row, [n, dim]. Kept per cloud. */
  gradient(cloud: Cloud): Float32Array;
  /** Distances between the particles of each row, [n, count (count - 1) / 2]. Kept per cloud. */
  pairDistances(cloud: Cloud): Float32Array;
}

/** One number of one sample, and what is needed to read it. */
export interface Metric {
  readonly name: string;
  /** The name in sentences and tables. */
  readonly label: string;
  readonly better: "lower" | "higher";
  /** False: compared with the energy itself (its modes, its score), the reference is not read. */
  readonly needsReference: boolean;
  /** Has a meaning for weighted rows; "resample" for those that take plain rows only. */
  readonly weighting: "native" | "resample" | "none";
  /** One sentence: definition, convention, what it cannot see. */
  readonly definition: string;
  /** Smallest difference from 0 that n rows can show; a limit below it is raised to it. */
  resolution?(n: number): number;
  /** True for |a - b| of averages: normal about 0 between exact samples, and limited as such. */
  readonly folded?: boolean;
  /** Largest value, for counts. */
  total?(energy: Energy): number;
  /** False where the energy lacks what the metric reads; the metric is then left out. */
  supports(energy: Energy): boolean;
  /** Rows used of n. */
  rows(n: number, energy: Energy): number;
  compute(sample: Cloud, reference: Cloud, context: MetricContext): number;
  /** Law of the metric over exact samples, told from the sample alone; metrics without it cannot be judged without draws from the target. */
  floorAlone?(sample: Cloud, context: MetricContext, replicas: number): Floor;
  /** For metrics that are the distance of an average from what it should be: that average, */
  average?(cloud: Cloud, context: MetricContext): Average;
  /** and its exact value where it is known; elsewhere it is the average over the reference. */
  expected?(energy: Energy): number;
}

/** Metrics about positions use this many rows at most; the first ones. */
export const POSITION_ROWS = 4000;

/** The first rows of a batch, without a copy. */
export function firstRows(x: Batch, rows: number): Batch {
  return rows >= x.n ? x : { data: x.data.subarray(0, rows * x.dim), n: rows, dim: x.dim };
}
