/** Plain data about one metric. */
import type { Average } from "./average.js";
import { type Floor, floorOf, isAtFloor } from "./floor.js";
import type { Metric } from "./metric.js";
import type { MetricName } from "./table.js";

/** One metric of one sample. */
export interface MetricResult {
  /** The name in sentences and tables. */
  readonly label: string;
  /** Mean over the references. */
  readonly value: number;
  /** Spread of the value over references, as the standard error of its mean; absent with one reference or none. */
  readonly standardError?: number;
  /** Mean over fresh exact pairs at the same n: what a perfect sampler scores. */
  readonly floor: number;
  readonly floorStandardError: number;
  /** 95 % prediction limit of one exact pair. */
  readonly floorLimit: number;
  readonly atFloor: boolean;
  /** Rows used. */
  readonly n: number;
  /** Largest possible value, for counts. */
  readonly total?: number;
  /** For errors of an average: the average of the sample, what it should be, and their difference over its standard error. */
  readonly average?: Average;
  readonly expected?: Average;
  readonly z?: number;
}

/** Results by metric name; metrics that were not asked for, or that the target does not support, are absent. */
export type MetricResults = { readonly [name in MetricName]?: MetricResult };

/** What is known of one metric before it is judged. */
export interface Scored {
  /** One per reference; a single one where the metric reads none. */
  readonly scores: readonly number[];
  readonly floor: Floor;
  /** Rows used. */
  readonly n: number;
  readonly total?: number;
  readonly average?: Average;
  readonly expected?: Average;
}

/** The floor of a metric over fresh pairs; what n rows cannot show is not held against a sample. @param floors one per pair */
export function measuredFloor(metric: Metric, floors: ArrayLike<number>, n: number): Floor {
  const measured = floorOf(floors, metric.better, metric.folded);
  return { ...measured, limit: Math.max(measured.limit, metric.resolution?.(n) ?? measured.limit) };
}

export function resultOf(metric: Metric, { scores, floor, n, total, average, expected }: Scored): MetricResult {
  const value = scores.reduce((sum, s) => sum + s, 0) / scores.length;
  const spread = Math.sqrt(scores.reduce((sum, s) => sum + (s - value) ** 2, 0) / (scores.length - 1) / scores.length);
  return {
    label: metric.label,
    value,
    ...(scores.length > 1 && { standardError: spread }),
    floor: floor.mean,
    floorStandardError: floor.standardError,
    floorLimit: floor.limit,
    atFloor: isAtFloor(value, floor, metric.better),
    n,
    ...(total !== undefined && { total }),
    ...(average && expected && { average, expected, z: scoreOf(average, expected) }),
  };
}

function scoreOf(average: Average, expected: Average): number {
  return (average.value - expected.value) / Math.sqrt(average.standardError ** 2 + expected.standardError ** 2);
}
