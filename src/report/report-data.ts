/**
 * What a report is made from: plain data, filled by the pipeline, the CLI or a page. Coordinates, lengths and energies are the
 * target's own units (kT); log weights are natural. Everything but the first four fields may be absent: its figure or table is
 * then left out.
 */
import type { Batch, Json, Particles } from "../core/types.js";

/** Energies on the nodes of a regular grid: `values[j * nx + i]` belongs to x0 + i (x1 - x0) / (nx - 1), likewise y. */
export interface ContourGrid {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
  readonly nx: number;
  readonly ny: number;
  /** kT, [ny * nx]; infinite or NaN nodes count as above every contour. */
  readonly values: ArrayLike<number>;
}

/** One line of a curve figure. */
export interface CurveSeries {
  readonly label: string;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** Standard error of each y, drawn as a bar. */
  readonly standardError?: ArrayLike<number>;
}

/** A figure of lines over a common axis. */
export interface Curve {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly CurveSeries[];
  readonly logX?: boolean;
  readonly logY?: boolean;
  /** Horizontal line with a name: a noise floor, the value of an unbiased fit. */
  readonly reference?: { readonly value: number; readonly label: string };
}

/** Progress of a training run. */
export interface TrainingHistory {
  /** Step of each entry; absent: 1, 2, 3, ... */
  readonly step?: ArrayLike<number>;
  readonly loss: ArrayLike<number>;
  readonly gradientNorm: ArrayLike<number>;
}

/**
 * Metrics of one sample as `evaluate` returns them: entries with a `value` become rows (beside their floor), `verdict` the words
 * above the table; entries of other shapes are passed over.
 */
export interface MetricSet {
  /** Which sample: "raw", "weighted". */
  readonly label: string;
  readonly metrics: { readonly [name: string]: unknown };
  readonly verdict: readonly string[];
}

/** mean(exp(prediction - estimate)) of the trained energy on fresh draws, per noise level: 1 where the fit is unbiased. */
export interface Calibration {
  readonly sigma: ArrayLike<number>;
  readonly meanExp: ArrayLike<number>;
  readonly standardError?: ArrayLike<number>;
}

/** Configurations with the importance weights of their paths. */
export interface WeightedSamples {
  readonly samples: Batch;
  readonly energies: ArrayLike<number>;
  /** Natural logarithms, [n], up to a constant. */
  readonly logWeights: ArrayLike<number>;
  /** Kish effective sample size over n. */
  readonly essFraction?: number;
  /** N_eff and the n it is out of, from the variance over islands. */
  readonly effective?: { readonly value: number; readonly n: number };
  readonly logZ?: { readonly value: number; readonly standardError: number };
}

/** Distances between the particles of some configurations; log weights one per distance. */
export interface PairDistances {
  readonly sample: ArrayLike<number>;
  readonly weighted?: { readonly values: ArrayLike<number>; readonly logWeights: ArrayLike<number> };
  readonly reference?: ArrayLike<number>;
}

/** g(r) as `evaluate` returns it. */
export interface RadialData {
  readonly r: ArrayLike<number>;
  readonly sample: { readonly g: ArrayLike<number> };
  readonly weighted?: { readonly g: ArrayLike<number> };
  readonly reference?: { readonly g: ArrayLike<number> };
}

/** What the weights of a sample are worth: one line, names and texts, and what else to know. */
export interface WeightWords {
  readonly verdict: string;
  readonly facts: readonly (readonly [name: string, text: string])[];
  readonly notices: readonly string[];
}

/** Shares of the modes: texts of a table, the first column names, and sentences about it. */
export interface ModeTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

/** A figure with the sentence under it. */
export interface CaptionedFigure {
  readonly svg: string;
  readonly caption: string;
}

export type Facts = { readonly [name: string]: Json | undefined };

/** Everything a report can show. */
export interface ReportData {
  readonly title: string;
  readonly energyName: string;
  readonly dim: number;
  /** Raw output of the sampler. */
  readonly samples: Batch;
  /** Exact energy of each row of `samples`, [n], kT. */
  readonly energies?: ArrayLike<number>;
  readonly method?: string;
  /** When it was made, as text. */
  readonly created?: string;
  /** The sample with importance weights; it may be another draw than `samples`. */
  readonly weighted?: WeightedSamples;
  readonly weightWords?: WeightWords;
  readonly modeFractions?: ModeTable;
  /** Exact draws, where they exist, or configurations from the target under the label "reference". */
  readonly reference?: { readonly x: Batch; readonly energies: ArrayLike<number>; readonly label?: string };
  /** Present: rows are drawn as configurations of particles, not as dots. */
  readonly particles?: Particles;
  readonly pairDistances?: PairDistances;
  readonly radialDistribution?: RadialData;
  readonly contour?: ContourGrid;
  readonly history?: TrainingHistory;
  readonly calibration?: Calibration;
  readonly curves?: readonly Curve[];
  readonly metrics?: readonly MetricSet[];
  readonly options?: Facts;
  readonly machine?: Facts;
  /** Seconds by phase. */
  readonly timings?: { readonly [phase: string]: number | undefined };
  readonly energyCalls?: number;
  readonly networkCalls?: number;
  readonly seed?: number;
  readonly versions?: Facts;
  /** Sentences that belong on the page: warnings, counts of non-finite values, which backend and why. */
  readonly notes?: readonly string[];
}
