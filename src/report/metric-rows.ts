/** From what `evaluate` returns to rows of a table: any entry with a numeric `value` is a metric. */
import type { MetricSet } from "./report-data.js";
import { spaced } from "./text.js";

export interface MetricRow {
  readonly key: string;
  readonly label: string;
  readonly value: number;
  readonly standardError?: number;
  readonly floor?: number;
  readonly floorStandardError?: number;
  /** value / floor, where the floor is above 0. */
  readonly ratio?: number;
}

const LABELS: Readonly<Record<string, string>> = {
  positionW2: "position W2 (length)",
  positionW1: "position W1 (length)",
  slicedW2: "sliced W2 (length)",
  energyW2: "energy W2 (kT)",
  energyW2Paper: "energy W2, paper: squared (kT²)",
  totalVariation: "total variation",
  modeWeightTv: "mode-weight total variation",
  modesCovered: "modes covered",
  stragglers: "far from every mode",
  ksd: "kernel Stein discrepancy",
};

function numberAt(entry: Record<string, unknown>, key: string): number | undefined {
  return typeof entry[key] === "number" ? entry[key] : undefined;
}

/** Rows in the order of the result's entries; plain numbers (a count of modes) are rows without a floor. */
export function metricRows(set: MetricSet, plain: readonly string[] = ["modesCovered", "stragglers"]): MetricRow[] {
  const rows: MetricRow[] = [];
  for (const [key, entry] of Object.entries(set.metrics)) {
    const label = LABELS[key] ?? spaced(key);
    if (typeof entry === "number" && plain.includes(key)) rows.push({ key, label, value: entry });
    if (entry === null || typeof entry !== "object") continue;
    const fields = entry as Record<string, unknown>;
    const value = numberAt(fields, "value");
    if (value === undefined) continue;
    const floor = numberAt(fields, "floor");
    rows.push({
      key,
      label: typeof fields.label === "string" ? fields.label : label,
      value,
      standardError: numberAt(fields, "standardError"),
      floor,
      floorStandardError: numberAt(fields, "floorStandardError"),
      ratio: floor !== undefined && floor > 0 ? value / floor : undefined,
    });
  }
  return rows;
}
