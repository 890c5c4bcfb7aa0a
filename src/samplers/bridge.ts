/** Posterior (DDPM) step: the Gaussian bridge between x and the posterior mean of the data. */
import { checkNumber, checkOptions } from "../core/check.js";
import type { Transition } from "./transition.js";

/** Options of `bridge`. */
export interface BridgeOptions {
  /** Variance c of the data around each mode, raw units squared; 0 (default) is the DDPM step, and large c the exponential one. */
  readonly dataVariance?: number;
}

/**
 * drift = Delta, variance = Delta (c + h(u)) / (c + h(t)), Delta = h(t) - h(u).
 *
 * Exact, mean and variance, for Gaussian data of variance c: E[x_u | x_t] = x + Delta s and Cov = Delta (1 - Delta / (c + h(t))).
 * At c = 0 and h(u) = 0 the step has no noise and hence no density: raw samples only.
 *
 * @throws TypeError / RangeError for a negative dataVariance or an unknown option
 * @see Ho et al. 2020, arXiv:2006.11239
 */
export function bridge(options: BridgeOptions = {}): Transition {
  checkOptions("bridge", options, ["dataVariance"]);
  const c = checkNumber("bridge", "dataVariance", options.dataVariance ?? 0, 0, Number.MAX_VALUE);
  return {
    name: "bridge",
    coefficients: ({ from, to }) => ({ drift: from - to, variance: (from - to) * ((c + to) / (c + from)) }),
  };
}
