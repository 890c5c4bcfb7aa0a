/** Scores a sample, raw and weighted, against exact draws where the target has them. */
import { type Batch, type Energy, type Evaluation, evaluate } from "../index.js";
import { metricsJson, metricsTable } from "./metrics-text.js";

export interface Assessed {
  readonly label: "raw" | "weighted";
  readonly evaluation: Evaluation;
}

export interface AssessOptions {
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly settings?: Record<string, unknown>;
}

/** [] for targets without exact draws: there is no floor to compare with. */
export async function assess(
  sample: { readonly x: Batch; readonly logWeight?: Float64Array },
  energy: Energy,
  options: AssessOptions,
): Promise<Assessed[]> {
  if (!energy.exact) return [];
  const common = { ...options.settings, seed: options.seed, signal: options.signal };
  const out: Assessed[] = [{ label: "raw", evaluation: await evaluate(sample.x, energy, common) }];
  if (sample.logWeight) {
    out.push({ label: "weighted", evaluation: await evaluate(sample.x, energy, { ...common, logWeight: sample.logWeight }) });
  }
  return out;
}

/** `{ metrics, verdict, weighted? }` for JSON; metrics are null where nothing could be scored. */
export function assessmentJson(assessed: readonly Assessed[]): Record<string, unknown> {
  const raw = assessed.find(({ label }) => label === "raw")?.evaluation;
  const weighted = assessed.find(({ label }) => label === "weighted")?.evaluation;
  return {
    metrics: raw ? metricsJson(raw) : null,
    verdict: raw?.verdict ?? [],
    ...(weighted ? { weighted: { metrics: metricsJson(weighted), verdict: weighted.verdict } } : {}),
  };
}

/** The table and the verdicts in words. */
export function assessmentText(assessed: readonly Assessed[]): string {
  if (assessed.length === 0) return "No exact draws of this target are known, so nothing is scored.";
  const verdicts = assessed.map(({ label, evaluation }) =>
    evaluation.verdict.map((sentence) => `${label}: ${sentence}`).join("\n"),
  );
  return `${metricsTable(assessed)}\n\n${verdicts.join("\n")}`;
}
