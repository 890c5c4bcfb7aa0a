/** Builds bench/c/noised_mixture.c into a temporary folder and keeps it running; null where gcc is missing. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const C_FLAGS = ["-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=128"];
const source = fileURLToPath(new URL("../c/noised_mixture.c", import.meta.url));

/** `measure(quantity, sigma, K, repeats)` resolves to { ns, checksum }; `points` [n] of [x, y] are fixed for the process. */
export async function startC(means, std, points) {
  const version = spawnSync("gcc", ["--version"], { encoding: "utf8" });
  if (version.status !== 0) return { missing: "gcc is not installed; install it to see this row" };
  const folder = mkdtempSync(join(tmpdir(), "bnem-bench-"));
  const program = join(folder, "noised_mixture");
  const built = spawnSync("gcc", [...C_FLAGS, "-o", program, source, "-lm"], { encoding: "utf8" });
  if (built.status !== 0) {
    rmSync(folder, { recursive: true });
    return { missing: `gcc failed: ${built.stderr.slice(0, 400)}` };
  }
  const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.write(`${means.length} ${std}\n${means.map((m) => m.join(" ")).join("\n")}\n`);
  child.stdin.write(`${points.length}\n${points.map((p) => p.join(" ")).join("\n")}\n`);
  return {
    compiler: version.stdout.split("\n")[0],
    async measure(quantity, sigma, K, repeats) {
      child.stdin.write(`${quantity} ${sigma} ${K} ${repeats}\n`);
      const { value } = await lines.next();
      const [ns, checksum] = value.split(" ").map(Number);
      return { ns, checksum };
    },
    stop() {
      child.stdin.end();
      rmSync(folder, { recursive: true });
    },
  };
}
