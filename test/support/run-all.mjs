/**
 * `npm test`: build, every test class, the library tests that run networks again on tfjs's own kernels, one closing line.
 *
 * Vitest's own reports come first; then what this system could not run, by name; last "N passed, N failed" alone on a line.
 * A run with no test, an error outside a test, or a test skipped on linux-x64 (where everything must run) fails.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

function node(parameters, more = {}) {
  return spawnSync(process.execPath, parameters, { stdio: "inherit", env: { ...process.env, ...more } }).status ?? 1;
}

function close(passed, failed, skipped = 0) {
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
}

console.log(`Node ${process.version} on ${process.platform}-${process.arch}`);
if (node(["build.mjs", "--if-stale"]) !== 0) {
  console.log("the build failed");
  close(0, 1);
}

/** Runs vitest. @returns its report and its exit status */
function vitest(parameters, more) {
  const folder = mkdtempSync(join(tmpdir(), "bnem-report-"));
  const file = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const status = node(["node_modules/vitest/vitest.mjs", "run", ...reporters, ...parameters], more);
  try {
    return { status, suites: JSON.parse(readFileSync(file, "utf8")).testResults };
  } catch {
    console.log("vitest ended without a report");
    return close(0, 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const startsNetworks = /\b(startBackend|createTrainer|train|resumeTrainer|loadSampler|NeuralModel|TrainingLoop)\b/;
const namesItsKernels = /\b(setKernelMode|startOwn)\b/;

/** Library tests whose numbers come from a network, on whatever kernels the process is set to. */
function networkTests() {
  const files = ["unit", "parity", "contract", "statistical"].flatMap((kind) =>
    readdirSync(join("test", kind)).map((name) => `test/${kind}/${name}`),
  );
  return files.filter((file) => {
    if (!file.endsWith(".test.ts")) return false;
    const text = readFileSync(file, "utf8");
    return startsNetworks.test(text) && !namesItsKernels.test(text);
  });
}

const asked = process.argv.slice(2);
const runs = [vitest(asked)];
if (asked.length === 0) {
  const files = networkTests();
  console.log(`\nOn tfjs's own kernels (BNEM_KERNELS=tfjs), ${files.length} files again:`);
  runs.push(vitest(["--project", "library", ...files], { BNEM_KERNELS: "tfjs" }));
}
const status = runs.find((run) => run.status !== 0)?.status ?? 0;
const suites = runs.flatMap((run) => run.suites);
const tests = suites.flatMap((suite) => suite.assertionResults);
const of = (...states) => tests.filter((test) => states.includes(test.status));
const passed = of("passed").length;
const notRun = of("pending", "skipped", "todo", "disabled");
// A file that failed before its first test, or an error outside any test, counts as one failure.
const brokenFiles = suites.filter(
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
if (runs.length > 1)
  console.log(`\n${runs[1].suites.flatMap((suite) => suite.assertionResults).length} of these tests ran on tfjs's own kernels`);
close(passed, failed, failed > 0 ? 0 : notRun.length);
