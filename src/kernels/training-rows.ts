/**
 * The noised inputs of training steps, and the buffer of configurations they start from: in the memory of a kernel instance of their own, so that
 * the buffer is not copied at each step. Holds that memory until `dispose`. Plain build: the same bits on every engine.
 */
import { checkBatch, checkInteger, checkKey, checkNumber, checkPositive } from "../core/check.js";
import { BnemError } from "../core/errors.js";
import { derive } from "../core/random.js";
import { checkParticles, removeMean } from "../core/subspace.js";
import type { Batch, Key, Particles } from "../core/types.js";
import type { KernelExports } from "./abi.js";
import { padded } from "./arena.js";
import { checkVariance } from "./check-variance.js";
import { instanceOn, kernels } from "./load.js";

export interface TrainingRowsOptions {
  /** Every random number of the rows comes from it and the number of the step. */
  readonly key: Key;
  readonly dim: number;
  /** Where given, the rows of the buffer and those of the steps have center of mass 0. */
  readonly particles?: Particles;
  /** Rows of the buffer; the newest are kept. */
  readonly capacity: number;
  /** Rows of a step. */
  readonly batchSize: number;
  /** Part of the rows that start from the uniform box, in [0, 1]; all of them while the buffer is empty. */
  readonly priorFraction: number;
  /** Half-width of the box, raw units. */
  readonly priorWidth: number;
  /** Smallest h trained on, > 0: the sampler never goes below. */
  readonly varianceFloor: number;
  /** h at equal steps of t from 0 to 1, increasing: `noiseLevels(schedule.variance)`. */
  readonly levels: Float32Array;
}

/** What the buffer holds, for checkpoints. */
export interface TrainingBufferState {
  /** [filled, dim], in storage order. */
  readonly data: Float32Array;
  readonly filled: number;
  /** Slot the next row goes to. */
  readonly head: number;
}

/** Some rows of a step. */
export interface TrainingInputs {
  /** x_t, [count, dim]. */
  readonly x: Batch;
  /** h of each row. */
  readonly variance: Float32Array;
}

/** Words of the request block in assembly/training-rows.ts. */
const REQUEST_WORDS = 14;
const LARGEST = 0xffffffff;

/** h(i / (count - 1)) in f32. At the default count 16 KB, and what lies between is within 1e-6 of a geometric schedule. */
export function noiseLevels(variance: (t: number) => number, count = 4097): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => variance(i / (count - 1)));
}

function checkTrainingRows(call: string, options: TrainingRowsOptions): void {
  checkKey(call, options.key);
  checkInteger(call, "dim", options.dim, 1);
  if (options.particles !== undefined) checkParticles(call, options.particles, options.dim);
  checkInteger(call, "capacity", options.capacity, 1);
  checkInteger(call, "batchSize", options.batchSize, 1, 2 ** 28);
  checkNumber(call, "priorFraction", options.priorFraction, 0, 1);
  checkPositive(call, "priorWidth", options.priorWidth);
  checkPositive(call, "varianceFloor", options.varianceFloor);
  const { levels } = options;
  checkVariance(call, levels, levels?.length);
  checkInteger(call, "levels.length", levels.length, 2);
  for (let i = 1; i < levels.length; i++) {
    if (levels[i] < levels[i - 1]) throw new RangeError(`${call}: levels must increase, got ${levels[i]} after ${levels[i - 1]}`);
  }
}

/** Addresses of the blocks. */
interface Places {
  readonly request: number;
  readonly levels: number;
  readonly buffer: number;
  readonly x: number;
  readonly variance: number;
  readonly scratch: number;
}

export class TrainingRows {
  private filled = 0;
  private head = 0;
  private readonly noise: Key;
  private readonly place: Key;

  /** Use `createTrainingRows`. */
  constructor(
    private readonly options: TrainingRowsOptions,
    private memory: WebAssembly.Memory | undefined,
    private readonly exports: KernelExports,
    private readonly at: Places,
  ) {
    this.place = derive(options.key, "place");
    this.noise = derive(options.key, "noise");
    this.floats("createTrainingRows", at.levels, options.levels.length).set(options.levels);
  }

  /** Rows in the buffer. */
  get size(): number {
    return this.filled;
  }

  /**
   * Appends rows to the buffer, first in first out, particles with their center of mass taken off; non-finite rows are refused.
   * @returns number of refused rows
   */
  push(x: Batch): number {
    const call = "TrainingRows.push";
    const { dim, capacity, particles } = this.options;
    checkBatch(call, x, dim, false);
    const buffer = this.floats(call, this.at.buffer, capacity * dim);
    let refused = 0;
    for (let i = 0; i < x.n; i++) {
      const row = x.data.subarray(i * dim, (i + 1) * dim);
      if (!row.every(Number.isFinite)) {
        refused++;
        continue;
      }
      buffer.set(row, this.head * dim);
      if (particles) removeMean(buffer.subarray(this.head * dim, (this.head + 1) * dim), 1, particles);
      this.head = (this.head + 1) % capacity;
      this.filled = Math.min(this.filled + 1, capacity);
    }
    return refused;
  }

  /** A copy of the buffer. */
  state(): TrainingBufferState {
    const data = this.floats("TrainingRows.state", this.at.buffer, this.filled * this.options.dim).slice();
    return { data, filled: this.filled, head: this.head };
  }

  /** Puts the buffer back to a `state()`. @throws RangeError for one that does not fit this buffer */
  restore({ data, filled, head }: TrainingBufferState): void {
    const call = "TrainingRows.restore";
    const { dim, capacity } = this.options;
    checkInteger(call, "filled", filled, 0, capacity);
    checkInteger(call, "head", head, 0, capacity - 1);
    if (data.length !== filled * dim) throw new RangeError(`${call}: data must hold filled * dim = ${filled * dim} numbers`);
    this.floats(call, this.at.buffer, data.length).set(data);
    this.filled = filled;
    this.head = head;
  }

  /**
   * Rows firstRow .. firstRow + count - 1 of a step: x_t = x_0 + sqrt(h(t)) eps, x_0 from the box or the buffer as it is now, times stratified over
   * all batchSize rows of the step; for particles projected on their subspace. The same bits whichever range they are asked for in. About 0.1 us a row in the plane.
   */
  rows(step: number, firstRow = 0, count = this.options.batchSize - firstRow): TrainingInputs {
    const call = "TrainingRows.rows";
    const { dim, batchSize, particles } = this.options;
    checkInteger(call, "step", step, 0, LARGEST);
    checkInteger(call, "firstRow", firstRow, 0, batchSize - 1);
    checkInteger(call, "count", count, 1, batchSize - firstRow);
    this.putRequest(call, step);
    const { at } = this;
    this.exports.trainingRows(at.request, firstRow, count, at.x, at.variance, at.scratch);
    const data = this.floats(call, at.x, count * dim).slice();
    if (particles) removeMean(data, count, particles);
    return { x: { data, n: count, dim }, variance: this.floats(call, at.variance, count).slice() };
  }

  /** Gives the memory back; every later call throws. */
  dispose(): void {
    this.memory = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  private putRequest(call: string, step: number): void {
    const { at, options } = this;
    const fromPrior = this.filled === 0 ? options.batchSize : Math.round(options.batchSize * options.priorFraction);
    const words = new Int32Array(this.memoryOf(call), at.request, REQUEST_WORDS);
    words.set([this.place.a | 0, this.place.b | 0, this.noise.a | 0, this.noise.b | 0, step | 0]);
    words.set([options.batchSize, fromPrior, options.dim], 5);
    this.floats(call, at.request, REQUEST_WORDS).set([options.priorWidth, options.varianceFloor], 8);
    words.set([at.buffer, this.filled, at.levels, options.levels.length], 10);
  }

  private memoryOf(call: string): ArrayBuffer {
    if (!this.memory) throw new BnemError("disposed", `${call}: these training rows are disposed`);
    return this.memory.buffer as ArrayBuffer;
  }

  private floats(call: string, pointer: number, count: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.memoryOf(call), pointer, count);
  }
}

/**
 * Starts a kernel instance with room for the buffer and one step's rows: 4 dim (capacity + batchSize) bytes. After `initKernels`, in any thread.
 * @throws TypeError / RangeError for bad options, BnemError("unsupported") when there is not enough memory
 */
export async function createTrainingRows(options: TrainingRowsOptions): Promise<TrainingRows> {
  const call = "createTrainingRows";
  checkTrainingRows(call, options);
  const { dim, capacity, batchSize, levels } = options;
  const { module, exports: shared } = kernels(call);
  const scratch = shared.trainingRowsScratch(dim);
  const sizes = [4 * REQUEST_WORDS, levels.byteLength, 4 * capacity * dim, 4 * batchSize * dim, 4 * batchSize, scratch];
  const bytes = sizes.reduce((sum, size) => sum + padded(size), 0);
  const memory = new WebAssembly.Memory({ initial: 16, maximum: Math.min(32_768, Math.ceil(bytes / 65_536) + 17) });
  const exports = await instanceOn(module, memory);
  const start = bytes < 2 ** 31 ? exports.reserve(bytes) >>> 0 : 0;
  if (start === 0) {
    throw new BnemError(
      "unsupported",
      `${call}: no memory for ${bytes} bytes; it has 2 GiB at most, less where the system gives less; use a smaller bufferSize or batchSize`,
    );
  }
  let next = start;
  const [request, levelsAt, buffer, x, variance, scratchAt] = sizes.map((size) => {
    const at = next;
    next += padded(size);
    return at;
  });
  return new TrainingRows(options, memory, exports, { request, levels: levelsAt, buffer, x, variance, scratch: scratchAt });
}
