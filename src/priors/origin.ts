/** Where a prior came from, for threads that have to make it again. */
import type { Energy, Json, Prior } from "../core/types.js";

type Options = { readonly [name: string]: Json };

/** All that another thread needs to make the same prior. */
export interface PriorDescription {
  readonly name: string;
  readonly options: Options;
  readonly energy: { readonly name: string; readonly options: Options; readonly check: Energy["check"] };
}

const origins = new WeakMap<Prior, Energy>();

/** Notes the target that one of this package's priors was made for; a prior of the user's own is known by nobody. */
export function madeFor(energy: Energy, prior: Prior): Prior {
  origins.set(prior, energy);
  return prior;
}

/** Undefined for a prior of the user's own, and for targets that cannot be made again by name. */
export function describePrior(prior: Prior): PriorDescription | undefined {
  const energy = origins.get(prior);
  if (!energy || energy.options === null) return undefined;
  const { name, options, check } = energy;
  return { name: prior.name, options: prior.options, energy: { name, options, check } };
}
