/** The training loop of the command line: progress, checkpoints, and an orderly end at Ctrl-C. */
import {
  BnemError,
  type ChainProgress,
  type Curve,
  createTrainer,
  resumeTrainer,
  type StepInfo,
  type Trainer,
} from "../index.js";
import { writeAtomically } from "./atomic-write.js";
import { MetricCurves } from "./metric-curves.js";
import type { Notice } from "./notice.js";
import type { ProgressReporter } from "./progress.js";
import type { TrainPlan } from "./train-plan.js";

export interface TrainedRun {
  readonly trainer: Trainer;
  /** Seconds of training in this process, without the curves. */
  readonly seconds: number;
  /** Metrics while training, where a report is wanted. */
  readonly curves: readonly Curve[];
  /** Non-finite energies met, in all. */
  readonly nonFinite: number;
}

export interface LoopOptions {
  readonly checkpointEvery?: number;
  /** Measure metrics while training. */
  readonly curves: boolean;
  readonly signal: AbortSignal;
  readonly progress: ProgressReporter;
  readonly notice: Notice;
}

/** Starts fresh, or goes on from the plan's checkpoint. */
export async function startTrainer(plan: TrainPlan): Promise<Trainer> {
  return plan.checkpoint ? resumeTrainer(plan.checkpoint, plan.energy) : createTrainer(plan.energy, plan.settings);
}

/** Writes checkpoints, and knows which is there. */
class Checkpoints {
  /** Step of the one that is there. */
  private stored: number | undefined;
  /** Made but not written: whether its parameters are any good the next step will tell. */
  private next: { readonly step: number; readonly bytes: Uint8Array } | undefined;

  constructor(
    private readonly trainer: Trainer,
    private readonly path: string | undefined,
    resumed: boolean,
  ) {
    this.stored = resumed ? trainer.step : undefined;
  }

  /** After each step; `due`: a checkpoint of this one is wanted. A loss that is not finite takes back the one before. */
  async visit({ step, loss }: StepInfo, due: boolean): Promise<void> {
    if (this.path === undefined) return;
    const { next } = this;
    this.next = undefined;
    if (!Number.isFinite(loss)) return;
    if (next) await this.write(next);
    if (due) this.next = { step, bytes: await this.trainer.save() };
  }

  /** The state as it is, at the end of a run. */
  async store(): Promise<void> {
    if (this.path !== undefined) await this.write({ step: this.trainer.step, bytes: await this.trainer.save() });
  }

  private async write({ step, bytes }: { readonly step: number; readonly bytes: Uint8Array }): Promise<void> {
    await writeAtomically(this.path as string, bytes);
    this.stored = step;
  }

  /** A run that diverged says what is left of it. */
  explained(error: unknown): unknown {
    if (!(error instanceof BnemError && error.code === "diverged") || this.stored === undefined) return error;
    const text = `${error.message}; ${this.path} holds the run as it was after step ${this.stored}`;
    return new BnemError("diverged", text, { cause: error });
  }
}

/** Parts of a run after which a checkpoint is written where no other number of steps is asked for. */
const CHECKPOINTS = 10;

function isDue({ step, steps }: StepInfo, every = Math.ceil(steps / CHECKPOINTS)): boolean {
  return step % every === 0 && step < steps;
}

/**
 * Trains to the planned total. A checkpoint is written every so many steps, by default every tenth of the run, at the end, and at Ctrl-C, where
 * the step that was being made is left out; each replaces the last one whole, once the step after it had a finite loss. An error leaves the last
 * checkpoint as it is.
 *
 * @throws the signal's reason after the checkpoint is written; whatever training throws
 */
export async function trainToEnd(plan: TrainPlan, trainer: Trainer, options: LoopOptions): Promise<TrainedRun> {
  const { signal, progress, notice, checkpointEvery } = options;
  const started = performance.now();
  const curves = new MetricCurves(trainer, options.curves, plan.reference);
  const checkpoints = new Checkpoints(trainer, plan.model, plan.checkpoint !== undefined);
  let nonFinite = 0;
  const onChains = ({ step, total, energyCalls }: ChainProgress) =>
    progress.update({ phase: "bringing chains to the target", step, steps: total, energyCalls });
  try {
    for await (const { notes, ...info } of trainer.steps(plan.steps, { signal, onChains })) {
      nonFinite = info.nonFinite;
      // The first step takes as long as the chains need: how long the others do is not known yet.
      const secondsLeft = info.step > 1 ? info.secondsLeft : undefined;
      progress.update({ phase: "training", ...info, secondsLeft, ...notes });
      notice.take(trainer.notice);
      await checkpoints.visit({ ...info, notes }, isDue({ ...info, notes }, checkpointEvery));
      if (info.step < info.steps) await curves.visit(info.step, info.steps, signal);
    }
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw checkpoints.explained(error);
  }
  progress.endLine();
  await checkpoints.store();
  if (signal.aborted) {
    if (plan.model !== undefined) progress.note(`saved ${plan.model}; go on with --resume`);
    throw signal.reason;
  }
  const seconds = (performance.now() - started) / 1000 - curves.seconds;
  return { trainer, seconds, curves: curves.curves(), nonFinite };
}
