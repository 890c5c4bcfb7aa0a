/** `bnem train`: from a target to a model, a weighted sample, metrics beside their floors, and a report. */
import type { Command } from "commander";
import { type Energy, type Evaluation, evaluate, init, renderReport, runReport, type SampleResult, version } from "../index.js";
import { writeAtomically } from "./atomic-write.js";
import { writeSamples } from "./files.js";
import { addCommonFlags, addOptionFlags, parseNumber, progressModeOf } from "./flags.js";
import { onInterrupt } from "./interrupt.js";
import { describeMachine, type Machine } from "./machine.js";
import { evaluationJson, evaluationText, shortNumber } from "./metrics-text.js";
import { printResult, UsageError } from "./outcome.js";
import { ProgressReporter } from "./progress.js";
import { allowRelaxedSimd } from "./relaxed-simd.js";
import { planTraining, type TrainFlags, type TrainPlan } from "./train-plan.js";
import { startTrainer, type TrainedRun, trainToEnd } from "./train-run.js";

/** All that is known at the end of a run. */
interface Finished {
  readonly plan: TrainPlan;
  readonly run: TrainedRun;
  readonly sample: SampleResult;
  readonly evaluation?: Evaluation;
  readonly machine: Machine;
  readonly timings: { readonly training: number; readonly sampling: number; readonly evaluation: number };
}

/** What a custom energy has to say: that its gradient comes from differences. "" for other energies. */
function noticeOf(energy: Energy): string {
  return "notice" in energy && typeof energy.notice === "string" ? energy.notice : "";
}

function reportOf(finished: Finished): string {
  const { plan, run, sample, evaluation, machine, timings } = finished;
  const { trainer, nonFinite } = run;
  const { method } = trainer.options;
  const notes = [`Backend ${trainer.backend.reason}.`];
  const notice = noticeOf(plan.energy);
  if (notice) notes.push(notice);
  if (nonFinite > 0) notes.push(`${nonFinite} energies met in training were not finite; they were counted, not repaired.`);
  if (sample.nonFinite > 0) notes.push(`${sample.nonFinite} of ${sample.x.n} samples came out non-finite.`);
  const data = runReport(plan.energy, sample, {
    title: `${plan.energy.name} sampled by ${method}`,
    method,
    history: trainer.history(),
    calibration: trainer.calibration(),
    evaluation,
    options: { ...trainer.options },
    machine: { ...machine, backend: trainer.backend.backend },
    timings,
    energyCalls: trainer.energyCalls + sample.energyCalls,
    networkCalls: trainer.networkCalls + sample.networkCalls,
    seed: trainer.seed,
    versions: { bnem: version, runtime: machine.runtime },
    notes,
    referenceSeed: trainer.seed,
  });
  return renderReport(data);
}

function jsonOf({ plan, run, sample, evaluation, machine, timings }: Finished): object {
  const { trainer } = run;
  return {
    energy: plan.energy.name,
    method: trainer.options.method,
    seed: trainer.seed,
    seconds: run.seconds,
    steps: trainer.step,
    energyCalls: trainer.energyCalls,
    nonFinite: run.nonFinite,
    ...evaluationJson(evaluation),
    samples: { n: sample.x.n, ess: sample.ess ?? null, logZ: sample.logZ ?? null, energyCalls: sample.energyCalls },
    timings,
    backend: trainer.backend,
    machine,
    version,
    files: { model: plan.model, samples: plan.samples, report: plan.report },
  };
}

function textOf({ plan, run, sample, evaluation }: Finished): string {
  const { trainer, seconds } = run;
  const lines = [
    `${trainer.options.method} on ${plan.energy.name}: ${trainer.step} steps in ${seconds.toFixed(1)} s, seed ${trainer.seed}, ${trainer.energyCalls} energy calls, backend ${trainer.backend.backend}`,
  ];
  if (sample.ess) {
    const { value, n, fraction } = sample.ess;
    lines.push(`${sample.x.n} samples, effective sample size ${shortNumber(value)} of ${n} (${shortNumber(fraction)})`);
  }
  if (sample.logZ) lines.push(`log Z = ${shortNumber(sample.logZ.value)} ± ${shortNumber(sample.logZ.standardError)}`);
  if (evaluation) lines.push("", evaluationText(evaluation));
  lines.push("");
  for (const path of [plan.model, plan.samples, plan.report]) if (path !== undefined) lines.push(`wrote ${path}`);
  return lines.join("\n");
}

/** Samples, writes them, and scores them. */
async function finish(
  plan: TrainPlan,
  run: TrainedRun,
  flags: TrainFlags,
  signal: AbortSignal,
  progress: ProgressReporter,
): Promise<Finished> {
  const { n } = flags;
  const { seed } = run.trainer;
  const sampler = await run.trainer.sampler();
  let sample: SampleResult;
  try {
    sample = await sampler.sample(n, {
      seed,
      signal,
      onProgress: ({ fraction }) => progress.update({ phase: "sampling", step: Math.round(fraction * n), steps: n }),
    });
  } finally {
    sampler.dispose();
    progress.endLine();
  }
  const { x, energy, logWeights } = sample;
  if (plan.samples !== undefined) await writeSamples(plan.samples, { x, energy, logWeights });
  const started = performance.now();
  const onProgress = ({ stage, done, total }: { stage: string; done: number; total: number }) =>
    progress.update({ phase: `scoring, ${stage}`, step: done, steps: total });
  const evaluation = flags.evaluate ? await evaluate(sample, plan.energy, { seed, signal, onProgress }) : undefined;
  progress.endLine();
  const timings = { training: run.seconds, sampling: sample.seconds, evaluation: (performance.now() - started) / 1000 };
  return { plan, run, sample, evaluation, machine: describeMachine(), timings };
}

async function runTrain(name: string | undefined, flags: TrainFlags): Promise<void> {
  if (!Number.isInteger(flags.n) || flags.n < 1) throw new UsageError(`-n must be a whole number above 0, got ${flags.n}`);
  const every = flags.checkpointEvery;
  if (every !== undefined && (!Number.isInteger(every) || every < 1)) {
    throw new UsageError(`--checkpoint-every must be a whole number above 0, got ${every}`);
  }
  const exact = flags.exact === true;
  if (!exact) allowRelaxedSimd();
  await init({ exact });
  const plan = await planTraining(name, flags);
  const progress = new ProgressReporter(progressModeOf(flags));
  const interrupt = onInterrupt((text) => progress.note(text));
  const trainer = await startTrainer(plan);
  try {
    progress.note(`backend ${trainer.backend.reason}`);
    const run = await trainToEnd(plan, trainer, { checkpointEvery: every, signal: interrupt.signal, progress });
    if (noticeOf(plan.energy)) progress.note(noticeOf(plan.energy));
    const finished = await finish(plan, run, flags, interrupt.signal, progress);
    if (plan.report !== undefined) await writeAtomically(plan.report, new TextEncoder().encode(reportOf(finished)));
    printResult(flags.json === true, jsonOf(finished), textOf(finished));
  } finally {
    progress.endLine();
    interrupt.release();
    trainer.dispose();
  }
}

export function addTrainCommand(program: Command): void {
  const command = program
    .command("train")
    .description("learn the noised energy (or score) of a target, then sample, weight and score it")
    .argument("[energy]", "name of the energy, or a module whose default export is one")
    .option("-o, --output <file>", "checkpoint, .safetensors")
    .option("--output-dir <folder>", "write model.safetensors, samples.npz and report.html there")
    .option("--samples <file>", "samples with energies and log weights, .npz")
    .option("--report [file]", "report with figures, .html")
    .option("-n <count>", "samples to draw after training", parseNumber, 2000)
    .option("--no-evaluate", "leave the metrics out")
    .option("--preset <name>", "options to start from, like gmm40.bnem; none for the bare defaults")
    .option("--config <file>", "options from a JSON file; they win over the preset, flags over them")
    .option("--checkpoint-every <steps>", "write the checkpoint every so many steps", parseNumber)
    .option("--resume", "go on from the checkpoint, if there is one; --steps is the total")
    .option("--energy <name>", "name of the energy, or a module whose default export is one")
    .option("--energy-options <json>", "options of the energy as JSON")
    .action(runTrain);
  addOptionFlags(command, "train");
  addCommonFlags(command);
}
