/** Training steps on a recorded program: blocks of rows replayed on a machine, gradients summed in block order, Adam and the average in one pass. */
import { Machine } from "../kernels/machine.js";
import type { BufferSpec, Program } from "../kernels/program.js";
import type { Learner, LearnerBatch, LearnerOptions, LearnerState, LearnerStep } from "./learner.js";

const beta1 = 0.9;
const beta2 = 0.99;
const epsilon = 1e-8;

/** The program with room beside it for the optimizer's vectors. */
function withOptimizer(program: Program): Program {
  const { bytes } = program.buffers[program.names.parameters];
  const added = ["m", "v", "ema"];
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
  ) {
    machine.view("parameters").set(state.parameters);
    machine.view("ema").set(state.ema);
    machine.view("m").set(state.adam.m);
    machine.view("v").set(state.adam.v);
    this.steps = state.adam.step;
  }

  static async create(program: Program, options: LearnerOptions, state: LearnerState): Promise<ProgramLearner> {
    return new ProgramLearner(await Machine.load(withOptimizer(program), options.exact), options, state);
  }

  async step(batch: LearnerBatch, learningRate: number, worth: boolean): Promise<LearnerStep> {
    const { loss, prediction } = this.gradient(batch);
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
  dispose(): void {}

  /** Loss, prediction, and the gradient of the whole batch in the machine. */
  private gradient({ x, variance, target, weight }: LearnerBatch): { loss: number; prediction: Float32Array } {
    const { machine } = this;
    const rows = machine.view("variance").length;
    const n = variance.length;
    machine.view("gradient").fill(0);
    const prediction = new Float32Array((machine.view("prediction").length / rows) * n);
    let loss = 0;
    for (let first = 0; first < n; first += rows) {
      const count = Math.min(rows, n - first);
      load(machine.view("x"), x, first, count, rows, 0);
      load(machine.view("variance"), variance, first, count, rows, 1);
      load(machine.view("target"), target, first, count, rows, 0);
      load(machine.view("weight"), weight, first, count, rows, 0);
      machine.run();
      loss += machine.view("loss")[0];
      const width = prediction.length / n;
      prediction.set(machine.view("prediction").subarray(0, count * width), first * width);
    }
    return { loss, prediction };
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

/** Rows first .. first + count - 1 of `from` into a block; rows that are missing become `filler` and weigh nothing. */
function load(block: Float32Array, from: Float32Array, first: number, count: number, rows: number, filler: number): void {
  const width = block.length / rows;
  block.set(from.subarray(first * width, (first + count) * width));
  if (count < rows) block.fill(filler, count * width);
}
