/** AssemblyScript -> dist/kernels.wasm (plain SIMD) and dist/kernels-relaxed.wasm (relaxed SIMD), from one source. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { reportSize, temporary } from "./outputs.mjs";

const targets = { release: "kernels.wasm", relaxed: "kernels-relaxed.wasm" };

/** Runs asc; its remark that optimising did not converge at once is no news. */
function compile(arguments_) {
  const { status, stdout, stderr } = spawnSync(process.execPath, arguments_, { encoding: "utf8" });
  const said = `${stdout}${stderr}`.replace(/^Last converge was suboptimal\.\n?/gm, "");
  if (said.trim() !== "") console.error(said);
  if (status !== 0) throw new Error("the kernels did not compile");
}

export async function buildKernels() {
  if (!existsSync("assembly/index.ts")) return;
  for (const [target, name] of Object.entries(targets)) {
    const file = temporary(name);
    const arguments_ = ["node_modules/assemblyscript/bin/asc.js", "--target", target, "--outFile", file];
    compile(arguments_);
    await rename(file, join("dist", name));
    reportSize(name);
  }
}
