/** The metrics of one sample against one reference, for energies that can be made again by name. */
import type { Energy } from "../core/types.js";
import type { TaskContext, TaskResult } from "../kernels/pool-protocol.js";
import { scorePair } from "../metrics/score-pair.js";
import type { PairPayload } from "../metrics/score-pairs.js";

export async function pairTask({ energy, request }: PairPayload, { state }: TaskContext): Promise<TaskResult> {
  return { value: await scorePair(state.get(energy) as Energy, request) };
}
