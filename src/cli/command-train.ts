/** `bnem train`: from a target to a model, a weighted sample, metrics beside their floors, and a report. */
import type { Command } from "commander";
import { init, renderReport, runReport, type SampleResult, version } from "../index.js";
import { type Assessed, assess, assessmentJson, assessmentText } from "./assess.js";
import { writeAtomically } from "./atomic-write.js";
import { writeSamples } from "./files.js";
import { addCommonFlags, addOptionFlags, parseNumber, progressModeOf } from "./flags.js";
import { onInterrupt } from "./interrupt.js";
import { describeMachine, type Machine } from "./machine.js";
import { shortNumber } from "./metrics-text.js";
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
  readonly assessed: readonly Assessed[];
  readonly machine: Machine;
  readonly timings: { readonly training: number; readonly sampling: number; readonly evaluation: number };
}

function reportOf(finished: Finished): string {
  const { plan, run, sample, assessed, machine, timings } = finished;
  const { trainer, history, nonFinite } = run;
  const { method } = trainer.options;
  const notes = [`Backend ${trainer.backend.backend}: ${trainer.backend.reason}.`];
  if (nonFinite > 0) notes.push(`${nonFinite} draws or rows were not finite and were left out of the training.`);
  const data = runReport(plan.energy, sample, {
    title: `${plan.energy.name} sampled by ${method}`,
    method,
    history,
    metrics: assessed.map(({ label, evaluation }) => ({
      label,
      metrics: { ...evaluation.metrics },
      verdict: evaluation.verdict,
    })),
    options: { ...trainer.options },
    machine: { ...machine, backend: trainer.backend.backend },
    timings,
    energyCalls: trainer.energyCalls + sample.energyCalls,
    networkCalls: sample.networkCalls,
    seed: trainer.seed,
    versions: { bnem: version, runtime: machine.runtime },
    notes,
    referenceSeed: trainer.seed,
  });
  return renderReport(data);
}

function jsonOf({ plan, run, sample, assessed, machine, timings }: Finished): object {
  const { trainer } = run;
  return {
    energy: plan.energy.name,
    method: trainer.options.method,
    seed: trainer.seed,
    seconds: run.seconds,
    steps: trainer.step,
    energyCalls: trainer.energyCalls,
    nonFinite: run.nonFinite,
    ...assessmentJson(assessed),
    samples: { n: sample.x.n, ess: sample.ess ?? null, logZ: sample.logZ ?? null, energyCalls: sample.energyCalls },
    timings,
    backend: trainer.backend,
    machine,
    version,
    files: { model: plan.model, samples: plan.samples, report: plan.report },
  };
}

function textOf({ plan, run, sample, assessed }: Finished): string {
  const { trainer, seconds } = run;
  const lines = [
    `${trainer.options.method} on ${plan.energy.name}: ${trainer.step} steps in ${seconds.toFixed(1)} s, seed ${trainer.seed}, ${trainer.energyCalls} energy calls, backend ${trainer.backend.backend}`,
  ];
  if (sample.ess) {
    const { value, n, fraction } = sample.ess;
    lines.push(`${sample.x.n} samples, effective sample size ${shortNumber(value)} of ${n} (${shortNumber(fraction)})`);
  }
  if (sample.logZ) lines.push(`log Z = ${shortNumber(sample.logZ.value)} ± ${shortNumber(sample.logZ.standardError)}`);
  lines.push("", assessmentText(assessed), "");
  for (const path of [plan.model, plan.samples, plan.report]) if (path !== undefined) lines.push(`wrote ${path}`);
  return lines.join("\n");
}

async function finish(
  plan: TrainPlan,
  run: TrainedRun,
  flags: TrainFlags,
  signal: AbortSignal,
  progress: ProgressReporter,
): Promise<Finished> {
  const { n } = flags;
  const sampler = run.trainer.sampler();
  const onProgress = ({ fraction }: { fraction: number }) =>
    progress.update({ phase: "sampling", step: Math.round(fraction * n), steps: n });
  const sample = await sampler.sample(n, { seed: run.trainer.seed, correction: "path", signal, onProgress });
  progress.endLine();
  if (plan.samples !== undefined)
    await writeSamples(plan.samples, { x: sample.x, energy: sample.energy, logWeight: sample.logWeight });
  if (flags.evaluate && plan.energy.exact) progress.note(`evaluating ${n} samples against exact draws`);
  const started = performance.now();
  const assessed = flags.evaluate ? await assess(sample, plan.energy, { seed: run.trainer.seed, signal }) : [];
  const evaluation = (performance.now() - started) / 1000;
  const timings = { training: run.seconds, sampling: sample.seconds, evaluation };
  return { plan, run, sample, assessed, machine: describeMachine(), timings };
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
    progress.note(`backend ${trainer.backend.backend}: ${trainer.backend.reason}`);
    const run = await trainToEnd(plan, trainer, { checkpointEvery: every, signal: interrupt.signal, progress });
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
