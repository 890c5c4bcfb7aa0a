/** What can be said of a sample without a single draw from the target: the identities that the energy itself keeps. */
import type { Energy, Key } from "../core/types.js";
import { contextOf } from "./context.js";
import type { Evaluation } from "./evaluation.js";
import { KSD_ROWS, medianDistance } from "./ksd.js";
import { type Cloud, firstRows, type Metric } from "./metric.js";
import { type MetricResult, type MetricResults, resultOf } from "./result.js";
import { type MetricName, metricTable } from "./table.js";
import { verdictOf } from "./verdict.js";
import { effectiveSize } from "./weights.js";

/** Signed sums behind a floor at least. */
const REPLICAS = 100;

export interface LabelFreeJob {
  readonly energy: Energy;
  readonly key: Key;
  readonly pairs: number;
  readonly wanted: readonly MetricName[];
}

function scoresOf(job: LabelFreeJob, cloud: Cloud, bandwidth: number): MetricResults {
  const { energy, key, pairs, wanted } = job;
  const context = contextOf(energy, key, bandwidth, []);
  const results: { [name in MetricName]?: MetricResult } = {};
  for (const name of wanted) {
    const metric: Metric = metricTable[name];
    const floor = metric.supports(energy) && metric.floorAlone?.(cloud, context, Math.max(pairs, REPLICAS));
    if (!floor) continue;
    const exact = metric.expected?.(energy);
    results[name] = resultOf(metric, {
      scores: [metric.compute(cloud, cloud, context)],
      floor,
      n: metric.rows(cloud.x.n, energy),
      average: metric.average?.(cloud, context),
      expected: exact === undefined ? undefined : { value: exact, standardError: 0 },
    });
  }
  return results;
}

/** Those of the metrics wanted that need neither exact draws nor a reference, of the sample and of the weighted sample. */
export function labelFree(
  job: LabelFreeJob,
  sample: Cloud,
  weights: Float64Array | undefined,
): Pick<Evaluation, "references" | "pairs" | "floorFrom" | "metrics" | "weighted" | "verdict"> {
  const bandwidth = medianDistance(firstRows(sample.x, KSD_ROWS));
  const metrics = scoresOf(job, sample, bandwidth);
  const size = weights && effectiveSize(weights);
  const weighted = weights && scoresOf(job, { ...sample, weights }, bandwidth);
  const words = verdictOf(metrics, weights ? "Raw sample" : "Sample", "alone");
  if (size !== undefined && weighted) {
    words.push(...verdictOf(weighted, `Weighted sample (effective size ${Math.round(size)} of ${sample.x.n})`, "alone"));
  }
  return {
    references: 0,
    pairs: Math.max(job.pairs, REPLICAS),
    floorFrom: "bootstrap",
    metrics,
    ...(size !== undefined &&
      weighted && { weighted: { effectiveSize: size, essFraction: size / sample.x.n, metrics: weighted } }),
    verdict: [
      ...words,
      `${job.energy.name} has no exact draws and no reference was given: only label-free checks could be computed. They cannot see missing or misweighted modes; give { reference } (long chains, a published set) for the other metrics.`,
      "Their floors come from this sample itself (random signs for a KSD, the standard error for the virial) and suppose independent rows.",
    ],
  };
}
