/**
 * `npm run bench`: every bench/*.bench.mjs, one after the other, each in its own process.
 *
 *   node bench/run.mjs               all
 *   node bench/run.mjs cold-start    those whose file name contains a word given
 *
 * A bench prints tables for people on stderr and one JSON value on stdout. Results go to bench/results/NAME.json with the
 * machine, the versions and the date beside them; bench/results/report.html shows all of them. BNEM_QUICK=1 only sees that the benches
 * run, and BNEM_RESULTS names another folder.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { machine } from "./support/machine.mjs";
import { resultsFolder } from "./support/results-folder.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const names = readdirSync(here)
  .filter((file) => file.endsWith(".bench.mjs"))
  .map((file) => file.slice(0, -".bench.mjs".length))
  .filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
  .sort();
if (names.length === 0) throw new Error(`no bench matches ${wanted.join(", ")}`);

mkdirSync(resultsFolder, { recursive: true });
const failed = [];
for (const name of names) {
  console.log(`\n${name}`);
  const { status, stdout } = spawnSync(process.execPath, [join(here, `${name}.bench.mjs`)], {
    cwd: dirname(here),
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) {
    failed.push(name);
    console.log(`failed with code ${status}`);
    continue;
  }
  const file = join(resultsFolder, `${name}.json`);
  writeFileSync(
    `${file}.part`,
    `${JSON.stringify({ bench: name, date: new Date().toISOString(), machine: machine(), result: JSON.parse(stdout) }, null, 2)}\n`,
  );
  renameSync(`${file}.part`, file);
  console.log(`-> ${file}`);
}
await import("./report.mjs");
if (failed.length > 0) {
  console.log(`\nfailed: ${failed.join(", ")}`);
  process.exitCode = 1;
}
