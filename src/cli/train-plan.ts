/** What a training command will do, settled before anything is computed: target, options in their order, files. */
import { dirname, join } from "node:path";
import { type Batch, describeCheckpoint, type Energy, parseTrainOptions, presets, type TrainSettings } from "../index.js";
import { type EnergyChoice, resolveEnergy } from "./energies.js";
import { checkExtension, checkSampleFile, checkWritable, exists, makeFolder, readBytes, SAMPLE_FILES } from "./files.js";
import type { Settings } from "./flags.js";
import { asUsage, UsageError } from "./outcome.js";
import { BUILTIN, referenceRows, shippedIfAny } from "./shipped-references.js";

export interface TrainFlags extends EnergyChoice, Settings {
  readonly output?: string;
  readonly outputDir?: string;
  readonly samples?: string;
  /** True: beside the other files, under the name report.html. */
  readonly report?: string | true;
  readonly n: number;
  readonly reference?: string;
  readonly preset?: string;
  readonly config?: string;
  readonly resume?: boolean;
  readonly checkpointEvery?: number;
  readonly evaluate: boolean;
  readonly json?: boolean;
}

export interface TrainPlan {
  readonly energy: Energy;
  /** Options of a fresh run; a resumed one takes its checkpoint's. */
  readonly settings: TrainSettings;
  /** Total steps asked for, if any were. */
  readonly steps?: number;
  /** Checkpoint to go on from. */
  readonly checkpoint?: Uint8Array;
  /** Rows of a target without exact draws, to score and draw beside. */
  readonly reference?: Batch;
  readonly model?: string;
  readonly samples?: string;
  readonly report?: string;
}

/** Files that hold samples with their weights. */
const WEIGHTED_FILES = SAMPLE_FILES.filter((extension) => extension !== ".npy");

/** Methods and presets are compared without case and hyphens: "me-nem" is `presets.gmm40.meNem`. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

function lookUp<T>(table: { readonly [name: string]: T }, name: string): T | undefined {
  const key = Object.keys(table).find((candidate) => plain(candidate) === plain(name));
  return key === undefined ? undefined : table[key];
}

type PresetTable = { readonly [name: string]: TrainSettings };
const tables = presets as { readonly [target: string]: PresetTable };

/** The presets of a target by one of its names; `lj13` with options of its own is found by the name that was typed. */
function tableOf(targets: readonly string[]): PresetTable {
  for (const target of targets) {
    const table = lookUp(tables, target);
    if (table) return table;
  }
  return {};
}

/**
 * The preset asked for as "gmm40.bnem" or "bnem"; by default the one of this target and method, and without a method the target's first.
 * {} where there is none.
 *
 * @param targets names of the target, the likelier first
 */
export function presetOf(asked: string | undefined, targets: readonly string[], method?: string): TrainSettings {
  if (asked === "none") return {};
  const own = tableOf(targets);
  if (asked === undefined) return (method === undefined ? Object.values(own)[0] : lookUp(own, method)) ?? {};
  const [first, second] = asked.split(".");
  const found = second === undefined ? lookUp(own, first) : lookUp(lookUp(tables, first) ?? {}, second);
  if (found) return found;
  const known = Object.entries(tables).flatMap(([name, table]) => Object.keys(table).map((key) => `${name}.${key}`));
  throw new UsageError(`--preset: unknown preset "${asked}". Known: ${known.join(", ")}, none`);
}

async function filesOf(flags: TrainFlags): Promise<{ model?: string; samples?: string; report?: string }> {
  const { outputDir } = flags;
  if (outputDir !== undefined) await makeFolder(outputDir);
  const inside = (name: string) => (outputDir === undefined ? undefined : join(outputDir, name));
  const model = flags.output ?? inside("model.safetensors");
  const samples = flags.samples ?? inside("samples.npz");
  const beside = model === undefined ? "report.html" : join(dirname(model), "report.html");
  const report = flags.report === true ? (inside("report.html") ?? beside) : (flags.report ?? inside("report.html"));
  if (model !== undefined) checkExtension("--output", model, [".safetensors"]);
  if (samples !== undefined) checkExtension("--samples", samples, WEIGHTED_FILES);
  if (report !== undefined) checkExtension("--report", report, [".html"]);
  for (const path of [model, samples, report]) if (path !== undefined) await checkWritable(path);
  return { model, samples, report };
}

/** Options typed on a resume must be those the run was started with; only the total of steps may change. */
function refuseChanges(given: Settings, bytes: Uint8Array, path: string): void {
  const { step, options } = describeCheckpoint(bytes);
  const before = options as Settings;
  if (typeof given.steps === "number" && given.steps < step) {
    throw new UsageError(
      `--resume: ${path} has ${step} steps behind it, more than the ${given.steps} of --steps, which is the total`,
    );
  }
  for (const [key, value] of Object.entries(given)) {
    if (key === "steps" || before[key] === undefined || before[key] === value) continue;
    throw new UsageError(
      `--resume: ${path} was trained with ${key} ${before[key]}, not ${value}; leave the option out or start a new run`,
    );
  }
}

/**
 * @param given options as typed or from a file
 * @throws UsageError for what was typed wrongly; BnemError for files that cannot be read or written
 */
export async function planTraining(name: string | undefined, flags: TrainFlags, given: Settings): Promise<TrainPlan> {
  if (name !== undefined && flags.energy !== undefined) throw new UsageError("give the energy once: as argument or as --energy");
  if ((flags.resume || flags.checkpointEvery !== undefined) && flags.output === undefined && flags.outputDir === undefined) {
    throw new UsageError("--resume and --checkpoint-every need --output <file> or --output-dir <folder>");
  }
  const target = name ?? flags.energy;
  const method = typeof given.method === "string" ? given.method : undefined;
  asUsage(() => parseTrainOptions("train", given));
  const energy = await resolveEnergy({ ...flags, energy: target });
  // An energy of one's own may have any name.
  const names = [...(energy.options === null ? [] : [energy.name]), target ?? energy.name];
  const preset = presetOf(flags.preset, names, method);
  const settings = { ...preset, ...given } as TrainSettings;
  asUsage(() => parseTrainOptions("train", settings));
  if (flags.reference !== undefined && flags.reference !== BUILTIN) checkExtension("--reference", flags.reference, SAMPLE_FILES);
  const files = await filesOf(flags);
  if (files.samples !== undefined) checkSampleFile("--samples", files.samples, energy);
  const reference = flags.reference === undefined ? await shippedIfAny(energy) : await referenceRows(flags.reference, energy);
  const steps = typeof given.steps === "number" ? given.steps : undefined;
  if (!flags.resume || files.model === undefined || !(await exists(files.model))) {
    return { energy, settings, steps, reference, ...files };
  }
  const checkpoint = await readBytes(files.model);
  // A preset typed on a resume is kept to its method; the rest of the options are the checkpoint's.
  const typed = flags.preset === undefined || flags.preset === "none" ? given : { method: preset.method, ...given };
  refuseChanges(typed, checkpoint, files.model);
  return { energy, settings, steps, checkpoint, reference, ...files };
}
