/** dist/bnem.d.ts: the compiler's declarations of src/index.ts in one file, as Deno's direct imports need. */
import { execFileSync } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { bundleDeclarations } from "./declarations.mjs";
import { put, temporary } from "./outputs.mjs";

export async function buildTypes() {
  const folder = temporary("types");
  const arguments_ = ["node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json", "--outDir", folder];
  try {
    execFileSync(process.execPath, arguments_, { stdio: ["ignore", "inherit", "inherit"] });
    await put("bnem.d.ts", bundleDeclarations(join(folder, "index.d.ts")));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
