/** Step sizes of the moves at each level, tuned on the pilot's rows and then frozen. */
import { derive } from "../core/random.js";
import type { ScoreModel } from "../core/types.js";
import type { AnnealedPlan, MovesPlan } from "./annealed-plan.js";
import { type CallCount, LevelModel } from "./level-model.js";
import { moveAtLevel, StepTuner, targetAcceptance } from "./level-moves.js";
import type { PilotResult } from "./pilot.js";

/** Moves of the pilot's rows per level; each level starts from the size of the one above, scaled with the noise. */
const ROUNDS = 8;

export interface TuneOptions {
  readonly count: number;
  readonly leapfrogs: number;
  /** Levels 1 .. highest are moved at. */
  readonly highest: number;
  readonly model: ScoreModel;
  breathe(): Promise<void>;
}

/** @returns the moves of a plan, and the rows of the network that went into them */
export async function tuneMoves(
  plan: AnnealedPlan,
  trace: PilotResult["trace"],
  { count, leapfrogs, highest, model, breathe }: TuneOptions,
): Promise<{ plan: MovesPlan; calls: number }> {
  const { levels, particles, key } = plan;
  const stepSize = new Float64Array(levels.length);
  const at = new Uint8Array(levels.length);
  const calls: CallCount = { scores: 0, products: 0 };
  /** In units of the level's standard deviation. */
  let relative = 0.5;
  for (let k = highest; k > 0; k--) {
    const start = trace[k];
    if (!start) continue;
    const own = new LevelModel(model, levels[k], particles, calls);
    const deviation = Math.sqrt(levels[k].variance);
    const tuner = new StepTuner(relative * deviation, targetAcceptance(leapfrogs), ROUNDS);
    const values = await own.evaluate(start.x, true);
    let state = { x: start.x, energy: values.energy as Float64Array, score: values.score };
    for (let round = 0; round < ROUNDS; round++) {
      const random = { key: derive(key, "pilot moves", round), step: k, firstRow: 0 };
      const moved = await moveAtLevel(state, own, { count: 1, leapfrogs, stepSize: tuner.stepSize }, random);
      tuner.update(moved.acceptance.reduce((sum, value) => sum + value, 0) / start.x.n);
      state = moved;
      await breathe();
    }
    stepSize[k] = tuner.frozen();
    relative = stepSize[k] / deviation;
    at[k] = 1;
  }
  return { plan: { count, leapfrogs, stepSize, at }, calls: calls.scores };
}
