/** Plain data about one metric. */
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
}

/** Results by metric name; metrics that were not asked for, or that the target does not support, are absent. */
export type MetricResults = { readonly [name in MetricName]?: MetricResult };

/** @param scores one per reference; floors one per pair */
export function resultOf(
  metric: Metric,
  scores: readonly number[],
  floors: ArrayLike<number>,
  n: number,
  total?: number,
): MetricResult {
  const measured = floorOf(floors, metric.better);
  const floor: Floor = { ...measured, limit: Math.max(measured.limit, metric.resolution?.(n) ?? measured.limit) };
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
  };
}
