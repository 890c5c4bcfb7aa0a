/** Everything a worker can be asked to do: one row each. The same table serves the calling thread. */
import type { TaskTable } from "../kernels/pool-protocol.js";
import { chainTask } from "./chain-task.js";
import { emptyTask } from "./empty-task.js";
import { gradientTask, installProgram } from "./gradient-task.js";
import { installModel } from "./installed-model.js";
import { islandTask } from "./island-task.js";
import { installEnergy, noisedTask } from "./noised-task.js";
import { pairTask } from "./pair-task.js";
import { pathTask } from "./path-task.js";

export const tasks: TaskTable = {
  empty: emptyTask,
  energy: installEnergy,
  noised: noisedTask,
  chains: chainTask,
  pair: pairTask,
  program: installProgram,
  gradient: gradientTask,
  model: installModel,
  path: pathTask,
  island: islandTask,
};
