/** What the page shows of a run: figures and the table of metrics. */
import {
  type ContourGrid,
  curveFigure,
  type Energy,
  histogramFigure,
  metricRows,
  metricSets,
  modeSentences,
  modeTable,
  renderReport,
  runReport,
  type SampleResult,
  sampleArrays,
  samplesFigure,
  sampleWords,
  type Trainer,
  version,
  writeNpz,
} from "../index.js";
import { showFigure, showTable } from "./elements.js";
import type { JobResult } from "./job.js";

export function showSamples(
  sample: Pick<SampleResult, "x">,
  contour: ContourGrid | undefined,
  title: string,
  caption: string,
): void {
  showFigure("samples", samplesFigure({ title, samples: sample.x, contour }), caption);
}

export function showLoss(trainer: Trainer): void {
  const { loss } = trainer.history();
  const series = [{ label: "loss", x: Array.from(loss, (_, i) => i + 1), y: loss }];
  const { svg, note } = curveFigure(
    { title: "Loss", xLabel: "training step", yLabel: "loss", logY: true, series },
    { smooth: true },
  );
  showFigure("loss", svg, note);
}

export function showEnergies(energy: Energy, { raw, weighted }: JobResult, seed: number): void {
  const exact = energy.exact ? energy.energy(energy.exact.sample(raw.x.n, seed)) : undefined;
  const { svg, note } = histogramFigure({
    title: "Energy",
    xLabel: "energy E (kT)",
    yLabel: "density (1 / kT)",
    trim: [0.001, 0.995],
    focus: exact,
    series: [
      { label: "raw samples", values: raw.energy, colour: 1, kind: "bar" },
      ...(weighted
        ? [
            {
              ...{ label: "weighted", values: weighted.energy, logWeights: weighted.logWeights },
              ...{ colour: 4 as const, kind: "line" as const },
            },
          ]
        : []),
      ...(exact ? [{ label: "exact", values: exact, colour: 2 as const, kind: "line" as const }] : []),
    ],
  });
  showFigure("energy", svg, note);
}

/** Whether to use the weighted samples, and what their weights are worth. */
export function showWeights({ weighted, unweighted }: JobResult): void {
  const words = weighted && sampleWords(weighted);
  if (!words) {
    showTable("weights", [["weighted samples", "none"]], unweighted === undefined ? [] : [`Raw samples only: ${unweighted}.`]);
    return;
  }
  const { verdict, facts, notices } = words;
  showTable("weights", [["weighted samples", ""], ...facts.map(([name, text]) => [name, text])], [verdict, ...notices]);
}

function short(value: number | undefined): string {
  if (value === undefined) return "–";
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
}

export function showMetrics({ scores }: JobResult): void {
  const rows: string[][] = [];
  const notes: string[] = [];
  for (const { label, metrics, verdict } of metricSets(scores.raw, scores.weighted)) {
    rows.push([label, "value", "noise floor", ""]);
    for (const row of metricRows(metrics)) {
      const value = row.total === undefined ? short(row.value) : `${row.value} of ${row.total}`;
      rows.push([row.label, value, `${short(row.floor)} ± ${short(row.floorStandardError)}`, row.judgement]);
    }
    notes.push(...verdict);
  }
  notes.push(...modeSentences(scores.raw, scores.weighted));
  showTable("metrics", rows, notes);
}

/** What a file holds of the sample, as .npz bytes. */
export function npzOf(sample: SampleResult): Uint8Array {
  return writeNpz(sampleArrays(sample));
}

/** The same report the command line writes. */
export function reportOf(energy: Energy, { trainer, raw, weighted, unweighted, scores, timings }: JobResult): string {
  const backend = `Backend ${trainer.backend.backend}: ${trainer.backend.reason}.`;
  const data = runReport(
    energy,
    { raw, weighted },
    {
      title: `${energy.name} sampled by ${trainer.options.method}`,
      method: trainer.options.method,
      history: trainer.history(),
      calibration: trainer.calibration(),
      metrics: metricSets(scores.raw, scores.weighted),
      modeFractions: modeTable(scores.raw, scores.weighted),
      weightWords: weighted && sampleWords(weighted),
      options: { ...trainer.options },
      machine: { browser: navigator.userAgent, backend: trainer.backend.backend },
      timings,
      energyCalls: trainer.energyCalls + raw.energyCalls + (weighted?.energyCalls ?? 0),
      networkCalls: trainer.networkCalls + raw.networkCalls + (weighted?.networkCalls ?? 0),
      seed: trainer.seed,
      versions: { bnem: version },
      notes: unweighted === undefined ? [backend] : [backend, `Raw samples only: ${unweighted}.`],
      referenceSeed: trainer.seed,
    },
  );
  return renderReport(data);
}
