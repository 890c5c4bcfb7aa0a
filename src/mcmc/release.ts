/**
 * Short steps now and then in the first half of warm-up. The step is tuned to the mean acceptance of many chains; one that began where the
 * energy is far steeper (particles that overlap: 1 chain of 64 of LJ-13) refuses every trajectory of that length, for as long as it
 * runs, and the mean hardly shows it. A few steps of 1/4 to 1/256 of the length bring it down.
 */
import type { ChainState } from "./move.js";

/** Every fourth step, 1/4, 1/16, 1/64 and 1/256 by turns. */
const EVERY = 4;
const SHARES = [0.25, 0.0625, 0.015625, 0.00390625];

/** Share of its step size that a move has at step t of warm-up, 0 first; 1 for most. */
export function stepShare(t: number, warmup: number): number {
  if (t >= Math.floor(warmup / 2) || t % EVERY !== EVERY - 1) return 1;
  return SHARES[Math.floor(t / EVERY) % SHARES.length];
}

/** `move` with the step sizes scaled, which then are as before. The shares are powers of two: nothing is rounded. */
export async function scaled<T>({ stepSize }: ChainState, share: number, move: () => Promise<T>): Promise<T> {
  if (share === 1) return move();
  const scale = (by: number) =>
    stepSize.forEach((size, group) => {
      stepSize[group] = size * by;
    });
  scale(share);
  try {
    return await move();
  } finally {
    scale(1 / share);
  }
}
