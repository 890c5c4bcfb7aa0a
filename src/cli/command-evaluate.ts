/** `bnem evaluate`: metrics of samples from a file, each beside its noise floor, with a verdict in words. */
import type { Command } from "commander";
import { init, parseEvaluateOptions } from "../index.js";
import { assess, assessmentJson, assessmentText } from "./assess.js";
import { type EnergyChoice, resolveEnergy } from "./energies.js";
import { checkDim, checkExtension, readSamples } from "./files.js";
import { addCommonFlags, addOptionFlags, configSettings, type Settings, typedSettings } from "./flags.js";
import { onInterrupt } from "./interrupt.js";
import { asUsage, printResult, say, UsageError } from "./outcome.js";

interface EvaluateFlags extends EnergyChoice, Settings {
  readonly config?: string;
  readonly json?: boolean;
}

/** Seed of evaluations that were given none: the same file then always gets the same numbers. */
const DEFAULT_SEED = 11;

async function runEvaluate(path: string, flags: EvaluateFlags): Promise<void> {
  checkExtension("samples", path, [".npz", ".npy"]);
  const given = { ...(await configSettings(flags.config)), ...typedSettings("evaluate", flags) };
  const settings = asUsage(() => parseEvaluateOptions("evaluate", given));
  const seed = settings.seed ?? DEFAULT_SEED;
  await init();
  const energy = await resolveEnergy(flags);
  if (!energy.exact) {
    throw new UsageError(`${energy.name} has no exact draws to compare with; only energies that have them can be evaluated`);
  }
  const sample = await readSamples(path);
  checkDim(path, sample.x, energy);
  const interrupt = onInterrupt(say);
  try {
    const started = performance.now();
    const assessed = await assess(sample, energy, { seed, settings: given, signal: interrupt.signal });
    const seconds = (performance.now() - started) / 1000;
    const data = { energy: energy.name, n: sample.x.n, seed, seconds, ...assessmentJson(assessed) };
    printResult(
      flags.json === true,
      data,
      `${sample.x.n} configurations of ${path} against ${energy.name}\n\n${assessmentText(assessed)}`,
    );
  } finally {
    interrupt.release();
  }
}

export function addEvaluateCommand(program: Command): void {
  const command = program
    .command("evaluate")
    .description("score samples against a target: metrics with their noise floor, and a verdict")
    .argument("<samples>", ".npz with array x (and log_weight), or .npy")
    .requiredOption("--energy <name>", "name of the energy, or a module whose default export is one")
    .option("--energy-options <json>", "options of the energy as JSON")
    .option("--config <file>", "options from a JSON file; flags win")
    .action(runEvaluate);
  addOptionFlags(command, "evaluate");
  addCommonFlags(command);
}
