/** Moves of one block of chains, for energies that can be made again by name. */
import type { Energy } from "../core/types.js";
import type { TaskContext, TaskResult } from "../kernels/pool-protocol.js";
import { type ChainBlock, moveRows } from "../mcmc/shared-chains.js";

export function chainTask({ energy, task, request }: ChainBlock, { state }: TaskContext): TaskResult {
  const value = moveRows(state.get(energy) as Energy, task, request);
  const arrays = Object.values(value).filter((array) => array instanceof Float32Array);
  return { value, transfer: [value.x.data, ...arrays].map(({ buffer }) => buffer as ArrayBuffer) };
}
