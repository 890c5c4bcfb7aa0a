/** Gradients of a training batch, block by block, on a machine that holds the program of record-training.ts. */
import type { Machine } from "./machine.js";

/** A training batch as numbers; [n, .] each. */
export interface GradientBatch {
  readonly x: Float32Array;
  readonly variance: Float32Array;
  readonly target: Float32Array;
  /** Of programs that fit the slope of an energy too. */
  readonly slope?: Float32Array;
  readonly weight: Float32Array;
}

/** Inputs of the program that have one entry per row; weights are in a class of their own, because rows that fill up a block have none. */
const rowInputs = ["x", "variance", "target", "slope"] as const;

/** Rows of a block. */
export function blockLength(machine: Machine): number {
  return machine.view("variance").length;
}

/** Rows from .. to - 1 of a batch; views, not copies. */
export function rowsOfBatch(batch: GradientBatch, from: number, to: number): GradientBatch {
  const n = batch.variance.length;
  const part = (values: Float32Array) => values.subarray((from * values.length) / n, (to * values.length) / n);
  return mapBatch(batch, part);
}

/** The batch with `change` applied to each of its arrays. */
export function mapBatch(batch: GradientBatch, change: (values: Float32Array) => Float32Array): GradientBatch {
  const { x, variance, target, slope, weight } = batch;
  const common = { x: change(x), variance: change(variance), target: change(target), weight: change(weight) };
  return slope ? { ...common, slope: change(slope) } : common;
}

/**
 * Runs one block: rows first .. first + blockLength - 1 of the batch, as many as there are. Its gradient is added to the machine's "gradient", its
 * predictions go to their rows of `prediction`. What is left of the block repeats its first row with weight 0, a place where the network is
 * as finite as in the batch: at one made up (all particles at the origin) 0 times infinity would make the gradient NaN.
 *
 * @returns the sum of its weighted losses
 */
export function runBlock(machine: Machine, batch: GradientBatch, first: number, prediction: Float32Array): number {
  const rows = blockLength(machine);
  const n = batch.variance.length;
  const count = Math.min(rows, n - first);
  for (const name of rowInputs) {
    const values = batch[name];
    if (!values) continue;
    const block = machine.view(name);
    const width = block.length / rows;
    block.set(values.subarray(first * width, (first + count) * width));
    for (let row = count; row < rows; row++) block.copyWithin(row * width, 0, width);
  }
  const weight = machine.view("weight").fill(0);
  weight.set(batch.weight.subarray(first, first + count));
  machine.run();
  const width = prediction.length / n;
  prediction.set(machine.view("prediction").subarray(0, count * width), first * width);
  return machine.view("loss")[0];
}

/** What a worker returns of its blocks. */
export interface BlockGradients {
  /** One per block. */
  readonly losses: Float64Array;
  /** [rows, .]. */
  readonly prediction: Float32Array;
  /** [blocks, parameterCount]. */
  readonly gradients: Float32Array;
}

/** All blocks of a batch, each with its own gradient: the sum is the caller's, in block order, so that it has the same bits wherever blocks ran. */
export function blockGradients(machine: Machine, batch: GradientBatch): BlockGradients {
  const rows = blockLength(machine);
  const n = batch.variance.length;
  const blocks = Math.ceil(n / rows);
  const gradient = machine.view("gradient");
  const losses = new Float64Array(blocks);
  const prediction = new Float32Array((machine.view("prediction").length / rows) * n);
  const gradients = new Float32Array(blocks * gradient.length);
  for (let block = 0; block < blocks; block++) {
    gradient.fill(0);
    losses[block] = runBlock(machine, batch, block * rows, prediction);
    gradients.set(gradient, block * gradient.length);
  }
  return { losses, prediction, gradients };
}
