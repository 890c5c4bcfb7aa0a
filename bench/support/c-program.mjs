/** Builds a program of bench/c into a temporary folder and keeps it running. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const C_FLAGS = ["-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=128"];

/** { missing } without gcc, otherwise { compiler, ask(line) -> the line answered, tell(text), stop() }. */
export function startProgram(name, flags = []) {
  const version = spawnSync("gcc", ["--version"], { encoding: "utf8" });
  if (version.status !== 0) return { missing: "gcc is not installed; install it to see this row" };
  const folder = mkdtempSync(join(tmpdir(), "bnem-bench-"));
  const program = join(folder, name);
  const source = fileURLToPath(new URL(`../c/${name}.c`, import.meta.url));
  const built = spawnSync("gcc", [...C_FLAGS, ...flags, "-o", program, source, "-lm"], { encoding: "utf8" });
  if (built.status !== 0) {
    rmSync(folder, { recursive: true });
    return { missing: `gcc failed: ${built.stderr.slice(0, 400)}` };
  }
  const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    compiler: version.stdout.split("\n")[0],
    tell: (text) => child.stdin.write(`${text}\n`),
    async ask(question) {
      child.stdin.write(`${question}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`bench/c/${name}.c ended at "${question}"`);
      return value;
    },
    stop() {
      child.stdin.end();
      rmSync(folder, { recursive: true });
    },
  };
}
