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
  /** Whether the value cannot be told from that of exact draws. */
  readonly atFloor?: boolean;
  /** Largest possible value, for counts. */
  readonly total?: number;
}

function numberAt(entry: Record<string, unknown>, key: string): number | undefined {
  return typeof entry[key] === "number" ? entry[key] : undefined;
}

/** Rows in the order of the entries; entries without a numeric value are passed over. */
export function metricRows(metrics: MetricSet["metrics"]): MetricRow[] {
  const rows: MetricRow[] = [];
  for (const [key, entry] of Object.entries(metrics)) {
    if (entry === null || typeof entry !== "object") continue;
    const fields = entry as Record<string, unknown>;
    const value = numberAt(fields, "value");
    if (value === undefined) continue;
    const floor = numberAt(fields, "floor");
    const total = numberAt(fields, "total");
    rows.push({
      key,
      label: typeof fields.label === "string" ? fields.label : spaced(key),
      value,
      standardError: numberAt(fields, "standardError"),
      floor,
      floorStandardError: numberAt(fields, "floorStandardError"),
      ratio: floor !== undefined && floor > 0 && total === undefined ? value / floor : undefined,
      atFloor: typeof fields.atFloor === "boolean" ? fields.atFloor : undefined,
      total,
    });
  }
  return rows;
}
