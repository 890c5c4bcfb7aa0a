/** Models that a thread holds: programs and a prior, installed once and asked by key. */
import { BnemError } from "../core/errors.js";
import type { Batch, Prior, ScoreModel } from "../core/types.js";
import { energyByName } from "../energies/registry.js";
import type { TaskContext, TaskResult } from "../kernels/pool-protocol.js";
import {
  addPrior,
  type ModelDescription,
  type ModelEvaluation,
  type ModelQuantity,
  ProgramModel,
} from "../kernels/program-model.js";
import { priorByName } from "../priors/registry.js";

export interface InstalledModel {
  readonly programs: ProgramModel;
  /** What there are programs for. */
  readonly quantities: ReadonlySet<ModelQuantity>;
  readonly prior?: Prior;
}

export function installModel(description: ModelDescription): TaskResult {
  const { prior } = description;
  const model: InstalledModel = {
    programs: ProgramModel.from(description),
    quantities: new Set(description.programs.map(({ quantity }) => quantity)),
    prior: prior && priorByName(prior.name, prior.options, energyByName(prior.energy.name, prior.energy.options)),
  };
  return { value: model };
}

/** @throws BnemError("disposed") when the model was taken away */
export function installedModel(state: TaskContext["state"], key: string): InstalledModel {
  const installed = state.get(key) as InstalledModel | undefined;
  if (!installed) throw new BnemError("disposed", "NeuralSampler: used after dispose()");
  return installed;
}

/**
 * The ScoreModel that was described, for one variance for all rows: the same bits as on the calling thread. Energies, both at once and Hessian products are
 * there where the description has them; scores and energies are also taken from the program of both.
 */
export function scoreModelOf({ programs, quantities, prior }: InstalledModel): ScoreModel {
  const ask = async (
    own: ModelQuantity,
    x: Batch,
    variance: Float32Array,
    direction?: Float32Array,
  ): Promise<ModelEvaluation> => {
    const quantity = own !== "product" && !quantities.has(own) ? "both" : own;
    const result = await programs.evaluate(x, variance, quantity, direction);
    if (!result) throw new Error(`model: no program for the ${own} at these variances was installed`);
    return addPrior(result, prior, x, variance, direction);
  };
  const both = quantities.has("both");
  return {
    dim: programs.dim,
    score: async (x, variance) => (await ask("score", x, variance)).score as Float32Array,
    ...((both || quantities.has("energy")) && {
      energy: async (x: Batch, variance: Float32Array) => (await ask("energy", x, variance)).energy as Float32Array,
    }),
    ...(both && {
      energyAndScore: async (x: Batch, variance: Float32Array) => {
        const { energy, score } = await ask("both", x, variance);
        return { energy: energy as Float32Array, score: score as Float32Array };
      },
    }),
    ...(quantities.has("product") && {
      hessianProduct: async (x: Batch, variance: Float32Array, direction: Float32Array) =>
        (await ask("product", x, variance, direction)).product as Float32Array,
    }),
  };
}
