/** The rows that are there: one JSON file, written anew under a temporary name at every change. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { machine } from "../support/machine.mjs";
import { resultsFolder } from "../support/results-folder.mjs";

const file = join(resultsFolder, "tasks.json");
const modelFolder = join(resultsFolder, "tasks-unfinished");

/** What makes two rows the same one. */
export const keyOf = ({ task, method, variant, seed, budget }) => [task, method, variant, seed, budget].join(" | ");

export function writeWhole(path, contents) {
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, contents);
  renameSync(part, path);
}

export function readRows() {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).result.rows : [];
}

function writeRows(rows) {
  mkdirSync(resultsFolder, { recursive: true });
  const value = { bench: "tasks", date: new Date().toISOString(), machine: machine(), result: { rows } };
  writeWhole(file, `${JSON.stringify(value, null, 1)}\n`);
}

export const findRow = (wanted) => readRows().find((row) => keyOf(row) === keyOf(wanted));

/** Another process may have added rows meanwhile: the file is read again. */
export function putRow(row) {
  const made = { ...row, date: new Date().toISOString(), machine: machine() };
  writeRows([...readRows().filter((other) => keyOf(other) !== keyOf(row)), made]);
  return made;
}

/** @returns how many went */
export function removeRows(gone) {
  const rows = readRows();
  const kept = rows.filter((row) => !gone(row));
  if (kept.length < rows.length) writeRows(kept);
  return rows.length - kept.length;
}

/** A checkpoint of a run that is not finished; name without folder. */
export const unfinished = {
  read(name) {
    const path = join(modelFolder, name);
    return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
  },
  write(name, bytes) {
    mkdirSync(modelFolder, { recursive: true });
    writeWhole(join(modelFolder, name), bytes);
  },
  remove(name) {
    rmSync(join(modelFolder, name), { force: true });
  },
};

/** Where tables and pages go. */
export const pageFile = join(resultsFolder, "tasks.html");
export const rowsFile = file;
