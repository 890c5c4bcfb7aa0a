import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

/** Same result as esbuild's `binary` loader: the default export is a Uint8Array. */
const wasmBytes = {
  name: "wasm-bytes",
  enforce: "pre" as const,
  load(id: string) {
    if (!id.endsWith(".wasm")) return null;
    const text = readFileSync(id).toString("base64");
    return `const text = atob(${JSON.stringify(text)});
export default Uint8Array.from(text, (c) => c.charCodeAt(0));`;
  },
};

export default defineConfig({
  plugins: [wasmBytes],
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
