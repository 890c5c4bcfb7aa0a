/** `bnem info`: what there is (energies, presets), or what one energy or one checkpoint is. */
import type { Command } from "commander";
import {
  describeCheckpoint,
  type Energy,
  energyByName,
  init,
  listEnergies,
  optionJsonSchema,
  presets,
  version,
} from "../index.js";
import { exists, readBytes } from "./files.js";
import { addCommonFlags } from "./flags.js";
import { asUsage, printResult, UsageError } from "./outcome.js";

const SCHEMAS = ["train", "sample", "evaluate", "reference"] as const;

interface InfoFlags {
  readonly schema?: string;
  readonly json?: boolean;
}

function factLines(facts: Record<string, unknown>): string {
  const width = Math.max(...Object.keys(facts).map((name) => name.length));
  return Object.entries(facts)
    .map(([name, value]) => `${name.padEnd(width)}  ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("\n");
}

function energyFacts(energy: Energy): Record<string, unknown> {
  return {
    energy: energy.name,
    dim: energy.dim,
    convention: energy.convention,
    options: energy.options,
    logZ: energy.exact?.logZ ?? null,
    exactSamples: energy.exact !== undefined,
    modes: energy.modes?.means.n ?? null,
    check: energy.check,
  };
}

async function runInfo(subject: string | undefined, flags: InfoFlags): Promise<void> {
  const json = flags.json === true;
  if (flags.schema !== undefined) {
    const verb = SCHEMAS.find((name) => name === flags.schema);
    if (!verb) throw new UsageError(`--schema: unknown command "${flags.schema}". Known: ${SCHEMAS.join(", ")}`);
    const schema = optionJsonSchema(verb);
    return printResult(json, schema, JSON.stringify(schema, null, 2));
  }
  if (subject === undefined) {
    const energies = listEnergies();
    const names = Object.entries(presets).flatMap(([energy, table]) => Object.keys(table).map((name) => `${energy}.${name}`));
    const text = `bnem ${version}\n\nenergies\n${energies.map(({ name, summary }) => `  ${name}: ${summary}`).join("\n")}\n\npresets\n  ${names.join("\n  ")}`;
    return printResult(json, { version, energies, presets: names }, text);
  }
  const known = listEnergies().some(({ name }) => name === subject);
  if (!known && (/[./\\]/.test(subject) || (await exists(subject)))) {
    const facts = { ...describeCheckpoint(await readBytes(subject)) };
    return printResult(json, facts, factLines(facts));
  }
  await init();
  const facts = energyFacts(asUsage(() => energyByName(subject)));
  printResult(json, facts, factLines(facts));
}

export function addInfoCommand(program: Command): void {
  const command = program
    .command("info")
    .description("list energies and presets, or describe one energy or one checkpoint")
    .argument("[subject]", "name of an energy, or a .safetensors file")
    .option("--schema <command>", "JSON Schema of the options of train, sample, evaluate or reference")
    .action(runInfo);
  addCommonFlags(command);
}
