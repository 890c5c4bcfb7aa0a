/** Linear warm-up, then cosine decay to a fraction of the peak at the last step. */
import { cos } from "../core/elementary.js";

export interface LearningRateOptions {
  readonly learningRate: number;
  /** Rate at the last step as a fraction of the peak. */
  readonly finalLearningRate: number;
  readonly warmupSteps: number;
  readonly steps: number;
}

/** Rate of step `step` (0 for the first). After `steps` it stays at its final value. */
export function learningRateAt(step: number, options: LearningRateOptions): number {
  const { learningRate, finalLearningRate, warmupSteps, steps } = options;
  if (step < warmupSteps) return (learningRate * (step + 1)) / (warmupSteps + 1);
  const span = Math.max(1, steps - warmupSteps);
  const progress = Math.min(1, (step - warmupSteps) / span);
  return learningRate * (finalLearningRate + (1 - finalLearningRate) * 0.5 * (1 + cos(Math.PI * progress)));
}
