import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { defineConfig } from "vitest/config";
import { wasmAssetModule } from "./build/wasm-assets.mjs";

/** Imports of .wasm files, and of the workers' program, give what they give in the bundle. */
const bundleAssets = {
  name: "bundle-assets",
  enforce: "pre" as const,
  resolveId(id: string, importer?: string) {
    return id.includes(".wasm+") && importer ? resolve(dirname(importer), id) : null;
  },
  load(id: string) {
    if (id.endsWith("dist/worker.txt")) return `export default ${JSON.stringify(readFileSync(id, "utf8"))};`;
    return id.endsWith(".wasm") ? wasmAssetModule(id) : null;
  },
};

const bundle = resolve("dist/bnem.js");

/** Tests of the built package import it by its own name: the very file that ships, not transformed again. */
const builtPackage = {
  name: "built-package",
  enforce: "pre" as const,
  resolveId(id: string) {
    return id === "bnem" ? { id: bundle, external: true } : null;
  },
};

/** Classes that drive browsers, other runtimes and npm; they share one unpacked Chromium. */
const outside = ["test/runtime/**/*.test.ts", "test/package/**/*.test.ts"];

export default defineConfig({
  test: {
    // tfjs writes ES modules that Node takes for CommonJS, and imports .wasm files: vitest has to transform it.
    server: { deps: { inline: [/@tensorflow/] } },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
    allowOnly: false,
    projects: [
      {
        extends: true,
        plugins: [bundleAssets, builtPackage],
        test: {
          name: "library",
          include: ["test/**/*.test.ts"],
          exclude: outside,
          setupFiles: ["test/support/kernel-mode-setup.ts"],
        },
      },
      {
        extends: true,
        plugins: [bundleAssets, builtPackage],
        test: {
          name: "package",
          include: outside,
          globalSetup: ["test/support/chromium-setup.ts"],
        },
      },
    ],
  },
});
