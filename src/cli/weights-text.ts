/** What commands say about weights. */
import type { SampleResult } from "../index.js";

/** Why a model draws raw samples unless it is told otherwise. */
export function withoutWeights(prior: string): string {
  return `raw samples only: the energy of the ${prior} prior jumps between its minima, so nearly all weight would fall on few rows; for weights train on a two-body prior (preset weighted)`;
}

/** What weights are worth, for JSON; null, and method "none", where there are none. */
export function weightsJson(sample: SampleResult | undefined): Record<string, unknown> {
  const { ess = null, logZ = null, correction = { method: "none" }, verdict = null } = sample ?? {};
  return { ess, logZ, correction, verdict };
}
