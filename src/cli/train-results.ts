/** What a training run ends in: its samples and scores, as files, JSON, text and report. */
import {
  BnemError,
  type Energy,
  evaluate,
  metricSets,
  modeTable,
  type NeuralSampler,
  renderReport,
  runReport,
  type SampleResult,
  sampleLines,
  sampleWords,
  type Trainer,
  version,
} from "../index.js";
import { exactDraws } from "./exact-draws.js";
import { writeSamples } from "./files.js";
import { describeMachine, type Machine } from "./machine.js";
import { type Scores, scoresJson, scoresText } from "./metrics-text.js";
import type { Notice } from "./notice.js";
import type { ProgressReporter } from "./progress.js";
import type { TrainPlan } from "./train-plan.js";
import type { TrainedRun } from "./train-run.js";
import { weightsJson, withoutWeights } from "./weights-text.js";

/** All that is known at the end of a run. */
export interface Finished {
  readonly plan: TrainPlan;
  readonly run: TrainedRun;
  /** Raw output: what the metrics are about, and what the sampler is when nothing is corrected. */
  readonly raw: SampleResult;
  /** Weighted samples: what is written; absent where the model has no use for weights, and the raw ones are. */
  readonly weighted?: SampleResult;
  /** Why there is no weighted sample. */
  readonly unweighted?: string;
  readonly scores?: Scores;
  readonly machine: Machine;
  readonly timings: { readonly training: number; readonly sampling: number; readonly evaluation: number };
  /** Why fewer threads computed than were asked for. */
  readonly notice: string | null;
}

export interface FinishOptions {
  /** Samples of each kind. */
  readonly n: number;
  readonly evaluate: boolean;
  readonly signal: AbortSignal;
  readonly progress: ProgressReporter;
  readonly notice: Notice;
}

type Drawn = Pick<Finished, "raw" | "weighted" | "unweighted">;

/** The weighted sample, or why there is none: the model has no use for weights, or not one of them is above 0. */
async function drawWeighted(sampler: NeuralSampler, draw: () => Promise<SampleResult>): Promise<Omit<Drawn, "raw">> {
  if (sampler.defaultCorrection === "none") return { unweighted: withoutWeights(sampler.facts.options.prior) };
  try {
    return { weighted: await draw() };
  } catch (error) {
    if (error instanceof BnemError && error.code === "degenerate-weights") {
      return { unweighted: `raw samples only: ${error.message}` };
    }
    throw error;
  }
}

/** Raw and weighted samples of the present weights, from one sampler. */
async function drawBoth(trainer: Trainer, { n, signal, progress }: FinishOptions): Promise<Drawn> {
  const sampler = await trainer.sampler();
  const draw = (correction: "none" | undefined, phase: string) =>
    sampler.sample(n, {
      seed: trainer.seed,
      correction,
      ...(correction === undefined && { forwardFrom: exactDraws(sampler, correction, trainer.seed) }),
      signal,
      onProgress: ({ fraction }) => progress.update({ phase, step: Math.round(fraction * n), steps: n }),
    });
  try {
    const weighted = await drawWeighted(sampler, () => draw(undefined, "sampling with weights"));
    return { ...weighted, raw: await draw("none", "sampling, raw") };
  } finally {
    sampler.dispose();
    progress.endLine();
  }
}

async function scoreBoth(
  { energy, reference }: TrainPlan,
  { raw, weighted }: Pick<Finished, "raw" | "weighted">,
  seed: number,
  options: FinishOptions,
): Promise<Scores> {
  const { signal, progress } = options;
  const score = (what: string, sample: SampleResult) =>
    evaluate(sample, energy, {
      seed,
      reference,
      signal,
      onProgress: ({ stage, done, total }) => progress.update({ phase: `scoring ${what}, ${stage}`, step: done, steps: total }),
    });
  try {
    return { raw: await score("raw", raw), weighted: weighted && (await score("weighted", weighted)) };
  } finally {
    progress.endLine();
  }
}

/** Samples, writes the weighted sample or the raw one where there is none, scores both. */
export async function finishRun(plan: TrainPlan, run: TrainedRun, options: FinishOptions): Promise<Finished> {
  const { seed } = run.trainer;
  const drawn = await drawBoth(run.trainer, options);
  options.notice.take(drawn.weighted?.notice ?? drawn.raw.notice);
  if (plan.samples !== undefined) await writeSamples(plan.samples, drawn.weighted ?? drawn.raw, plan.energy);
  const started = performance.now();
  const scores = options.evaluate ? await scoreBoth(plan, drawn, seed, options) : undefined;
  options.notice.take(scores?.raw.notice);
  const evaluation = (performance.now() - started) / 1000;
  const timings = { training: run.seconds, sampling: drawn.raw.seconds + (drawn.weighted?.seconds ?? 0), evaluation };
  return { plan, run, ...drawn, scores, machine: describeMachine(), timings, notice: options.notice.text };
}

/** What a custom energy has to say: that its gradient comes from differences. "" for other energies. */
export function noticeOf(energy: Energy): string {
  return "notice" in energy && typeof energy.notice === "string" ? energy.notice : "";
}

function notesOf(finished: Finished): string[] {
  const { plan, run, raw, weighted, unweighted, notice } = finished;
  const { trainer } = run;
  const notes = [`Backend ${trainer.backend.backend}: ${trainer.backend.reason}.`];
  if (trainer.label !== undefined) notes.unshift(`Method ${trainer.options.method} ${trainer.label}.`);
  if (unweighted !== undefined) notes.push(`${unweighted}.`);
  if (notice !== null) notes.push(notice);
  if (noticeOf(plan.energy)) notes.push(noticeOf(plan.energy));
  if (run.nonFinite > 0)
    notes.push(`${run.nonFinite} energies met in training were not finite; they were counted, not repaired.`);
  const lost = raw.nonFinite + (weighted?.nonFinite ?? 0);
  if (lost > 0) notes.push(`${lost} of ${raw.x.n + (weighted?.x.n ?? 0)} samples came out non-finite.`);
  return notes;
}

/** The report as HTML. */
export function reportOf(finished: Finished): string {
  const { plan, run, raw, weighted, scores, machine, timings } = finished;
  const { trainer } = run;
  const { method } = trainer.options;
  const data = runReport(
    plan.energy,
    { raw, weighted },
    {
      title: `${plan.energy.name} sampled by ${method}`,
      method,
      history: trainer.history(),
      calibration: trainer.calibration(),
      curves: run.curves,
      metrics: scores && metricSets(scores.raw, scores.weighted),
      modeFractions: scores && modeTable(scores.raw, scores.weighted),
      weightWords: weighted && sampleWords(weighted),
      options: { ...trainer.options },
      machine: { ...machine, backend: trainer.backend.backend },
      timings,
      energyCalls: trainer.energyCalls + raw.energyCalls + (weighted?.energyCalls ?? 0),
      networkCalls: trainer.networkCalls + raw.networkCalls + (weighted?.networkCalls ?? 0),
      seed: trainer.seed,
      versions: { bnem: version, runtime: machine.runtime },
      notes: notesOf(finished),
      referenceSeed: trainer.seed,
      reference: plan.reference,
    },
  );
  return renderReport(data);
}

/** The JSON object of the command. `metrics` are those of the raw sample, `weighted` those of the written one. */
export function jsonOf(finished: Finished): object {
  const { plan, run, raw, weighted, unweighted, scores, machine, timings, notice } = finished;
  const { trainer } = run;
  return {
    energy: plan.energy.name,
    method: trainer.options.method,
    label: trainer.label ?? null,
    seed: trainer.seed,
    seconds: run.seconds,
    steps: trainer.step,
    energyCalls: trainer.energyCalls,
    nonFinite: run.nonFinite,
    ...scoresJson(scores),
    samples: {
      n: raw.x.n,
      ...weightsJson(weighted),
      unweighted: unweighted ?? null,
      nonFinite: raw.nonFinite + (weighted?.nonFinite ?? 0),
    },
    timings,
    backend: trainer.backend,
    notice,
    machine,
    version,
    files: { model: plan.model, samples: plan.samples, report: plan.report },
  };
}

/** What the terminal shows. */
export function textOf(finished: Finished): string {
  const { plan, run, weighted, unweighted, scores } = finished;
  const { trainer, seconds } = run;
  const { method } = trainer.options;
  const lines = [
    `${method} on ${plan.energy.name}: ${trainer.step} steps in ${seconds.toFixed(1)} s, seed ${trainer.seed}, ${trainer.energyCalls} energy calls, backend ${trainer.backend.backend}`,
  ];
  if (trainer.label !== undefined) lines.push(`${method} ${trainer.label}`);
  if (unweighted !== undefined) lines.push(unweighted);
  if (weighted) lines.push(`${weighted.x.n} weighted samples`, ...sampleLines(weighted));
  if (scores) lines.push("", scoresText(scores));
  lines.push("");
  for (const path of [plan.model, plan.samples, plan.report]) if (path !== undefined) lines.push(`wrote ${path}`);
  return lines.join("\n");
}
