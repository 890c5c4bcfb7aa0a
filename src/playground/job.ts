/** One run on the page: train, sample, score. Reports through callbacks; touches no DOM. */
import {
  BnemError,
  createTrainer,
  type Energy,
  type Evaluation,
  evaluate,
  presets,
  type SampleOptions,
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

export interface JobEvents {
  /** After a step, not more often than every 100 ms. */
  onStep(info: { step: number; steps: number; loss: number; secondsLeft: number }, trainer: Trainer): void;
  /** A quick look at the sampler during training, without weights. */
  onPreview(sample: SampleResult): void;
  onPhase(name: string, fraction: number): void;
}

export interface JobResult {
  readonly trainer: Trainer;
  readonly raw: SampleResult;
  /** Absent where the weights are worth nothing; `unweighted` says why. */
  readonly weighted?: SampleResult;
  readonly unweighted?: string;
  readonly scores: { readonly raw: Evaluation; readonly weighted?: Evaluation };
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

/** Samples with a sampler of the present weights. */
async function sampleNow(trainer: Trainer, n: number, options: SampleOptions): Promise<SampleResult> {
  const sampler = await trainer.sampler();
  try {
    return await sampler.sample(n, options);
  } finally {
    sampler.dispose();
  }
}

async function trainLoop(trainer: Trainer, { steps, signal }: JobSettings, events: JobEvents): Promise<void> {
  const every = Math.max(1, Math.floor(steps / 4));
  let shown = Number.NEGATIVE_INFINITY;
  for await (const info of trainer.steps(steps, { signal })) {
    if (performance.now() - shown > 200 || info.step === steps) {
      events.onStep(info, trainer);
      shown = performance.now();
    }
    if (info.step < steps && info.step % every === 0) {
      events.onPreview(await sampleNow(trainer, PREVIEW, { seed: 0, steps: 32, correction: "none", signal }));
    }
  }
}

/** Samples with weights, or why there are none. */
async function drawWeighted(draw: () => Promise<SampleResult>): Promise<Pick<JobResult, "weighted" | "unweighted">> {
  try {
    return { weighted: await draw() };
  } catch (error) {
    if (error instanceof BnemError && error.code === "degenerate-weights") return { unweighted: error.message };
    throw error;
  }
}

/**
 * The trainer in the result is the caller's to dispose; where anything fails it is disposed here.
 * @throws the signal's reason when aborted; whatever training, sampling and evaluation throw
 */
export async function runJob(energy: Energy, settings: JobSettings, events: JobEvents): Promise<JobResult> {
  const { method, steps, seed, count, signal } = settings;
  events.onPhase("starting", 0);
  const options = { ...presetFor(method), method, steps, seed } as TrainSettings;
  const trainer = await createTrainer(energy, options);
  try {
    const started = performance.now();
    await trainLoop(trainer, settings, events);
    const training = (performance.now() - started) / 1000;
    const onProgress = ({ fraction }: { fraction: number }) => events.onPhase("sampling", fraction);
    const drawn = await drawWeighted(() => sampleNow(trainer, count, { seed, signal, onProgress }));
    const { weighted } = drawn;
    const raw = await sampleNow(trainer, count, { seed, signal, onProgress, correction: "none" });
    const scoring = performance.now();
    const score = (sample: SampleResult) =>
      evaluate(sample, energy, {
        seed,
        signal,
        onProgress: ({ stage, done, total }) => events.onPhase(`scoring against exact draws, ${stage}`, done / total),
      });
    const scores = { raw: await score(raw), weighted: weighted && (await score(weighted)) };
    const evaluation = (performance.now() - scoring) / 1000;
    const sampling = raw.seconds + (weighted?.seconds ?? 0);
    return { trainer, raw, ...drawn, scores, timings: { training, sampling, evaluation } };
  } catch (error) {
    trainer.dispose();
    throw error;
  }
}
