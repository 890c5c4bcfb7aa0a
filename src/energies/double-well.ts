/** Particles whose pair distances lie in a double well: DW-4 and its kin. */
import { checkNumber, checkOptions } from "../core/check.js";
import type { Energy, PairPotential } from "../core/types.js";
import { blockKernel } from "../kernels/energy-kernel.js";
import { kernelMethods } from "./kernel-methods.js";
import { checkParticles, latticePoint, pairEnergyOf } from "./pair-energy.js";

/** Options of `doubleWell`; without any it is DW-4. */
export interface DoubleWellOptions {
  /** Particles; default 4. */
  readonly count?: number;
  /** 2 or 3; default 2. */
  readonly spatialDim?: number;
  /** Quartic coefficient > 0; default .9. */
  readonly a?: number;
  /** Quadratic coefficient, negative for two wells; default -4. */
  readonly b?: number;
  /** Added to every pair; default 0. */
  readonly c?: number;
  /** Distance between the wells' middle and 0; default 4. */
  readonly offset?: number;
}

const CALL = "doubleWell";
const KEYS = ["count", "spatialDim", "a", "b", "c", "offset"];

function checked(options: DoubleWellOptions) {
  checkOptions(CALL, options, KEYS);
  return {
    ...checkParticles(CALL, options.count ?? 4, options.spatialDim ?? 2),
    a: checkNumber(CALL, "a", options.a ?? 0.9, 1e-6, 1e6),
    b: checkNumber(CALL, "b", options.b ?? -4, -1e6, 1e6),
    c: checkNumber(CALL, "c", options.c ?? 0, -1e6, 1e6),
    offset: checkNumber(CALL, "offset", options.offset ?? 4, 0, 1e3),
  };
}

/**
 * Double wells in the distances of all pairs, every pair counted once:
 *
 *   E(x) = sum_{i<j} a (r_ij - offset)^4 + b (r_ij - offset)^2 + c,  kT
 *
 * The default is DW-4 as its reference data have it (mean energy -22.546; some public code doubles it). x [n, count * spatialDim]. Error of E in f32 about 1e-6
 * of the sum of its terms in size. Coincident particles have a finite energy; their pair adds no gradient.
 *
 * @throws TypeError / RangeError for wrong or unknown options
 * @see Koehler et al. 2020, arXiv:2006.02425 (the benchmark)
 */
export function doubleWell(options: DoubleWellOptions = {}): Energy {
  const settings = checked(options);
  const { count, spatialDim, a, b, c, offset } = settings;
  const particles = { count, spatialDim };
  const pairEnergy = (r: number) => {
    const square = (r - offset) * (r - offset);
    return (a * square + b) * square + c;
  };
  const pairs: PairPotential = { energy: pairEnergy, trap: 0 };
  const dim = count * spatialDim;
  const point = latticePoint(particles, 0.6 * offset + 1);
  const isDw4 = JSON.stringify(settings) === JSON.stringify(checked({}));
  return {
    name: isDw4 ? "dw4" : "double-well",
    dim,
    convention: "every pair counted once, no constant added, in kT; coordinates in the units of offset",
    options: settings,
    check: { x: point, energy: pairEnergyOf(particles, pairs, point) },
    particles,
    pairs,
    ...kernelMethods(blockKernel("doubleWell", dim, [count, spatialDim], [1, 2, 0, offset, a, b, c], particles)),
  };
}
