/** dist/bnem.d.ts: the compiler's declarations of src/index.ts in one file, as Deno's direct imports need. */
import { execFileSync } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { bundleDeclarations } from "./declarations.mjs";
import { expandTypes } from "./expand-types.mjs";
import { put, temporary } from "./outputs.mjs";

export async function buildTypes() {
  const folder = temporary("types");
  const arguments_ = ["node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json", "--outDir", folder];
  try {
    execFileSync(process.execPath, arguments_, { stdio: ["ignore", "inherit", "inherit"] });
    const main = join(folder, "index.d.ts");
    const { foreign } = bundleDeclarations(main);
    const written = foreign.length > 0 ? await expandTypes(folder, foreign) : new Map();
    await put("bnem.d.ts", bundleDeclarations(main, written).text);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(`${folder}-expand`, { recursive: true, force: true });
  }
}
