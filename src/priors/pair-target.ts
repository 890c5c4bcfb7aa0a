/** What the priors of pair energies have in common: their table, their Gaussian, and the checks of their target. */
import { checkPositive } from "../core/check.js";
import { BnemError } from "../core/errors.js";
import { keyOf } from "../core/random.js";
import { freeDimension } from "../core/subspace.js";
import type { Batch, Energy, PairPotential, Particles } from "../core/types.js";
import { normalRows } from "../kernels/normal.js";
import { type PairCurve, pairCurve } from "./pair-scale.js";
import { type PairTable, pairTable } from "./pair-table.js";
import { typicalStd } from "./typical-std.js";

export interface PairTarget {
  readonly particles: Particles;
  readonly trap: number;
  readonly dim: number;
  /** (count - 1) spatialDim. */
  readonly dimension: number;
  readonly curve: PairCurve;
  readonly table: PairTable;
  readonly std: number;
}

/** Default of the option `core`, kT: exp(-1000) is no probability. */
export const CORE = 1000;

/** @throws BnemError("unsupported") for a target that is no sum over pairs of particles in 2 or 3 dimensions */
export function pairTarget(call: string, energy: Energy, options: { readonly std?: number; readonly core?: number }): PairTarget {
  const { pairs, particles, dim } = energy;
  if (!pairs || !particles) {
    throw new BnemError(
      "unsupported",
      `${call}: ${energy.name} does not say which pair energy it is made of (energy.pairs); use the prior "gaussian"`,
    );
  }
  const { spatialDim } = particles;
  if (spatialDim !== 2 && spatialDim !== 3) {
    throw new BnemError("unsupported", `${call}: particles must live in 2 or 3 dimensions, got ${spatialDim}`);
  }
  const core = checkPositive(call, "core", options.core ?? CORE);
  const std = checkPositive(call, "std", options.std ?? pairStd(energy));
  const { curve, table } = tabulated(call, pairs, core, spatialDim);
  return { particles, trap: pairs.trap, dim, dimension: freeDimension(energy), curve, table, std };
}

/** Standard deviation of a pair energy's target; undefined for others. */
export function pairStd(energy: Energy): number | undefined {
  const { pairs, particles } = energy;
  if (!pairs || !particles) return undefined;
  const { unit, slope } = pairCurve("prior", pairs, CORE);
  return typicalStd(energy, particles, unit, slope(unit).second);
}

interface Tabulated {
  readonly core: number;
  readonly curve: PairCurve;
  readonly table: PairTable;
}

/** Last table of each pair energy: two priors of one target share it. */
const tables = new WeakMap<PairPotential, Tabulated>();

function tabulated(call: string, pairs: PairPotential, core: number, spatialDim: 2 | 3): Tabulated {
  const present = tables.get(pairs);
  if (present?.core === core) return present;
  const curve = pairCurve(call, pairs, core);
  const made = { core, curve, table: pairTable(curve, spatialDim) };
  tables.set(pairs, made);
  return made;
}

const LEVEL_ROWS = 64;

/**
 * The constant between two energies whose zeros are not the same: the mean of their difference over the Gaussian at noise `fade`, where
 * both weigh the same.
 *
 * @param evaluate a prior of level 0 with this fade: infinite for the detailed part alone, 0 for the Gaussian
 */
export function levelBetween(
  { dim, std }: PairTarget,
  fade: number,
  evaluate: (fade: number, x: Batch, variance: Float32Array) => { readonly energy: Float32Array },
): number {
  const width = Math.sqrt(std * std + fade * fade);
  const { data } = normalRows(keyOf(1), 0, 0, LEVEL_ROWS, dim);
  const x = { data: data.map((v) => v * width), n: LEVEL_ROWS, dim };
  const variance = new Float32Array(LEVEL_ROWS).fill(fade * fade);
  const mean = (length: number) => evaluate(length, x, variance).energy.reduce((sum, e) => sum + e, 0) / LEVEL_ROWS;
  return mean(Infinity) - mean(0);
}
