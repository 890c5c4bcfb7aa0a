/**
 * Annealed correction of exact and of learned diffusion models, one dial turned at a time, over all transitions and correctors: the study of
 * arXiv:2601.21026 with this package.
 *
 *   npm run bench:correction -- --filter "model=exact;dial=dimension"
 *   npm run bench:correction -- --filter all --budget 3600 --page
 *   npm run bench:correction -- --acceptance
 *   npm run bench:correction -- --help
 *
 * Rows accumulate in results/correction.json, each written as soon as it is made; a row that is there is not made again unless --again. Learned
 * models are kept in results/correction-models and trained where they are not there.
 */
import { parseOptions, usage } from "./correction/options.mjs";
import { runBench } from "./support/arguments.mjs";
import { relaxedSimd } from "./support/relaxed-simd.mjs";

relaxedSimd();

runBench("bench:correction", async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return console.log(usage);
  // Before anything asks where results lie: a quick run keeps away from figures that are kept.
  if (options.quick) process.env.BNEM_QUICK = "1";
  const { runCorrection } = await import("./correction/run.mjs");
  await runCorrection(options);
});
