/** The surface of Mueller and Brown: three minima along a bent path, the usual picture of a reaction. */
import { checkNumber, checkOptions, checkPositive } from "../core/check.js";
import { exp } from "../core/elementary.js";
import type { Energy } from "../core/types.js";
import { blockKernel } from "../kernels/energy-kernel.js";
import { kernelMethods } from "./kernel-methods.js";

/** Options of `muellerBrown`. */
export interface MuellerBrownOptions {
  /** 1 / kT in the units of the surface; default .05, where the barriers are 5.3 and .5 kT high. */
  readonly scale?: number;
}

/** A, x0, y0, a, b, c of each term. */
const TERMS = [
  [-200, 1, 0, -1, 0, -10],
  [-100, 0, 0.5, -1, 0, -10],
  [-170, -0.5, 1.5, -6.5, 11, -6.5],
  [15, -1, 1, 0.7, 0.6, 0.7],
] as const;

function surface(x: number, y: number): number {
  return TERMS.reduce((sum, [depth, x0, y0, a, b, c]) => {
    const dx = x - x0;
    const dy = y - y0;
    return sum + depth * exp(a * dx * dx + b * dx * dy + c * dy * dy);
  }, 0);
}

/**
 * E(x, y) = scale sum_k A_k exp(a_k (x - x_k)^2 + b_k (x - x_k)(y - y_k) + c_k (y - y_k)^2),  kT
 *
 * Minima at (-.558, 1.442), (.623, .028) and (-.050, .467) of -146.7, -108.2 and -80.8 times scale. Not normalised. Error of E in f32 about 4e-6 of its
 * terms in size. Where the growing term's exponent passes 60, some 8 from the minima, E = +inf and the gradient is 0.
 *
 * @throws TypeError / RangeError for wrong or unknown options
 * @see Mueller and Brown 1979, Theoretica Chimica Acta 53
 */
export function muellerBrown(options: MuellerBrownOptions = {}): Energy {
  const call = "muellerBrown";
  checkOptions(call, options, ["scale"]);
  const scale = checkNumber(call, "scale", checkPositive(call, "scale", options.scale ?? 0.05), 1e-6, 1e3);
  const x = [Math.fround(-0.3), Math.fround(0.9)];
  return {
    name: "mueller-brown",
    dim: 2,
    convention: "the surface times scale = 1 / kT, no constant added, in kT; coordinates in the surface's own units",
    options: { scale },
    check: { x, energy: scale * surface(x[0], x[1]) },
    ...kernelMethods(blockKernel("muellerBrown", 2, [], [scale])),
  };
}
