/**
 * The training loop of every method: noised inputs from buffer and prior, targets from the estimator, one Adam step, the average
 * follows, and now and then the sampler refills the buffer. It knows only interfaces. All randomness is addressed by (seed, step), so
 * a trainer restored between two steps goes on with the same bits.
 */
import { BnemError } from "../core/errors.js";
import { derive, keyOf } from "../core/random.js";
import { Pace } from "../core/task.js";
import type { EstimateResult, Key } from "../core/types.js";
import type { TrainingInputs, TrainingRows } from "../kernels/training-rows.js";
import { backendFailure } from "../networks/backend.js";
import { NeuralModel } from "../networks/model.js";
import { edmGrid } from "../samplers/grid.js";
import { planReverseSde } from "../samplers/reverse-sde.js";
import { runHere } from "../samplers/run-rows.js";
import { type CalibrationPoint, calibrationCurve, observeCalibration } from "./calibration.js";
import { gradientLosses } from "./gradient-fit.js";
import { History } from "./history.js";
import { learningRateAt } from "./learning-rate.js";
import { balanceWeights, observeBalance } from "./level-balance.js";
import type { LoopConfig, StepInfo } from "./loop-config.js";
import { type LoopParts, makeParts } from "./loop-parts.js";
import type { LoopCounts, LoopState } from "./loop-state.js";
import { lossArrays } from "./loss.js";
import { lossWeights } from "./loss-weights.js";
import { varianceRange } from "./variance-range.js";

export interface StepsOptions {
  readonly signal?: AbortSignal;
}

/** False when every energy of the step was NaN or -inf: such targets say nothing, though some losses of them are finite. */
function someFinite({ energyCalls, networkCalls, nonFinite }: EstimateResult): boolean {
  return nonFinite === 0 || nonFinite < energyCalls + networkCalls;
}

/** Rows that must not enter the loss; those without a finite slope among them. */
function excludedRows({ excluded, slope }: EstimateResult): Uint8Array | undefined {
  return slope ? Uint8Array.from(slope, (value, row) => (Number.isFinite(value) && !excluded?.[row] ? 0 : 1)) : excluded;
}

/** What ends a run, and what to do about it. */
interface Fault {
  readonly what: string;
  readonly todo: string;
}

const SMALLER = "lower learningRate or gradientClip, or raise sigmaMin";
const faults = {
  energy: { what: "every energy", todo: "check the energy where its sampler or its chains go" },
  loss: { what: "the loss", todo: SMALLER },
  gradient: { what: "the gradient of the loss", todo: SMALLER },
} as const satisfies { readonly [name: string]: Fault };

function disposeParts({ learner, targets }: LoopParts): void {
  learner.dispose();
  targets.dispose();
}

/** Holds tensors until `dispose`. Make it with `createTrainer`, which starts kernels and backend first. */
export class TrainingLoop {
  private readonly parts: Promise<LoopParts>;
  /** The parts once they are there: tensors must be gone when `dispose` returns. */
  private made: LoopParts | undefined;
  private readonly teacher: NeuralModel;
  private readonly history: History;
  private readonly memory: Map<string, Float64Array>;
  private readonly key: Key;
  private counts: LoopCounts;
  private done = 0;
  /** What was not finite in the last step, if anything was not. */
  private fault: Fault = faults.loss;
  /** Where this process stood after its first step. */
  private first: { readonly step: number; readonly seconds: number } | undefined;
  private disposed = false;
  private turn: Promise<unknown> = Promise.resolve();
  /** Steps at which the run ends and the learning rate its decay. */
  total: number;

  constructor(
    readonly config: LoopConfig,
    state?: LoopState,
  ) {
    const { network, knobs } = config;
    this.key = keyOf(knobs.seed);
    this.total = knobs.steps;
    const start = state?.parameters ?? config.start ?? network.initialize(derive(this.key, "network"));
    const adam = {
      m: state?.adamM ?? new Float32Array(start.length),
      v: state?.adamV ?? new Float32Array(start.length),
      step: state?.adamStep ?? 0,
    };
    this.memory = new Map(Array.from(state?.memory ?? [], ([name, values]) => [name, values.slice()]));
    this.parts = makeParts(config, this.key, { parameters: start, ema: state?.ema ?? start, adam }, this.memory, state);
    // Who asks for the parts hears of a failure; until then it is not an unhandled one.
    this.parts.then(
      (parts) => {
        this.made = parts;
      },
      () => undefined,
    );
    this.teacher = new NeuralModel(network, state?.ema ?? start, knobs.exact, config.prior);
    this.history = new History(knobs.steps, state?.loss, state?.gradientNorm);
    this.counts = state?.counts ?? { nonFinite: 0, skipped: 0, inARow: 0, energyCalls: 0, networkCalls: 0, seconds: 0 };
    this.done = state?.step ?? 0;
  }

  /** Settles when the loop holds all it needs. @throws BnemError("unsupported") where there is no memory for it, RangeError as `steps` */
  async ready(): Promise<void> {
    await this.parts;
  }

  /** Steps done so far, over all processes. */
  get step(): number {
    return this.done;
  }

  /**
   * Runs until `total` steps are done, one `StepInfo` each. Leaving the loop stops the run; calling again goes on. Two loops at once
   * share the steps.
   * @throws BnemError("diverged") when `maxNonFinite` steps in a row had no finite loss, BnemError("device-lost"), BnemError("unsupported")
   *   where there is no memory for the buffer, RangeError for a schedule whose variance falls with time, the signal's reason
   */
  async *steps(options: StepsOptions = {}): AsyncGenerator<StepInfo, void, void> {
    this.assertAlive();
    const pace = new Pace(options.signal);
    await pace.breathe();
    for (;;) {
      const info = await this.inTurn(() => this.timedStep(options.signal));
      if (!info) return;
      yield info;
      await pace.breathe();
    }
  }

  /** Steps and states wait for each other: half a step must never be seen, saved or built upon. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => undefined);
    return result;
  }

  /** The next step; undefined when all are done. */
  private async timedStep(signal: AbortSignal | undefined): Promise<StepInfo | undefined> {
    if (this.done >= this.total) return undefined;
    const began = performance.now();
    const info = await this.advance(signal);
    this.counts = { ...this.counts, seconds: this.counts.seconds + (performance.now() - began) / 1000 };
    const { seconds } = this.counts;
    return { ...info, seconds, secondsLeft: this.perStep() * (this.total - this.done) };
  }

  /** Seconds of a step, those of this process's first left out where there are others: chains come to the target in it. */
  private perStep(): number {
    const { seconds } = this.counts;
    this.first ??= { step: this.done, seconds };
    const since = this.done - this.first.step;
    return since > 0 ? (seconds - this.first.seconds) / since : seconds / this.done;
  }

  /** Everything that decides the steps to come; asked for during a step, it is the state after it. */
  state(): Promise<LoopState> {
    return this.inTurn(() => this.readState());
  }

  private async readState(): Promise<LoopState> {
    this.assertAlive();
    const { learner, rows } = await this.parts;
    const { parameters, ema, adam } = await learner.state();
    const buffer = rows?.state() ?? { data: new Float32Array(0), head: 0 };
    return {
      step: this.done,
      parameters,
      ema,
      adamM: adam.m,
      adamV: adam.v,
      adamStep: adam.step,
      buffer: buffer.data,
      bufferHead: buffer.head,
      memory: new Map(Array.from(this.memory, ([name, values]) => [name, values.slice()])),
      counts: this.counts,
      ...this.history.data(),
    };
  }

  /** Running totals, over all processes. */
  get totals(): LoopCounts {
    return this.counts;
  }

  historyData(): { loss: Float32Array; gradientNorm: Float32Array } {
    return this.history.data();
  }

  /** mean exp(E_theta - E_K) by noise level; 1 is unbiased. Empty for score networks. */
  calibration(): CalibrationPoint[] {
    return calibrationCurve(this.memory, varianceRange(this.config));
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.teacher.dispose();
    if (this.made) disposeParts(this.made);
    else this.parts.then(disposeParts, () => undefined);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  private assertAlive(): void {
    if (this.disposed) throw new BnemError("disposed", "Trainer: used after dispose()");
  }

  private async advance(signal: AbortSignal | undefined): Promise<Omit<StepInfo, "seconds" | "secondsLeft">> {
    this.assertAlive();
    const failure = backendFailure();
    if (failure) throw failure;
    const step = this.done;
    const undo = await this.refillWhenDue(step, signal);
    const remembered = new Map(this.memory);
    let learned: Awaited<ReturnType<TrainingLoop["learn"]>>;
    try {
      learned = await this.learn(step, signal);
    } catch (cause) {
      this.assertAlive();
      undo();
      this.remember(remembered);
      throw cause;
    }
    const { loss, gradientNorm, learningRate, result } = learned;
    this.count(result, Number.isFinite(loss) && Number.isFinite(gradientNorm));
    this.history.push(loss, gradientNorm);
    this.done = step + 1;
    this.assertConverging();
    const { nonFinite, skipped, energyCalls, networkCalls } = this.counts;
    const { notes } = result;
    return {
      step: this.done,
      steps: this.total,
      loss,
      gradientNorm,
      learningRate,
      nonFinite,
      skipped,
      energyCalls,
      networkCalls,
      notes,
    };
  }

  /** Puts the memory back: chains that moved for a step that failed move again, with the same key, when training goes on. */
  private remember(before: ReadonlyMap<string, Float64Array>): void {
    this.memory.clear();
    for (const [name, values] of before) this.memory.set(name, values);
  }

  /** Targets, loss and optimizer step; a step without a finite loss leaves everything as it was. */
  private async learn(step: number, signal: AbortSignal | undefined) {
    const { estimator, knobs } = this.config;
    const { total } = this;
    const { targets, learner } = await this.parts;
    if (estimator.needsTeacher) this.teacher.update(learner.average());
    const teacher = estimator.needsTeacher ? this.teacher : undefined;
    const { inputs, request, result } = await targets.of({ step, total, teacher, signal });
    const learningRate = learningRateAt(step, { ...knobs, steps: total });
    const meanwhile = () => {
      if (!this.refillDue(step + 1)) targets.prepare(step + 1, total);
    };
    const { loss, gradientNorm, prediction } = await this.update(inputs, result, learningRate, meanwhile);
    if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) {
      if (request) estimator.observe?.(request, result, prediction);
      this.observe(prediction, result, inputs.variance);
    }
    return { loss, gradientNorm, learningRate, result };
  }

  /** Running statistics of the loop itself. */
  private observe(prediction: Float32Array, result: EstimateResult, variance: Float32Array): void {
    const { config, memory } = this;
    const range = varianceRange(config);
    if (config.estimator.kind === "energy") observeCalibration(memory, prediction, result, variance, range);
    if (config.loss.name === "gradient") {
      observeBalance(memory, gradientLosses(prediction, result, variance, config.loss), variance, range);
    }
  }

  /** One optimizer step on the batch; leaves everything as it was when nothing finite was estimated, or the loss or the gradient is not finite. */
  private async update(inputs: TrainingInputs, result: EstimateResult, learningRate: number, meanwhile: () => void) {
    const { network, estimator, loss } = this.config;
    const { x, variance } = inputs;
    const weights =
      loss.name === "gradient"
        ? balanceWeights(this.memory, variance, varianceRange(this.config))
        : lossWeights(estimator.kind, network, variance);
    const { target, weight, counted } = lossArrays(loss, result.target, x.n, weights, excludedRows(result));
    const worth = counted > 0 && someFinite(result);
    const slope = result.slope?.map((value, row) => (weight[row] === 0 ? 0 : value));
    const batch = { x: x.data, variance, target, slope, weight };
    const { learner } = await this.parts;
    const step = await learner.step(batch, learningRate, worth, meanwhile);
    this.fault = !worth ? faults.energy : Number.isFinite(step.loss) ? faults.gradient : faults.loss;
    return worth ? step : { ...step, loss: Number.NaN };
  }

  private count(result: EstimateResult, finite: boolean): void {
    const { counts } = this;
    this.counts = {
      ...counts,
      nonFinite: counts.nonFinite + result.nonFinite,
      skipped: counts.skipped + (finite ? 0 : 1),
      inARow: finite ? 0 : counts.inARow + 1,
      energyCalls: counts.energyCalls + result.energyCalls,
      networkCalls: counts.networkCalls + result.networkCalls,
    };
  }

  private assertConverging(): void {
    if (this.counts.inARow < this.config.knobs.maxNonFinite) return;
    const { what, todo } = this.fault;
    throw new BnemError(
      "diverged",
      `train: ${what} was not finite for ${this.counts.inARow} steps in a row at step ${this.done}; ${todo}`,
    );
  }

  private refillDue(step: number): boolean {
    return step > 0 && !this.config.estimator.draw && step % this.config.knobs.bufferEvery === 0;
  }

  /**
   * A refill is part of the step it is due at: aborted, it is simply made again, with the same key, when training goes on; and when the
   * rest of the step fails, what is returned takes it back.
   */
  private async refillWhenDue(step: number, signal: AbortSignal | undefined): Promise<() => void> {
    if (!this.refillDue(step)) return () => {};
    const { counts } = this;
    const { rows } = await this.parts;
    if (!rows) return () => {};
    const before = rows.state();
    await this.refill(rows, signal);
    return () => {
      rows.restore(before);
      this.counts = counts;
    };
  }

  /** New buffer rows from the averaged network. */
  private async refill(rows: TrainingRows, signal: AbortSignal | undefined): Promise<void> {
    const { energy, schedule, knobs, draws, paths } = this.config;
    this.teacher.update((await this.parts).learner.average());
    const grid = edmGrid({ steps: knobs.bufferSteps, sigmaMin: knobs.sigmaMin, sigmaMax: schedule.sigma(1) });
    const planned = await planReverseSde(this.teacher, undefined, schedule, {
      n: knobs.bufferRefill,
      key: derive(this.key, "refill", this.done),
      draws,
      grid,
      nu: knobs.nu,
      particles: energy.particles,
      priorVariance: knobs.priorStd * knobs.priorStd,
      tweedie: true,
      maxNonFinite: 0.5,
      signal,
    });
    const { x } = await (paths ? paths(planned, this.teacher) : runHere(planned, this.teacher, undefined));
    this.counts = { ...this.counts, nonFinite: this.counts.nonFinite + rows.push(x) };
  }
}
