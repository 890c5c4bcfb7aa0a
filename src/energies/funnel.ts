/** Neal's funnel: one coordinate sets the width of all others. */
import { checkInteger, checkOptions, checkSeed } from "../core/check.js";
import { exp, log } from "../core/elementary.js";
import { derive, keyOf } from "../core/random.js";
import type { Batch, Energy } from "../core/types.js";
import { blockKernel } from "../kernels/energy-kernel.js";
import { normalRows } from "../kernels/normal.js";
import { kernelMethods } from "./kernel-methods.js";

/** Options of `funnel`. */
export interface FunnelOptions {
  /** At least 2; default 10. */
  readonly dim?: number;
}

const CALL = "funnel";
const MOST_DIM = 1 << 16;

/** Standard deviation of the first coordinate. */
const WIDTH = 3;

function drawExact(dim: number, n: number, seed: number): Batch {
  checkInteger("exact.sample", "n", n, 1, 2 ** 28);
  const x = normalRows(derive(keyOf(checkSeed("exact.sample", seed)), "funnel"), 0, 0, n, dim);
  for (let from = 0; from < x.data.length; from += dim) {
    x.data[from] *= WIDTH;
    const std = exp(x.data[from] / 2);
    for (let d = from + 1; d < from + dim; d++) x.data[d] *= std;
  }
  return x;
}

function energyAt(x: readonly number[], constant: number): number {
  const [v, ...rest] = x;
  const squares = rest.reduce((sum, value) => sum + value * value, 0);
  return (v * v) / (2 * WIDTH * WIDTH) + 0.5 * rest.length * v + 0.5 * exp(-v) * squares + constant;
}

/**
 * Neal's funnel, normalised (log Z = 0):
 *
 *   E(x) = -log [ N(x_0; 0, 9) prod_{d>0} N(x_d; 0, exp(x_0)) ],  kT
 *
 * Exact draws. Error of E in f32 about 4e-6 of the sum of its terms in size. Below x_0 = -60, where 1e-89 of the mass is, E = +inf and the gradient is 0.
 *
 * @throws TypeError / RangeError for wrong or unknown options
 * @see Neal 2003, Annals of Statistics 31
 */
export function funnel(options: FunnelOptions = {}): Energy {
  checkOptions(CALL, options, ["dim"]);
  const dim = checkInteger(CALL, "dim", options.dim ?? 10, 2, MOST_DIM);
  const constant = 0.5 * dim * log(2 * Math.PI) + log(WIDTH);
  const point = Array.from({ length: dim }, (_, d) => Math.fround(d === 0 ? 1.5 : 0.7 - 0.2 * (d % 5)));
  return {
    name: "funnel",
    dim,
    convention: "E = -log of the normalised density (log Z = 0), in kT; coordinates have no unit",
    options: { dim },
    check: { x: point, energy: energyAt(point, constant) },
    exact: { logZ: 0, sample: (n, seed) => drawExact(dim, n, seed) },
    ...kernelMethods(blockKernel("funnel", dim, [dim], [constant])),
  };
}
