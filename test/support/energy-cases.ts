/** Every energy with kernels but the mixtures: how to make it, its f64 twin, points where it is smooth, and the roundings of its terms. */
import { keyOf } from "../../src/core/random.js";
import type { Batch, Energy } from "../../src/core/types.js";
import { doubleWell } from "../../src/energies/double-well.js";
import { funnel } from "../../src/energies/funnel.js";
import { lennardJones } from "../../src/energies/lennard-jones.js";
import { manyWell } from "../../src/energies/many-well.js";
import { muellerBrown } from "../../src/energies/mueller-brown.js";
import { rings } from "../../src/energies/rings.js";
import { twoMoons } from "../../src/energies/two-moons.js";
import { normalRows } from "../../src/kernels/normal.js";
import {
  doubleWellTwin,
  funnelTwin,
  lennardJonesTwin,
  manyWellTwin,
  muellerBrownTwin,
  ringsTwin,
  type Twin,
  twoMoonsTwin,
} from "../reference/energies.js";

export interface EnergyCase {
  readonly name: string;
  readonly make: () => Energy;
  readonly twin: Twin;
  /** Spread of the points about the check's. */
  readonly spread: number;
  /**
   * Roundings of a term, in units of 2^-24 of `size` and `slope`. Lennard-Jones: a difference 1, its squares 5, their inverse 6, its cube 20, s^2 42, times q and
   * a difference 55; then a sum over particles, twice.
   */
  readonly roundings: number;
}

const ofPairs = (count: number) => 55 + 2 * count + 8;

export const energyCases: readonly EnergyCase[] = [
  { name: "lj13", make: () => lennardJones(), twin: lennardJonesTwin({ count: 13 }), spread: 0.05, roundings: ofPairs(13) },
  {
    name: "lj55",
    make: () => lennardJones({ count: 55 }),
    twin: lennardJonesTwin({ count: 55 }),
    spread: 0.05,
    roundings: ofPairs(55),
  },
  {
    name: "6 particles in the plane, pairs counted once, stiffer, without a trap",
    make: () => lennardJones({ count: 6, spatialDim: 2, epsilon: 3, rm: 1.5, pairCounting: "unordered", trap: 0 }),
    twin: lennardJonesTwin({ count: 6, spatialDim: 2, depth: 3, rm: 1.5, trap: 0 }),
    spread: 0.08,
    roundings: ofPairs(6),
  },
  {
    name: "2 particles",
    make: () => lennardJones({ count: 2, trap: 0.5 }),
    twin: lennardJonesTwin({ count: 2, trap: 0.5 }),
    spread: 0.05,
    roundings: ofPairs(2),
  },
  {
    name: "lj13 with a soft core, inside and outside",
    make: () => lennardJones({ softCore: 0.8 }),
    twin: lennardJonesTwin({ count: 13, core: 0.8 }),
    spread: 0.3,
    roundings: ofPairs(13),
  },
  { name: "dw4", make: () => doubleWell(), twin: doubleWellTwin(4, 2, 0.9, -4, 0, 4), spread: 0.4, roundings: 20 },
  {
    name: "5 particles with double wells in space",
    make: () => doubleWell({ count: 5, spatialDim: 3, a: 0.5, b: -2, c: 1.5, offset: 3 }),
    twin: doubleWellTwin(5, 3, 0.5, -2, 1.5, 3),
    spread: 0.4,
    roundings: 20,
  },
  { name: "manywell32", make: () => manyWell(), twin: manyWellTwin, spread: 0.5, roundings: 40 },
  { name: "many wells in 6 dimensions", make: () => manyWell({ dim: 6 }), twin: manyWellTwin, spread: 0.5, roundings: 16 },
  { name: "funnel", make: () => funnel(), twin: funnelTwin, spread: 0.8, roundings: 24 },
  { name: "funnel in 3 dimensions", make: () => funnel({ dim: 3 }), twin: funnelTwin, spread: 0.8, roundings: 16 },
  { name: "rings", make: () => rings(), twin: ringsTwin([1.5, 3, 4.5], 0.15, [1, 1, 1]), spread: 0.4, roundings: 16 },
  {
    name: "two rings of unequal weight",
    make: () => rings({ radii: [2, 2.5], std: 0.2, weights: [1, 3] }),
    twin: ringsTwin([2, 2.5], 0.2, [1, 3]),
    spread: 0.4,
    roundings: 16,
  },
  { name: "two-moons", make: () => twoMoons(), twin: twoMoonsTwin(2, 0.2, 0.3), spread: 0.4, roundings: 16 },
  { name: "mueller-brown", make: () => muellerBrown(), twin: muellerBrownTwin(0.05), spread: 0.3, roundings: 16 },
];

/** n points about the check's configuration. */
export function pointsOf({ spread }: EnergyCase, energy: Energy, n: number, seed: number): Batch {
  const { dim, check } = energy;
  const noise = normalRows(keyOf(seed), 0, 0, n, dim).data;
  return { data: noise.map((v, i) => check.x[i % dim] + spread * v), n, dim };
}
