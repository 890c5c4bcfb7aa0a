/**
 * What do the GMM-40 presets reach? For every method and five seeds fixed beforehand: train, draw 2,000 raw and 2,000 weighted samples,
 * score both against exact draws. Medians over the seeds stand beside the targets. The time is the training loop's wall clock on one
 * process; nothing else should run beside it.
 *
 *   npm run bench -- gmm40            all methods (about 20 minutes); also draws results/gmm40.svg
 *   BNEM_METHODS=nem npm run bench -- gmm40
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { relaxedSimd } from "./support/relaxed-simd.mjs";

relaxedSimd();
const { createTrainer, energyGrid, evaluate, gaussianMixture, init, presets, samplesFigure, standaloneSvg, startBackend } =
  await import("bnem");

const seeds = [11, 12, 13, 14, 15];
const n = 2000;
const methods = (process.env.BNEM_METHODS ?? "nem,bnem,idem,tweedem,meNem").split(",");
/** Methods whose sampler costs 128 network rows a score: one seed tells enough. */
const seedsOf = (method) => (method === "meNem" ? seeds.slice(0, 1) : seeds);
const target = gaussianMixture({ components: 40, seed: 0 });

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const say = (text) => console.error(text);

async function oneRun(method, seed) {
  const trainer = await createTrainer(target, { ...presets.gmm40[method], seed });
  let last;
  const bootstrapped = [];
  for await (const info of trainer.steps()) {
    last = info;
    bootstrapped.push(info.notes.bootstrappedFraction ?? 0);
  }
  const sampler = await trainer.sampler();
  const raw = await sampler.sample(n, { seed: seed + 1000, correction: "none" });
  const weighted = await sampler.sample(n, { correction: "path", dataStd: presets.gmm40.bnem.dataStd, seed: seed + 2000 });
  if (method === "bnem" && seed === seeds[0]) drawPicture(raw.x);
  const scored = (await evaluate(raw, target, { seed: seed + 3000 })).metrics;
  const scoredWeighted = await evaluate(weighted, target, { seed: seed + 3000 });
  // 63 levels and the last denoising step: 64 network gradients a sample.
  const timed = await sampler.sample(1000, { seed, correction: "none", steps: 63, corrector: 0 });
  const run = {
    seed,
    steps: last.steps,
    trainingSeconds: last.seconds,
    energyCalls: last.energyCalls,
    teacherCalls: last.networkCalls,
    bootstrappedFraction: bootstrapped.reduce((sum, value) => sum + value, 0) / bootstrapped.length,
    raw: {
      positionW2: scored.positionW2.value,
      positionW2Floor: scored.positionW2.floor,
      positionW2OverFloor: scored.positionW2.value / scored.positionW2.floor,
      positionW1: scored.positionW1.value,
      positionW1Floor: scored.positionW1.floor,
      energyW2: scored.energyW2.value,
      energyW2Floor: scored.energyW2.floor,
      totalVariation: scored.totalVariation.value,
      totalVariationFloor: scored.totalVariation.floor,
      modeWeightTv: scored.modeWeightTv.value,
      modeWeightTvFloor: scored.modeWeightTv.floor,
      modesCovered: scored.modesCovered.value,
      stragglers: scored.stragglers.value,
      ksd: scored.ksd.value,
      ksdFloor: scored.ksd.floor,
    },
    path: {
      essFraction: weighted.ess.fraction,
      logZ: weighted.logZ.value,
      logZStandardError: weighted.logZ.standardError,
      energyW2Unweighted: scoredWeighted.metrics.energyW2.value,
      energyW2Weighted: scoredWeighted.weighted.metrics.energyW2.value,
      energyW2WeightedFloor: scoredWeighted.weighted.metrics.energyW2.floor,
      modeWeightTvWeighted: scoredWeighted.weighted.metrics.modeWeightTv.value,
      modeWeightTvWeightedFloor: scoredWeighted.weighted.metrics.modeWeightTv.floor,
    },
    thousandSamplesSeconds: timed.seconds,
  };
  sampler.dispose();
  trainer.dispose();
  return run;
}

/** The README's picture: the first seed's raw samples over the exact energy. */
function drawPicture(samples) {
  const figure = samplesFigure({
    title: "GMM-40: 2,000 samples of a BNEM model",
    samples,
    contour: energyGrid(target, [samples]),
  });
  const file = fileURLToPath(new URL("results/gmm40.svg", import.meta.url));
  writeFileSync(file, `${standaloneSvg(figure)}\n`);
}

/** Medians over the runs of every number, one level down. */
function medians(runs, pick) {
  return Object.fromEntries(Object.keys(pick(runs[0])).map((key) => [key, median(runs.map((run) => pick(run)[key]))]));
}

await init();
await startBackend("wasm");
const result = {
  n,
  seeds,
  targets: {
    positionW2OverFloor: 1.25,
    energyW2: 0.3,
    modeWeightTv: 0.1,
    modesCovered: 40,
    stragglers: 0.01,
    essFraction: 0.08,
    trainingSeconds: 60,
    thousandSamplesSeconds: 2,
  },
  methods: {},
};
for (const method of methods) {
  const runs = [];
  for (const seed of seedsOf(method)) {
    const run = await oneRun(method, seed);
    runs.push(run);
    const { raw, path } = run;
    say(
      `${method} seed ${seed}: ${run.trainingSeconds.toFixed(1)} s, W2 ${raw.positionW2.toFixed(2)} (${raw.positionW2OverFloor.toFixed(2)} x floor), energy W2 ${raw.energyW2.toFixed(3)}, mode TV ${raw.modeWeightTv.toFixed(3)}, modes ${raw.modesCovered}, stragglers ${(100 * raw.stragglers).toFixed(2)} %, ESS/n ${path.essFraction.toFixed(3)}, weighted energy W2 ${path.energyW2Weighted.toFixed(3)}, 1,000 samples ${run.thousandSamplesSeconds.toFixed(2)} s`,
    );
  }
  result.methods[method] = {
    preset: presets.gmm40[method],
    median: {
      trainingSeconds: median(runs.map((run) => run.trainingSeconds)),
      thousandSamplesSeconds: median(runs.map((run) => run.thousandSamplesSeconds)),
      bootstrappedFraction: median(runs.map((run) => run.bootstrappedFraction)),
      raw: medians(runs, (run) => run.raw),
      path: medians(runs, (run) => run.path),
    },
    runs,
  };
}
console.log(JSON.stringify(result));
