/** What every schedule shares: guards for t and variance, sigma and g as roots. It holds no formula of its own. */
import { checkNumber } from "../core/check.js";
import type { Json, NoiseSchedule } from "../core/types.js";

/** The three functions that make a schedule; t in [0, 1]. */
export interface ScheduleFormula {
  readonly name: string;
  readonly options: { readonly [name: string]: Json };
  /** h(t), with h(0) = 0 exactly and increasing. */
  readonly variance: (t: number) => number;
  /** dh/dt. */
  readonly rate: (t: number) => number;
  /** Inverse of `variance`. */
  readonly timeOf: (variance: number) => number;
}

/**
 * Noise schedule from its formula: x_t = x_0 + sqrt(h(t)) eps, sigma = sqrt(h), g = sqrt(dh/dt).
 *
 * `timeOf` takes variances in [0, h(1)]; a variance above h(1) by at most 1e-6 of it, as f32 storage makes them, is t = 1.
 * @throws TypeError / RangeError from the calls when t is outside [0, 1] or the variance outside [0, h(1)]
 */
export function defineSchedule({ name, options, variance, rate, timeOf }: ScheduleFormula): NoiseSchedule {
  const last = variance(1);
  const time = (call: string, t: number) => checkNumber(`${name}Schedule.${call}`, "t", t, 0, 1);
  return {
    name,
    options,
    sigma: (t) => Math.sqrt(variance(time("sigma", t))),
    variance: (t) => variance(time("variance", t)),
    diffusion: (t) => Math.sqrt(rate(time("diffusion", t))),
    timeOf: (h) => {
      if (h > last && h <= last * (1 + 1e-6)) return 1;
      checkNumber(`${name}Schedule.timeOf`, "variance", h, 0, last);
      return Math.min(1, timeOf(h));
    },
  };
}
