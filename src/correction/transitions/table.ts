/** Transitions by name: a worker, a plan and a benchmark make theirs from plain data. A new transition is its own file and one row here. */
import { checkOneOf } from "../../core/check.js";
import type { Json } from "../../core/types.js";
import type { AnnealedTransition } from "../transition.js";
import { bridgeTransition } from "./bridge.js";
import { diagonalTransition } from "./diagonal.js";
import { exponentialTransition } from "./exponential.js";
import { fullTransition } from "./full.js";
import { givenTransition } from "./given.js";
import { lowRankTransition } from "./low-rank.js";
import { mapTransition } from "./map.js";
import { tunedTransition } from "./tuned.js";

const transitions = {
  bridge: bridgeTransition,
  exponential: exponentialTransition,
  tuned: tunedTransition,
  given: givenTransition,
  diagonal: diagonalTransition,
  "low-rank": lowRankTransition,
  full: fullTransition,
  map: mapTransition,
};

/** A name that `makeTransition` takes. */
export type TransitionName = keyof typeof transitions;

/** First order, then second order, then the map. */
export const transitionNames = Object.keys(transitions) as readonly TransitionName[];

/** @throws RangeError for an unknown name, TypeError / RangeError for options that the transition refuses */
export function makeTransition(name: string, options: { readonly [name: string]: Json } = {}): AnnealedTransition {
  return transitions[checkOneOf("makeTransition", "name", name, transitionNames)](options as never);
}
