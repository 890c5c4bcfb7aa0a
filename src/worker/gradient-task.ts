/** Blocks of a training step: the program is installed once, parameters and rows come with each step. */
import { blockGradients, type GradientBatch } from "../kernels/block-gradients.js";
import { Machine } from "../kernels/machine.js";
import type { TaskContext, TaskResult } from "../kernels/pool-protocol.js";
import type { Program } from "../kernels/program.js";

export interface ProgramInstall {
  readonly program: Program;
  readonly exact: boolean;
}

export interface GradientPayload {
  /** Key under which the program is installed. */
  readonly machine: string;
  readonly parameters: Float32Array;
  readonly batch: GradientBatch;
}

export async function installProgram({ program, exact }: ProgramInstall): Promise<TaskResult> {
  return { value: await Machine.load(program, exact) };
}

/** -> BlockGradients. */
export function gradientTask({ machine: key, parameters, batch }: GradientPayload, { state }: TaskContext): TaskResult {
  const machine = state.get(key) as Machine;
  machine.view("parameters").set(parameters);
  const value = blockGradients(machine, batch);
  const arrays = [value.losses, value.prediction, value.gradients];
  return { value, transfer: arrays.map(({ buffer }) => buffer as ArrayBuffer) };
}
