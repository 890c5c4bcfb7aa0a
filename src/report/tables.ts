/** Tables of the report, as HTML strings. */
import type { Json } from "../core/types.js";
import { type MetricRow, metricRows } from "./metric-rows.js";
import type { Facts, MetricSet, ModeTable } from "./report-data.js";
import { escapeText, formatNumber, formatSeconds, formatWithError, spaced } from "./text.js";

function showFact(value: Json): string {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : formatNumber(value);
  if (typeof value === "string") return value;
  return JSON.stringify(value);
}

/** Names and texts. "" without any. */
export function textTable(title: string, rows: readonly (readonly [string, string])[]): string {
  if (rows.length === 0) return "";
  const body = rows
    .map(([name, value]) => `<tr><th scope="row">${escapeText(name)}</th><td class="w">${escapeText(value)}</td></tr>`)
    .join("");
  return `<section><h3>${escapeText(title)}</h3><table><tbody>${body}</tbody></table></section>`;
}

function rowsOf(facts: Facts | undefined, nameOf: (name: string) => string): [string, string][] {
  const present = Object.entries(facts ?? {}).filter((entry): entry is [string, Json] => entry[1] !== undefined);
  return present.map(([name, value]) => [nameOf(name), showFact(value)]);
}

/** Names and values. Absent values are left out; "" when nothing is left. */
export function factTable(title: string, facts: Facts | undefined): string {
  return textTable(
    title,
    rowsOf(facts, (name) => spaced(name).toLowerCase()),
  );
}

/** Options under the names they are written with in code, in columns beside each other. */
export function optionTables(options: Facts | undefined, columns: number): string {
  const rows = rowsOf(options, (name) => name);
  const length = Math.ceil(rows.length / columns);
  const tables = Array.from({ length: columns }, (_, i) => rows.slice(i * length, (i + 1) * length)).filter(
    (part) => part.length > 0,
  );
  return tables.map((part, i) => textTable(i === 0 ? "Options" : "\u00a0", part)).join("");
}

/** Seconds by phase. */
export function timingTable(timings: { readonly [phase: string]: number | undefined } | undefined): string {
  const rows = Object.entries(timings ?? {}).filter((entry): entry is [string, number] => entry[1] !== undefined);
  return textTable(
    "Time",
    rows.map(([name, seconds]) => [spaced(name).toLowerCase(), formatSeconds(seconds)]),
  );
}

function judgement({ atFloor, judgement: text }: MetricRow): string {
  if (atFloor === undefined) return '<td class="n">–</td>';
  return `<td class="n ${atFloor ? "good" : "bad"}">${escapeText(text)}</td>`;
}

function metricRow(row: MetricRow): string {
  const value = formatWithError(row.value, row.standardError);
  const cells = [row.total === undefined ? value : `${formatNumber(row.value)} of ${formatNumber(row.total)}`];
  cells.push(formatWithError(row.floor, row.floorStandardError));
  const numbers = cells.map((cell) => `<td class="n">${escapeText(cell)}</td>`).join("");
  const detail = row.detail === undefined ? "" : `<br/><small>${escapeText(row.detail)}</small>`;
  return `<tr><th scope="row">${escapeText(row.label)}${detail}</th>${numbers}${judgement(row)}</tr>`;
}

/** Metrics of one sample beside their noise floors, with the verdict in words above. */
export function metricTable(set: MetricSet): string {
  const verdict = set.verdict.map((sentence) => `<li>${escapeText(sentence)}</li>`).join("");
  const head = `<tr><th scope="col">metric</th><th class="n" scope="col">value</th><th class="n" scope="col">floor</th><th class="n" scope="col">judgement</th></tr>`;
  return `<section><h3>${escapeText(set.label)}</h3>
${verdict ? `<div class="verdict"><ul>${verdict}</ul></div>` : ""}
<div class="scroll"><table><thead>${head}</thead><tbody>${metricRows(set.metrics).map(metricRow).join("")}</tbody></table></div></section>`;
}

/** Shares of the modes, with the sentences about them above. */
export function modeFractionTable({ head, rows, notes }: ModeTable): string {
  const heads = head.map((name, i) => `<th${i === 0 ? "" : ' class="n"'} scope="col">${escapeText(name)}</th>`).join("");
  const body = rows.map(([name, ...cells]) => {
    const numbers = cells.map((cell) => `<td class="n">${escapeText(cell)}</td>`).join("");
    return `<tr><th scope="row">${escapeText(name)}</th>${numbers}</tr>`;
  });
  const said = notes.map((note) => `<p>${escapeText(note)}</p>`).join("");
  return `<h2>Modes</h2>${said}<div class="scroll"><table><thead><tr>${heads}</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}
