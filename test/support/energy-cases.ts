/** Every energy with kernels but the mixtures: how to make it, its f64 twin, points where it is smooth, and the roundings of its terms. */
import type { Batch, Energy } from "../../src/core/types.js";
import type { DoubleWellOptions } from "../../src/energies/double-well.js";
import type { FunnelOptions } from "../../src/energies/funnel.js";
import type { LennardJonesOptions } from "../../src/energies/lennard-jones.js";
import type { ManyWellOptions } from "../../src/energies/many-well.js";
import type { RingsOptions } from "../../src/energies/rings.js";
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

/** The package, by its source or by its name: each has kernels of its own. */
export interface EnergyFactories {
  readonly lennardJones: (options?: LennardJonesOptions) => Energy;
  readonly doubleWell: (options?: DoubleWellOptions) => Energy;
  readonly manyWell: (options?: ManyWellOptions) => Energy;
  readonly funnel: (options?: FunnelOptions) => Energy;
  readonly rings: (options?: RingsOptions) => Energy;
  readonly twoMoons: () => Energy;
  readonly muellerBrown: () => Energy;
}

export interface EnergyCase {
  readonly name: string;
  readonly make: (from: EnergyFactories) => Energy;
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
  {
    name: "lj13",
    make: (from) => from.lennardJones(),
    twin: lennardJonesTwin({ count: 13 }),
    spread: 0.05,
    roundings: ofPairs(13),
  },
  {
    name: "lj55",
    make: (from) => from.lennardJones({ count: 55 }),
    twin: lennardJonesTwin({ count: 55 }),
    spread: 0.05,
    roundings: ofPairs(55),
  },
  {
    name: "6 particles in the plane, pairs counted once, stiffer, without a trap",
    make: (from) => from.lennardJones({ count: 6, spatialDim: 2, epsilon: 3, rm: 1.5, pairCounting: "unordered", trap: 0 }),
    twin: lennardJonesTwin({ count: 6, spatialDim: 2, depth: 3, rm: 1.5, trap: 0 }),
    spread: 0.08,
    roundings: ofPairs(6),
  },
  {
    name: "2 particles",
    make: (from) => from.lennardJones({ count: 2, trap: 0.5 }),
    twin: lennardJonesTwin({ count: 2, trap: 0.5 }),
    spread: 0.05,
    roundings: ofPairs(2),
  },
  {
    name: "lj13 with a soft core, inside and outside",
    make: (from) => from.lennardJones({ softCore: 0.8 }),
    twin: lennardJonesTwin({ count: 13, core: 0.8 }),
    spread: 0.3,
    roundings: ofPairs(13),
  },
  { name: "dw4", make: (from) => from.doubleWell(), twin: doubleWellTwin(4, 2, 0.9, -4, 0, 4), spread: 0.4, roundings: 20 },
  {
    name: "5 particles with double wells in space",
    make: (from) => from.doubleWell({ count: 5, spatialDim: 3, a: 0.5, b: -2, c: 1.5, offset: 3 }),
    twin: doubleWellTwin(5, 3, 0.5, -2, 1.5, 3),
    spread: 0.4,
    roundings: 20,
  },
  { name: "manywell32", make: (from) => from.manyWell(), twin: manyWellTwin, spread: 0.5, roundings: 40 },
  {
    name: "many wells in 6 dimensions",
    make: (from) => from.manyWell({ dim: 6 }),
    twin: manyWellTwin,
    spread: 0.5,
    roundings: 16,
  },
  { name: "funnel", make: (from) => from.funnel(), twin: funnelTwin, spread: 0.8, roundings: 24 },
  { name: "funnel in 3 dimensions", make: (from) => from.funnel({ dim: 3 }), twin: funnelTwin, spread: 0.8, roundings: 16 },
  { name: "rings", make: (from) => from.rings(), twin: ringsTwin([1.5, 3, 4.5], 0.15, [1, 1, 1]), spread: 0.4, roundings: 16 },
  {
    name: "two rings of unequal weight",
    make: (from) => from.rings({ radii: [2, 2.5], std: 0.2, weights: [1, 3] }),
    twin: ringsTwin([2, 2.5], 0.2, [1, 3]),
    spread: 0.4,
    roundings: 16,
  },
  { name: "two-moons", make: (from) => from.twoMoons(), twin: twoMoonsTwin(2, 0.2, 0.3), spread: 0.4, roundings: 16 },
  { name: "mueller-brown", make: (from) => from.muellerBrown(), twin: muellerBrownTwin(0.05), spread: 0.3, roundings: 16 },
];

/** Points about the check's configuration, from normals [n * dim]. */
export function pointsOf({ spread }: EnergyCase, { dim, check }: Energy, noise: Float32Array): Batch {
  return { data: noise.map((v, i) => check.x[i % dim] + spread * v), n: noise.length / dim, dim };
}
