/** src/worker/entry.ts -> dist/worker.txt: the program of a worker as the text that the library carries. */
import { resolve } from "node:path";
import * as esbuild from "esbuild";
import { portable } from "./bundle.mjs";
import { assertPortable } from "./checks.mjs";
import { put, reportSize } from "./outputs.mjs";

/** Workers are sent compiled modules: the bytes of the kernels stay out. */
const withoutBytes = {
  name: "without-bytes",
  setup(build) {
    build.onLoad({ filter: /src\/kernels\/bytes\.ts$/ }, () => ({
      contents: "export const kernelsAsset = undefined;",
    }));
  },
};

/** What a worker may hold; the rest of src belongs to the calling thread. */
const allowed = /^src\/(core|kernels|energies|schedules|mcmc|estimators|metrics|priors|samplers|correction|worker)\//;

/** @param entry another program, for tests @returns the text and its metafile */
export async function bundleWorker(entry = "src/worker/entry.ts") {
  const result = await esbuild.build({
    ...portable,
    plugins: [withoutBytes, ...portable.plugins],
    entryPoints: [resolve(entry)],
    outfile: "dist/worker.js",
    format: "iife",
  });
  return { code: result.outputFiles[0].text, meta: result.metafile };
}

export async function buildWorker() {
  const { code, meta } = await bundleWorker();
  assertPortable("worker.txt", code, meta);
  const foreign = Object.keys(meta.inputs).filter((path) => !allowed.test(path));
  if (foreign.length > 0) throw new Error(`a worker would carry ${foreign.join(", ")}`);
  await put("worker.txt", code);
  reportSize("worker.txt");
}
