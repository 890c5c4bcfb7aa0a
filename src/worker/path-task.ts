/** Rows of a sampler: the model is installed once, plan and row numbers come with each block. */
import { Pace } from "../core/task.js";
import type { Key, ScoreModel } from "../core/types.js";
import { normalRows } from "../kernels/normal.js";
import type { TaskContext, TaskResult } from "../kernels/pool-protocol.js";
import type { PathPlan } from "../samplers/path-plan.js";
import { runBlock } from "../samplers/run-block.js";
import { memoryEfficientScore } from "../samplers/tweedie-score.js";
import { type InstalledModel, installedModel, scoreModelOf } from "./installed-model.js";

/** Has the score made from the model's energies; see `memoryEfficientScore`. */
export interface TweediePart {
  readonly mcSamples: number;
  readonly key: Key;
  readonly minVariance: number;
}

export interface PathPayload {
  /** Key under which the model is installed. */
  readonly model: string;
  readonly plan: PathPlan;
  readonly first: number;
  readonly count: number;
  readonly tweedie?: TweediePart;
}

/** Where a block stands: levels that are behind, and rows lost. */
export interface PathReport {
  readonly level: number;
  readonly lost: number;
}

/** A worker reports no more often than this, in ms; most blocks are done before. The calling thread reports every level. */
const REPORT_EVERY = 50;

function scoreModel(installed: InstalledModel, { plan, tweedie }: PathPayload): ScoreModel {
  const model = scoreModelOf(installed);
  return tweedie ? memoryEfficientScore(model, { ...tweedie, draws: normalRows, particles: plan.particles }) : model;
}

/** -> PathBlock. @throws BnemError("disposed") when the model was taken away */
export async function pathTask(payload: PathPayload, { state, signal, progress }: TaskContext): Promise<TaskResult> {
  const { model: key, plan, first, count } = payload;
  const installed = installedModel(state, key);
  const pace = new Pace(signal);
  let told = performance.now();
  const value = await runBlock(plan, scoreModel(installed, payload), normalRows, first, count, async (level, lost) => {
    if (signal || performance.now() - told >= REPORT_EVERY) {
      const report: PathReport = { level, lost };
      progress(report);
      told = performance.now();
    }
    await pace.breathe();
  });
  const arrays = [value.x, value.failed, value.logWeights].filter((array) => array !== undefined);
  return { value, transfer: arrays.map(({ buffer }) => buffer as ArrayBuffer) };
}
