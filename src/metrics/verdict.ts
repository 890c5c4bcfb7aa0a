/** Plain words for what was measured: which metrics are at their floor, which are not and by how much. */
import type { MetricResult } from "./result.js";
import { type MetricName, metricTable } from "./table.js";

export const CRITERION =
  "At the floor means: not worse than the 95 % prediction limit of the same metric between fresh exact samples of the same size; about one metric in twenty of an exact sample falls outside.";

/** Four significant digits, without trailing zeros. */
function short(x: number): string {
  return Number.isFinite(x) ? String(Number(x.toPrecision(3))) : String(x);
}

function sentence(name: MetricName, result: MetricResult): string {
  const { better } = metricTable[name];
  const { label, value, floor, floorStandardError, floorLimit, n, total } = result;
  const measured = total === undefined ? `${label} ${short(value)}` : `${label}: ${short(value)} of ${total}`;
  const exact = `exact draws ${short(floor)} +- ${short(floorStandardError)}, limit ${short(floorLimit)}, n = ${n}`;
  if (!Number.isFinite(value)) return `${measured}: no number, because some energies or gradients are not finite.`;
  if (result.atFloor) return `${measured}: at the floor (${exact}).`;
  if (better === "higher") return `${measured}: ${short(floor - value)} below the floor (${exact}).`;
  return floor > 0
    ? `${measured}: ${short(value / floor)} times the floor (${exact}).`
    : `${measured}: above the floor (${exact}).`;
}

/** First line: how many are at the floor and which are not; then one line each. */
export function verdictOf(results: { readonly [name in MetricName]?: MetricResult }, what: string): string[] {
  const names = Object.keys(results) as MetricName[];
  if (names.length === 0) return [`${what}: none of the metrics asked for can be computed for this target.`];
  const above = names.filter((name) => !results[name]?.atFloor).map((name) => metricTable[name].label);
  const head =
    above.length === 0
      ? `${what}: all ${names.length} metrics are at the floor, as good as exact draws for this many samples.`
      : `${what}: ${names.length - above.length} of ${names.length} metrics are at the floor; not at it: ${above.join(", ")}.`;
  return [head, ...names.map((name) => sentence(name, results[name] as MetricResult))];
}
