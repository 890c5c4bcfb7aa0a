/** Islands of an annealed run: the model is installed once, plan and island number come with each block. */
import { Pace } from "../core/task.js";
import type { Json } from "../core/types.js";
import type { AnnealedPlan } from "../correction/annealed-plan.js";
import { runIsland } from "../correction/island.js";
import { makeTransition, type TransitionName } from "../correction/transitions/table.js";
import { normalRows } from "../kernels/normal.js";
import type { TaskContext, TaskResult } from "../kernels/pool-protocol.js";
import { memoryEfficientScore } from "../samplers/tweedie-score.js";
import { installedModel, scoreModelOf } from "./installed-model.js";
import type { PathReport, TweediePart } from "./path-task.js";

export interface IslandPayload {
  /** Key under which the model is installed. */
  readonly model: string;
  readonly plan: AnnealedPlan;
  readonly transition: { readonly name: TransitionName; readonly options: { readonly [name: string]: Json } };
  readonly island: number;
  readonly tweedie?: TweediePart;
}

/** A worker reports no more often than this, in ms. The calling thread reports every level. */
const REPORT_EVERY = 50;

/** -> IslandResult. @throws BnemError("disposed") when the model was taken away */
export async function islandTask(payload: IslandPayload, { state, signal, progress }: TaskContext): Promise<TaskResult> {
  const { model: key, plan, transition, island, tweedie } = payload;
  const installed = scoreModelOf(installedModel(state, key));
  const model = tweedie
    ? memoryEfficientScore(installed, { ...tweedie, draws: normalRows, particles: plan.particles })
    : installed;
  const pace = new Pace(signal);
  let told = performance.now();
  const value = await runIsland(plan, island, {
    model,
    transition: makeTransition(transition.name, transition.options),
    atLevel: async (level, lost) => {
      if (signal || performance.now() - told >= REPORT_EVERY) {
        const report: PathReport = { level, lost };
        progress(report);
        told = performance.now();
      }
      await pace.breathe();
    },
  });
  const arrays = [value.x, value.logWeights, value.ancestors, value.failed];
  return { value, transfer: arrays.map(({ buffer }) => buffer as ArrayBuffer) };
}
