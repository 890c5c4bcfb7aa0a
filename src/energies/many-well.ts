/** ManyWell: independent pairs of coordinates, the first of each in a double well; exact log Z and exact draws in any even dimension. */
import { checkInteger, checkOptions, checkSeed } from "../core/check.js";
import { exp, log } from "../core/elementary.js";
import { derive, keyOf } from "../core/random.js";
import type { Batch, Energy, Key } from "../core/types.js";
import { blockKernel } from "../kernels/energy-kernel.js";
import { normalRows, uniforms } from "../kernels/normal.js";
import { kernelMethods } from "./kernel-methods.js";

/** Options of `manyWell`. */
export interface ManyWellOptions {
  /** Even; default 32: sixteen wells, 2^16 modes. */
  readonly dim?: number;
}

const CALL = "manyWell";
const MOST_DIM = 1 << 16;

/** Boltzmann factor of the first coordinate of a pair. */
function weight(x: number): number {
  return exp(((6 - x * x) * x + 0.5) * x);
}

/** Integral of `weight`: the trapezoid rule converges faster than any power of its step here; 1e-15 at .01. */
function wellIntegral(): number {
  let sum = 0;
  for (let i = -500; i <= 500; i++) sum += weight(i / 100);
  return sum / 100;
}

/** Proposal of the rejection sampler: shares, means and standard deviations; the wide one covers the barrier. */
const SHARES = [0.03, 0.1455, 0.8245];
const MEANS = [0, -1.7, 1.74];
const STDS = [1, 0.24, 0.24];
/** Above the largest ratio of the target's density to the proposal's, 1.2016. */
export const ENVELOPE = 1.21;

export function proposalDensity(x: number): number {
  let sum = 0;
  SHARES.forEach((share, k) => {
    const z = (x - MEANS[k]) / STDS[k];
    sum += (share / (STDS[k] * Math.sqrt(2 * Math.PI))) * exp(-0.5 * z * z);
  });
  return sum;
}

/** Rows whose attempts are drawn together. Row r depends on its own numbers only, so n draws begin n + m draws. */
const CHUNK = 1024;

function fillChunk(key: Key, chunk: number, rows: number, dim: number, integral: number, out: Float32Array): void {
  const pairs = dim / 2;
  const first = chunk * CHUNK;
  const second = normalRows(key, 0, first, rows, pairs).data;
  const waiting = new Set(out.subarray(first * pairs, (first + rows) * pairs).keys());
  for (let round = 0; waiting.size > 0; round++) {
    const step = 3 * round;
    const noise = normalRows(key, step + 1, first, rows, pairs).data;
    const pick = uniforms(key, step + 2, chunk, rows * pairs);
    const level = uniforms(key, step + 3, chunk, rows * pairs);
    for (const i of waiting) {
      const k = pick[i] < SHARES[0] ? 0 : pick[i] < SHARES[0] + SHARES[1] ? 1 : 2;
      const x = MEANS[k] + STDS[k] * noise[i];
      if (level[i] * ENVELOPE * proposalDensity(x) * integral > weight(x)) continue;
      const at = first * dim + 2 * i;
      out[at] = x;
      out[at + 1] = second[i];
      waiting.delete(i);
    }
  }
}

/** Exact up to the rounding to f32 and the 6.56 standard deviations to which normals go. */
function drawExact(dim: number, integral: number, n: number, seed: number): Batch {
  checkInteger("exact.sample", "n", n, 1, 2 ** 28);
  const key = derive(keyOf(checkSeed("exact.sample", seed)), "many-well");
  const data = new Float32Array(n * dim);
  for (let chunk = 0; chunk * CHUNK < n; chunk++) {
    fillChunk(key, chunk, Math.min(CHUNK, n - chunk * CHUNK), dim, integral, data);
  }
  return { data, n, dim };
}

/**
 * dim / 2 independent pairs of coordinates:
 *
 *   E(x) = sum over pairs (u, v) of u^4 - 6 u^2 - u / 2 + v^2 / 2,  kT,   x = u_1, v_1, u_2, v_2, ...
 *
 * Each u has its wells at -1.71 and 1.75 with masses .1557 and .8443. log Z = dim / 2 times 10.29348 (164.6957 at dim 32), by quadrature in f64
 * to 1e-15. Exact draws by rejection, 1.21 attempts each. Error of E in f32 about 1e-6 of the sum of its terms in size.
 *
 * @throws TypeError / RangeError for wrong or unknown options
 * @see Noe et al. 2019, Science 365; Midgley et al. 2023, arXiv:2208.01893 (the benchmark)
 */
export function manyWell(options: ManyWellOptions = {}): Energy {
  checkOptions(CALL, options, ["dim"]);
  const dim = checkInteger(CALL, "dim", options.dim ?? 32, 2, MOST_DIM);
  if (dim % 2 !== 0) throw new RangeError(`${CALL}: dim must be even, got ${dim}; use ${dim - 1} or ${dim + 1}`);
  const integral = wellIntegral();
  const point = Array.from({ length: dim }, (_, d) => Math.fround(d % 2 ? 0.3 : 1.1 * (d % 4 ? -1 : 1)));
  const check = point.reduce((sum, v, d) => sum + (d % 2 ? 0.5 * v * v : ((v * v - 6) * v - 0.5) * v), 0);
  return {
    name: dim === 32 ? "manywell32" : "many-well",
    dim,
    convention: "sum of its terms, no constant added, in kT; coordinates have no unit",
    options: { dim },
    check: { x: point, energy: check },
    exact: {
      logZ: (dim / 2) * (log(integral) + 0.5 * log(2 * Math.PI)),
      sample: (n, seed) => drawExact(dim, integral, n, seed),
    },
    ...kernelMethods(blockKernel("manyWell", dim, [dim], [])),
  };
}
