/** Lennard-Jones clusters in a harmonic trap, with an optional soft core for training targets. */
import { checkNumber, checkOneOf, checkOptions, checkPositive } from "../core/check.js";
import type { Energy, PairPotential } from "../core/types.js";
import { blockKernel } from "../kernels/energy-kernel.js";
import { kernelMethods } from "./kernel-methods.js";
import { checkParticles, latticePoint, pairEnergyOf } from "./pair-energy.js";

/** Options of `lennardJones`; without any it is LJ-13 of the public benchmark. */
export interface LennardJonesOptions {
  /** Particles; default 13. */
  readonly count?: number;
  /** 2 or 3; default 3. */
  readonly spatialDim?: number;
  /** Depth of the pair term, kT; default 1. */
  readonly epsilon?: number;
  /** Distance of its minimum; default 1. */
  readonly rm?: number;
  /** "ordered" (default, the public benchmark): every pair counts twice. "unordered": once. */
  readonly pairCounting?: "ordered" | "unordered";
  /** Stiffness of the trap, kT / length^2; default 1, 0 for none. */
  readonly trap?: number;
  /** Radius in units of rm below which the pair term is softened (true: .65). Off by default: this is another energy, for targets only. */
  readonly softCore?: number | boolean;
}

const CALL = "lennardJones";
const KEYS = ["count", "spatialDim", "epsilon", "rm", "pairCounting", "trap", "softCore"];
const COUNTINGS = ["ordered", "unordered"] as const;
const CORE = 0.65;

interface Settings {
  readonly count: number;
  readonly spatialDim: number;
  readonly epsilon: number;
  readonly rm: number;
  readonly pairCounting: "ordered" | "unordered";
  readonly trap: number;
  readonly softCore?: number;
}

function checkCore(softCore: unknown): number | undefined {
  if (softCore === undefined || softCore === false) return undefined;
  return checkNumber(CALL, "softCore", softCore === true ? CORE : softCore, 0.2, 0.95);
}

function checked(options: LennardJonesOptions): Settings {
  checkOptions(CALL, options, KEYS);
  const softCore = checkCore(options.softCore);
  return {
    ...checkParticles(CALL, options.count ?? 13, options.spatialDim ?? 3),
    epsilon: checkNumber(CALL, "epsilon", checkPositive(CALL, "epsilon", options.epsilon ?? 1), 1e-6, 1e6),
    rm: checkNumber(CALL, "rm", checkPositive(CALL, "rm", options.rm ?? 1), 1e-3, 1e3),
    pairCounting: checkOneOf(CALL, "pairCounting", options.pairCounting ?? "ordered", COUNTINGS),
    trap: checkNumber(CALL, "trap", options.trap ?? 1, 0, 1e6),
    ...(softCore !== undefined && { softCore }),
  };
}

/** Value, slope and half the curvature of s^2 - 2 s, s = (rm^2 / q)^3, in q. */
function expansion(rm: number, q: number): readonly [number, number, number] {
  const square = rm * rm;
  const s = (square * square * square) / (q * q * q);
  return [s * (s - 2), (-6 * s * (s - 1)) / q, (3 * s * (7 * s - 4)) / (q * q)];
}

function potential({ rm, epsilon, trap, softCore }: Settings, factor: number): PairPotential {
  const core = softCore === undefined ? 0 : (softCore * rm) ** 2;
  const [value, slope, bend] = expansion(rm, core || 1);
  const energy = (r: number): number => {
    const q = r * r;
    if (q >= core) return factor * epsilon * expansion(rm, q)[0];
    return factor * epsilon * (value + (q - core) * (slope + bend * (q - core)));
  };
  return { energy, trap };
}

function nameOf(settings: Settings): string {
  const { count } = settings;
  const plain = { ...checked({}), count };
  const isPlain = JSON.stringify(settings) === JSON.stringify(plain);
  return isPlain && (count === 13 || count === 55) ? `lj${count}` : "lennard-jones";
}

/**
 * Lennard-Jones particles in a harmonic trap about their own center of mass:
 *
 *   E(x) = c sum_{i<j} epsilon ((rm / r_ij)^12 - 2 (rm / r_ij)^6) + trap / 2 sum_i |x_i - center|^2,  kT
 *
 * c = 2 where `pairCounting` is "ordered" (the public benchmark, whose data it fits: mean energy -43.0 of LJ-13) and 1 where it is
 * "unordered". x [n, count * spatialDim] in the units of rm. No cut-off and nothing added to r. Error of E in f32 about 1e-6 of the sum of its
 * terms in size. Coincident particles give +inf; where E is above 1e24 (a pair nearer than .01 rm) the gradient is 0.
 *
 * With `softCore` the pair term goes on inside that radius as the parabola in r^2 with its value, slope and curvature there: bounded (at .65 by 4,657 epsilon c),
 * twice continuously differentiable. Use it for training targets, never to judge samples.
 *
 * @throws TypeError / RangeError for wrong or unknown options
 * @see Koehler et al. 2020, arXiv:2006.02425 (the benchmark); OuYang et al. 2024, arXiv:2409.09787 (smoothed targets)
 */
export function lennardJones(options: LennardJonesOptions = {}): Energy {
  const settings = checked(options);
  const { count, spatialDim, epsilon, rm, pairCounting, trap, softCore } = settings;
  const factor = pairCounting === "ordered" ? 2 : 1;
  const particles = { count, spatialDim };
  const pairs = potential(settings, factor);
  const core = softCore === undefined ? [] : [(softCore * rm) ** 2, ...expansion(rm, (softCore * rm) ** 2).slice(1)];
  const head = [factor * epsilon, (-12 * factor * epsilon) / (rm * rm), trap];
  const parameters = [...head, rm * rm, ...core, ...new Array<number>(3 - core.length).fill(0)];
  const kernelName = softCore === undefined ? "lennardJones" : "softLennardJones";
  const dim = count * spatialDim;
  const point = latticePoint(particles, 1.1 * rm);
  return {
    name: nameOf(settings),
    dim,
    convention: `pair energies counted ${factor === 2 ? "twice (ordered pairs)" : "once (unordered pairs)"}, no constant added, in kT; coordinates in units in which the pair minimum is at ${rm}${softCore === undefined ? "" : `; softened below ${softCore} of it`}`,
    options: { ...settings },
    check: { x: point, energy: pairEnergyOf(particles, pairs, point) },
    particles,
    pairs,
    ...kernelMethods(blockKernel(kernelName, dim, [count, spatialDim], parameters, particles)),
  };
}
