/** `evaluate` of the public surface: takes what `sample` returns as it is. */
import type { Batch, Energy } from "../core/types.js";
import { type EvaluateOptions, type Evaluation, evaluate as evaluateRows } from "../metrics/evaluate.js";
import type { SampleResult } from "./neural-sampler.js";

function isSample(sample: Batch | SampleResult): sample is SampleResult {
  return (sample as SampleResult)?.x !== undefined;
}

/** The finite rows of a sample, with their energies and weights. */
function finiteRows(sample: SampleResult): { x: Batch; energies: Float32Array; logWeights?: Float64Array } {
  const { data, n, dim } = sample.x;
  const rows: number[] = [];
  for (let i = 0; i < n; i++) if (data.subarray(i * dim, (i + 1) * dim).every(Number.isFinite)) rows.push(i);
  if (rows.length === n) return { x: sample.x, energies: sample.energy, logWeights: sample.logWeights };
  const kept = new Float32Array(rows.length * dim);
  rows.forEach((row, i) => {
    kept.set(data.subarray(row * dim, (row + 1) * dim), i * dim);
  });
  return {
    x: { data: kept, n: rows.length, dim },
    energies: Float32Array.from(rows, (row) => sample.energy[row]),
    logWeights: sample.logWeights && Float64Array.from(rows, (row) => (sample.logWeights as Float64Array)[row]),
  };
}

/**
 * Every metric of a sample beside its noise floor, raw and (where the sample has weights) weighted, with a verdict in words.
 *
 * @param sample a batch [n, dim], or a `SampleResult`, whose energies and weights are used and whose failed rows are left out
 * @throws as metrics/evaluate.ts
 */
export function evaluate(sample: Batch | SampleResult, energy: Energy, options: EvaluateOptions = {}): Promise<Evaluation> {
  if (!isSample(sample)) return evaluateRows(sample, energy, options);
  const { x, energies, logWeights } = finiteRows(sample);
  return evaluateRows(x, energy, { energies, logWeights, ...options });
}
