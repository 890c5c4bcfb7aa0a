/** dist/types/** by the compiler, and dist/bnem.d.ts as the one entry the package and Deno name. */
import { execFileSync } from "node:child_process";
import { put, putFolder, temporary } from "./outputs.mjs";

export async function buildTypes() {
  const arguments_ = ["node_modules/typescript/bin/tsc", "-p", "tsconfig.types.json", "--outDir", temporary("types")];
  execFileSync(process.execPath, arguments_, { stdio: ["ignore", "inherit", "inherit"] });
  await putFolder("types");
  await put("bnem.d.ts", 'export * from "./types/index.js";\n');
}
