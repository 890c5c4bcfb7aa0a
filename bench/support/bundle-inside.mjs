/**
 * The package's inside for one bench: `entry` (TypeScript, as if it stood in src/) bundled with the library's own settings into a
 * temporary file and imported. A bench of a single training step needs this: the public API trains whole runs, of networks with their
 * own features, and a peer can only be compared on the same step of the same network.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as esbuild from "esbuild";
import { portable } from "../../build/bundle.mjs";

const source = fileURLToPath(new URL("../../src", import.meta.url));

export async function importInside(entry) {
  const folder = mkdtempSync(join(tmpdir(), "bnem-inside-"));
  const file = join(folder, "inside.mjs");
  try {
    const stdin = { contents: entry, resolveDir: source, sourcefile: "bench-inside.ts", loader: "ts" };
    await esbuild.build({ ...portable, metafile: false, write: true, stdin, outfile: file, format: "esm" });
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
