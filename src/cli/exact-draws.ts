/** Draws of the target for a sampler's forward paths, where there are any to be had. */
import type { Batch, NeuralSampler } from "../index.js";

/** Rows that are run up the path. */
const ROWS = 500;
/** Keeps the stream apart from that of the references a sample with the same seed is scored against. */
const APART = 1_000_003;

/** Undefined for targets without exact draws and for output that has no path weights. */
export function exactDraws(
  { energy, defaultCorrection }: NeuralSampler,
  correction: string | undefined,
  seed: number,
): Batch | undefined {
  const drawn = correction ?? defaultCorrection;
  return drawn === "smc" || drawn === "path" ? energy.exact?.sample(ROWS, (seed + APART) % 2 ** 32) : undefined;
}
