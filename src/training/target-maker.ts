/**
 * Inputs and targets of the steps: each in its turn or, where nothing that decides them can change until then, while workers compute the step
 * before. The bits are the same.
 */
import { derive } from "../core/random.js";
import type { Batch, EstimateRequest, EstimateResult, Estimator, Key, Prior, ScoreModel } from "../core/types.js";
import type { SharedNoised } from "../estimators/noised-shared.js";
import type { TrainingInputs, TrainingRows } from "../kernels/training-rows.js";
import type { LoopConfig } from "./loop-config.js";
import { varianceRange } from "./variance-range.js";

export interface StepTargets {
  readonly inputs: TrainingInputs;
  /** Absent where the estimator drew its own inputs. */
  readonly request?: EstimateRequest;
  /** Targets of the network: what the prior leaves of them. */
  readonly result: EstimateResult;
}

/** What is left for a network to learn: targets less the prior's part. Rows where the prior is not finite drop out as such targets do. */
function withoutPrior(
  result: EstimateResult,
  x: Batch,
  variance: Float32Array,
  kind: Estimator["kind"],
  prior: Prior | undefined,
): EstimateResult {
  if (!prior) return result;
  const known = prior.evaluate(x, variance);
  const part = kind === "energy" ? known.energy : known.score;
  const target = result.target.map((value, i) => value - part[i]);
  return { ...result, target, slope: result.slope?.map((value, i) => value - known.slope[i]) };
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
    private readonly rows: TrainingRows | undefined,
    private readonly memory: Map<string, Float64Array>,
    private readonly shared: SharedNoised | undefined,
  ) {
    const { needsTeacher, observe, draw } = config.estimator;
    this.waits = needsTeacher || observe !== undefined || draw !== undefined;
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
    this.rows?.dispose();
    this.shared?.dispose();
  }

  /** Ahead of its turn an estimator gets no memory, which is saved as it is between the steps, and no threads, which have the step before. */
  private async make(turn: Turn, ahead: boolean): Promise<StepTargets> {
    const { estimator, prior } = this.config;
    const { inputs, request, result } = this.rows ? await this.estimate(this.rows, turn, ahead) : await this.draw(turn);
    return { inputs, request, result: withoutPrior(result, inputs.x, inputs.variance, estimator.kind, prior) };
  }

  /** Inputs and targets of an estimator that makes both. */
  private async draw({ step, total, signal }: Turn): Promise<StepTargets> {
    const { config, memory } = this;
    const { energy, schedule, knobs, chains } = config;
    if (!chains)
      throw new TypeError(`train: the estimator ${config.estimator.name} needs Markov chains, and this loop was given none`);
    const result = await config.estimator.draw?.({
      energy,
      schedule,
      n: knobs.batchSize,
      ...varianceRange(config),
      key: derive(this.key, "target", step),
      exact: knobs.exact,
      progress: step / total,
      memory,
      chains,
      signal,
    });
    if (!result) throw new TypeError(`train: the estimator ${config.estimator.name} drew nothing`);
    return { inputs: { x: result.x, variance: result.variance }, result };
  }

  private async estimate(rows: TrainingRows, { step, total, teacher, signal }: Turn, ahead: boolean): Promise<StepTargets> {
    const { config, memory, shared } = this;
    const { x, variance } = rows.rows(step);
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
