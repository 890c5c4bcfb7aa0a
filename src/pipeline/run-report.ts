/** From the parts of a run to the data of its report: the energy grid behind the dots, and which facts are worth a table. */
import { checkInteger } from "../core/check.js";
import { finiteRows } from "../core/finite-rows.js";
import type { Batch, Energy, Particles } from "../core/types.js";
import type { Evaluation } from "../metrics/evaluate.js";
import { pairDistances } from "../metrics/pair-distances.js";
import { radialDistribution } from "../metrics/radial-distribution.js";
import { spreadRows } from "../metrics/spread-rows.js";
import { normalisedWeights } from "../metrics/weights.js";
import { metricRows } from "../report/metric-rows.js";
import type { ContourGrid, MetricSet, PairDistances, ReportData } from "../report/report-data.js";
import type { CorrectionReport } from "./sample-result.js";

/** What a call of `sample` returned, as far as a report shows it. */
export interface SampleOutcome {
  readonly x: Batch;
  readonly energy: Float32Array;
  readonly logWeights?: Float64Array;
  readonly ess?: { readonly fraction: number };
  readonly correction?: Pick<CorrectionReport, "effective">;
  readonly logZ?: { readonly value: number; readonly standardError: number };
}

/** What a run drew: raw output, and the weighted sample. One of them is enough. */
export interface Drawn {
  readonly raw?: SampleOutcome;
  readonly weighted?: SampleOutcome;
}

type FromDrawn =
  | "energyName"
  | "dim"
  | "samples"
  | "energies"
  | "weighted"
  | "reference"
  | "contour"
  | "particles"
  | "pairDistances"
  | "radialDistribution";

/** Distances behind a histogram at most: its bars are then known to a percent. */
const DISTANCES = 200_000;
/** Rows of a reference shown at most. */
const REFERENCE_ROWS = 4000;

/** Everything of a report that does not follow from the energy and the samples. */
export type RunFacts = Omit<ReportData, FromDrawn | "calibration"> & {
  /** Seed of the exact draws shown beside the sample, where they exist. */
  readonly referenceSeed: number;
  /** Configurations from the target, where it has no exact draws. */
  readonly reference?: Batch;
  /** From `trainer.calibration()`. */
  readonly calibration?: readonly { readonly sigma: number; readonly meanExp: number }[];
};

/** Square around the rows of some two-dimensional batches, a tenth wider; the outermost 0.1 % per side may lie outside. */
function squareAround(batches: readonly Batch[]): { x: number; y: number; half: number } {
  const columns = [0, 1].map((axis) => {
    const values: number[] = [];
    for (const { data, n } of batches) for (let i = 0; i < n; i++) values.push(data[2 * i + axis]);
    const sorted = Float64Array.from(values.filter(Number.isFinite)).sort();
    if (sorted.length === 0) return { middle: 0, half: 1 };
    const low = sorted[Math.floor(sorted.length * 0.001)];
    const high = sorted[sorted.length - 1 - Math.floor(sorted.length * 0.001)];
    return { middle: (low + high) / 2, half: (high - low) / 2 };
  });
  return { x: columns[0].middle, y: columns[1].middle, half: Math.max(columns[0].half, columns[1].half) * 1.1 || 1 };
}

/**
 * Energies on a square grid around two-dimensional configurations, for contours; undefined in other dimensions. Costs nodes^2
 * energy calls.
 *
 * @throws RangeError when nodes is outside [8, 2000]
 */
export function energyGrid(energy: Energy, around: readonly Batch[], nodes = 160): ContourGrid | undefined {
  checkInteger("energyGrid", "nodes", nodes, 8, 2000);
  if (energy.dim !== 2) return undefined;
  const { x, y, half } = squareAround(around);
  const data = new Float32Array(2 * nodes * nodes);
  for (let k = 0; k < nodes * nodes; k++) {
    data[2 * k] = x - half + (2 * half * (k % nodes)) / (nodes - 1);
    data[2 * k + 1] = y - half + (2 * half * Math.floor(k / nodes)) / (nodes - 1);
  }
  const values = energy.energy({ data, n: nodes * nodes, dim: 2 });
  return { x0: x - half, x1: x + half, y0: y - half, y1: y + half, nx: nodes, ny: nodes, values };
}

/**
 * The data of a report on what a run drew from one energy. Draws as many exact configurations (at most 4,000) where the energy has
 * them; otherwise as many evenly spread rows of `facts.reference` are shown. Energies of particles get configurations, distances and g(r).
 *
 * @throws TypeError when there is neither a raw nor a weighted sample
 */
export function runReport(energy: Energy, drawn: Drawn, facts: RunFacts): ReportData {
  const shown = drawn.raw ?? drawn.weighted;
  if (!shown) throw new TypeError("runReport: give a raw or a weighted sample");
  const { referenceSeed, calibration, reference: given, ...rest } = facts;
  const rows = Math.min(shown.x.n, REFERENCE_ROWS);
  const reference = energy.exact?.sample(rows, referenceSeed) ?? (given && spreadRows(given, rows));
  const curve = calibration && calibration.length > 0 ? calibration : undefined;
  const { weighted } = drawn;
  return {
    ...rest,
    calibration: curve && { sigma: curve.map(({ sigma }) => sigma), meanExp: curve.map(({ meanExp }) => meanExp) },
    energyName: energy.name,
    dim: energy.dim,
    samples: shown.x,
    energies: shown.energy,
    weighted: weighted?.logWeights && {
      samples: weighted.x,
      energies: weighted.energy,
      logWeights: weighted.logWeights,
      essFraction: weighted.ess?.fraction,
      effective: weighted.correction?.effective,
      logZ: weighted.logZ,
    },
    reference: reference && {
      x: reference,
      energies: energy.energy(reference),
      ...(!energy.exact && { label: "reference" }),
    },
    contour: energyGrid(energy, reference ? [shown.x, reference] : [shown.x]),
    ...(energy.particles && particleData(energy.particles, shown.x, weighted, reference)),
  };
}

/** Distances and g(r) of the finite rows. */
function particleData(
  particles: Particles,
  x: Batch,
  weighted: SampleOutcome | undefined,
  reference: Batch | undefined,
): Pick<ReportData, "particles" | "pairDistances" | "radialDistribution"> {
  const sample = finiteRows(x).kept;
  if (particles.count < 2 || sample.n < 2) return { particles };
  const none = new Float32Array(0);
  const weights = weighted?.logWeights && finiteWeighted(weighted.x, weighted.logWeights);
  const clouds = {
    sample: { x: sample, energies: none },
    reference: reference && { x: reference, energies: none },
    weighted: weights && { x: weights.x, energies: none, weights: normalisedWeights("runReport", weights.logWeights) },
  };
  const rows = Math.ceil((2 * DISTANCES) / (particles.count * (particles.count - 1)));
  const distances = (rowsOf: Batch) => pairDistances(spreadRows(rowsOf, rows), particles);
  return {
    particles,
    pairDistances: {
      sample: distances(sample),
      reference: reference && distances(reference),
      weighted: weights && weightedDistances(weights, rows, particles),
    },
    radialDistribution: radialDistribution(particles, clouds),
  };
}

interface WeightedRows {
  readonly x: Batch;
  readonly logWeights: Float64Array;
}

/** Rows whose coordinates are finite and whose weight is a number; undefined where fewer than two carry any. */
function finiteWeighted(x: Batch, logWeights: ArrayLike<number>): WeightedRows | undefined {
  const { rows, kept } = finiteRows(x);
  const finite = Float64Array.from(rows, (row) => (logWeights[row] < Infinity ? logWeights[row] : -Infinity));
  return finite.filter((w) => w > -Infinity).length < 2 ? undefined : { x: kept, logWeights: finite };
}

/** Evenly spread rows; each distance has the log weight of its row. */
function weightedDistances(
  { x, logWeights }: WeightedRows,
  rows: number,
  particles: Particles,
): NonNullable<PairDistances["weighted"]> {
  const n = Math.min(rows, x.n);
  const values = pairDistances(spreadRows(x, n), particles);
  const pairs = values.length / n;
  return {
    values,
    logWeights: Float64Array.from(values, (_, i) => logWeights[Math.floor((Math.floor(i / pairs) * x.n) / n)]),
  };
}

/** Sentences of a verdict that are not about one metric: which are at the floor, what to know about the floors. */
function summaryOf(evaluation: Evaluation): string[] {
  const labels = metricRows({ ...evaluation.metrics, ...evaluation.weighted?.metrics }).map(({ label }) => label);
  return evaluation.verdict.filter(
    (text) => !labels.some((label) => text.startsWith(`${label} `) || text.startsWith(`${label}:`)),
  );
}

/** A weighted set's words start with this; see metrics/verdict.ts. */
const ABOUT_WEIGHTED = "Weighted sample";

/**
 * The tables of a run: raw, and weighted where there are weights, each with the words of the verdict that are about it.
 *
 * @param weighted evaluation of the weighted sample where that is another draw; by default the weighted part of `raw`
 */
export function metricSets(raw: Evaluation, weighted: Evaluation = raw): MetricSet[] {
  const words = summaryOf(raw).filter((text) => !text.startsWith(ABOUT_WEIGHTED));
  const sets: MetricSet[] = [{ label: "raw", metrics: raw.metrics, verdict: words }];
  if (weighted.weighted) {
    const { effectiveSize, metrics } = weighted.weighted;
    const label = `weighted (effective size ${Math.round(effectiveSize)} of ${weighted.n}, floors at that size)`;
    sets.push({ label, metrics, verdict: summaryOf(weighted).filter((text) => text.startsWith(ABOUT_WEIGHTED)) });
  }
  return sets;
}
