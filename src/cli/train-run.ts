/** The training loop of the command line: progress, checkpoints, and an orderly end at Ctrl-C. */
import { createTrainer, resumeTrainer, type Trainer, type TrainingHistory } from "../index.js";
import { writeAtomically } from "./atomic-write.js";
import type { ProgressReporter } from "./progress.js";
import type { TrainPlan } from "./train-plan.js";

export interface TrainedRun {
  readonly trainer: Trainer;
  readonly history: TrainingHistory;
  /** Seconds of training in this process. */
  readonly seconds: number;
  /** Rows and draws left out because something was not finite, in all. */
  readonly nonFinite: number;
}

export interface LoopOptions {
  readonly checkpointEvery?: number;
  readonly signal: AbortSignal;
  readonly progress: ProgressReporter;
}

/** Points of a curve kept at most; then every other one is dropped. */
const MAX_HISTORY = 4000;

class HistoryKeeper {
  readonly step: number[] = [];
  readonly loss: number[] = [];
  readonly gradientNorm: number[] = [];
  private stride = 1;

  add(step: number, loss: number, gradientNorm: number): void {
    if (step % this.stride !== 0) return;
    this.step.push(step);
    this.loss.push(loss);
    this.gradientNorm.push(gradientNorm);
    if (this.step.length < MAX_HISTORY) return;
    this.stride *= 2;
    for (const list of [this.step, this.loss, this.gradientNorm]) {
      list.splice(0, list.length, ...list.filter((_, i) => i % 2 === 1));
    }
  }
}

/** Starts fresh, or goes on from the plan's checkpoint. */
export async function startTrainer(plan: TrainPlan): Promise<Trainer> {
  return plan.checkpoint ? resumeTrainer(plan.checkpoint, plan.energy) : createTrainer(plan.energy, plan.settings);
}

/**
 * Trains to the planned total. A checkpoint is written every so many steps, at the end, and at Ctrl-C once the current step is
 * done; each replaces the last one whole. An error leaves the last checkpoint as it is.
 *
 * @throws the signal's reason after the checkpoint is written; whatever training throws
 */
export async function trainToEnd(plan: TrainPlan, trainer: Trainer, options: LoopOptions): Promise<TrainedRun> {
  const { signal, progress, checkpointEvery } = options;
  const history = new HistoryKeeper();
  const started = performance.now();
  let nonFinite = 0;
  const store = async () => {
    if (plan.model !== undefined) await writeAtomically(plan.model, await trainer.save());
  };
  for await (const info of trainer.steps(plan.steps)) {
    nonFinite = info.nonFinite;
    history.add(info.step, info.loss, info.gradientNorm);
    progress.update({ phase: "training", ...info });
    if (signal.aborted) break;
    if (checkpointEvery !== undefined && info.step % checkpointEvery === 0 && info.step < info.steps) await store();
  }
  progress.endLine();
  await store();
  if (signal.aborted) {
    if (plan.model !== undefined) progress.note(`saved ${plan.model}; go on with --resume`);
    throw signal.reason;
  }
  return { trainer, history, seconds: (performance.now() - started) / 1000, nonFinite };
}
