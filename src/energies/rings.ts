/** Rings about the origin of the plane: modes that are no points. */
import { checkInteger, checkNumber, checkOptions, checkPositive, checkSeed } from "../core/check.js";
import { cos, exp, log, sin } from "../core/elementary.js";
import { derive, keyOf } from "../core/random.js";
import type { Batch, Energy, Key } from "../core/types.js";
import { blockKernel } from "../kernels/energy-kernel.js";
import { normalRows, uniforms } from "../kernels/normal.js";
import { kernelMethods } from "./kernel-methods.js";

/** Options of `rings`. */
export interface RingsOptions {
  /** Default 1.5, 3, 4.5. */
  readonly radii?: readonly number[];
  /** Standard deviation across a ring, at most an eighth of the least radius; default .15. */
  readonly std?: number;
  /** Weights > 0, divided by their sum; equal by default. */
  readonly weights?: readonly number[];
}

const CALL = "rings";
const MOST_RINGS = 64;
/** So many standard deviations from the origin the density of every ring is 0 within rounding, and its integral closed. */
const CLEAR = 8;
/** Above the largest normal. */
const FARTHEST = 6.6;

interface Settings {
  readonly radii: readonly number[];
  readonly std: number;
  readonly weights: readonly number[];
}

function numbers(name: string, value: unknown, count?: number): number[] {
  if (!Array.isArray(value)) throw new TypeError(`${CALL}: ${name} must be an array of numbers`);
  checkInteger(CALL, `length of ${name}`, value.length, count ?? 1, count ?? MOST_RINGS);
  return value.map((entry, k) => checkNumber(CALL, `${name}[${k}]`, checkPositive(CALL, `${name}[${k}]`, entry), 1e-6, 1e6));
}

function checked(options: RingsOptions): Settings {
  checkOptions(CALL, options, ["radii", "std", "weights"]);
  const radii = numbers("radii", options.radii ?? [1.5, 3, 4.5]);
  const least = Math.min(...radii);
  const std = checkNumber(CALL, "std", checkPositive(CALL, "std", options.std ?? 0.15), 1e-6, least / CLEAR);
  const weights = numbers("weights", options.weights ?? radii.map(() => 1), radii.length);
  return { radii, std, weights };
}

/** Of each ring -log of weight over integral: 2 pi r std sqrt(2 pi). */
function constants({ radii, std, weights }: Settings): number[] {
  const total = weights.reduce((a, b) => a + b, 0);
  return radii.map((r, k) => log(2 * Math.PI * r * std) + 0.5 * log(2 * Math.PI) - log(weights[k] / total));
}

function energyAt(x: readonly number[], { radii, std }: Settings, constant: readonly number[]): number {
  const r = Math.sqrt(x[0] * x[0] + x[1] * x[1]);
  const terms = radii.map((ring, k) => ((r - ring) * (r - ring)) / (2 * std * std) + constant[k]);
  const least = Math.min(...terms);
  return least - log(terms.reduce((sum, term) => sum + exp(least - term), 0));
}

/** A ring by its weight. */
function ringOf(weights: readonly number[], level: number): number {
  const total = weights.reduce((a, b) => a + b, 0);
  let left = level * total;
  for (let k = 0; k < weights.length - 1; k++) {
    if (left < weights[k]) return k;
    left -= weights[k];
  }
  return weights.length - 1;
}

/** Radii have density r N(r; ring, std): a normal, kept with probability r / (ring + 6.6 std); refused rows try again in the next round. */
function drawRadii(key: Key, { std }: Settings, ring: Float64Array): Float64Array {
  const radii = new Float64Array(ring.length);
  for (let round = 0, left = ring.length; left > 0; round++) {
    const noise = normalRows(key, 2 * round + 2, 0, ring.length, 1).data;
    const level = uniforms(key, 2 * round + 3, 0, ring.length);
    for (let i = 0; i < ring.length; i++) {
      const r = ring[i] + std * noise[i];
      if (radii[i] > 0 || level[i] * (ring[i] + FARTHEST * std) >= r) continue;
      radii[i] = r;
      left--;
    }
  }
  return radii;
}

function drawExact(settings: Settings, n: number, seed: number): Batch {
  checkInteger("exact.sample", "n", n, 1, 2 ** 28);
  const key = derive(keyOf(checkSeed("exact.sample", seed)), "rings");
  const ring = Float64Array.from(uniforms(key, 0, 0, n), (level) => settings.radii[ringOf(settings.weights, level)]);
  const radii = drawRadii(key, settings, ring);
  const turn = uniforms(key, 1, 0, n);
  const data = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    data[2 * i] = radii[i] * cos(2 * Math.PI * turn[i]);
    data[2 * i + 1] = radii[i] * sin(2 * Math.PI * turn[i]);
  }
  return { data, n, dim: 2 };
}

/**
 * Concentric rings in the plane, normalised (log Z = 0):
 *
 *   E(x) = -log sum_k w_k exp(-(|x| - r_k)^2 / (2 std^2)) / (2 pi r_k std sqrt(2 pi)),  kT
 *
 * w_k is the probability of ring k. Exact draws. Error of E in f32 about 1e-6 of its terms in size. At the origin the gradient is 0.
 *
 * @throws TypeError / RangeError for wrong or unknown options, and where std is above an eighth of the least radius
 */
export function rings(options: RingsOptions = {}): Energy {
  const settings = checked(options);
  const { radii, std, weights } = settings;
  const constant = constants(settings);
  const point = [Math.fround(0.8 * radii[0]), Math.fround(0.7 * radii[0])];
  const records = radii.flatMap((r, k) => [r, constant[k]]);
  return {
    name: "rings",
    dim: 2,
    convention: "E = -log of the normalised density (log Z = 0), in kT; coordinates in the units of the radii",
    options: { radii, std, weights },
    check: { x: point, energy: energyAt(point, settings, constant) },
    exact: { logZ: 0, sample: (n, seed) => drawExact(settings, n, seed) },
    ...kernelMethods(blockKernel("rings", 2, [radii.length], [1 / (std * std), ...records])),
  };
}
