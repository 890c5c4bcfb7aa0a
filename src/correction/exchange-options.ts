/** What replica exchange is given: levels in order, and the state of a run to go on from. */
import { checkBatch, checkPositive } from "../core/check.js";
import type { Batch } from "../core/types.js";
import { intervalOf, type Level } from "./levels.js";
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

/** @throws TypeError / RangeError unless levels of increasing noise, two at least */
export function checkLevels(call: string, levels: readonly Level[]): readonly Level[] {
  if (!Array.isArray(levels) || levels.length < 2) {
    throw new TypeError(`${call}: levels must be an array of two levels or more, from explodingLevels(variances)`);
  }
  levels.forEach((level: Level, k) => {
    checkPositive(call, `levels[${k}].scale`, level?.scale);
    if (k > 0) checkPositive(call, `levels[${k}].variance`, level.variance);
    else if (level.variance !== 0) checkPositive(call, "levels[0].variance", level.variance);
    if (k > 0 && !(intervalOf(level, levels[k - 1]).noise > 0)) {
      throw new RangeError(
        `${call}: levels must become noisier one after the other, but level ${k} is not noisier than ${k - 1}`,
      );
    }
  });
  if (levels[0].scale !== 1)
    throw new RangeError(`${call}: levels[0].scale must be 1, that of the target, got ${levels[0].scale}`);
  return levels;
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
