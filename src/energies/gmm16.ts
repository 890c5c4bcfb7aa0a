/** A mixture between whose modes no local move crosses, with weights that a sampler must get right. */
import type { HasMixture } from "../core/normal-mixture.js";
import type { Energy } from "../core/types.js";
import { gaussianMixture } from "./gaussian-mixture.js";

const DIM = 16;
const WEIGHTS = [0.4, 0.3, 0.2, 0.1];
/** Walsh functions of length 16 are sqrt(32) apart. */
const SIZE = 20 / Math.sqrt(32);

/** (-1)^(number of bits that k and d have in common). */
function walsh(k: number, d: number): number {
  let common = k & d;
  let sign = 1;
  for (; common > 0; common >>= 1) if (common & 1) sign = -sign;
  return sign;
}

/**
 * Four Gaussians of standard deviation 1 in 16 dimensions, weights .4, .3, .2 and .1, every two means 20 apart: the first four Walsh functions of
 * length 16 times 20 / sqrt(32). Normalised: log Z = 0. Everything `gaussianMixture` has.
 */
export function gmm16(): Energy & HasMixture {
  const means = WEIGHTS.map((_, k) => Array.from({ length: DIM }, (_, d) => Math.fround(SIZE * walsh(k, d))));
  return { ...gaussianMixture({ means, weights: WEIGHTS, std: 1 }), name: "gmm16", options: {} };
}
