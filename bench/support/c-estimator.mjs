/** bench/c/noised_mixture.c, kept running. */
import { startProgram } from "./c-program.mjs";

/** `measure(quantity, sigma, K, repeats)` resolves to { ns, checksum }; `points` [n] of [x, y] are fixed for the process. */
export function startC(means, std, points) {
  const program = startProgram("noised_mixture");
  if (program.missing) return program;
  program.tell(`${means.length} ${std}\n${means.map((m) => m.join(" ")).join("\n")}`);
  program.tell(`${points.length}\n${points.map((p) => p.join(" ")).join("\n")}`);
  return {
    compiler: program.compiler,
    async measure(quantity, sigma, K, repeats) {
      const [ns, checksum] = (await program.ask(`${quantity} ${sigma} ${K} ${repeats}`)).split(" ").map(Number);
      return { ns, checksum };
    },
    stop: program.stop,
  };
}
