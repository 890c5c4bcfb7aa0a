/** The training loop of the command line: progress, checkpoints, and an orderly end at Ctrl-C. */
import { type Curve, createTrainer, resumeTrainer, type Trainer } from "../index.js";
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

/**
 * Trains to the planned total. A checkpoint is written every so many steps, at the end, and at Ctrl-C once the current step is
 * done; each replaces the last one whole. An error leaves the last checkpoint as it is.
 *
 * @throws the signal's reason after the checkpoint is written; whatever training throws
 */
export async function trainToEnd(plan: TrainPlan, trainer: Trainer, options: LoopOptions): Promise<TrainedRun> {
  const { signal, progress, notice, checkpointEvery } = options;
  const started = performance.now();
  const curves = new MetricCurves(trainer, options.curves, plan.reference);
  let nonFinite = 0;
  const store = async () => {
    if (plan.model !== undefined) await writeAtomically(plan.model, await trainer.save());
  };
  for await (const { notes, ...info } of trainer.steps(plan.steps)) {
    nonFinite = info.nonFinite;
    progress.update({ phase: "training", ...info, ...notes });
    notice.take(trainer.notice);
    if (signal.aborted) break;
    if (checkpointEvery !== undefined && info.step % checkpointEvery === 0 && info.step < info.steps) await store();
    if (info.step < info.steps) await curves.visit(info.step, info.steps, signal);
  }
  progress.endLine();
  await store();
  if (signal.aborted) {
    if (plan.model !== undefined) progress.note(`saved ${plan.model}; go on with --resume`);
    throw signal.reason;
  }
  const seconds = (performance.now() - started) / 1000 - curves.seconds;
  return { trainer, seconds, curves: curves.curves(), nonFinite };
}
