/** The rows of the study as aligned text. */
import { aligned, short } from "../support/report/columns.mjs";
import { columns, measured, nameOfRow } from "./columns.mjs";

const percent = (value) => (100 * value).toFixed(0).padStart(4);

function densityLines(rows) {
  return rows
    .filter(({ density }) => density)
    .flatMap(({ model, target, density }) => [
      `${model} | ${target}: at sigma ${density.map(({ sigma }) => short(sigma)).join(", ")}`,
      `  effective share of exact draws under its density, %: ${density.map((level) => percent(level.density)).join("")}`,
      `  relative error of its score, %:                     ${density.map((level) => percent(level.scoreError)).join("")}`,
    ]);
}

export function tableText(rows) {
  const made = measured(rows);
  const failed = rows.filter(({ error }) => error).map((row) => `${nameOfRow(row)} failed: ${row.error}`);
  if (made.length === 0) return ["no rows yet", ...densityLines(rows), ...failed].join("\n");
  const lines = [
    ["row", ...columns.map(({ title }) => title)],
    ...made.map((row) => [nameOfRow(row), ...columns.map(({ value }) => short(value(row)))]),
  ];
  const words = rows.some(({ quick }) => quick) ? "\n(a quick run: no figure to keep)" : "";
  return [words, ...aligned(lines, 1), ...densityLines(rows), ...failed].join("\n");
}
