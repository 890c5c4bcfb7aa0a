/** Builds bench/c/dense_step.c into a temporary folder and keeps it running: matrix products and MLP training steps at 128 bits. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { C_FLAGS } from "./c-estimator.mjs";

const source = fileURLToPath(new URL("../c/dense_step.c", import.meta.url));

/**
 * { missing } without gcc, otherwise
 *   gemm(mode, m, n, k, batch, repeats) -> { ns a call, checksum }; modes as in assembly/gemm.ts
 *   open({ loss: "regression" | "double", inputs, width, depth, batch }, folder): reads parameters.f32, x.f32 and target.f32; once
 *   steps(count) -> [{ ms, loss }]
 */
export function startDense(flags = []) {
  const version = spawnSync("gcc", ["--version"], { encoding: "utf8" });
  if (version.status !== 0) return { missing: "gcc is not installed; install it to see this row" };
  const folder = mkdtempSync(join(tmpdir(), "bnem-bench-"));
  const program = join(folder, "dense_step");
  const built = spawnSync("gcc", [...C_FLAGS, ...flags, "-o", program, source, "-lm"], { encoding: "utf8" });
  if (built.status !== 0) {
    rmSync(folder, { recursive: true });
    return { missing: `gcc failed: ${built.stderr.slice(0, 400)}` };
  }
  const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (question) => {
    child.stdin.write(`${question}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`bench/c/dense_step.c ended at "${question}"`);
    return value;
  };
  return {
    compiler: version.stdout.split("\n")[0],
    async gemm(mode, m, n, k, batch, repeats) {
      const [ns, checksum] = (await ask(`gemm ${mode} ${m} ${n} ${k} ${batch} ${repeats}`)).split(" ").map(Number);
      return { ns, checksum };
    },
    open: ({ loss, inputs, width, depth, batch }, files) => ask(`case ${loss} ${inputs} ${width} ${depth} ${batch} ${files}`),
    async steps(count) {
      const values = (await ask(`step ${count}`)).split(" ").map(Number);
      return Array.from({ length: count }, (_, i) => ({ ms: values[2 * i], loss: values[2 * i + 1] }));
    },
    stop() {
      child.stdin.end();
      rmSync(folder, { recursive: true });
    },
  };
}
