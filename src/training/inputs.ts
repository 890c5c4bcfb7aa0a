/** The noised inputs x_t of one training step: part from the buffer, part from a broad uniform box, all noised to their own level. */
import { derive } from "../core/random.js";
import type { Batch, Key, NoiseSchedule } from "../core/types.js";
import type { SampleBuffer } from "./buffer.js";

/** Bulk random numbers, given as a value so that training does not import kernels. */
export interface RandomSource {
  /** [0, 1), count numbers of stream (key, step, row). */
  uniforms(key: Key, step: number, row: number, count: number): Float32Array;
  /** x + sqrt(variance) eps with one stream per row. */
  perturb(x: Batch, variance: Float32Array, key: Key, step: number): Batch;
}

export interface InputOptions {
  readonly batchSize: number;
  /** Part of the rows that start from the uniform box, in [0, 1]. */
  readonly priorFraction: number;
  /** Half-width of the box, length. */
  readonly priorWidth: number;
  /** Smallest h trained on, > 0. */
  readonly varianceFloor: number;
}

export interface StepInputs {
  /** x_t, [batchSize, dim]. */
  readonly x: Batch;
  /** h of each row. */
  readonly variance: Float32Array;
}

/**
 * x_t = x_0 + sqrt(h(t)) eps. Times are stratified within each kind of row, t_i = (i + u_i) / count, so that every step sees all
 * noise levels with both kinds. Variances below the floor are raised to it: the sampler never goes there.
 */
export function stepInputs(
  key: Key,
  step: number,
  dim: number,
  schedule: NoiseSchedule,
  buffer: SampleBuffer,
  random: RandomSource,
  options: InputOptions,
): StepInputs {
  const { batchSize, priorWidth } = options;
  const fromPrior = buffer.size === 0 ? batchSize : Math.round(batchSize * options.priorFraction);
  const times = random.uniforms(derive(key, "time"), step, 0, batchSize);
  const places = random.uniforms(derive(key, "place"), step, 0, batchSize * dim);
  const origin = new Float32Array(batchSize * dim);
  const variance = new Float32Array(batchSize);
  for (let i = 0; i < batchSize; i++) {
    const prior = i < fromPrior;
    const count = prior ? fromPrior : batchSize - fromPrior;
    const stratum = prior ? i : i - fromPrior;
    variance[i] = Math.max(options.varianceFloor, schedule.variance((stratum + times[i]) / count));
    if (prior) for (let j = 0; j < dim; j++) origin[i * dim + j] = priorWidth * (2 * places[i * dim + j] - 1);
    else buffer.copyRow(places[i * dim], origin, i);
  }
  return { x: random.perturb({ data: origin, n: batchSize, dim }, variance, derive(key, "noise"), step), variance };
}
