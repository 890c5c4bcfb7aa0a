/** Metrics on a terminal and in JSON. */
import { type Evaluation, metricRows, metricSets, modeSentences } from "../index.js";

/** Four significant digits at most. */
export function shortNumber(value: number | undefined): string {
  if (value === undefined) return "-";
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size >= 1e5 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

/** Lines of a table with aligned columns; the first column to the left, the others to the right. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join("  "))
    .join("\n");
}

/** Scores of a run: of the raw sample, and of the weighted one (the same evaluation where it is the same draw). */
export interface Scores {
  readonly raw: Evaluation & { readonly notice?: string };
  readonly weighted?: Evaluation;
}

/** A table of metrics beside their noise floors for each sample (raw, weighted), the words of the verdict under it. */
export function scoresText({ raw, weighted }: Scores): string {
  const blocks = metricSets(raw, weighted).map(({ label, metrics, verdict }) => {
    const rows = metricRows(metrics).map((row) => [
      row.detail === undefined ? row.label : `${row.label} (${row.detail})`,
      row.total === undefined ? shortNumber(row.value) : `${row.value} of ${row.total}`,
      row.floorStandardError === undefined
        ? shortNumber(row.floor)
        : `${shortNumber(row.floor)} ± ${shortNumber(row.floorStandardError)}`,
      row.judgement,
    ]);
    const table = rows.length === 0 ? [] : [alignColumns([["metric", "value", "floor", "judgement"], ...rows])];
    return [label, ...table, ...verdict].join("\n");
  });
  const modes = modeSentences(raw, weighted);
  return [...blocks, ...(modes.length > 0 ? [modes.join("\n")] : [])].join("\n\n");
}

function metricsOf(metrics: Evaluation["metrics"]): Record<string, unknown> {
  return { ...metrics, ...(metrics.modesCovered ? { modesCovered: metrics.modesCovered.value } : {}) };
}

/**
 * `{ metrics: { positionW2: { value, floor, ... }, ..., modesCovered }, verdict, weighted? }`; the count of modes is a plain number.
 * Metrics are null where nothing was scored.
 */
export function scoresJson(scores: Scores | undefined): Record<string, unknown> {
  if (!scores) return { metrics: null, verdict: [] };
  const { raw, weighted = raw } = scores;
  const { radialDistribution } = raw;
  const fractions = raw.modeFractions && { ...raw.modeFractions, ...weighted.modeFractions, raw: raw.modeFractions.raw };
  const out = {
    metrics: metricsOf(raw.metrics),
    verdict: raw.verdict,
    ...(fractions && { modeFractions: fractions }),
    ...(radialDistribution && { radialDistribution }),
  };
  if (!weighted.weighted) return out;
  const verdict = weighted === raw ? {} : { verdict: weighted.verdict };
  return { ...out, weighted: { ...weighted.weighted, metrics: metricsOf(weighted.weighted.metrics), ...verdict } };
}
