/** Linear variance: Brownian motion at a constant rate. */
import { checkOptions, checkPositive } from "../core/check.js";
import type { NoiseSchedule } from "../core/types.js";
import { defineSchedule } from "./define.js";

/** Options of `linearSchedule`. */
export interface LinearOptions {
  /** sigma(1), raw units. */
  readonly sigmaMax: number;
}

/**
 * h(t) = sigmaMax^2 t; g(t)^2 = sigmaMax^2.
 *
 * @throws TypeError / RangeError for a missing or non-positive sigmaMax and unknown options
 */
export function linearSchedule(options: LinearOptions): NoiseSchedule {
  checkOptions("linearSchedule", options, ["sigmaMax"]);
  const sigmaMax = checkPositive("linearSchedule", "sigmaMax", options?.sigmaMax);
  const last = sigmaMax * sigmaMax;
  return defineSchedule({
    name: "linear",
    options: { sigmaMax },
    variance: (t) => last * t,
    rate: () => last,
    timeOf: (h) => h / last,
  });
}
