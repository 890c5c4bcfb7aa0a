/** Energies by name: one row each. The CLI, checkpoints and pages build their targets from here. */
import { checkOptions, nearest } from "../core/check.js";
import type { Energy, Json } from "../core/types.js";
import { anisotropicMixture } from "./anisotropic-mixture.js";
import { doubleWell } from "./double-well.js";
import { funnel } from "./funnel.js";
import { gaussianMixture } from "./gaussian-mixture.js";
import { gmm16 } from "./gmm16.js";
import { lennardJones } from "./lennard-jones.js";
import { manyWell } from "./many-well.js";
import { muellerBrown } from "./mueller-brown.js";
import { rings } from "./rings.js";
import { twoModes } from "./two-modes.js";
import { twoMoons } from "./two-moons.js";

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
  {
    name: "anisotropic-mixture",
    summary: "Gaussian mixture with a variance per axis: your own means, weights, variances and rotation, up to 1024 dimensions",
    takesOptions: true,
    make: (options) => anisotropicMixture(options),
  },
  {
    name: "two-modes",
    summary: "two Gaussians of weights 2/3 and 1/3 in any dimension, as far apart and as ill-conditioned as you ask",
    takesOptions: true,
    make: (options) => twoModes(options),
  },
  {
    name: "gmm16",
    summary: "four Gaussians of weights .4, .3, .2, .1 in 16 dimensions, 20 standard deviations apart; local moves never cross",
    takesOptions: false,
    make: () => gmm16(),
  },
  {
    name: "dw4",
    summary: "4 particles in the plane, double wells in their distances (DW-4, every pair counted once)",
    takesOptions: false,
    make: () => doubleWell(),
  },
  {
    name: "double-well",
    summary: "particles with double wells in their distances: your own number, dimension and coefficients",
    takesOptions: true,
    make: (options) => doubleWell(options),
  },
  {
    name: "lj13",
    summary: "13 Lennard-Jones particles in a harmonic trap (LJ-13, every pair counted twice as in the public benchmark)",
    takesOptions: false,
    make: () => lennardJones({ count: 13 }),
  },
  {
    name: "lj55",
    summary: "55 Lennard-Jones particles in a harmonic trap (LJ-55, every pair counted twice as in the public benchmark)",
    takesOptions: false,
    make: () => lennardJones({ count: 55 }),
  },
  {
    name: "lennard-jones",
    summary: "Lennard-Jones particles in a harmonic trap: your own number, depth, radius, trap, pair counting and soft core",
    takesOptions: true,
    make: (options) => lennardJones(options),
  },
  {
    name: "manywell32",
    summary: "16 independent pairs of coordinates with two wells each, 65,536 modes; exact log Z and draws",
    takesOptions: false,
    make: () => manyWell({ dim: 32 }),
  },
  {
    name: "many-well",
    summary: "independent pairs of coordinates with two wells each, in any even dimension; exact log Z and draws",
    takesOptions: true,
    make: (options) => manyWell(options),
  },
  {
    name: "mueller-brown",
    summary: "the surface of Mueller and Brown in the plane: three minima along a bent path",
    takesOptions: true,
    make: (options) => muellerBrown(options),
  },
  {
    name: "funnel",
    summary: "Neal's funnel in any dimension: one coordinate sets the width of the others; exact log Z and draws",
    takesOptions: true,
    make: (options) => funnel(options),
  },
  {
    name: "rings",
    summary: "concentric rings in the plane; exact log Z and draws",
    takesOptions: true,
    make: (options) => rings(options),
  },
  {
    name: "two-moons",
    summary: "two facing crescents in the plane",
    takesOptions: true,
    make: (options) => twoMoons(options),
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
