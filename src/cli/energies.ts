/** The target a command works on: by name, or from a module of the user's own. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { BnemError, customEnergy, type Energy, energyByName, type Json } from "../index.js";
import { asUsage, UsageError } from "./outcome.js";

export interface EnergyChoice {
  /** Name or module path, from the argument or --energy. */
  readonly energy?: string;
  /** JSON object, for energies that take options. */
  readonly energyOptions?: string;
}

function isModule(text: string): boolean {
  return /\.(mjs|js|ts|mts)$/i.test(text);
}

function isEnergy(value: object): value is Energy {
  return "energyAndGradient" in value && typeof value.energyAndGradient === "function";
}

/** Imports a module whose default export is an Energy or the options of `customEnergy`. */
async function energyFromModule(path: string): Promise<Energy> {
  let exported: unknown;
  try {
    exported = ((await import(pathToFileURL(resolve(path)).href)) as { default?: unknown }).default;
  } catch (cause) {
    throw new BnemError("bad-energy", `cannot load ${path}: ${(cause as Error).message}`, { cause });
  }
  if (exported === null || typeof exported !== "object") {
    throw new BnemError("bad-energy", `${path}: its default export must be an energy, or the options of customEnergy`);
  }
  if (isEnergy(exported)) return exported;
  try {
    return customEnergy(exported as Parameters<typeof customEnergy>[0]);
  } catch (cause) {
    throw new BnemError("bad-energy", `${path}: ${(cause as Error).message}`, { cause });
  }
}

function parseEnergyOptions(text: string | undefined): { [name: string]: Json } | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value as { [name: string]: Json };
  } catch (cause) {
    throw new UsageError(`--energy-options: ${(cause as Error).message}`, { cause });
  }
  throw new UsageError("--energy-options: expected a JSON object");
}

/** @throws UsageError for unknown names, BnemError "bad-energy" for modules that do not work */
export async function resolveEnergy(choice: EnergyChoice): Promise<Energy> {
  const { energy } = choice;
  if (energy === undefined) throw new UsageError('name an energy, for example "gmm40"; `bnem info` lists them');
  if (isModule(energy)) return energyFromModule(energy);
  const options = parseEnergyOptions(choice.energyOptions);
  return asUsage(() => energyByName(energy, options));
}
