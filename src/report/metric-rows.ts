/** From what `evaluate` returns to rows of a table: any entry with a numeric `value` is a metric. */
import type { MetricSet } from "./report-data.js";
import { formatRatio, formatWithError, spaced } from "./text.js";

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
  /** The same in words: "at the floor", "1.25 × the floor", "not at the floor"; "" where it is not known. */
  readonly judgement: string;
  /** Largest possible value, for counts. */
  readonly total?: number;
  /** For errors of an average: "−42.95 ± 0.16, should be −43 ± 0.07". */
  readonly detail?: string;
}

function numberAt(entry: Record<string, unknown>, key: string): number | undefined {
  return typeof entry[key] === "number" ? entry[key] : undefined;
}

/** A value with its standard error; exact values have none. */
function averageText(entry: unknown): string | undefined {
  if (entry === null || typeof entry !== "object") return undefined;
  const fields = entry as Record<string, unknown>;
  const error = numberAt(fields, "standardError");
  return formatWithError(numberAt(fields, "value"), error === 0 ? undefined : error);
}

function detailOf({ average, expected }: Record<string, unknown>): string | undefined {
  const [found, wanted] = [averageText(average), averageText(expected)];
  return found === undefined || wanted === undefined ? undefined : `${found}, should be ${wanted}`;
}

function judge(atFloor: boolean | undefined, ratio: number | undefined): string {
  if (atFloor === undefined) return "";
  if (atFloor) return "at the floor";
  return ratio === undefined ? "not at the floor" : `${formatRatio(ratio)} the floor`;
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
    const ratio = floor !== undefined && floor > 0 && total === undefined ? value / floor : undefined;
    const atFloor = typeof fields.atFloor === "boolean" ? fields.atFloor : undefined;
    rows.push({
      key,
      label: typeof fields.label === "string" ? fields.label : spaced(key),
      value,
      standardError: numberAt(fields, "standardError"),
      floor,
      floorStandardError: numberAt(fields, "floorStandardError"),
      ratio,
      atFloor,
      judgement: judge(atFloor, ratio),
      total,
      detail: detailOf(fields),
    });
  }
  return rows;
}
