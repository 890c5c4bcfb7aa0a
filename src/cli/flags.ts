/** Flags from the option schema: one per field, in kebab-case; and the order in which preset, file and flags count. */
import { readFile } from "node:fs/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { describeOptions, type OptionField, type OptionVerb } from "../index.js";
import { UsageError } from "./outcome.js";
import { PROGRESS_MODES, type ProgressMode } from "./progress.js";

export type Settings = Record<string, unknown>;

function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A number as typed. Only plain decimal and exponent notation: `0x10`, empty text and `12abc` are refused. */
export function parseNumber(text: string): number {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw new InvalidArgumentError("It must be a number.");
  return Number(text);
}

/** Names are checked by the schema, not by commander: it says which known one is nearest. */
function optionOf(field: OptionField): Option {
  const shown = field.default === undefined || field.default === false ? "" : ` (default: ${field.default})`;
  if (field.kind === "boolean") return new Option(`--${kebab(field.key)}`, field.description);
  const names = field.choices ? `: ${field.choices.join(" | ")}` : "";
  const unit = field.choices ? "name" : field.kind === "integer" ? "count" : "number";
  const option = new Option(`--${kebab(field.key)} <${unit}>`, field.description + names + shown);
  return field.kind === "integer" || field.kind === "number" ? option.argParser(parseNumber) : option;
}

/** Adds one flag for each option of a verb. */
export function addOptionFlags(command: Command, verb: OptionVerb): Command {
  for (const field of describeOptions(verb)) command.addOption(optionOf(field));
  return command;
}

/** Flags every command has. */
export function addCommonFlags(command: Command): Command {
  return command
    .option("--json", "exactly one JSON object on stdout")
    .addOption(new Option("--progress <mode>", "progress on stderr").choices(PROGRESS_MODES).default("auto"))
    .option("--quiet", "no progress");
}

export function progressModeOf(options: Settings): ProgressMode {
  return options.quiet === true ? "none" : ((options.progress as ProgressMode | undefined) ?? "auto");
}

/** Only what was typed for options of the schema. */
export function typedSettings(verb: OptionVerb, options: Settings): Settings {
  const settings: Settings = {};
  for (const { key } of describeOptions(verb)) if (options[key] !== undefined) settings[key] = options[key];
  return settings;
}

/** Options from a JSON file; {} without one. @throws UsageError when it cannot be read or holds no object */
export async function configSettings(path: string | undefined): Promise<Settings> {
  if (path === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new UsageError(`--config ${path}: ${(cause as Error).message}`, { cause });
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new UsageError(`--config ${path}: expected a JSON object of options`);
  }
  return value as Settings;
}
