/**
 * Options about the machine and not about the result: what `init` takes. They are in no schema of options, so no checkpoint holds them
 * and a run may go on with others.
 */
import { type Command, Option } from "commander";
import { type InitOptions, init, type OptionVerb } from "../index.js";
import { configSettings, type Settings, typedSettings } from "./flags.js";
import { UsageError } from "./outcome.js";

const fields = {
  workers: {
    flag: "--workers <auto|count>",
    description: "threads that compute, this one included; auto: one per core, at most 8; 1: no worker (default: auto)",
  },
  kernels: {
    flag: "--kernels <name>",
    description: "what runs the networks on wasm: bnem | tfjs, this package's kernels or those of tfjs alone (default: bnem)",
  },
} as const;

type RuntimeKey = keyof typeof fields;

/** Which of them a command can use: metrics run no network. */
const keysOf: { readonly [verb in OptionVerb | "doctor"]: readonly RuntimeKey[] } = {
  train: ["workers", "kernels"],
  sample: ["workers", "kernels"],
  evaluate: ["workers"],
  reference: ["workers"],
  doctor: ["workers", "kernels"],
};

/** A number where the text is one; whatever else was typed is for `init` to judge. */
function asTyped(text: string): string | number {
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : text;
}

export function addRuntimeFlags(command: Command, verb: keyof typeof keysOf): Command {
  for (const key of keysOf[verb]) {
    const { flag, description } = fields[key];
    command.addOption(new Option(flag, description).argParser(asTyped));
  }
  return command;
}

/** Takes the runtime options of a command out of a record of settings; unchecked, `startRuntime` checks. */
export function runtimeOf(verb: keyof typeof keysOf, given: Settings): { settings: Settings; runtime: InitOptions } {
  const settings = { ...given };
  const runtime: Settings = {};
  for (const key of keysOf[verb]) {
    if (settings[key] !== undefined) runtime[key] = settings[key];
    delete settings[key];
  }
  return { settings, runtime };
}

/** What a command was given, the file first and the flags over it. @throws UsageError when the file cannot be read or holds no object */
export async function givenOptions(
  verb: OptionVerb,
  flags: Settings & { readonly config?: string },
): Promise<{ settings: Settings; runtime: InitOptions }> {
  const typed: Settings = typedSettings(verb, flags);
  for (const key of keysOf[verb]) if (flags[key] !== undefined) typed[key] = flags[key];
  return runtimeOf(verb, { ...(await configSettings(flags.config)), ...typed });
}

/** `init`, whose TypeError and RangeError are about what was typed. */
export async function startRuntime(options: InitOptions): ReturnType<typeof init> {
  try {
    return await init(options);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw new UsageError(error.message.replace(/^init: /, ""), { cause: error });
  }
}
