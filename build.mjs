/**
 * Builds dist/: kernels.wasm, worker.txt, bnem.js + bnem.d.ts, cli.js, bnem.standalone.html, NOTICE.
 *
 *   node build.mjs              everything
 *   node build.mjs kernels      only the WASM kernels and the program of a worker (what unit tests need)
 *   node build.mjs --if-stale   nothing when dist/ was built from exactly these sources
 *
 * Every output is written under a temporary name and renamed, so a reader never sees half a file and a failed build leaves the
 * last good one in place. Nothing is downloaded.
 */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { bundleCli, bundleLibrary, bundlePlayground } from "./build/bundle.mjs";
import { buildKernels } from "./build/kernels.mjs";
import { writeNotice } from "./build/notice.mjs";
import { put, reportInputs } from "./build/outputs.mjs";
import { currentStamp, isFresh, writeStamp } from "./build/stamp.mjs";
import { buildTypes } from "./build/types.mjs";
import { buildWorker } from "./build/worker.mjs";

async function buildAll() {
  const started = performance.now();
  await buildKernels();
  await buildWorker();
  const metas = { library: await bundleLibrary() };
  if (existsSync("src/cli/main.ts")) metas.cli = await bundleCli();
  if (existsSync("src/playground/main.ts")) metas.playground = await bundlePlayground();
  await writeNotice(Object.values(metas));
  await put("meta.json", JSON.stringify(metas));
  await buildTypes();
  reportInputs(metas.library);
  console.log(`built in ${((performance.now() - started) / 1000).toFixed(1)} s with Node ${process.version}`);
}

async function main() {
  await mkdir("dist", { recursive: true });
  if (process.argv.includes("kernels")) {
    await buildKernels();
    return buildWorker();
  }
  if (process.argv.includes("--if-stale") && (await isFresh())) {
    console.log("dist/ is up to date");
    return;
  }
  const stamp = currentStamp();
  await buildAll();
  await writeStamp(stamp);
}

main().catch((error) => {
  console.error(`build failed: ${error.message}`);
  process.exitCode = 1;
});
