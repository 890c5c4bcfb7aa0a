/** Variance as a power of time; exponent 1 is linear, 2 quadratic, 6 what the BNEM authors used on particles in August 2024. */
import { checkNumber, checkOptions, checkPositive } from "../core/check.js";
import { pow } from "../core/elementary.js";
import type { NoiseSchedule } from "../core/types.js";
import { defineSchedule } from "./define.js";

/** Options of `powerSchedule`. */
export interface PowerOptions {
  /** sigma(1), raw units. */
  readonly sigmaMax: number;
  /** p in [1, 64]; below 1 the rate g^2 is infinite at t = 0. */
  readonly exponent: number;
}

/**
 * h(t) = sigmaMax^2 t^p; g(t)^2 = p sigmaMax^2 t^{p - 1}.
 *
 * @throws TypeError / RangeError for missing or out-of-range options and unknown ones
 */
export function powerSchedule(options: PowerOptions): NoiseSchedule {
  const call = "powerSchedule";
  checkOptions(call, options, ["sigmaMax", "exponent"]);
  const sigmaMax = checkPositive(call, "sigmaMax", options?.sigmaMax);
  const exponent = checkNumber(call, "exponent", options?.exponent, 1, 64);
  const last = sigmaMax * sigmaMax;
  return defineSchedule({
    name: "power",
    options: { sigmaMax, exponent },
    variance: (t) => last * pow(t, exponent),
    rate: (t) => exponent * last * pow(t, exponent - 1),
    timeOf: (h) => pow(h / last, 1 / exponent),
  });
}
