/** `bnem evaluate`: metrics of samples from a file, each beside its noise floor, with a verdict in words. */
import type { Command } from "commander";
import { evaluate, parseEvaluateOptions } from "../index.js";
import { type EnergyChoice, resolveEnergy } from "./energies.js";
import { checkDim, checkExtension, readSamples, SAMPLE_FILES } from "./files.js";
import { addCommonFlags, addOptionFlags, progressModeOf, type Settings } from "./flags.js";
import { onInterrupt } from "./interrupt.js";
import { scoresJson, scoresText } from "./metrics-text.js";
import { Notice } from "./notice.js";
import { asUsage, printResult } from "./outcome.js";
import { ProgressReporter } from "./progress.js";
import { addRuntimeFlags, givenOptions, startRuntime } from "./runtime-flags.js";
import { BUILTIN, referenceRows } from "./shipped-references.js";

interface EvaluateFlags extends EnergyChoice, Settings {
  readonly reference?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** Seed of evaluations that were given none: the same file then always gets the same numbers. */
const DEFAULT_SEED = 11;

async function runEvaluate(path: string, flags: EvaluateFlags): Promise<void> {
  checkExtension("samples", path, SAMPLE_FILES);
  if (flags.reference !== undefined && flags.reference !== BUILTIN) checkExtension("--reference", flags.reference, SAMPLE_FILES);
  const { settings: given, runtime } = await givenOptions("evaluate", flags);
  const settings = asUsage(() => parseEvaluateOptions("evaluate", given));
  const seed = settings.seed ?? DEFAULT_SEED;
  await startRuntime(runtime);
  const energy = await resolveEnergy(flags);
  const { x, logWeights, ancestors, scalars } = await readSamples(path, energy);
  checkDim(path, x, energy);
  const reference = flags.reference === undefined ? undefined : await referenceRows(flags.reference, energy);
  const progress = new ProgressReporter(progressModeOf(flags));
  const notice = new Notice(progress);
  const interrupt = onInterrupt((text) => progress.note(text));
  try {
    const started = performance.now();
    const evaluation = await evaluate({ x, logWeights, ancestors }, energy, {
      ...given,
      seed,
      reference,
      signal: interrupt.signal,
      onProgress: ({ stage, done, total }) => progress.update({ phase: stage, step: done, steps: total }),
    });
    const seconds = (performance.now() - started) / 1000;
    progress.endLine();
    notice.take(evaluation.notice);
    const scores = scoresJson({ raw: evaluation });
    const data = { energy: energy.name, n: x.n, seed, seconds, stored: scalars, ...scores, notice: notice.text };
    printResult(
      flags.json === true,
      data,
      `${x.n} configurations of ${path} against ${energy.name}\n\n${scoresText({ raw: evaluation })}`,
    );
  } finally {
    progress.endLine();
    interrupt.release();
  }
}

export function addEvaluateCommand(program: Command): void {
  const command = program
    .command("evaluate")
    .description("score samples against a target: metrics with their noise floor, and a verdict")
    .argument("<samples>", ".npz with array x (and log_weight), .npy, or .xyz for particles")
    .requiredOption("--energy <name>", "name of the energy, or a module whose default export is one")
    .option("--energy-options <json>", "options of the energy as JSON")
    .option(
      "--reference <file>",
      "configurations from the target, where it has no exact draws; builtin: the 1,000 of dw4, lj13 or lj55 that ship",
    )
    .option("--config <file>", "options from a JSON file; flags win")
    .action(runEvaluate);
  addOptionFlags(command, "evaluate");
  addRuntimeFlags(command, "evaluate");
  addCommonFlags(command);
}
