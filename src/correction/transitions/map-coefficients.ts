/** The two numbers of the transport map on one interval. */
import type { Interval } from "../levels.js";

/** T(x) = stretch x + drift s(x). */
export interface MapCoefficients {
  /** b = a_to / a_from. */
  readonly stretch: number;
  /** alpha = g_from^2 b - g_to g_from: g_from (g_from - g_to) where the variance explodes. */
  readonly drift: number;
}

export function mapCoefficients({ from, to, pull }: Interval): MapCoefficients {
  const stretch = 1 / pull;
  return { stretch, drift: from.variance * stretch - Math.sqrt(to.variance * from.variance) };
}
