/**
 * `npm test`: build, every test class, one closing line.
 *
 * Vitest's own report comes first; then what this system could not run, by name; last "N passed, N failed" alone on a line.
 * A run with no test, an error outside a test, or a test skipped on linux-x64 (where everything must run) fails.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

function node(...parameters) {
  return spawnSync(process.execPath, parameters, { stdio: "inherit" }).status ?? 1;
}

function close(passed, failed, skipped = 0) {
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
}

console.log(`Node ${process.version} on ${process.platform}-${process.arch}`);
if (node("build.mjs", "--if-stale") !== 0) {
  console.log("the build failed");
  close(0, 1);
}

const folder = mkdtempSync(join(tmpdir(), "bnem-report-"));
const file = join(folder, "report.json");
const status = node(
  "node_modules/vitest/vitest.mjs",
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${file}`,
  ...process.argv.slice(2),
);

let report;
try {
  report = JSON.parse(readFileSync(file, "utf8"));
} catch {
  console.log("vitest ended without a report");
  close(0, 1);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const tests = report.testResults.flatMap((suite) => suite.assertionResults);
const of = (...states) => tests.filter((test) => states.includes(test.status));
const passed = of("passed").length;
const notRun = of("pending", "skipped", "todo", "disabled");
// A file that failed before its first test, or an error outside any test, counts as one failure.
const brokenFiles = report.testResults.filter(
  (suite) => suite.status === "failed" && suite.assertionResults.every((test) => test.status !== "failed"),
);
let failed = of("failed").length + brokenFiles.length;
if (notRun.length > 0) {
  console.log(`\nNot run on ${process.platform}-${process.arch}:`);
  for (const test of notRun) console.log(`  ${test.fullName}`);
  if (process.platform === "linux" && process.arch === "x64") {
    console.log("linux-x64 runs every test: these count as failures.");
    failed += notRun.length;
  }
}
if (failed === 0 && status !== 0) failed = 1;
close(passed, failed, failed > 0 ? 0 : notRun.length);
