/** The lengths of a pair energy: where its well is, and where its core begins. */
import { exp, log } from "../core/elementary.js";
import { BnemError } from "../core/errors.js";
import type { PairPotential } from "../core/types.js";

/** Scanned distances: 12 decades, 1 % apart. */
const SHORTEST = 1e-6;
const LONGEST = 1e6;
const STRIDE = 0.01;
/** Of wells this close in depth (kT) the innermost one counts. */
const SAME_DEPTH = 1;

/** A pair energy as functions of the distance, finite everywhere. */
export interface PairCurve {
  /** Distance of the innermost well: the unit of the tables. */
  readonly unit: number;
  /** Below this distance the energy goes on as a straight line; 0 where it never exceeds the cap. */
  readonly core: number;
  energy(r: number): number;
  /** First and second derivative. */
  slope(r: number): { readonly first: number; readonly second: number };
}

function finiteEnergy(pairs: PairPotential): (r: number) => number {
  return (r) => {
    const u = pairs.energy(r);
    return Number.isNaN(u) ? Infinity : u;
  };
}

/** The minimum between two distances, by thirds. */
function lowest(u: (r: number) => number, low: number, high: number): number {
  for (let i = 0; i < 60; i++) {
    const third = (high - low) / 3;
    if (u(low + third) < u(high - third)) high -= third;
    else low += third;
  }
  return (low + high) / 2;
}

/** The innermost well that is as deep as the deepest; for a repulsion the distance where it is 1 kT above its end. */
function unitOf(call: string, u: (r: number) => number): number {
  const count = Math.ceil(log(LONGEST / SHORTEST) / STRIDE);
  const distances = Float64Array.from({ length: count }, (_, i) => SHORTEST * exp(STRIDE * i));
  const energies = distances.map(u);
  let least = Infinity;
  for (const energy of energies) least = Math.min(least, energy);
  for (let i = 1; i + 1 < count; i++) {
    const well = energies[i] <= least + SAME_DEPTH && energies[i] < energies[i - 1] && energies[i] < energies[i + 1];
    if (well) return lowest(u, distances[i - 1], distances[i + 1]);
  }
  const end = energies[count - 1];
  for (let i = count - 1; i >= 0; i--) if (energies[i] >= end + 1 && energies[i] < Infinity) return distances[i];
  throw new BnemError(
    "unsupported",
    `${call}: the pair energy has no well and no repulsion between distances ${SHORTEST} and ${LONGEST}; use the prior "gaussian"`,
  );
}

/** Five-point differences at steps of r / 1000: relative error about 1e-8 for a twelfth power. */
function differences(u: (r: number) => number, r: number): { first: number; second: number } {
  const s = 1e-3 * r;
  const [a, b, c, d, e] = [u(r - 2 * s), u(r - s), u(r), u(r + s), u(r + 2 * s)];
  return {
    first: (a - 8 * b + 8 * d - e) / (12 * s),
    second: (-a + 16 * b - 30 * c + 16 * d - e) / (12 * s * s),
  };
}

/** Largest distance below the well where u reaches the cap, by halving; 0 where it does not. */
function coreOf(u: (r: number) => number, unit: number, cap: number): number {
  let low = unit;
  while (u(low) < cap) {
    low *= 0.98;
    if (low < 1e-4 * unit) return 0;
  }
  let high = low / 0.98;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (u(middle) < cap) high = middle;
    else low = middle;
  }
  return high;
}

/** @param cap kT above which the energy goes on inward as a straight line @throws BnemError("unsupported") where no length can be found */
export function pairCurve(call: string, pairs: PairPotential, cap: number): PairCurve {
  const u = finiteEnergy(pairs);
  const unit = unitOf(call, u);
  const core = coreOf(u, unit, cap);
  if (core === 0) return { unit, core, energy: u, slope: (r) => differences(u, r) };
  // Outward differences only: inside lies what is being cut off.
  const edge = { energy: u(core), slope: differences(u, core * 1.002).first };
  return {
    unit,
    core,
    energy: (r) => (r < core ? edge.energy + edge.slope * (r - core) : u(r)),
    slope: (r) => (r < core * 1.002 ? { first: edge.slope, second: 0 } : differences(u, r)),
  };
}
