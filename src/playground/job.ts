/** One run on the page: train, sample, score. Reports through callbacks; touches no DOM. */
import {
  createTrainer,
  type Energy,
  type Evaluation,
  evaluate,
  presets,
  type SampleResult,
  type Trainer,
  type TrainSettings,
} from "../index.js";

export interface JobSettings {
  readonly method: string;
  readonly steps: number;
  readonly seed: number;
  readonly count: number;
  readonly signal: AbortSignal;
}

/** Curves of a run so far. */
export interface Curves {
  readonly step: number[];
  readonly loss: number[];
  readonly gradientNorm: number[];
}

export interface JobEvents {
  /** After a step, not more often than every 100 ms. */
  onStep(info: { step: number; steps: number; loss: number; secondsLeft: number }, curves: Curves): void;
  /** A quick look at the sampler during training, without weights. */
  onPreview(sample: SampleResult): void;
  onPhase(name: string, fraction: number): void;
}

export interface JobResult {
  readonly trainer: Trainer;
  readonly curves: Curves;
  readonly sample: SampleResult;
  readonly raw: Evaluation;
  readonly weighted?: Evaluation;
  readonly timings: { readonly training: number; readonly sampling: number; readonly evaluation: number };
}

/** Samples of a preview: enough to see where the modes are. */
const PREVIEW = 400;

/** Options of the preset for a method of gmm40. */
export function presetFor(method: string): TrainSettings {
  const table = presets.gmm40 as { readonly [name: string]: TrainSettings };
  const plain = (name: string) => name.replace(/[^a-z]/gi, "").toLowerCase();
  return table[Object.keys(table).find((name) => plain(name) === plain(method)) ?? ""] ?? {};
}

async function trainLoop(trainer: Trainer, settings: JobSettings, events: JobEvents): Promise<Curves> {
  const { steps, signal } = settings;
  const curves: Curves = { step: [], loss: [], gradientNorm: [] };
  let shown = Number.NEGATIVE_INFINITY;
  for await (const info of trainer.steps(steps)) {
    curves.step.push(info.step);
    curves.loss.push(info.loss);
    curves.gradientNorm.push(info.gradientNorm);
    if (performance.now() - shown > 100 || info.step === steps) {
      shown = performance.now();
      events.onStep(info, curves);
    }
    signal.throwIfAborted();
    if (info.step < steps && info.step % Math.max(1, Math.floor(steps / 4)) === 0) {
      events.onPreview(await trainer.sampler().sample(PREVIEW, { seed: 0, steps: 32, correction: "none", signal }));
    }
  }
  return curves;
}

/** @throws the signal's reason when aborted; whatever training, sampling and evaluation throw */
export async function runJob(energy: Energy, settings: JobSettings, events: JobEvents): Promise<JobResult> {
  const { method, steps, seed, count, signal } = settings;
  events.onPhase("starting", 0);
  const options = { ...presetFor(method), method, steps, seed } as TrainSettings;
  const trainer = await createTrainer(energy, { ...options, signal });
  const started = performance.now();
  const curves = await trainLoop(trainer, settings, events);
  const training = (performance.now() - started) / 1000;
  const onProgress = ({ fraction }: { fraction: number }) => events.onPhase("sampling", fraction);
  const sample = await trainer.sampler().sample(count, { seed, signal, onProgress });
  events.onPhase("scoring against exact draws", 1);
  const scoring = performance.now();
  const raw = await evaluate(sample.x, energy, { seed, signal });
  const { logWeight } = sample;
  const weighted = logWeight ? await evaluate(sample.x, energy, { seed, signal, logWeight }) : undefined;
  const evaluation = (performance.now() - scoring) / 1000;
  return { trainer, curves, sample, raw, weighted, timings: { training, sampling: sample.seconds, evaluation } };
}
