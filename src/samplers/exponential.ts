/** Reverse SDE step that integrates the noise rate exactly and holds the score. */
import type { Transition } from "./transition.js";

/**
 * drift = variance = h(t) - h(u). The schedule drops out; only the levels matter. Slightly too much noise: the posterior of a
 * Gaussian target has the variance of `bridge` with `dataVariance`.
 */
export function exponential(): Transition {
  return {
    name: "exponential",
    coefficients: ({ from, to }) => ({ drift: from - to, variance: from - to }),
  };
}
