/** What the page shows of a run: figures and the table of metrics. */
import {
  type ContourGrid,
  curveFigure,
  type Energy,
  type Evaluation,
  histogramFigure,
  renderReport,
  runReport,
  type SampleResult,
  samplesFigure,
  version,
  writeNpz,
} from "../index.js";
import { showFigure, showTable } from "./elements.js";
import type { Curves, JobResult } from "./job.js";

export function showSamples(
  sample: Pick<SampleResult, "x">,
  contour: ContourGrid | undefined,
  title: string,
  caption: string,
): void {
  showFigure("samples", samplesFigure({ title, samples: sample.x, contour }), caption);
}

export function showLoss(curves: Curves): void {
  const series = [{ label: "loss", x: curves.step, y: curves.loss }];
  const { svg, note } = curveFigure(
    { title: "Loss", xLabel: "training step", yLabel: "loss", logY: true, series },
    { smooth: true },
  );
  showFigure("loss", svg, note);
}

export function showEnergies(energy: Energy, sample: SampleResult, seed: number): void {
  const exact = energy.exact ? energy.energy(energy.exact.sample(sample.x.n, seed)) : undefined;
  const { svg, note } = histogramFigure({
    title: "Energy",
    xLabel: "energy E (kT)",
    yLabel: "density (1 / kT)",
    trim: [0.001, 0.995],
    series: [
      { label: "raw samples", values: sample.energy, colour: 1, kind: "bar" },
      ...(sample.logWeight
        ? [{ label: "weighted", values: sample.energy, logWeights: sample.logWeight, colour: 4 as const, kind: "line" as const }]
        : []),
      ...(exact ? [{ label: "exact", values: exact, colour: 2 as const, kind: "line" as const }] : []),
    ],
  });
  showFigure("energy", svg, note);
}

function short(value: unknown): string {
  if (typeof value !== "number") return "–";
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
}

type MetricEntry = {
  readonly label?: string;
  readonly value?: number;
  readonly floor?: number;
  readonly floorStandardError?: number;
};

function entriesOf(evaluation: Evaluation | undefined): Map<string, MetricEntry> {
  const entries = Object.entries(evaluation?.metrics ?? {}) as unknown as [string, MetricEntry | null][];
  return new Map(entries.filter((entry): entry is [string, MetricEntry] => typeof entry[1]?.value === "number"));
}

export function showMetrics({ raw, weighted, sample }: JobResult): void {
  const columns = [entriesOf(raw), entriesOf(weighted)];
  const rows = [...columns[0]].map(([key, entry]) => {
    const floor = entry.floor === undefined ? "–" : `${short(entry.floor)} ± ${short(entry.floorStandardError)}`;
    return [entry.label ?? key, short(entry.value), short(columns[1].get(key)?.value), floor];
  });
  const notes = raw.verdict.map((sentence) => `raw: ${sentence}`);
  if (weighted) notes.push(...weighted.verdict.map((sentence) => `weighted: ${sentence}`));
  if (sample.ess) notes.push(`Effective sample size ${short(sample.ess.value)} of ${sample.ess.n}.`);
  if (sample.logZ) notes.push(`log Z = ${short(sample.logZ.value)} ± ${short(sample.logZ.standardError)}.`);
  showTable("metrics", [["metric", "raw", "weighted", "noise floor"], ...rows], notes);
}

/** x, energy and log_weight as .npz bytes. */
export function npzOf({ x, energy, logWeight }: SampleResult): Uint8Array {
  return writeNpz({
    x: { data: x.data, shape: [x.n, x.dim] },
    energy: { data: energy, shape: [x.n] },
    ...(logWeight ? { log_weight: { data: logWeight, shape: [x.n] } } : {}),
  });
}

/** The same report the command line writes. */
export function reportOf(energy: Energy, { trainer, curves, sample, raw, weighted, timings }: JobResult): string {
  const sets = [{ label: "raw", evaluation: raw }, ...(weighted ? [{ label: "weighted", evaluation: weighted }] : [])];
  const data = runReport(energy, sample, {
    title: `${energy.name} sampled by ${trainer.options.method}`,
    method: trainer.options.method,
    history: curves,
    metrics: sets.map(({ label, evaluation }) => ({ label, metrics: { ...evaluation.metrics }, verdict: evaluation.verdict })),
    options: { ...trainer.options },
    machine: { browser: navigator.userAgent, backend: trainer.backend.backend },
    timings,
    energyCalls: trainer.energyCalls + sample.energyCalls,
    networkCalls: sample.networkCalls,
    seed: trainer.seed,
    versions: { bnem: version },
    notes: [`Backend ${trainer.backend.backend}: ${trainer.backend.reason}.`],
    referenceSeed: trainer.seed,
  });
  return renderReport(data);
}
