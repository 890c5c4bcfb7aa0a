/** `bnem train`: from a target to a model, a weighted sample, metrics beside their floors, and a report. */
import type { Command } from "commander";
import { writeAtomically } from "./atomic-write.js";
import { addCommonFlags, addOptionFlags, parseNumber, progressModeOf } from "./flags.js";
import { onInterrupt } from "./interrupt.js";
import { Notice } from "./notice.js";
import { printResult, UsageError } from "./outcome.js";
import { ProgressReporter } from "./progress.js";
import { allowRelaxedSimd } from "./relaxed-simd.js";
import { addRuntimeFlags, givenOptions, startRuntime } from "./runtime-flags.js";
import { BUILTIN } from "./shipped-references.js";
import { planTraining, type TrainFlags } from "./train-plan.js";
import { finishRun, jsonOf, noticeOf, reportOf, textOf } from "./train-results.js";
import { startTrainer, trainToEnd } from "./train-run.js";

async function runTrain(name: string | undefined, flags: TrainFlags): Promise<void> {
  if (!Number.isInteger(flags.n) || flags.n < 1) throw new UsageError(`-n must be a whole number above 0, got ${flags.n}`);
  const every = flags.checkpointEvery;
  if (every !== undefined && (!Number.isInteger(every) || every < 1)) {
    throw new UsageError(`--checkpoint-every must be a whole number above 0, got ${every}`);
  }
  const { settings, runtime } = await givenOptions("train", flags);
  const exact = settings.exact === true;
  if (!exact) allowRelaxedSimd();
  await startRuntime({ ...runtime, exact });
  const plan = await planTraining(name, flags, settings);
  const progress = new ProgressReporter(progressModeOf(flags));
  const notice = new Notice(progress);
  const interrupt = onInterrupt((text) => progress.note(text));
  const trainer = await startTrainer(plan);
  try {
    progress.note(`backend ${trainer.backend.backend}: ${trainer.backend.reason}`);
    const run = await trainToEnd(plan, trainer, {
      checkpointEvery: every,
      curves: plan.report !== undefined && flags.evaluate,
      signal: interrupt.signal,
      progress,
      notice,
    });
    if (noticeOf(plan.energy)) progress.note(noticeOf(plan.energy));
    const { signal } = interrupt;
    const finished = await finishRun(plan, run, { n: flags.n, evaluate: flags.evaluate, signal, progress, notice });
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
    .option("--samples <file>", "samples with energies and log weights, .npz, or .xyz for particles")
    .option(
      "--reference <file>",
      `configurations from the target, where it has no exact draws; by default those that ship, if any ("${BUILTIN}")`,
    )
    .option("--report [file]", "report with figures, .html")
    .option("-n <count>", "samples to draw after training, raw ones for the metrics and weighted ones", parseNumber, 2000)
    .option("--no-evaluate", "leave the metrics out")
    .option(
      "--preset <name>",
      "options to start from, like gmm40.bnem; default: of this method, else the target's first; none: the bare defaults",
    )
    .option("--config <file>", "options from a JSON file; they win over the preset, flags over them")
    .option(
      "--checkpoint-every <steps>",
      "write the checkpoint every so many steps; default: every tenth of the run",
      parseNumber,
    )
    .option("--resume", "go on from the checkpoint, if there is one; --steps is the total")
    .option("--energy <name>", "name of the energy, or a module whose default export is one")
    .option("--energy-options <json>", "options of the energy as JSON")
    .action(runTrain);
  addOptionFlags(command, "train");
  addRuntimeFlags(command, "train");
  addCommonFlags(command);
}
