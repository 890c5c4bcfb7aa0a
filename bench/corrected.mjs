/**
 * What weights make of learned models: quality at the floor of exact draws, log Z, mode fractions, effective rows per energy call beside Markov chains,
 * cost beside raw sampling, and which correction does best on every task. Each figure is printed beside the bar it must reach.
 *
 *   npm run bench:corrected                              the tables as they stand; nothing is made
 *   npm run bench:corrected -- --part all --budget 600
 *   npm run bench:corrected -- --part learned --seed 1
 *   npm run bench:corrected -- --help
 *
 * Rows accumulate in results/corrected.json, each written as soon as it is made; a row that is there is not made again unless --again. Models are
 * kept in results/tasks-unfinished, trained where they are not there, and a training that was stopped goes on.
 */
import { parseOptions, usage } from "./corrected/options.mjs";
import { runBench } from "./support/arguments.mjs";
import { relaxedSimd } from "./support/relaxed-simd.mjs";

relaxedSimd();

runBench("bench:corrected", async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return console.log(usage);
  // Before anything asks where results lie: a quick run keeps away from figures that are kept.
  if (options.quick) process.env.BNEM_QUICK = "1";
  const { runCorrected } = await import("./corrected/run.mjs");
  await runCorrected(options);
});
