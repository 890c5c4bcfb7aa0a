/** Every metric, in the order of reports. A new metric is one file and one row here. */
import { alignedW2 } from "./aligned-distance.js";
import { energyW2, energyW2Paper, energyW2Trimmed } from "./energy-distance.js";
import { heatCapacityError } from "./heat-capacity.js";
import { ksd } from "./ksd.js";
import { meanEnergyError } from "./mean-energy.js";
import type { Metric } from "./metric.js";
import { modesCovered, stragglers } from "./mode-coverage.js";
import { modeWeightTv } from "./mode-weights.js";
import { pairDistanceTv } from "./pair-distance-tv.js";
import { pairDistanceW2 } from "./pair-distance-w2.js";
import { pairKsd } from "./pair-ksd.js";
import { totalVariation } from "./total-variation.js";
import { virialError } from "./virial.js";
import { positionW1, positionW2, slicedW2 } from "./wasserstein.js";

export const metricTable = {
  positionW2,
  alignedW2,
  positionW1,
  slicedW2,
  energyW2,
  energyW2Paper,
  energyW2Trimmed,
  meanEnergyError,
  heatCapacityError,
  pairDistanceTv,
  pairDistanceW2,
  totalVariation,
  modeWeightTv,
  modesCovered,
  stragglers,
  virialError,
  pairKsd,
  ksd,
} as const satisfies { readonly [name: string]: Metric };

/** Name of a metric, a key of `Evaluation.metrics`. */
export type MetricName = keyof typeof metricTable;

export const metricNames = Object.keys(metricTable) as readonly MetricName[];
