/**
 * Inputs and targets of the steps: each in its turn or, where nothing that decides them can change until then, while workers compute the step
 * before. The bits are the same.
 */
import { derive } from "../core/random.js";
import type { EstimateRequest, EstimateResult, Key, ScoreModel } from "../core/types.js";
import type { SharedNoised } from "../estimators/noised-shared.js";
import type { TrainingInputs, TrainingRows } from "../kernels/training-rows.js";
import type { LoopConfig } from "./loop-config.js";

export interface StepTargets {
  readonly inputs: TrainingInputs;
  readonly request: EstimateRequest;
  readonly result: EstimateResult;
}

interface Turn {
  readonly step: number;
  /** Steps of the run. */
  readonly total: number;
  readonly teacher?: ScoreModel;
  readonly signal?: AbortSignal;
}

interface Ahead {
  readonly step: number;
  readonly total: number;
  /** Undefined where these targets have to wait for their turn. */
  readonly targets: Promise<StepTargets | undefined>;
}

/** Thrown at an estimator that asks ahead of its turn for what is not to be had then. */
const mustWait = new Error("train: these targets cannot be made before their step");

/** Holds the rows and the shared energy until `dispose`. */
export class TargetMaker {
  private ahead: Ahead | undefined;
  /** Targets depend on what the step before does. */
  private waits: boolean;

  /**
   * @param memory running statistics of the estimator
   * @param shared heavy targets on all threads; absent where there is one
   */
  constructor(
    private readonly config: LoopConfig,
    private readonly key: Key,
    private readonly rows: TrainingRows,
    private readonly memory: Map<string, Float64Array>,
    private readonly shared: SharedNoised | undefined,
  ) {
    const { needsTeacher, observe } = config.estimator;
    this.waits = needsTeacher || observe !== undefined;
  }

  /** @throws what the estimator throws; the signal's reason */
  async of(turn: Turn): Promise<StepTargets> {
    const { ahead } = this;
    this.ahead = undefined;
    const made = ahead?.step === turn.step && ahead.total === turn.total ? await ahead.targets : undefined;
    return made ?? this.make(turn, false);
  }

  /** Starts on the targets of a step to come, to which the buffer stays as it is. What goes wrong is told when they are asked for. */
  prepare(step: number, total: number): void {
    if (this.waits || step >= total) return;
    const targets = this.make({ step, total }, true).catch((cause) => {
      if (cause !== mustWait) throw cause;
      this.waits = true;
      return undefined;
    });
    targets.catch(() => undefined);
    this.ahead = { step, total, targets };
  }

  dispose(): void {
    this.ahead = undefined;
    this.rows.dispose();
    this.shared?.dispose();
  }

  /** Ahead of its turn an estimator gets no memory, which is saved as it is between the steps, and no threads, which have the step before. */
  private async make({ step, total, teacher, signal }: Turn, ahead: boolean): Promise<StepTargets> {
    const { config, memory, shared } = this;
    const { x, variance } = this.rows.rows(step);
    const request: EstimateRequest = {
      energy: config.energy,
      schedule: config.schedule,
      x,
      variance,
      key: derive(this.key, "target", step),
      exact: config.knobs.exact,
      progress: step / total,
      teacher,
      noised:
        shared &&
        (async (energy, ask) => {
          if (ahead && shared.isLarge(energy, ask)) throw mustWait;
          return shared.noised(energy, ask, { signal });
        }),
      get memory() {
        if (ahead) throw mustWait;
        return memory;
      },
    };
    return { inputs: { x, variance }, request, result: await config.estimator.estimate(request) };
  }
}
