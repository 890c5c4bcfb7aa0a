/** `bnem sample`: weighted samples from a checkpoint. The target is rebuilt from it, or given again. */
import { extname } from "node:path";
import type { Command } from "commander";
import {
  BnemError,
  describeCheckpoint,
  type Energy,
  loadSampler,
  parseSampleOptions,
  type SampleResult,
  sampleLines,
} from "../index.js";
import { type EnergyChoice, resolveEnergy } from "./energies.js";
import { exactDraws } from "./exact-draws.js";
import { checkExtension, checkSampleFile, checkWritable, readBytes, SAMPLE_FILES, writeSamples } from "./files.js";
import { addCommonFlags, addOptionFlags, parseNumber, progressModeOf, type Settings } from "./flags.js";
import { onInterrupt } from "./interrupt.js";
import { Notice } from "./notice.js";
import { asUsage, printResult, UsageError } from "./outcome.js";
import { ProgressReporter } from "./progress.js";
import { addRuntimeFlags, givenOptions, startRuntime } from "./runtime-flags.js";
import { weightsJson, withoutWeights } from "./weights-text.js";

interface SampleFlags extends EnergyChoice, Settings {
  readonly n: number;
  readonly output?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** The target of a checkpoint: given again, or rebuilt by its name and options. */
async function energyFor(bytes: Uint8Array, flags: SampleFlags): Promise<Energy> {
  if (flags.energy !== undefined) return resolveEnergy(flags);
  const { energy } = describeCheckpoint(bytes);
  if (energy.options === null) {
    throw new UsageError(`this model was trained on the custom energy "${energy.name}"; give it again with --energy <module>`);
  }
  return resolveEnergy({ energy: energy.name, energyOptions: JSON.stringify(energy.options) });
}

/** Where the weights are worth nothing or too many energies are not finite, the rows that were computed are written all the same. @throws what `draw` throws, saying so */
async function keepingRows(draw: () => Promise<SampleResult>, output: string | undefined, target: Energy): Promise<SampleResult> {
  try {
    return await draw();
  } catch (error) {
    if (!(error instanceof BnemError && error.data) || output === undefined) throw error;
    const rows = error.data as Pick<SampleResult, "x" | "energy" | "logWeights">;
    if (!rows.x.data.some(Number.isFinite)) throw error;
    await writeSamples(output, rows, target);
    throw new BnemError(error.code, `${error.message}; wrote the rows as they are, with these weights, to ${output}`, {
      cause: error,
    });
  }
}

async function runSample(path: string, flags: SampleFlags): Promise<void> {
  const { n, output } = flags;
  if (!Number.isInteger(n) || n < 1) throw new UsageError(`-n must be a whole number above 0, got ${n}`);
  const { settings: given, runtime } = await givenOptions("sample", flags);
  const settings = asUsage(() => parseSampleOptions("sample", given));
  await startRuntime(runtime);
  if (output !== undefined) {
    checkExtension("--output", output, SAMPLE_FILES);
    await checkWritable(output);
  }
  const bytes = await readBytes(path);
  const target = await energyFor(bytes, flags);
  if (output !== undefined) checkSampleFile("--output", output, target);
  const sampler = await loadSampler(bytes, target);
  const correction = settings.correction ?? sampler.defaultCorrection;
  asUsage(() => parseSampleOptions("sample", { ...given, correction }));
  if (output !== undefined && extname(output).toLowerCase() === ".npy" && correction !== "none") {
    sampler.dispose();
    throw new UsageError(
      "--output: an .npy file cannot hold the weights; use .npz or .xyz, or --correction none for raw samples",
    );
  }
  const progress = new ProgressReporter(progressModeOf(flags));
  const notice = new Notice(progress);
  const interrupt = onInterrupt((text) => progress.note(text));
  try {
    const onProgress = ({ fraction }: { fraction: number }) =>
      progress.update({ phase: "sampling", step: Math.round(fraction * n), steps: n });
    const forwardFrom = exactDraws(sampler, settings.correction, settings.seed ?? 0);
    const options = { ...given, workers: runtime.workers, signal: interrupt.signal, onProgress, forwardFrom };
    const sample = await keepingRows(() => sampler.sample(n, options), output, target);
    progress.endLine();
    notice.take(sample.notice);
    const { seed, seconds, energyCalls, networkCalls, pilotCalls, x } = sample;
    if (output !== undefined) await writeSamples(output, sample, target);
    const data = {
      n,
      dim: x.dim,
      seed,
      label: sampler.label ?? null,
      seconds,
      energyCalls,
      networkCalls,
      pilotCalls,
    };
    const lines = [`${n} samples in ${seconds.toFixed(1)} s, seed ${seed}`];
    if (sampler.label !== undefined) lines.push(`method ${sampler.facts.method} ${sampler.label}`);
    if (settings.correction === undefined && correction === "none") lines.push(withoutWeights(sampler.facts.options.prior));
    if (correction === "none" && pilotCalls > 0) lines.push(`${networkCalls} network rows, ${pilotCalls} of them in a pilot`);
    lines.push(...sampleLines(sample));
    lines.push(output === undefined ? "nothing written: give -o samples.npz" : `wrote ${output}`);
    const found = { ...weightsJson(sample), notice: notice.text, output };
    printResult(flags.json === true, { ...data, ...found }, lines.join("\n"));
  } finally {
    progress.endLine();
    interrupt.release();
    sampler.dispose();
  }
}

export function addSampleCommand(program: Command): void {
  const command = program
    .command("sample")
    .description("draw samples from a checkpoint, each with its importance weight")
    .argument("<model>", "checkpoint, .safetensors")
    .option("-n <count>", "samples to draw", parseNumber, 1000)
    .option(
      "-o, --output <file>",
      "rows with energy, log_weight and ancestor, and what they are worth, as .npz, or as .xyz for particles",
    )
    .option("--energy <name>", "the custom energy again, a module whose default export is one")
    .option("--energy-options <json>", "options of the energy as JSON")
    .option("--config <file>", "options from a JSON file; flags win")
    .action(runSample);
  addOptionFlags(command, "sample");
  addRuntimeFlags(command, "sample");
  addCommonFlags(command);
}
