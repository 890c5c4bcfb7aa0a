/** `evaluate` of the public surface: takes what `sample` returns as it is. */
import { checkOptions } from "../core/check.js";
import { finiteRows } from "../core/finite-rows.js";
import type { Batch, Energy } from "../core/types.js";
import type { WorkerPool } from "../kernels/pool.js";
import { type EvaluateOptions, type Evaluation, evaluate as evaluateRows } from "../metrics/evaluate.js";
import type { SampleResult } from "./neural-sampler.js";
import { threadsOf, type Workers } from "./threads.js";

/** Samples as `sample` returns them, or as a file holds them: energies are computed where they are absent. */
export type ScoredSample = Pick<SampleResult, "x" | "logWeights" | "ancestors"> & Partial<Pick<SampleResult, "energy">>;

function isSample(sample: Batch | ScoredSample): sample is ScoredSample {
  return (sample as ScoredSample)?.x !== undefined;
}

/**
 * Every metric of a sample beside its noise floor, raw and (where the sample has weights) weighted, with a verdict in words.
 *
 * @param options as metrics/evaluate.ts, and `workers`: threads that share the work, the calling one included (default: those of `init`)
 * @param sample a batch [n, dim], or a sample { x, energy, logWeights }, whose energies, weights and ancestors are used and whose failed rows are left
 *   out; the verdict then says how many
 * @throws as metrics/evaluate.ts; RangeError when fewer than two rows are finite
 */
export async function evaluate(
  sample: Batch | ScoredSample,
  energy: Energy,
  options: EvaluateOptions & { readonly workers?: Workers } = {},
): Promise<Evaluation & { readonly notice?: string }> {
  checkObject(options);
  const { workers, ...rest } = options;
  const { pool, notice } = threadsOf("evaluate", workers);
  const evaluation = await evaluateSample(sample, energy, rest, pool);
  const line = notice();
  return line === undefined ? evaluation : { ...evaluation, notice: line };
}

function checkObject(options: unknown): void {
  if (options === null || typeof options !== "object") checkOptions("evaluate", options, []);
}

async function evaluateSample(
  sample: Batch | ScoredSample,
  energy: Energy,
  options: EvaluateOptions,
  pool: WorkerPool,
): Promise<Evaluation> {
  if (!isSample(sample)) return evaluateRows(sample, energy, options, pool);
  const { x, energy: energies, logWeights, ancestors } = sample;
  const { kept, rows } = finiteRows(x);
  if (rows.length === x.n) return evaluateRows(x, energy, { energies, logWeights, ancestors, ...options }, pool);
  if (rows.length < 2)
    throw new RangeError(`evaluate: ${rows.length} of ${x.n} rows of the sample are finite; at least 2 are needed`);
  const given = {
    energies: energies && Float32Array.from(rows, (row) => energies[row]),
    logWeights: logWeights && Float64Array.from(rows, (row) => logWeights[row]),
    ancestors: ancestors && Int32Array.from(rows, (row) => ancestors[row]),
    ...options,
  };
  const evaluation = await evaluateRows(kept, energy, given, pool);
  const lost = `${x.n - rows.length} of ${x.n} rows came out non-finite and were left out.`;
  return { ...evaluation, verdict: [lost, ...evaluation.verdict] };
}
