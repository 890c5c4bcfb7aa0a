/** The table of a task as aligned text. */
import { aligned, short } from "../support/report/columns.mjs";
import { literature } from "./literature.mjs";
import { cellOf, columnsOf, groups, nameOf, usualRow } from "./table.mjs";

/** A weighted row has its own floors, at its effective size: they stand in the cell. */
function cellText(column, group) {
  const cell = cellOf(column, group);
  if (!cell) return "";
  const own = group.rows[0].effectiveSize !== undefined && cell.floor !== undefined;
  return own ? `${short(cell.value)} (${short(cell.floor)})` : short(cell.value);
}

function floorLines(columns, row) {
  if (!row) return [];
  const line = (words, of) => [`exact draws, ${words}`, "", "", String(row.n), ...columns.map((column) => short(of(column)))];
  const found = ({ name }) => (name ? row.metrics[name] : undefined);
  return [
    line(`mean of ${row.floorPairs} pairs`, (column) => (column.exact ? column.exact(row) : found(column)?.floor)),
    line("95 % of pairs within", (column) => (column.exact ? undefined : found(column)?.floorLimit)),
  ];
}

export function taskText(task, rows) {
  if (rows.length === 0) return `\n${task}: no rows yet`;
  const columns = columnsOf(rows);
  const all = groups(rows);
  const made = all.filter((group) => group.rows.length > 0);
  const lines = [
    ["row", "", "seeds", "n", ...columns.map(({ title }) => title)],
    ...floorLines(columns, usualRow(rows)),
    ...made.map((group) => {
      const { words, label, seeds } = nameOf(group);
      return [words, label, seeds, String(group.rows[0].n), ...columns.map((column) => cellText(column, group))];
    }),
  ];
  const failed = all.flatMap((group) =>
    group.failed.map(({ seed, error }) => `${nameOf(group).words}, seed ${seed} failed: ${error}`),
  );
  const printed = literature
    .filter((entry) => entry.task === task)
    .map(({ method, printed: figure, source }) => `  ${method.padEnd(28)}${figure.padEnd(16)}${source}`);
  const head = `\n${task}${rows.some(({ quick }) => quick) ? " (a quick run: no figure to keep)" : ""}: medians over the seeds; a weighted row has the floor at its effective size in brackets`;
  const theirs = printed.length > 0 ? ["Energy W2 as printed by their sources, convention unverified:", ...printed] : [];
  return [head, ...aligned(lines, 2), ...failed, ...theirs].join("\n");
}
