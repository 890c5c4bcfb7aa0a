/** Rows of a sampler: the model is installed once, plan and row numbers come with each block. */
import { BnemError } from "../core/errors.js";
import { Pace } from "../core/task.js";
import type { Batch, Key, Prior, ScoreModel } from "../core/types.js";
import { energyByName } from "../energies/registry.js";
import { normalRows } from "../kernels/normal.js";
import type { TaskContext, TaskResult } from "../kernels/pool-protocol.js";
import {
  addPrior,
  type ModelDescription,
  type ModelEvaluation,
  type ModelQuantity,
  ProgramModel,
} from "../kernels/program-model.js";
import { priorByName } from "../priors/registry.js";
import type { PathPlan } from "../samplers/path-plan.js";
import { runBlock } from "../samplers/run-block.js";
import { memoryEfficientScore } from "../samplers/tweedie-score.js";

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

interface InstalledModel {
  readonly programs: ProgramModel;
  readonly prior?: Prior;
}

export function installModel(description: ModelDescription): TaskResult {
  const { prior } = description;
  const model: InstalledModel = {
    programs: ProgramModel.from(description),
    prior: prior && priorByName(prior.name, prior.options, energyByName(prior.energy.name, prior.energy.options)),
  };
  return { value: model };
}

async function evaluated(
  { programs, prior }: InstalledModel,
  x: Batch,
  variance: Float32Array,
  quantity: ModelQuantity,
): Promise<ModelEvaluation> {
  const result = await programs.evaluate(x, variance, quantity);
  if (!result) throw new Error(`path: no program for the ${quantity} was installed`);
  return addPrior(result, prior, x, variance);
}

function scoreModel(installed: InstalledModel, { plan, tweedie }: PathPayload): ScoreModel {
  const model: ScoreModel = {
    dim: installed.programs.dim,
    score: async (x, variance) => (await evaluated(installed, x, variance, "score")).score as Float32Array,
    energy: async (x, variance) => (await evaluated(installed, x, variance, "energy")).energy as Float32Array,
  };
  return tweedie ? memoryEfficientScore(model, { ...tweedie, draws: normalRows, particles: plan.particles }) : model;
}

/** -> PathBlock. @throws BnemError("disposed") when the model was taken away */
export async function pathTask(payload: PathPayload, { state, signal, progress }: TaskContext): Promise<TaskResult> {
  const { model: key, plan, first, count } = payload;
  const installed = state.get(key) as InstalledModel | undefined;
  if (!installed) throw new BnemError("disposed", "NeuralSampler: used after dispose()");
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
