/** The range that second-order transitions keep the eigenvalues of I + q H in. */
import { checkNumber, checkPositive } from "../../core/check.js";
import type { Interval } from "../levels.js";

/** Options of every second-order transition. */
export interface ClampOptions {
  /**
   * Least and largest eigenvalue of I + q H that is believed, default [.05, 4]. The lower one also never goes below a^2 g_to^2 / g_from^2, the variance
   * left where the data is a point, which no exact model goes below.
   */
  readonly clamp?: readonly [number, number];
}

/** @throws TypeError / RangeError unless 0 < least <= 1 <= most, both finite */
export function checkClamp(call: string, clamp: unknown = [0.05, 4]): readonly [number, number] {
  if (!Array.isArray(clamp) || clamp.length !== 2) throw new TypeError(`${call}: clamp must be [least, most]`);
  const least = checkPositive(call, "clamp[0]", clamp[0]);
  checkNumber(call, "clamp[0]", least, 0, 1);
  return [least, checkNumber(call, "clamp[1]", clamp[1], 1, Number.MAX_VALUE)];
}

/** The range of one interval. */
export function clampAt({ from, to, pull }: Interval, [least, most]: readonly [number, number]): readonly [number, number] {
  return [Math.max(least, (pull * pull * to.variance) / from.variance), most];
}

/** NaN stays NaN. */
export function clampTo(value: number, [least, most]: readonly [number, number]): number {
  return value < least ? least : value > most ? most : value;
}
