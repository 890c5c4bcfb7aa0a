/** A training run that can be stopped and goes on, with its own clock; and the samplers before and after it. */
import { createHash } from "node:crypto";
import { createTrainer, resumeTrainer } from "bnem";
import { unfinished } from "./store.mjs";

const CHECKPOINT_MS = 60_000;
/** Points of a curve, as parts of the training. */
const CURVE_AT = [0.25, 0.5, 0.75];
/** Part of a budget in seconds after which the number of steps is settled by the pace so far. */
const PACE_AFTER = 0.05;

const now = () => performance.now() / 1000;

/** Name of the checkpoint: everything that decides the run. */
function nameOf({ task, method, seed, budgetName }) {
  const facts = JSON.stringify([task, method.name, method.options, seed, budgetName]);
  return `${task}-${method.name}-${seed}-${createHash("sha256").update(facts).digest("hex").slice(0, 12)}.safetensors`;
}

/** Options of the trainer; a budget in steps replaces the method's. */
const optionsOf = ({ method, seed, budget }) => ({
  ...method.trainOptions(),
  ...(budget?.steps && { steps: budget.steps }),
  seed,
});

/** A trainer at the last checkpoint, or at step 0. Tables of a prior are made anew each time. */
async function begin(run) {
  const energy = run.trainEnergy;
  const bytes = run.again ? undefined : unfinished.read(nameOf(run));
  if (bytes) {
    try {
      const trainer = await resumeTrainer(bytes, energy);
      console.error(`${run.task} ${run.method.name}: goes on at step ${trainer.step}`);
      return trainer;
    } catch (error) {
      console.error(`${run.task} ${run.method.name}: the checkpoint is of no use (${error.message}); begins anew`);
    }
  }
  return createTrainer(energy, optionsOf(run));
}

/** The sampler of an untrained network: what the prior alone does. */
export async function untrainedSampler(run) {
  const trainer = await createTrainer(run.trainEnergy, optionsOf(run));
  const sampler = await trainer.sampler();
  trainer.dispose();
  return sampler;
}

/** Steps until the budget in seconds is used up, by the pace of the last part. */
function stepsWithin(seconds, { info, first }) {
  const pace = (info.seconds - first.seconds) / (info.step - first.step);
  return Math.max(info.step + 1, Math.floor(info.step + (seconds - info.seconds) / pace));
}

/** Trains to the end. @param onPoint called with (trainer, info) at the points of a curve */
async function follow(run, trainer, onPoint) {
  const { budget } = run;
  const started = trainer.step;
  let total = trainer.options.steps;
  let first;
  let saved = performance.now();
  let settled = budget?.seconds === undefined || started > 0;
  for (;;) {
    let stopped = false;
    for await (const info of trainer.steps(total)) {
      first ??= info;
      if (!settled && info.seconds - first.seconds > PACE_AFTER * budget.seconds && info.step > first.step + 4) {
        settled = true;
        total = stepsWithin(budget.seconds, { info, first });
        stopped = true;
        break;
      }
      if (settled && CURVE_AT.some((part) => info.step === Math.round(part * total))) await onPoint(trainer, info);
      if (performance.now() - saved > CHECKPOINT_MS) {
        unfinished.write(nameOf(run), await trainer.save());
        saved = performance.now();
        console.error(`${run.task} ${run.method.name}: step ${info.step} of ${total}, ${info.seconds.toFixed(0)} s`);
      }
    }
    if (!stopped) return;
  }
}

/**
 * A finished training run, from its checkpoint where it was stopped.
 * @returns { sampler, training } what it cost; `sampler.dispose()` is the caller's
 */
export async function trained(run, onPoint) {
  const began = now();
  const trainer = await begin(run);
  const setupSeconds = now() - began;
  try {
    await follow(run, trainer, onPoint);
    unfinished.write(nameOf(run), await trainer.save());
    const steps = trainer.step;
    const { batchSize } = trainer.options;
    const sampler = await trainer.sampler();
    const training = {
      steps,
      // Of the steps of all processes; not of samples and checkpoints on the way.
      seconds: setupSeconds + sampler.facts.progress.counts.seconds,
      setupSeconds,
      calls: { plain: 0, gradient: 0, [run.method.callKind]: trainer.energyCalls },
      networkRows: steps * batchSize,
      teacherRows: trainer.networkCalls,
    };
    return { sampler, training };
  } finally {
    trainer.dispose();
  }
}

/** The rows are all there: the checkpoint is not needed any more. */
export const forgetTraining = (run) => unfinished.remove(nameOf(run));
