/** Models as other threads can make them again, their prior included. */
import type { Energy } from "../core/types.js";
import { energyByName } from "../energies/registry.js";
import type { ModelDescription, ModelQuantity } from "../kernels/program-model.js";
import type { NeuralModel } from "../networks/model.js";
import { describePrior, type PriorDescription } from "../priors/origin.js";

/** Whether name and options make the energy that they were taken from. */
function makesAgain({ name, options, check }: PriorDescription["energy"]): boolean {
  let again: Energy;
  try {
    again = energyByName(name, options);
  } catch {
    return false;
  }
  const { x, energy } = again.check;
  return energy === check.energy && x.length === check.x.length && x.every((value, i) => value === check.x[i]);
}

/** Undefined where only the calling thread can compute the model: as `NeuralModel.describe`, and for priors that no name makes again. */
export function describeModel(model: NeuralModel, quantities: readonly ModelQuantity[]): ModelDescription | undefined {
  const description = model.describe(quantities);
  if (!description || !model.prior) return description;
  const prior = describePrior(model.prior);
  return prior && makesAgain(prior.energy) ? { ...description, prior } : undefined;
}
