/** `evaluate` of the public surface: takes what `sample` returns as it is. */
import type { Batch, Energy } from "../core/types.js";
import { type EvaluateOptions, type Evaluation, evaluate as evaluateRows } from "../metrics/evaluate.js";
import { finiteRows } from "./finite-rows.js";
import type { SampleResult } from "./neural-sampler.js";

/** Samples as `sample` returns them, or as a file holds them: energies are computed where they are absent. */
export type ScoredSample = Pick<SampleResult, "x" | "logWeights"> & Partial<Pick<SampleResult, "energy">>;

function isSample(sample: Batch | ScoredSample): sample is ScoredSample {
  return (sample as ScoredSample)?.x !== undefined;
}

/**
 * Every metric of a sample beside its noise floor, raw and (where the sample has weights) weighted, with a verdict in words.
 *
 * @param sample a batch [n, dim], or a sample { x, energy, logWeights }, whose energies and weights are used and whose failed rows are left
 *   out; the verdict then says how many
 * @throws as metrics/evaluate.ts; RangeError when fewer than two rows are finite
 */
export async function evaluate(sample: Batch | ScoredSample, energy: Energy, options: EvaluateOptions = {}): Promise<Evaluation> {
  if (!isSample(sample)) return evaluateRows(sample, energy, options);
  const { x, energy: energies, logWeights } = sample;
  const { kept, rows } = finiteRows(x);
  if (rows.length === x.n) return evaluateRows(x, energy, { energies, logWeights, ...options });
  if (rows.length < 2)
    throw new RangeError(`evaluate: ${rows.length} of ${x.n} rows of the sample are finite; at least 2 are needed`);
  const evaluation = await evaluateRows(kept, energy, {
    energies: energies && Float32Array.from(rows, (row) => energies[row]),
    logWeights: logWeights && Float64Array.from(rows, (row) => logWeights[row]),
    ...options,
  });
  const lost = `${x.n - rows.length} of ${x.n} rows came out non-finite and were left out.`;
  return { ...evaluation, verdict: [lost, ...evaluation.verdict] };
}
