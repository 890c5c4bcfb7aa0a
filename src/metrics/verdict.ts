/** Plain words for what was measured: which metrics are at their floor, which are not and by how much. */
import type { Average } from "./average.js";
import type { MetricResult } from "./result.js";
import { type MetricName, metricTable } from "./table.js";

/** What a floor was measured on. */
export type FloorSource = "exact" | "reference" | "alone";

interface Wording {
  /** What scores the floor, in a bracket. */
  readonly source: string;
  /** What a sample at every floor is as good as. */
  readonly praise: string;
}

const WORDING: { readonly [source in FloorSource]: Wording } = {
  exact: { source: "exact draws", praise: "as good as exact draws for this many samples" },
  reference: { source: "reference against itself", praise: "as good as the reference's own rows for this many samples" },
  alone: { source: "if exact", praise: "so nothing that they can see is wrong" },
};

const ODDS = "about one metric in twenty of an exact sample falls outside.";

/** The sentence that says what "at the floor" means. */
export function criterionOf(source: "exact" | "reference"): string {
  const pair = source === "exact" ? "fresh exact samples" : "disjoint random parts of the reference";
  return `At the floor means: not worse than the 95 % prediction limit of the same metric between ${pair} of the same size; ${ODDS}`;
}

/** Four significant digits, without trailing zeros. */
function short(x: number): string {
  return Number.isFinite(x) ? String(Number(x.toPrecision(3))) : String(x);
}

/** As many digits as the standard error bears. */
function withError({ value, standardError }: Average): string {
  if (!(standardError > 0) || !Number.isFinite(value)) return short(value);
  const exponent = Number(standardError.toExponential().split("e")[1]);
  const digits = Math.max(0, Math.min(15, 1 - exponent));
  return `${Number(value.toFixed(digits))} +- ${Number(standardError.toPrecision(2))}`;
}

/** "-42.95 +- .16, should be -43 +- .07, z = .3": the average behind an error; "" for other metrics. */
export function averageWords({ average, expected, z }: Pick<MetricResult, "average" | "expected" | "z">): string {
  if (!average || !expected || z === undefined) return "";
  return `${withError(average)}, should be ${withError(expected)}, z = ${short(z)}`;
}

function sentence(name: MetricName, result: MetricResult, source: FloorSource): string {
  const { better } = metricTable[name];
  const { label, value, floor, floorStandardError, floorLimit, n, total } = result;
  const behind = averageWords(result);
  const value3 = behind === "" ? short(value) : `${short(value)} (${behind})`;
  const measured = total === undefined ? `${label} ${value3}` : `${label}: ${short(value)} of ${total}`;
  const exact = `${WORDING[source].source} ${short(floor)} +- ${short(floorStandardError)}, limit ${short(floorLimit)}, n = ${n}`;
  if (!Number.isFinite(value)) return `${measured}: no number, because some energies or gradients are not finite.`;
  if (result.atFloor) return `${measured}: at the floor (${exact}).`;
  if (better === "higher") return `${measured}: ${short(floor - value)} below the floor (${exact}).`;
  return floor > 0
    ? `${measured}: ${short(value / floor)} times the floor (${exact}).`
    : `${measured}: above the floor (${exact}).`;
}

/** First line: how many are at the floor and which are not; then one line each. */
export function verdictOf(
  results: { readonly [name in MetricName]?: MetricResult },
  what: string,
  source: FloorSource = "exact",
): string[] {
  const names = Object.keys(results) as MetricName[];
  if (names.length === 0) return [`${what}: none of the metrics asked for can be computed for this target.`];
  const above = names.filter((name) => !results[name]?.atFloor).map((name) => metricTable[name].label);
  const head =
    above.length === 0
      ? `${what}: all ${names.length} metrics are at the floor, ${WORDING[source].praise}.`
      : `${what}: ${names.length - above.length} of ${names.length} metrics are at the floor; not at it: ${above.join(", ")}.`;
  return [head, ...names.map((name) => sentence(name, results[name] as MetricResult, source))];
}
