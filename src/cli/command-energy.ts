/** `bnem energy`: evaluates a target at configurations from a file. Offline, no model involved. */
import type { Command } from "commander";
import { init, writeNpy } from "../index.js";
import { writeAtomically } from "./atomic-write.js";
import { type EnergyChoice, resolveEnergy } from "./energies.js";
import { checkDim, checkExtension, checkFinite, checkWritable, readSamples, SAMPLE_FILES } from "./files.js";
import { addCommonFlags } from "./flags.js";
import { printResult, say, UsageError } from "./outcome.js";

interface EnergyFlags extends EnergyChoice {
  readonly input: string;
  readonly output?: string;
  readonly gradient?: string;
  readonly json?: boolean;
}

async function runEnergy(name: string | undefined, flags: EnergyFlags): Promise<void> {
  if (name !== undefined && flags.energy !== undefined) throw new UsageError("give the energy once: as argument or as --energy");
  checkExtension("--input", flags.input, SAMPLE_FILES);
  for (const [flag, path] of [
    ["--output", flags.output],
    ["--gradient", flags.gradient],
  ] as const) {
    if (path === undefined) continue;
    checkExtension(flag, path, [".npy"]);
    await checkWritable(path);
  }
  await init();
  const energy = await resolveEnergy({ ...flags, energy: name ?? flags.energy });
  const { x } = await readSamples(flags.input, energy);
  checkDim(flags.input, x, energy);
  checkFinite(flags.input, x);
  const result = flags.gradient ? energy.energyAndGradient(x) : { energy: energy.energy(x), gradient: undefined };
  if (flags.output) await writeAtomically(flags.output, writeNpy({ data: result.energy, shape: [x.n] }));
  if (flags.gradient && result.gradient) {
    await writeAtomically(flags.gradient, writeNpy({ data: result.gradient, shape: [x.n, x.dim] }));
  }
  const nonFinite = result.energy.reduce((count, value) => count + (Number.isFinite(value) ? 0 : 1), 0);
  const data = { energy: energy.name, n: x.n, dim: x.dim, nonFinite };
  const values = flags.output ? { output: flags.output } : { energies: Array.from(result.energy) };
  if (nonFinite > 0 && !flags.json) {
    const why = energy.particles ? ": particles that lie on each other, or where the energy has no value" : "";
    say(`${nonFinite} of ${x.n} energies are not finite${why}`);
  }
  const text = flags.output ? `wrote ${x.n} energies to ${flags.output}` : Array.from(result.energy, String).join("\n");
  printResult(flags.json === true, { ...data, ...values, gradient: flags.gradient }, text);
}

export function addEnergyCommand(program: Command): void {
  const command = program
    .command("energy")
    .description("evaluate an energy at configurations from a file")
    .argument("[energy]", "name of the energy, or a module that exports one")
    .requiredOption("-i, --input <file>", "configurations [n, dim], .npy, .npz with array x, or .xyz for particles")
    .option("-o, --output <file>", "energies [n] as .npy; without it they are printed")
    .option("--gradient <file>", "gradients [n, dim] as .npy")
    .option("--energy <name>", "name of the energy, or a module whose default export is one")
    .option("--energy-options <json>", "options of the energy as JSON")
    .action(runEnergy);
  addCommonFlags(command);
}
