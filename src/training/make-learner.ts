/** The learner of a run: on a recorded program where this package's kernels can hold the whole step, else on tfjs. */
import { EngineLearner } from "./engine-learner.js";
import type { Learner, LearnerState } from "./learner.js";
import type { LoopConfig } from "./loop-config.js";
import { ProgramLearner } from "./program-learner.js";
import { recordTraining } from "./record-training.js";

/** @param state where the run stands: the starting parameters and empty moments, or a checkpoint's */
export async function makeLearner({ network, estimator, loss, knobs, pool }: LoopConfig, state: LearnerState): Promise<Learner> {
  const program = recordTraining(network, estimator.kind, loss);
  if (program) return ProgramLearner.create(program, knobs, state, pool);
  return new EngineLearner(network, estimator.kind, loss, knobs, state);
}
