/** Terms c |x|^2 / 2 + k of a prior, with their derivatives by log sigma; D coordinates, variance h = sigma^2. */
import { log, log1p } from "../core/elementary.js";

export interface Harmonic {
  readonly stiffness: number;
  readonly constant: number;
  /** Derivatives by log sigma. */
  readonly stiffnessRate: number;
  readonly constantRate: number;
}

/** Exact noised energy of trap |x|^2 / 2: stiffness trap / (1 + trap h), constant D/2 log(1 + trap h). */
export function noisedTrap(trap: number, dimension: number, h: number): Harmonic {
  const stiffness = trap / (1 + trap * h);
  return {
    stiffness,
    constant: 0.5 * dimension * log1p(trap * h),
    stiffnessRate: -2 * h * stiffness * stiffness,
    constantRate: dimension * h * stiffness,
  };
}

/** -log of the normal density of variance std^2 + h per coordinate. */
export function noisedGaussian(std: number, dimension: number, h: number): Harmonic {
  const variance = std * std + h;
  return {
    stiffness: 1 / variance,
    constant: 0.5 * dimension * log(2 * Math.PI * variance),
    stiffnessRate: (-2 * h) / (variance * variance),
    constantRate: (dimension * h) / variance,
  };
}

/** Share 1 / (1 + (sigma / length)^2) of the detailed part, and its derivative by log sigma. */
export function fadeAt(length: number, h: number): { readonly share: number; readonly rate: number } {
  const share = 1 / (1 + h / (length * length));
  return { share, rate: -2 * share * (1 - share) };
}
