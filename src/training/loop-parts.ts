/** What a loop waits for before its first step: the learner, and the rows its steps train on. */
import { derive } from "../core/random.js";
import type { Key } from "../core/types.js";
import { SharedNoised } from "../estimators/noised-shared.js";
import { createTrainingRows, noiseLevels, type TrainingRows } from "../kernels/training-rows.js";
import type { Learner, LearnerState } from "./learner.js";
import type { LoopConfig } from "./loop-config.js";
import type { LoopState } from "./loop-state.js";
import { makeLearner } from "./make-learner.js";
import { TargetMaker } from "./target-maker.js";
import { varianceRange } from "./variance-range.js";

/** Hold memory until `dispose`. */
export interface LoopParts {
  readonly learner: Learner;
  readonly targets: TargetMaker;
  /** Held by `targets`; absent where the estimator draws its own inputs. */
  readonly rows?: TrainingRows;
}

/** Rows with a buffer as the state left it, or filled from the sampler's prior; none for an estimator that draws its own. */
async function makeRows(config: LoopConfig, key: Key, state: LoopState | undefined): Promise<TrainingRows | undefined> {
  if (config.estimator.draw) return undefined;
  const { network, knobs, schedule } = config;
  const { dim } = network;
  const rows = await createTrainingRows({
    key,
    dim,
    particles: config.energy.particles,
    capacity: knobs.bufferSize,
    batchSize: knobs.batchSize,
    priorFraction: knobs.priorFraction,
    priorWidth: knobs.priorWidth,
    varianceFloor: varianceRange(config).low,
    levels: noiseLevels((t) => schedule.variance(t)),
  });
  if (state && state.buffer.length > 0) {
    rows.restore({ data: state.buffer, filled: state.buffer.length / dim, head: state.bufferHead });
  } else {
    const { data } = config.draws(derive(key, "buffer"), 0, 0, knobs.bufferRefill, dim);
    rows.push({ data: data.map((v) => v * knobs.priorStd), n: knobs.bufferRefill, dim });
  }
  return rows;
}

/** @param from where the learner stands @param memory running statistics @param state the rest of what a checkpoint holds */
export async function makeParts(
  config: LoopConfig,
  key: Key,
  from: LearnerState,
  memory: Map<string, Float64Array>,
  state: LoopState | undefined,
): Promise<LoopParts> {
  const making = makeLearner(config, from);
  try {
    const [rows, learner] = await Promise.all([makeRows(config, key, state), making]);
    const { pool, energy } = config;
    const shared = pool && pool.threads > 1 ? new SharedNoised(pool, energy) : undefined;
    return { learner, targets: new TargetMaker(config, key, rows, memory, shared), rows };
  } catch (cause) {
    making.then(
      (learner) => learner.dispose(),
      () => undefined,
    );
    throw cause;
  }
}
