/** Energies by name: one row each. The CLI, checkpoints and pages build their targets from here. */
import { checkOptions, nearest } from "../core/check.js";
import type { Energy, Json } from "../core/types.js";
import { gaussianMixture } from "./gaussian-mixture.js";

type EnergyOptions = { readonly [name: string]: Json };

interface EnergyRow {
  readonly name: string;
  /** One line for `bnem info`. */
  readonly summary: string;
  /** False: the name alone says everything and options are refused. */
  readonly takesOptions: boolean;
  readonly make: (options: EnergyOptions) => Energy;
}

const ROWS: readonly EnergyRow[] = [
  {
    name: "gmm40",
    summary:
      "40 equal Gaussians of standard deviation 1.31 in the plane, means uniform on [-40, 40]^2; the usual first benchmark",
    takesOptions: false,
    make: () => gaussianMixture({ components: 40, seed: 0 }),
  },
  {
    name: "gaussian-mixture",
    summary: "Gaussian mixture with your own means, weights and standard deviations, in any dimension",
    takesOptions: true,
    make: (options) => gaussianMixture(options),
  },
];

/** Names and one-line summaries of every energy that can be made by name. */
export function listEnergies(): readonly { readonly name: string; readonly summary: string }[] {
  return ROWS.map(({ name, summary }) => ({ name, summary }));
}

/** An energy that is one thing only: options may repeat what it is (a checkpoint does), not change it. */
function checkFixed(call: string, energy: Energy, options: EnergyOptions): void {
  const fixed = energy.options ?? {};
  checkOptions(call, options, Object.keys(fixed));
  for (const [key, value] of Object.entries(options)) {
    if (JSON.stringify(value) === JSON.stringify(fixed[key])) continue;
    throw new RangeError(
      `${call}: ${key} is ${JSON.stringify(fixed[key])} and cannot be ${JSON.stringify(value)}; take an energy with options`,
    );
  }
}

/**
 * An energy by its name, with its options where it takes any; the inverse of `energy.name` and `energy.options`.
 *
 * @throws TypeError for a name that is no string, RangeError for an unknown name (the nearest is named) and for options of an
 * energy that takes none
 */
export function energyByName(name: string, options?: EnergyOptions | null): Energy {
  const call = "energyByName";
  if (typeof name !== "string") throw new TypeError(`${call}: name must be a string, got ${String(name)}`);
  const row = ROWS.find((candidate) => candidate.name === name);
  if (!row) {
    const known = ROWS.map((candidate) => candidate.name);
    throw new RangeError(
      `${call}: unknown energy ${JSON.stringify(name)}; did you mean "${nearest(name, known)}"? Known: ${known.join(", ")}`,
    );
  }
  const energy = row.make(options ?? {});
  if (!row.takesOptions) checkFixed(`${call}: ${name}`, energy, options ?? {});
  return energy;
}
