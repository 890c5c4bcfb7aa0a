/** What a reverse transition between two noise levels is. Each rule is a value in its own file. */
import type { NoiseSchedule } from "../core/types.js";

/** From variance `from` down to variance `to`. */
export interface Interval {
  readonly from: number;
  readonly to: number;
  readonly schedule: NoiseSchedule;
}

/**
 * First-order reverse kernel B(y | x) = N(y; x + drift * s(x, from), variance I). Its density is known, so a path made of such
 * steps has an importance weight.
 */
export interface Transition {
  readonly name: string;
  /** Raw units squared; drift > 0, variance >= 0. */
  coefficients(interval: Interval): { readonly drift: number; readonly variance: number };
}
