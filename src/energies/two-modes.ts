/** Two Gaussians in any dimension, as far apart and as ill-conditioned as asked for: what inference methods are compared on. */
import { checkInteger, checkOneOf, checkOptions, checkPositive } from "../core/check.js";
import { pow } from "../core/elementary.js";
import type { HasMixture } from "../core/normal-mixture.js";
import type { Energy, Json } from "../core/types.js";
import { anisotropicMixture } from "./anisotropic-mixture.js";
import { gaussianMixture } from "./gaussian-mixture.js";

/** Options of `twoModes`. */
export interface TwoModesOptions {
  /** 1 to 1024; default 2. */
  readonly dim?: number;
  /** The means are -a and +a in every coordinate; default 1. */
  readonly separation?: number;
  /** Variances from .05 down to it (default), a tenth or a hundredth of it, geometric over the coordinates. */
  readonly conditioning?: "none" | "medium" | "hard";
  /** Seed of a random orthogonal matrix that turns the axes of the variances; by default they are the coordinates. */
  readonly rotation?: number;
}

const CALL = "twoModes";
const VARIANCE = 0.05;
const WEIGHTS = [2 / 3, 1 / 3];
/** Decades from the least variance to the largest. */
const DECADES = { none: 0, medium: 1, hard: 2 };
const KINDS = ["none", "medium", "hard"] as const;

/**
 * (2/3) N(-a 1, C) + (1/3) N(a 1, C), normalised (log Z = 0), C = R diag(.05 ... .05) R^T where conditioning is "none", with the i-th variance
 * .05 * 10^(-D (1 - i / (dim - 1))), D = 1 "medium", 2 "hard"; in one dimension the least. Exact draws and noised density; with equal variances
 * it has everything that `gaussianMixture` has, kernels too.
 *
 * @throws TypeError / RangeError for wrong or unknown options
 * @see Grenioux et al. 2025, arXiv:2504.08916 (the family)
 */
export function twoModes(options: TwoModesOptions = {}): Energy & HasMixture {
  checkOptions(CALL, options, ["dim", "separation", "conditioning", "rotation"]);
  const dim = checkInteger(CALL, "dim", options.dim ?? 2, 1, 1024);
  const separation = checkPositive(CALL, "separation", options.separation ?? 1);
  const conditioning = checkOneOf(CALL, "conditioning", options.conditioning ?? "none", KINDS);
  const { rotation } = options;
  if (rotation !== undefined) checkInteger(CALL, "rotation", rotation, 0, 0xffffffff);
  const means = [-separation, separation].map((value) => new Array<number>(dim).fill(value));
  const decades = DECADES[conditioning];
  const variances = Array.from({ length: dim }, (_, i) => VARIANCE * pow(10, -decades * (1 - (dim > 1 ? i / (dim - 1) : 0))));
  const energy =
    decades === 0
      ? gaussianMixture({ means, weights: WEIGHTS, std: Math.sqrt(VARIANCE) })
      : anisotropicMixture({ means, weights: WEIGHTS, variances, rotation });
  const saved: { [name: string]: Json } = { dim, separation, conditioning };
  if (rotation !== undefined) saved.rotation = rotation;
  return { ...energy, name: "two-modes", options: saved };
}
