/** Quadratic variance: the standard deviation grows linearly, sigma(t) = sigmaMax t. */
import { checkOptions, checkPositive } from "../core/check.js";
import type { NoiseSchedule } from "../core/types.js";
import { defineSchedule } from "./define.js";

/** Options of `quadraticSchedule`. */
export interface QuadraticOptions {
  /** sigma(1), raw units. */
  readonly sigmaMax: number;
}

/**
 * h(t) = sigmaMax^2 t^2; g(t)^2 = 2 sigmaMax^2 t.
 *
 * @throws TypeError / RangeError for a missing or non-positive sigmaMax and unknown options
 */
export function quadraticSchedule(options: QuadraticOptions): NoiseSchedule {
  checkOptions("quadraticSchedule", options, ["sigmaMax"]);
  const sigmaMax = checkPositive("quadraticSchedule", "sigmaMax", options?.sigmaMax);
  const last = sigmaMax * sigmaMax;
  return defineSchedule({
    name: "quadratic",
    options: { sigmaMax },
    variance: (t) => last * t * t,
    rate: (t) => 2 * last * t,
    timeOf: (h) => Math.sqrt(h / last),
  });
}
