/** Training steps on a recorded program: blocks of rows replayed on a machine, gradients summed in block order, Adam and the average in one pass. */
import { type BlockGradients, blockLength, runBlock } from "../kernels/block-gradients.js";
import { Machine } from "../kernels/machine.js";
import type { WorkerPool } from "../kernels/pool.js";
import type { BufferSpec, Program } from "../kernels/program.js";
import { beta1, beta2, epsilon } from "./adam.js";
import { GradientCrew } from "./gradient-crew.js";
import type { Learner, LearnerBatch, LearnerOptions, LearnerState, LearnerStep } from "./learner.js";

/** The program with room beside it for the optimizer's vectors. */
function withOptimizer(program: Program): Program {
  const { bytes } = program.buffers[program.names.parameters];
  const added = ["m", "v", "ema", "incoming"];
  const buffers: BufferSpec[] = [...program.buffers, ...added.map(() => ({ bytes }))];
  const names = { ...program.names };
  added.forEach((name, at) => {
    names[name] = program.buffers.length + at;
  });
  return { ...program, buffers, names };
}

export class ProgramLearner implements Learner {
  private steps: number;

  private constructor(
    private readonly machine: Machine,
    private readonly options: LearnerOptions,
    state: LearnerState,
    private readonly crew: GradientCrew | undefined,
  ) {
    machine.view("parameters").set(state.parameters);
    machine.view("ema").set(state.ema);
    machine.view("m").set(state.adam.m);
    machine.view("v").set(state.adam.v);
    this.steps = state.adam.step;
  }

  /** @param pool threads that share the blocks of a step; none: the calling thread does all. The result is the same. */
  static async create(
    program: Program,
    options: LearnerOptions,
    state: LearnerState,
    pool?: WorkerPool,
  ): Promise<ProgramLearner> {
    const machine = await Machine.load(withOptimizer(program), options.exact);
    const shared = pool !== undefined && pool.threads > 1;
    const crew = shared ? new GradientCrew(pool, program, options.exact, state.parameters.length) : undefined;
    return new ProgramLearner(machine, options, state, crew);
  }

  async step(batch: LearnerBatch, learningRate: number, worth: boolean, meanwhile?: () => void): Promise<LearnerStep> {
    const { loss, prediction } = await this.gradient(batch, meanwhile);
    if (!worth || !Number.isFinite(loss)) return { loss, gradientNorm: Number.NaN, prediction };
    return { loss, gradientNorm: this.apply(learningRate), prediction };
  }

  average(): Float32Array {
    return this.machine.view("ema");
  }

  async state(): Promise<LearnerState> {
    const copy = (name: string) => this.machine.view(name).slice();
    return { parameters: copy("parameters"), ema: copy("ema"), adam: { m: copy("m"), v: copy("v"), step: this.steps } };
  }

  /** The machine's memory goes with the object. */
  dispose(): void {
    this.crew?.dispose();
  }

  /** Loss, prediction, and the gradient of the whole batch in the machine. */
  private async gradient(batch: LearnerBatch, meanwhile?: () => void): Promise<{ loss: number; prediction: Float32Array }> {
    const { machine, crew } = this;
    const rows = blockLength(machine);
    const n = batch.variance.length;
    const blocks = Math.ceil(n / rows);
    const own = blocks - (crew?.begin(blocks) ?? 0);
    const away = own < blocks && crew ? crew.send(machine.view("parameters"), batch, own * rows, rows) : [];
    const elsewhere = Promise.all(away);
    elsewhere.catch(() => undefined);
    machine.view("gradient").fill(0);
    const prediction = new Float32Array((machine.view("prediction").length / rows) * n);
    let loss = 0;
    for (let block = 0; block < own; block++) loss += runBlock(machine, batch, block * rows, prediction);
    // With 0 blocks away too: what is timed between begin and end has to be the same work whatever the share.
    if (crew) meanwhile?.();
    let row = own * rows;
    for (const part of await elsewhere) {
      loss = this.addPart(part, loss);
      prediction.set(part.prediction, (row * prediction.length) / n);
      row += part.losses.length * rows;
    }
    crew?.end();
    return { loss, prediction };
  }

  /** Adds the gradients of blocks computed elsewhere, in their order, as if they had been computed here. @returns the loss so far */
  private addPart({ losses, gradients }: BlockGradients, loss: number): number {
    const { machine } = this;
    const count = machine.view("gradient").length;
    losses.forEach((value, block) => {
      machine.view("incoming").set(gradients.subarray(block * count, (block + 1) * count));
      machine.exports.accumulate(machine.address("incoming"), machine.address("gradient"), count);
      loss += value;
    });
    return loss;
  }

  /** Clipped Adam step and average. @returns the norm of the gradient; where it is not finite nothing has changed */
  private apply(learningRate: number): number {
    const { machine, options } = this;
    const count = machine.view("parameters").length;
    const gradient = machine.address("gradient");
    const norm = Math.sqrt(machine.exports.sumOfSquares(gradient, count));
    if (!Number.isFinite(norm)) return norm;
    const shrink = norm > options.gradientClip ? options.gradientClip / norm : 1;
    this.steps++;
    machine.exports.adamStep(
      machine.address("parameters"),
      gradient,
      machine.address("m"),
      machine.address("v"),
      machine.address("ema"),
      count,
      learningRate / (1 - beta1 ** this.steps),
      beta1,
      beta2,
      epsilon,
      1 / (1 - beta2 ** this.steps),
      shrink,
      options.emaDecay,
    );
    return norm;
  }
}
