/** Cosine variance: flat at both ends of time. */
import { checkNumber, checkOptions, checkPositive } from "../core/check.js";
import { asin, cos, sin } from "../core/elementary.js";
import type { NoiseSchedule } from "../core/types.js";
import { defineSchedule } from "./define.js";

/** Products, because the engine's power operator rounds as it likes. */
const square = (x: number) => x * x;

/** Options of `cosineSchedule`. */
export interface CosineOptions {
  /** sigma(1), raw units. */
  readonly sigmaMax: number;
  /** o in [0, 1], default 0.008; above 0 the rate at t = 1 stays above 0. */
  readonly offset?: number;
}

/**
 * h(t) = sigmaMax^2 (sin(a t) / sin a)^4, a = pi / (2 (1 + o)); g(t)^2 = 4 a cot(a t) h(t).
 *
 * The published form is cos^4(pi/2 (1 - t + o) / (1 + o)). Its argument is pi/2 - a t, so the sine is the same function with
 * h(0) = 0 exactly instead of up to rounding; the division by sin^4 a (0.9994 at the default) makes h(1) = sigmaMax^2 exactly.
 *
 * @throws TypeError / RangeError for missing or out-of-range options and unknown ones
 * @see Nichol and Dhariwal 2021, arXiv:2102.09672 (the offset); OuYang et al. 2024, arXiv:2409.09787
 */
export function cosineSchedule(options: CosineOptions): NoiseSchedule {
  const call = "cosineSchedule";
  checkOptions(call, options, ["sigmaMax", "offset"]);
  const sigmaMax = checkPositive(call, "sigmaMax", options?.sigmaMax);
  const offset = checkNumber(call, "offset", options?.offset ?? 0.008, 0, 1);
  const last = sigmaMax * sigmaMax;
  const angle = Math.PI / (2 * (1 + offset));
  const end = sin(angle);
  const ratio = (t: number) => sin(angle * t) / end;
  return defineSchedule({
    name: "cosine",
    options: { sigmaMax, offset },
    variance: (t) => last * square(square(ratio(t))),
    rate: (t) => ((4 * angle * cos(angle * t)) / end) * last * square(ratio(t)) * ratio(t),
    timeOf: (h) => asin(end * Math.sqrt(Math.sqrt(h / last))) / angle,
  });
}
