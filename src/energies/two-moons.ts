/** Two facing crescents in the plane. */
import { checkNumber, checkOptions, checkPositive } from "../core/check.js";
import { exp, log } from "../core/elementary.js";
import type { Energy } from "../core/types.js";
import { blockKernel } from "../kernels/energy-kernel.js";
import { kernelMethods } from "./kernel-methods.js";

/** Options of `twoMoons`. */
export interface TwoMoonsOptions {
  /** Radius of the ring the crescents lie on; default 2. */
  readonly radius?: number;
  /** Standard deviation across the ring; default .2. */
  readonly width?: number;
  /** Standard deviation of the first coordinate about -radius and radius; default .3. */
  readonly spread?: number;
}

const CALL = "twoMoons";

/**
 * Two crescents at the left and the right of a ring:
 *
 *   E(x) = (|x| - R)^2 / (2 width^2) - log [ exp(-(x_0 - R)^2 / (2 spread^2)) + exp(-(x_0 + R)^2 / (2 spread^2)) ],  kT
 *
 * Both have the same mass. Not normalised: log Z has no closed form. Error of E in f32 about 1e-6 of its terms in size.
 *
 * @throws TypeError / RangeError for wrong or unknown options
 */
export function twoMoons(options: TwoMoonsOptions = {}): Energy {
  checkOptions(CALL, options, ["radius", "width", "spread"]);
  const length = (name: keyof TwoMoonsOptions, fallback: number) =>
    checkNumber(CALL, name, checkPositive(CALL, name, options[name] ?? fallback), 1e-6, 1e6);
  const radius = length("radius", 2);
  const width = length("width", 0.2);
  const spread = length("spread", 0.3);
  const x = [Math.fround(0.7 * radius), Math.fround(0.6 * radius)];
  const out = (Math.sqrt(x[0] * x[0] + x[1] * x[1]) - radius) / width;
  const near = (x[0] - radius) / spread;
  const energy = 0.5 * out * out + 0.5 * near * near - log(1 + exp((-2 * radius * x[0]) / (spread * spread)));
  return {
    name: "two-moons",
    dim: 2,
    convention: "no constant added, in kT; coordinates in the units of radius",
    options: { radius, width, spread },
    check: { x, energy },
    ...kernelMethods(blockKernel("twoMoons", 2, [], [radius, 1 / (width * width), 1 / (spread * spread)])),
  };
}
