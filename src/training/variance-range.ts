/** Which noise a loop trains on. */
import type { LoopConfig } from "./loop-config.js";

/** Variances from half of the sampler's least deviation to the schedule's most. */
export function varianceRange({ schedule, knobs }: Pick<LoopConfig, "schedule" | "knobs">): {
  readonly low: number;
  readonly high: number;
} {
  return { low: 0.25 * knobs.sigmaMin * knobs.sigmaMin, high: schedule.variance(1) };
}
