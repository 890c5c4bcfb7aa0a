/** The noised density of one block of rows, for energies that can be made again by name. */
import { BnemError } from "../core/errors.js";
import type { Energy } from "../core/types.js";
import { energyByName } from "../energies/registry.js";
import { noised } from "../estimators/noised.js";
import type { NoisedBlock } from "../estimators/noised-shared.js";
import type { TaskContext, TaskResult } from "../kernels/pool-protocol.js";
import type { EnergyDescription } from "../kernels/shared-energy.js";

/** Makes an energy from its name and options. @throws BnemError("bad-energy") when that gives another energy than was described */
export function installEnergy({ name, options, check }: EnergyDescription): TaskResult {
  const energy = energyByName(name, options);
  const { x } = check;
  const same = energy.check.energy === check.energy && energy.check.x.every((value, i) => value === x[i]);
  if (!same || energy.dim !== x.length) {
    throw new BnemError("bad-energy", `pool: "${name}" with these options is another energy than the one given`);
  }
  return { value: energy };
}

export function noisedTask({ energy, request }: NoisedBlock, { state }: TaskContext): TaskResult {
  const result = noised(state.get(energy) as Energy, request);
  const arrays = [result.energy, result.score, result.mean].filter((array) => array !== undefined);
  return { value: result, transfer: arrays.map((array) => array.buffer as ArrayBuffer) };
}
