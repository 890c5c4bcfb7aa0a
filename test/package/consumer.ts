/** A user's file: type-checked against the packed package, strictly and with library checks on. Not run. */
import { type Batch, BnemError, type Energy, geometricSchedule, type NoiseSchedule } from "bnem";

export const schedule: NoiseSchedule = geometricSchedule({ sigmaMin: 0.1, sigmaMax: 60 });
export const middle: number = schedule.sigma(0.5);

export function meanEnergy(target: Energy, x: Batch): number {
  const values: Float32Array = target.energy(x);
  return values.reduce((a, b) => a + b, 0) / x.n;
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof BnemError ? error.code : undefined;
}

// @ts-expect-error a missing option is an error
geometricSchedule({ sigmaMin: 0.1 });
// @ts-expect-error a wrong kind is an error
schedule.sigma("half");
