/** Priors by name: what a checkpoint or a worker makes one from. A new prior is one row here and its own file. */
import { nearest } from "../core/check.js";
import type { Energy, Json, Prior } from "../core/types.js";
import { gaussianPrior } from "./gaussian.js";
import { moreauPrior } from "./moreau.js";
import { twoBodyPrior } from "./two-body.js";

type PriorOptions = { readonly [name: string]: Json };

const makers: { readonly [name: string]: (energy: Energy, options: PriorOptions) => Prior } = {
  gaussian: gaussianPrior,
  "two-body": twoBodyPrior,
  moreau: moreauPrior,
};

/** Priors are functions of name, options and target, and tables cost a second: the last few are kept. */
const kept = new Map<string, Prior>();
const MOST_KEPT = 8;

/** Names that `priorByName` knows: "gaussian", "two-body" and "moreau". */
export const priorNames: readonly string[] = Object.keys(makers);

/**
 * A prior by its name for a target, with its options; the inverse of `prior.name` and `prior.options`.
 *
 * @throws RangeError for an unknown name (the nearest is named); as the priors themselves for options and targets
 */
export function priorByName(name: string, options: PriorOptions, energy: Energy): Prior {
  const make = Object.hasOwn(makers, name) ? makers[name] : undefined;
  if (!make) {
    const known = priorNames;
    throw new RangeError(`prior: unknown prior "${name}"; did you mean "${nearest(name, known)}"? Known: ${known.join(", ")}`);
  }
  if (energy.options === null) return make(energy, options);
  const keyOf = (given: PriorOptions) => JSON.stringify([name, given, energy.name, energy.options, energy.check]);
  const prior = kept.get(keyOf(options)) ?? make(energy, options);
  keep(keyOf(options), prior);
  // Found out here, stated there: who rebuilds it gives the options it was found to have.
  keep(keyOf(prior.options), prior);
  return prior;
}

function keep(key: string, prior: Prior): void {
  kept.delete(key);
  kept.set(key, prior);
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value as string);
}
