/** Every metric, in the order of reports. A new metric is one file and one row here. */
import { energyW2, energyW2Paper, energyW2Trimmed } from "./energy-distance.js";
import { ksd } from "./ksd.js";
import type { Metric } from "./metric.js";
import { modesCovered, stragglers } from "./mode-coverage.js";
import { modeWeightTv } from "./mode-weights.js";
import { totalVariation } from "./total-variation.js";
import { positionW1, positionW2, slicedW2 } from "./wasserstein.js";

export const metricTable = {
  positionW2,
  positionW1,
  slicedW2,
  energyW2,
  energyW2Paper,
  energyW2Trimmed,
  totalVariation,
  modeWeightTv,
  modesCovered,
  stragglers,
  ksd,
} as const satisfies { readonly [name: string]: Metric };

/** Name of a metric, a key of `Evaluation.metrics`. */
export type MetricName = keyof typeof metricTable;

export const metricNames = Object.keys(metricTable) as readonly MetricName[];
