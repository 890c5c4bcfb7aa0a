/** What replica exchange is given: which levels hold a replica, and the state of a run to go on from. */
import { checkBatch, checkPositive } from "../core/check.js";
import type { Batch } from "../core/types.js";
import type { Level } from "./levels.js";
import type { Frozen } from "./transition.js";

/** All there is to go on from: configurations of every level, and what burn-in has frozen. */
export interface ExchangeState {
  /** [chains, dim] of level 0 first, up to the reference. */
  readonly x: readonly Batch[];
  /** Of levels 0 .. K - 1. */
  readonly stepSizes: Float64Array;
  /** What the transition from each level down has measured; entry 0 is not used. */
  readonly frozen: readonly (Frozen | undefined)[];
}

/** `count` levels, the ends among them, evenly spread over the list: geometric levels stay geometric. */
export function rungs(levels: readonly Level[], count: number): readonly Level[] {
  return Array.from({ length: count }, (_, i) => levels[Math.round((i * (levels.length - 1)) / (count - 1))]);
}

/** @throws TypeError / RangeError unless the state of a ladder of this shape */
export function checkState(
  call: string,
  { x, stepSizes, frozen }: ExchangeState,
  want: { readonly levels: number; readonly chains: number; readonly dim: number },
): void {
  if (!Array.isArray(x) || !(stepSizes instanceof Float64Array) || !Array.isArray(frozen)) {
    throw new TypeError(`${call}: start must be the state { x, stepSizes, frozen } of an earlier result`);
  }
  if (x.length !== want.levels || stepSizes.length !== want.levels - 1) {
    throw new RangeError(
      `${call}: start must have ${want.levels} levels and a step for all but the last, got ${x.length} and ${stepSizes.length}`,
    );
  }
  x.forEach((batch: Batch, k) => {
    checkBatch(`${call}: start.x[${k}]`, batch, want.dim);
    if (batch.n !== want.chains) {
      throw new RangeError(`${call}: start.x[${k}] must have ${want.chains} rows, one per chain, got ${batch.n}`);
    }
  });
  stepSizes.forEach((size, k) => {
    checkPositive(call, `start.stepSizes[${k}]`, size);
  });
}
