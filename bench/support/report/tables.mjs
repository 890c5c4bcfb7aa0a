/** Tables of the report: one row per peer, a missing one with what to do about it. */
import { escapeText, number, times } from "./text.mjs";

const cell = (text) => `<td class="n">${escapeText(text)}</td>`;
const head = (names) =>
  `<thead><tr>${names.map((name, at) => `<th${at > 0 ? ' class="n"' : ""}>${escapeText(name)}</th>`).join("")}</tr></thead>`;

function peerRow(name, row, ratio) {
  if (row.missing) {
    return `<tr><th scope="row">${escapeText(name)}</th><td colspan="5" class="missing">not here: ${escapeText(row.missing)}. ${escapeText(row.remedy)}</td></tr>`;
  }
  const about = [row.version, row.note].filter(Boolean).join("; ");
  const [low, high] = row.ms.quartiles;
  return `<tr${name === "bnem" ? ' class="own"' : ""}><th scope="row">${escapeText(name)}<small>${escapeText(about)}</small></th>${[
    number(row.ms.median),
    `${number(low)} – ${number(high)}`,
    number(row.cpuMs?.median),
    ratio ? times(ratio.ofMedians) : "1",
    ratio ? `${number(ratio.byRound.quartiles[0])} – ${number(ratio.byRound.quartiles[1])}` : "",
  ]
    .map(cell)
    .join("")}</tr>`;
}

/** `measured`: what interleave.mjs reports, with its load averages. */
export function peerTable(title, measured) {
  const rows = Object.entries(measured.peers).map(([name, row]) => peerRow(name, row, measured.ratios[name]));
  const columns = ["", "median, ms", "quartiles", "processor, ms", "time over ours", "by round"];
  const load = `load average ${measured.loadBefore.join(" / ")} before, ${measured.loadAfter.join(" / ")} after`;
  return `<section><h3>${escapeText(title)}</h3><div class="scroll"><table>${head(columns)}<tbody>${rows.join("")}</tbody></table></div><p class="small">${escapeText(load)}</p></section>`;
}

/** [words, value, goal, reached | null] rows. */
export function goalTable(goals) {
  if (goals.length === 0) return "";
  const rows = goals.map(({ words, value, goal, reached }) => {
    const mark = reached === null ? "" : reached ? "reached" : "not reached";
    return `<tr><th scope="row">${escapeText(words)}</th>${cell(value)}${cell(goal)}<td class="n ${reached ? "good" : "bad"}">${mark}</td></tr>`;
  });
  return `<table class="goals">${head(["figure", "here", "goal", ""])}<tbody>${rows.join("")}</tbody></table>`;
}

export function plainTable(columns, rows) {
  const body = rows.map(([first, ...rest]) => `<tr><th scope="row">${escapeText(first)}</th>${rest.map(cell).join("")}</tr>`);
  return `<div class="scroll"><table>${head(columns)}<tbody>${body.join("")}</tbody></table></div>`;
}

/** Numbers of a result three levels deep, by dotted name; long arrays left out. */
export function flatten(value, prefix = "", depth = 0) {
  if (typeof value === "number" || typeof value === "string" || typeof value === "boolean") return [[prefix, value]];
  if (value === null || typeof value !== "object" || depth > 3) return [];
  if (Array.isArray(value)) {
    return value.length <= 8 && value.every((entry) => typeof entry === "number") ? [[prefix, value.map(number).join(", ")]] : [];
  }
  return Object.entries(value).flatMap(([key, entry]) => flatten(entry, prefix ? `${prefix}.${key}` : key, depth + 1));
}
