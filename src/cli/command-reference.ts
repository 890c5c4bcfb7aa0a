/** `bnem reference`: a reference set of a target, with its recipe and diagnostics in the file. */
import { extname } from "node:path";
import type { Command } from "commander";
import { type Energy, parseReferenceOptions, type Reference, reference, saveReference } from "../index.js";
import { writeAtomically } from "./atomic-write.js";
import { type EnergyChoice, resolveEnergy } from "./energies.js";
import { checkExtension, checkSampleFile, checkWritable, writeSamples } from "./files.js";
import { addCommonFlags, addOptionFlags, parseNumber, progressModeOf, type Settings } from "./flags.js";
import { onInterrupt } from "./interrupt.js";
import { alignColumns, shortNumber } from "./metrics-text.js";
import { Notice } from "./notice.js";
import { asUsage, printResult, UsageError } from "./outcome.js";
import { ProgressReporter } from "./progress.js";
import { addRuntimeFlags, givenOptions, startRuntime } from "./runtime-flags.js";

interface ReferenceFlags extends EnergyChoice, Settings {
  readonly n: number;
  readonly output?: string;
  readonly config?: string;
  readonly json?: boolean;
}

function withError(mean: number, error: number | null): string {
  return error === null ? shortNumber(mean) : `${shortNumber(mean)} ± ${shortNumber(error)}`;
}

/** What was made and how good it is, for people. */
function textOf({ recipe, diagnostics, x }: Reference, seconds: number): string {
  const { chains } = recipe;
  const { observables, virial, heatCapacity, calls } = diagnostics;
  const made = chains
    ? `${recipe.move}: ${chains.chains} chains, ${chains.warmup} steps of warm-up, a row every ${chains.thin} steps of ${shortNumber(chains.stepSize)}, acceptance ${shortNumber(diagnostics.acceptance ?? undefined)}`
    : "exact draws";
  const rows = Object.entries(observables).map(([name, { mean, standardError, std, splitRhat, ess }]) => [
    name,
    withError(mean, standardError),
    shortNumber(std),
    shortNumber(splitRhat ?? undefined),
    shortNumber(Math.round(ess ?? Number.NaN)),
  ]);
  const spent = Object.values(calls).reduce((sum, { plain, gradient }) => sum + plain + gradient, 0);
  return [
    `${x.n} configurations of ${recipe.energy.name} in ${seconds.toFixed(1)} s, seed ${recipe.seed}, ${spent} energies`,
    made,
    alignColumns([["observable", "mean", "std", "split R-hat", "effective size"], ...rows]),
    `virial ${withError(virial.mean, virial.standardError)} (exact: ${virial.exact}), heat capacity ${withError(heatCapacity.value, heatCapacity.standardError)}`,
  ].join("\n");
}

/** Frames of .xyz have no place for the recipe, which --json prints. */
async function write(path: string, made: Reference, energy: Energy): Promise<void> {
  if (extname(path).toLowerCase() === ".npz") return writeAtomically(path, saveReference(made));
  await writeSamples(path, made, energy);
}

async function runReference(name: string | undefined, flags: ReferenceFlags): Promise<void> {
  if (name !== undefined && flags.energy !== undefined) throw new UsageError("give the energy once: as argument or as --energy");
  const { n, output } = flags;
  if (!Number.isInteger(n) || n < 1) throw new UsageError(`-n must be a whole number above 0, got ${n}`);
  const { settings: given, runtime } = await givenOptions("reference", flags);
  asUsage(() => parseReferenceOptions("reference", given));
  if (output !== undefined) {
    checkExtension("--output", output, [".npz", ".xyz", ".extxyz"]);
    await checkWritable(output);
  }
  await startRuntime(runtime);
  const energy = await resolveEnergy({ ...flags, energy: name ?? flags.energy });
  if (output !== undefined) checkSampleFile("--output", output, energy);
  const progress = new ProgressReporter(progressModeOf(flags));
  const notice = new Notice(progress);
  const interrupt = onInterrupt((text) => progress.note(text));
  try {
    const started = performance.now();
    const made = await reference(energy, {
      ...given,
      n,
      signal: interrupt.signal,
      onProgress: ({ stage, done, total, energyCalls }) =>
        progress.update({ phase: stage, step: done, steps: total, energyCalls }),
    });
    const seconds = (performance.now() - started) / 1000;
    progress.endLine();
    notice.take(made.notice);
    if (output !== undefined) await write(output, made, energy);
    const { recipe, diagnostics } = made;
    const data = { n, dim: energy.dim, seed: recipe.seed, seconds, recipe, diagnostics, notice: notice.text, output };
    const last = output === undefined ? "nothing written: give -o reference.npz" : `wrote ${output}`;
    printResult(flags.json === true, data, `${textOf(made, seconds)}\n${last}`);
  } finally {
    progress.endLine();
    interrupt.release();
  }
}

export function addReferenceCommand(program: Command): void {
  const command = program
    .command("reference")
    .description("make a reference set: exact draws or long Markov chains, with their recipe and diagnostics in the file")
    .argument("[energy]", "name of the energy, or a module whose default export is one")
    .option("-n <count>", "configurations to make", parseNumber, 1000)
    .option("-o, --output <file>", "x, energy, recipe_json and diagnostics_json as .npz; or x and energy as .xyz for particles")
    .option("--energy <name>", "name of the energy, or a module whose default export is one")
    .option("--energy-options <json>", "options of the energy as JSON")
    .option("--config <file>", "options from a JSON file; flags win")
    .action(runReference);
  addOptionFlags(command, "reference");
  addRuntimeFlags(command, "reference");
  addCommonFlags(command);
}
