/** Rows that accumulate: one JSON file for each bench, written anew under a temporary name at every change, and what a stopped run goes on from. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { machine } from "./machine.mjs";
import { resultsFolder } from "./results-folder.mjs";

export function writeWhole(path, contents) {
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, contents);
  renameSync(part, path);
}

/** Files of bytes in a folder beside the rows; names without folder. */
export function fileStore(folder) {
  const root = join(resultsFolder, folder);
  return {
    read(name) {
      const path = join(root, name);
      return existsSync(path) ? new Uint8Array(readFileSync(path)) : undefined;
    },
    write(name, bytes) {
      mkdirSync(root, { recursive: true });
      writeWhole(join(root, name), bytes);
    },
    remove(name) {
      rmSync(join(root, name), { force: true });
    },
  };
}

/** @param keyOf what makes two rows the same one */
export function rowStore(bench, keyOf) {
  const file = join(resultsFolder, `${bench}.json`);
  const read = () => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).result.rows : []);
  function write(rows) {
    mkdirSync(resultsFolder, { recursive: true });
    const value = { bench, date: new Date().toISOString(), machine: machine(), result: { rows } };
    writeWhole(file, `${JSON.stringify(value, null, 1)}\n`);
  }
  return {
    file,
    pageFile: join(resultsFolder, `${bench}.html`),
    read,
    find: (wanted) => read().find((row) => keyOf(row) === keyOf(wanted)),
    /** Another process may have added rows meanwhile: the file is read again. */
    put(row) {
      const made = { ...row, date: new Date().toISOString(), machine: machine() };
      write([...read().filter((other) => keyOf(other) !== keyOf(row)), made]);
      return made;
    },
    /** @returns how many went */
    remove(gone) {
      const rows = read();
      const kept = rows.filter((row) => !gone(row));
      if (kept.length < rows.length) write(kept);
      return rows.length - kept.length;
    },
  };
}
