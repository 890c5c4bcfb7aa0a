/** Geometric noise: equal steps of t multiply the standard deviation by equal factors. */
import { checkOptions, checkPositive } from "../core/check.js";
import { exp, expm1, log, log1p } from "../core/elementary.js";
import type { NoiseSchedule } from "../core/types.js";
import { defineSchedule } from "./define.js";

/** Options of `geometricSchedule`. */
export interface GeometricOptions {
  /** Scale of the smallest noise, raw units; 0 < sigmaMin < sigmaMax. h(t) leaves 0 slowly until it reaches sigmaMin^2. */
  readonly sigmaMin: number;
  /** Raw units. sigma(1)^2 = sigmaMax^2 - sigmaMin^2. */
  readonly sigmaMax: number;
}

/**
 * h(t) = sigmaMin^2 (R^{2t} - 1), R = sigmaMax / sigmaMin; g(t)^2 = 2 ln R sigmaMin^2 R^{2t}.
 *
 * @throws TypeError / RangeError for missing, non-positive or unordered sigmas and unknown options
 * @see Akhound-Sadegh et al. 2024, arXiv:2402.06121; OuYang et al. 2024, arXiv:2409.09787
 */
export function geometricSchedule(options: GeometricOptions): NoiseSchedule {
  const call = "geometricSchedule";
  checkOptions(call, options, ["sigmaMin", "sigmaMax"]);
  const sigmaMin = checkPositive(call, "sigmaMin", options?.sigmaMin);
  const sigmaMax = checkPositive(call, "sigmaMax", options?.sigmaMax);
  if (sigmaMin >= sigmaMax) throw new RangeError(`${call}: sigmaMin must be below sigmaMax, got ${sigmaMin} and ${sigmaMax}`);
  const least = sigmaMin * sigmaMin;
  const growth = 2 * log(sigmaMax / sigmaMin);
  return defineSchedule({
    name: "geometric",
    options: { sigmaMin, sigmaMax },
    variance: (t) => least * expm1(growth * t),
    rate: (t) => least * growth * exp(growth * t),
    timeOf: (h) => log1p(h / least) / growth,
  });
}
