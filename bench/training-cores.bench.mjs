/**
 * How do training steps and samples of GMM-40 scale with threads, beside a plain arithmetic loop on the same threads in the same minute? Two
 * trainers of one preset, one on the calling thread, one on all threads, take turns of a hundred steps (refills of the buffer included: one
 * in each turn); two samplers draw 2,000 weighted samples in turn. Scalings are formed within a round, medians over the rounds. Targets:
 * steps at least x 1.3 where the control scales by 1.7 or more.
 */
import { availableParallelism } from "node:os";
import { createTrainer, gaussianMixture, init, presets } from "bnem";
import { Control } from "./support/control-threads.mjs";
import { loadAverage, quick, summary } from "./support/interleave.mjs";
import { relaxedSimd } from "./support/relaxed-simd.mjs";

relaxedSimd();
await init();

const ROUNDS = quick ? 4 : 25;
const STEPS = 100;
const SAMPLES = quick ? 200 : 2000;
const methods = quick ? ["nem"] : ["nem", "bnem", "idem"];
const cores = availableParallelism();
const target = gaussianMixture({ components: 40, seed: 0 });

async function trainerOn(method, workers) {
  const steps = STEPS * (ROUNDS + 4);
  const trainer = await createTrainer(target, { ...presets.gmm40[method], steps, seed: 1, workers });
  const run = trainer.steps();
  const turn = async () => {
    const start = performance.now();
    for (let i = 0; i < STEPS; i++) await run.next();
    return performance.now() - start;
  };
  // Three turns: compiled, workers at hand, and the share of the workers chosen.
  for (let warm = 0; warm < 3; warm++) await turn();
  return { turn, trainer, end: () => run.return() };
}

async function measure(method, control) {
  const alone = await trainerOn(method, 1);
  const together = await trainerOn(method, cores);
  const pieces = Math.max(1, Math.round((20 * (await alone.turn())) / (await control.milliseconds(1, 20))));
  const samplers = [await alone.trainer.sampler(), await together.trainer.sampler()];
  const draw = async (at, seed) => {
    const start = performance.now();
    await samplers[at].sample(SAMPLES, { correction: "path", integrator: "bridge", seed, workers: at === 0 ? 1 : cores });
    return performance.now() - start;
  };
  const times = { alone: [], together: [], control: [], controls: [], sample: [], samples: [] };
  for (let round = 0; round < ROUNDS; round++) {
    times.control.push(await control.milliseconds(1, pieces));
    times.controls.push(await control.milliseconds(cores, pieces));
    times.alone.push(await alone.turn());
    times.together.push(await together.turn());
    times.sample.push(await draw(0, round));
    times.samples.push(await draw(1, round));
  }
  for (const side of [alone, together]) {
    await side.end();
    side.trainer.dispose();
  }
  for (const sampler of samplers) sampler.dispose();
  const ratio = (one, all) => summary(times[one].map((ms, i) => ms / times[all][i]));
  return {
    method,
    threads: cores,
    msPerStep: { one: summary(times.alone.map((ms) => ms / STEPS)), all: summary(times.together.map((ms) => ms / STEPS)) },
    msPerSamples: { samples: SAMPLES, one: summary(times.sample), all: summary(times.samples) },
    stepScaling: ratio("alone", "together"),
    sampleScaling: ratio("sample", "samples"),
    controlScaling: ratio("control", "controls"),
  };
}

const before = loadAverage();
const control = new Control();
const rows = [];
for (const method of methods) {
  const row = await measure(method, control);
  rows.push(row);
  console.error(
    `${method.padEnd(6)} ${row.msPerStep.one.median.toFixed(2)} -> ${row.msPerStep.all.median.toFixed(2)} ms a step, x ${row.stepScaling.median.toFixed(2)}; ` +
      `${SAMPLES} samples ${row.msPerSamples.one.median.toFixed(0)} -> ${row.msPerSamples.all.median.toFixed(0)} ms, x ${row.sampleScaling.median.toFixed(2)}; ` +
      `control x ${row.controlScaling.median.toFixed(2)}`,
  );
}
await control.end();
console.log(
  JSON.stringify({
    question: "training steps and samples of GMM-40 on all cores, against a plain arithmetic loop on the same threads",
    rounds: ROUNDS,
    stepsPerTurn: STEPS,
    loadAverage: { before, after: loadAverage() },
    rows,
    target: { stepScaling: 1.3, whereControlScales: 1.7 },
  }),
);
