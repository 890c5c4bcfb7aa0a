/** Metrics on a terminal and in JSON, from what `evaluate` returns: entries with a numeric `value` are metrics. */
import type { Evaluation } from "../index.js";

interface Row {
  readonly key: string;
  readonly label: string;
  readonly value: number;
  readonly floor?: number;
  readonly floorStandardError?: number;
}

function numberOf(entry: Record<string, unknown>, key: string): number | undefined {
  return typeof entry[key] === "number" ? entry[key] : undefined;
}

function rowsOf(evaluation: Evaluation): Row[] {
  const rows: Row[] = [];
  for (const [key, entry] of Object.entries(evaluation.metrics)) {
    if (entry === null || typeof entry !== "object") continue;
    const fields = entry as unknown as Record<string, unknown>;
    const value = numberOf(fields, "value");
    if (value === undefined) continue;
    const label = typeof fields.label === "string" ? fields.label : key;
    rows.push({
      key,
      label,
      value,
      floor: numberOf(fields, "floor"),
      floorStandardError: numberOf(fields, "floorStandardError"),
    });
  }
  return rows;
}

/** Three or four significant digits, aligned by the caller. */
export function shortNumber(value: number | undefined): string {
  if (value === undefined) return "-";
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value)) return String(value);
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

/** A table of metrics beside their noise floors; one value column per sample. */
export function metricsTable(sets: readonly { readonly label: string; readonly evaluation: Evaluation }[]): string {
  const tables = sets.map(({ evaluation }) => new Map(rowsOf(evaluation).map((row) => [row.key, row])));
  const keys = [...new Set(tables.flatMap((table) => [...table.keys()]))];
  const header = ["metric", ...sets.map(({ label }) => label), "floor"];
  const body = keys.map((key) => {
    const any = tables.map((table) => table.get(key)).find((row) => row !== undefined) as Row;
    const floor = tables.map((table) => table.get(key)).find((row) => row?.floor !== undefined);
    const error = floor?.floorStandardError;
    const shown = error === undefined ? shortNumber(floor?.floor) : `${shortNumber(floor?.floor)} ± ${shortNumber(error)}`;
    return [any.label, ...tables.map((table) => shortNumber(table.get(key)?.value)), shown];
  });
  return alignColumns([header, ...body]);
}

/** Metrics as `--json` gives them: `{ positionW2: { value, floor, ... }, ..., modesCovered }`; the count of modes is a plain number. */
export function metricsJson(evaluation: Evaluation): Record<string, unknown> {
  const out: Record<string, unknown> = { ...evaluation.metrics };
  const covered = out.modesCovered as { value?: unknown } | number | undefined;
  if (covered !== null && typeof covered === "object") out.modesCovered = covered.value;
  return out;
}
