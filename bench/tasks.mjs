/**
 * Equal-budget tables: every method on every task beside MALA, HMC and parallel tempering with as many energy calls as its training took.
 *
 *   npm run bench:tasks -- --task lj13 --method posterior --seed 1
 *   npm run bench:tasks -- --task lj13 --page         the tables as they stand, and tasks.html; trains nothing
 *   npm run bench:tasks -- --help
 *
 * Rows accumulate in results/tasks.json, each written as soon as it is made; a row that is there is not made again unless --again. A run that
 * was stopped goes on from its last checkpoint, at most a minute old.
 */

import { runBench } from "./support/arguments.mjs";
import { relaxedSimd } from "./support/relaxed-simd.mjs";
import { parseOptions, usage } from "./tasks/options.mjs";

relaxedSimd();

runBench("bench:tasks", async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return console.log(usage);
  // Before anything asks where results lie: a quick run keeps away from figures that are kept.
  if (options.quick) process.env.BNEM_QUICK = "1";
  const { runTasks } = await import("./tasks/run.mjs");
  await runTasks(options);
});
