/**
 * How long until GMM-40 is good? Five training lengths and five seeds, fixed here beforehand; the shortest length whose medians over the
 * seeds are good, and its training time plus that of 2,000 samples. Then 100,000 samples of one model: peak memory of a process of its
 * own, and time against fifty times that of 2,000.
 *
 *   npm run bench -- time-to-quality                                     everything (some twenty minutes)
 *   node bench/time-to-quality.bench.mjs --methods nem --lengths 1000 --seeds 11 --large 0
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { relaxedSimd } from "./support/relaxed-simd.mjs";

relaxedSimd();
const { createTrainer, evaluate, gaussianMixture, init, presets, startBackend } = await import("bnem");
const { loadAverage, median, quick } = await import("./support/interleave.mjs");

const fixed = {
  methods: "nem,bnem",
  lengths: "1000,1750,2500,3500,5000",
  seeds: "11,12,13,14,15",
  samples: "2000",
  large: "100000",
};
/** Sees that it runs, in seconds; says nothing about quality. */
const small = { methods: "nem", lengths: "20,40", seeds: "11", samples: "200", large: "1000" };
const options = Object.fromEntries(
  Object.entries(quick ? small : fixed).map(([name, value]) => [name, { type: "string", default: value }]),
);
const { values } = parseArgs({ options });
const numbers = (text) => text.split(",").map(Number);
const methods = values.methods.split(",");
const lengths = numbers(values.lengths);
const seeds = numbers(values.seeds);
const samples = Number(values.samples);
const large = Number(values.large);

const limits = { positionW2OverFloor: 1.25, modeWeightTv: 0.08, energyW2: 0.3 };
const target = gaussianMixture({ components: 40, seed: 0 });

function quality({ positionW2, modeWeightTv, energyW2 }) {
  return {
    positionW2: positionW2.value,
    positionW2OverFloor: positionW2.value / positionW2.floor,
    modeWeightTv: modeWeightTv.value,
    energyW2: energyW2.value,
  };
}

async function train(method, steps, seed) {
  const trainer = await createTrainer(target, { ...presets.gmm40[method], steps, seed });
  let last;
  for await (const info of trainer.steps()) last = info;
  const sampler = await trainer.sampler();
  trainer.dispose();
  return { sampler, trainingSeconds: last.seconds };
}

async function oneRun(method, steps, seed) {
  const { sampler, trainingSeconds } = await train(method, steps, seed);
  const raw = await sampler.sample(samples, { seed: seed + 1000, correction: "none" });
  const weighted = await sampler.sample(samples, { correction: "path", dataStd: presets.gmm40.bnem.dataStd, seed: seed + 2000 });
  sampler.dispose();
  const metrics = ["positionW2", "modeWeightTv", "energyW2"];
  const ofRaw = await evaluate(raw, target, { seed: seed + 3000, metrics });
  const ofWeighted = await evaluate(weighted, target, { seed: seed + 3000, metrics });
  return {
    seed,
    trainingSeconds,
    samplingSeconds: raw.seconds,
    weightedSamplingSeconds: weighted.seconds,
    essFraction: weighted.ess.fraction,
    raw: quality(ofRaw.metrics),
    weighted: quality(ofWeighted.weighted.metrics),
  };
}

/** Medians over the seeds, by the raw sample; `good` where all three are within their limits. */
function judge(steps, runs) {
  const of = (pick) => median(runs.map(pick));
  const medians = (kind) => Object.fromEntries(Object.keys(runs[0][kind]).map((name) => [name, of((run) => run[kind][name])]));
  const raw = medians("raw");
  const weighted = medians("weighted");
  return {
    steps,
    seeds: runs.length,
    good: Object.entries(limits).every(([name, limit]) => raw[name] <= limit),
    goodWeighted: Object.entries(limits).every(([name, limit]) => weighted[name] <= limit),
    median: {
      ...raw,
      trainingSeconds: of((run) => run.trainingSeconds),
      samplingSeconds: of((run) => run.samplingSeconds),
      weightedSamplingSeconds: of((run) => run.weightedSamplingSeconds),
      essFraction: of((run) => run.essFraction),
    },
    medianWeighted: weighted,
    runs,
  };
}

function say(method, { steps, median: m, medianWeighted: w, good }) {
  console.error(
    `${method} ${steps} steps: W2 ${m.positionW2OverFloor.toFixed(2)} x floor, TV ${m.modeWeightTv.toFixed(3)}, energy W2 ${m.energyW2.toFixed(3)}; weighted ${w.positionW2OverFloor.toFixed(2)}, ${w.modeWeightTv.toFixed(3)}, ${w.energyW2.toFixed(3)}; ${m.trainingSeconds.toFixed(1)} s + ${m.samplingSeconds.toFixed(2)} s (weighted ${m.weightedSamplingSeconds.toFixed(2)} s)${good ? ": good" : ""}`,
  );
}

async function measureMethod(method) {
  const judged = [];
  for (const steps of lengths) {
    const runs = [];
    for (const seed of seeds) runs.push(await oneRun(method, steps, seed));
    judged.push(judge(steps, runs));
    say(method, judged.at(-1));
  }
  const first = judged.find(({ good }) => good);
  const reached = first && { steps: first.steps, seconds: first.median.trainingSeconds + first.median.samplingSeconds };
  return { lengths: judged, reached: reached ?? null };
}

/** In a process of its own, so that its peak memory is that of sampling alone. */
async function measureLarge() {
  const folder = mkdtempSync(join(tmpdir(), "bnem-large-"));
  try {
    const { sampler } = await train("nem", lengths[0], seeds[0]);
    const file = join(folder, "model.safetensors");
    writeFileSync(file, await sampler.save());
    sampler.dispose();
    const script = fileURLToPath(new URL("support/large-sample.mjs", import.meta.url));
    const { status, stdout } = spawnSync(process.execPath, [script, file, String(samples), String(large)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (status !== 0) throw new Error(`large-sample.mjs ended with code ${status}`);
    const { peakMiB, smallSeconds, largeSeconds } = JSON.parse(stdout);
    const multiple = large / samples;
    const timeRatio = largeSeconds / (multiple * smallSeconds);
    console.error(
      `${large} samples: ${largeSeconds.toFixed(1)} s, ${timeRatio.toFixed(2)} x ${multiple} times ${samples}; peak ${peakMiB.toFixed(0)} MiB`,
    );
    return { n: large, small: samples, multiple, smallSeconds, largeSeconds, timeRatio, peakMiB, goalRatio: 1.2, goalMiB: 500 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await init();
await startBackend("wasm");
const loadBefore = loadAverage();
const byMethod = {};
for (const method of methods) byMethod[method] = await measureMethod(method);
const result = {
  question: "the shortest of five lengths whose medians over five seeds are good; training plus sampling 2,000",
  quick,
  limits,
  goalSeconds: 20,
  samples,
  seeds,
  loadBefore,
  methods: byMethod,
  ...(large > 0 && { large: await measureLarge() }),
  loadAfter: loadAverage(),
};
console.log(JSON.stringify(result));
