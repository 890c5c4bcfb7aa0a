/** AssemblyScript -> dist/kernels.wasm (plain SIMD) and dist/kernels-relaxed.wasm (relaxed SIMD), from one source. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { reportSize, temporary } from "./outputs.mjs";

const targets = { release: "kernels.wasm", relaxed: "kernels-relaxed.wasm" };

export async function buildKernels() {
  if (!existsSync("assembly/index.ts")) return;
  for (const [target, name] of Object.entries(targets)) {
    const file = temporary(name);
    const arguments_ = ["node_modules/assemblyscript/bin/asc.js", "--target", target, "--outFile", file];
    execFileSync(process.execPath, arguments_, { stdio: ["ignore", "inherit", "inherit"] });
    await rename(file, join("dist", name));
    reportSize(name);
  }
}
