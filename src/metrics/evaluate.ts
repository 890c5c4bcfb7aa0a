/** `evaluate`: every metric of a sample beside its noise floor, and a verdict in plain words. Plain data out, nothing drawn or printed. */
import { BnemError } from "../core/errors.js";
import { derive, keyOf } from "../core/random.js";
import { Pace } from "../core/task.js";
import type { Batch, Energy, Key } from "../core/types.js";
import { initKernels } from "../kernels/load.js";
import type { WorkerPool } from "../kernels/pool.js";
import { centeredRows } from "./centered-rows.js";
import { contextOf } from "./context.js";
import { type Draws, exactDraws, splitDraws } from "./draws.js";
import type { Evaluation } from "./evaluation.js";
import { medianDistance } from "./ksd.js";
import { labelFree } from "./label-free.js";
import type { Cloud, Metric } from "./metric.js";
import { modeFractions, targetFractions } from "./mode-fractions.js";
import { CALL, checkedSettings, type EvaluateOptions, type EvaluateProgress } from "./options.js";
import { radialDistribution } from "./radial-distribution.js";
import { type MetricResult, type MetricResults, measuredFloor, resultOf } from "./result.js";
import type { PairRequest } from "./score-pair.js";
import { type ScorePairs, scorePairsHere, withPairsShared } from "./score-pairs.js";
import { spreadCloud } from "./spread-rows.js";
import { type MetricName, metricTable } from "./table.js";
import { criterionOf, verdictOf } from "./verdict.js";
import { effectiveSize } from "./weights.js";

export type { Evaluation } from "./evaluation.js";
export type { EvaluateOptions, EvaluateProgress } from "./options.js";

/** What stays the same through one evaluation. */
interface Job {
  readonly energy: Energy;
  readonly key: Key;
  readonly draws: Draws;
  readonly pairs: number;
  readonly bandwidth: number;
  readonly metrics: readonly MetricName[];
  readonly scorePairs: ScorePairs;
  readonly report: (stage: EvaluateProgress["stage"], done: number, total: number) => void;
}

/**
 * Metrics of x [n, dim] (raw units) against the energy, each with its noise floor, and a verdict.
 *
 * Floors: mean and standard error over `floorPairs` fresh exact pairs at the same n; the sample is scored against `references` fresh exact
 * references. Without exact draws a `reference` is split instead, into disjoint random parts; of a sample longer than half of it, that many
 * evenly spread rows are scored. Without either only label-free checks are made: the virial identity and the KSD. With `logWeights` the
 * same metrics of the weighted sample follow, floors at the same effective size. Rows of particles, of the sample and the references, are
 * first moved to center of mass 0.
 * Cost in 2-D: 13 pairs of exact assignments, 0.25 s each at n = 2000, 1.4 s at n >= 4000; with weights half as much again. Same seed, same numbers.
 *
 * @param pool threads that share the pairs, for energies that can be made again by name; the result does not depend on it
 * @throws TypeError, RangeError for x that is not a finite Batch of the energy's dim, or options of the wrong kind or length;
 *   BnemError("degenerate-weights") where no row that is scored has a weight
 */
export async function evaluate(x: Batch, energy: Energy, options: EvaluateOptions = {}, pool?: WorkerPool): Promise<Evaluation> {
  const prepared = await prepare(x, energy, options);
  if ("verdict" in prepared) return prepared;
  const finish = (scorePairs: ScorePairs) => results({ ...prepared, job: { ...prepared.job, scorePairs } });
  const { signal } = options;
  return pool && pool.threads > 1 ? withPairsShared(pool, energy, signal, finish) : finish(scorePairsHere(energy, signal));
}

type About = Pick<Evaluation, "energyName" | "n" | "dim" | "seed" | "nonFiniteEnergies">;

interface Prepared {
  readonly about: About;
  readonly found: Pick<Evaluation, "modeFractions">;
  readonly job: Omit<Job, "scorePairs">;
  /** With weights where there are some. */
  readonly sample: Cloud;
}

/** Checks everything; where there is nothing to compare with, the whole evaluation. */
async function prepare(x: Batch, energy: Energy, options: EvaluateOptions): Promise<Prepared | Evaluation> {
  const { seed, pairs, references, given, wanted, weights } = checkedSettings(x, energy, options);
  await initKernels();
  const key = keyOf(seed);
  await new Pace(options.signal).breathe();
  const { particles } = energy;
  const placed = (rows: Batch) => (particles ? centeredRows(rows, particles) : rows);
  const whole = placed(x);
  const energies = options.energies ?? energy.energy(whole);
  const about = { energyName: energy.name, n: x.n, dim: x.dim, seed, nonFiniteEnergies: countNonFinite(energies) };
  const sets = given?.map(placed);
  const draws = energy.exact
    ? exactDraws(energy.exact, x.n, references, key, sets)
    : sets && splitDraws(sets, x.n, references, key);
  const found = modesOf(energy, { x: whole, energies, ...(weights && { weights }) }, options.ancestors, key);
  if (!draws) {
    const cloud: Cloud = { x: whole, energies };
    const radial = radialOf(energy, cloud, weights);
    return { ...about, ...labelFree({ energy, key, pairs, wanted }, cloud, weights), ...found, ...radial };
  }
  const job = {
    energy,
    key,
    draws,
    pairs,
    bandwidth: medianDistance(draws.references[0]),
    metrics: wanted.filter((name) => (metricTable[name] as Metric).supports(energy)),
    report: (stage: EvaluateProgress["stage"], done: number, total: number) => options.onProgress?.({ stage, done, total }),
  };
  return { about, found, job, sample: scoredRows({ x: whole, energies, ...(weights && { weights }) }, draws.rows) };
}

/** As many rows as the reference is enough for, from all over the sample. @throws BnemError("degenerate-weights") where none of them has weight */
function scoredRows(sample: Cloud, rows: number): Cloud {
  const scored = spreadCloud(sample, rows);
  if (scored.weights && Number.isNaN(scored.weights[0])) {
    throw new BnemError(
      "degenerate-weights",
      `${CALL}: the reference is enough for ${rows} of ${sample.x.n} rows, which have weight 0; give a reference of ${2 * sample.x.n} rows`,
    );
  }
  // Copies: a view sent to a worker takes all of the memory behind it along.
  return { ...scored, x: { ...scored.x, data: scored.x.data.slice() }, energies: scored.energies.slice() };
}

async function results({ about, found, job, sample: whole }: Prepared & { readonly job: Job }): Promise<Evaluation> {
  const { draws, pairs, energy } = job;
  const { weights, ...sample } = whole;
  const all: Cloud = { x: draws.all, energies: energy.energy(draws.all) };
  const metrics = await plainResults(job, sample, all);
  const weighted = weights && (await weightedResults(job, sample, weights, all));
  return {
    ...about,
    references: draws.references.length,
    pairs,
    floorFrom: draws.from,
    metrics,
    ...(weighted && { weighted }),
    ...found,
    ...radialOf(energy, sample, weights, all),
    verdict: wordsOf(about, draws, metrics, weighted),
  };
}

/** Of all rows, those included that are more than a reference is enough for. */
function modesOf(
  energy: Energy,
  { weights, ...raw }: Cloud,
  ancestors: Int32Array | undefined,
  key: Key,
): Pick<Evaluation, "modeFractions"> {
  const { modes } = energy;
  if (!modes || modes.means.n < 2) return {};
  const target = targetFractions(energy, modes, key);
  const weighted = weights && modeFractions({ ...raw, weights }, modes, target, ancestors);
  return { modeFractions: { raw: modeFractions(raw, modes, target, ancestors), ...(weighted && { weighted }) } };
}

function radialOf(
  { particles }: Energy,
  sample: Cloud,
  weights: Float64Array | undefined,
  reference?: Cloud,
): Pick<Evaluation, "radialDistribution"> {
  if (!particles || particles.count < 2) return {};
  const weighted = weights && { ...sample, weights };
  return { radialDistribution: radialDistribution(particles, { sample, weighted, reference }) };
}

function wordsOf(
  { n, nonFiniteEnergies }: About,
  draws: Draws,
  metrics: MetricResults,
  weighted: Evaluation["weighted"],
): string[] {
  const words = verdictOf(metrics, weighted ? "Raw sample" : "Sample", draws.from);
  if (weighted) {
    const size = `${Math.round(weighted.effectiveSize)} of ${draws.rows}`;
    words.push(...verdictOf(weighted.metrics, `Weighted sample (effective size ${size}, floors at that size)`, draws.from));
  }
  if (nonFiniteEnergies > 0)
    words.push(
      `${nonFiniteEnergies} of ${n} rows have an energy that is not finite (particles on each other, or no value there); the energy metrics are not either: leave those rows out to see the others.`,
    );
  if (draws.from === "reference") {
    words.push(`Floors come from splits of the given reference at n = ${draws.rows}; their standard errors are too small.`);
  }
  words.push(criterionOf(draws.from));
  return words;
}

function countNonFinite(values: Float32Array): number {
  let count = 0;
  for (const value of values) if (!Number.isFinite(value)) count++;
  return count;
}

/** Values of the metrics for `count` pairs of sample and reference, by metric. */
async function score(
  job: Job,
  count: number,
  requestOf: (k: number) => PairRequest,
  stage: EvaluateProgress["stage"],
): Promise<Map<MetricName, number[]>> {
  const values = new Map<MetricName, number[]>(job.metrics.map((name) => [name, []]));
  const requests = Array.from({ length: count }, (_, k) => requestOf(k));
  const scores = await job.scorePairs(requests, (done) => job.report(stage, done, count));
  requests.forEach((request, k) => {
    request.metrics.forEach((name, i) => {
      values.get(name)?.push(scores[k][i]);
    });
  });
  return values;
}

/** Requests of the sample against each reference; metrics that read no reference are asked for once. */
function againstReferences(job: Job, names: readonly MetricName[], rest: Omit<PairRequest, "metrics" | "reference">) {
  const repeated = names.filter((name) => (metricTable[name] as Metric).needsReference);
  return (k: number): PairRequest => ({
    ...rest,
    metrics: k === 0 ? names : repeated,
    reference: { x: job.draws.references[k] },
  });
}

async function plainResults(job: Job, sample: Cloud, all: Cloud): Promise<MetricResults> {
  const { draws, metrics, pairs, key, bandwidth } = job;
  const { length, 0: first } = draws.references;
  const scores = await score(job, length, againstReferences(job, metrics, { sample, key, bandwidth }), "references");
  const floorRequest = (k: number): PairRequest => {
    const [a, b] = draws.pair(k, sample.x.n);
    return { metrics, sample: a, reference: b, key, bandwidth };
  };
  const floors = await score(job, pairs, floorRequest, "floor");
  return collect(job, metrics, { scores, floors, n: Math.min(sample.x.n, first.n), sample, all });
}

/**
 * The weighted sample: metrics that take weights get them; position W2 gets a systematic resample of all rows. Floors: exact draws of
 * the effective size, without weights, resampled in the same way where the sample is.
 */
async function weightedResults(
  job: Job,
  sample: Cloud,
  weights: Float64Array,
  all: Cloud,
): Promise<NonNullable<Evaluation["weighted"]>> {
  const { draws, key, pairs, bandwidth, energy } = job;
  const names = job.metrics.filter((name) => (metricTable[name] as Metric).weighting !== "none");
  const size = effectiveSize(weights);
  const rows = Math.min((metricTable.positionW2 as Metric).rows(sample.x.n, energy), draws.references[0].n);
  const resample = (k: number) => ({ rows, key: derive(key, "resample", k) });
  const cloud: Cloud = { ...sample, weights };
  const weighted = { sample: cloud, key, bandwidth, resample: resample(0) };
  const scores = await score(job, draws.references.length, againstReferences(job, names, weighted), "weighted references");
  const floorRequest = (k: number): PairRequest => {
    const [a, b] = draws.pair(pairs + k, Math.max(2, Math.round(size)));
    return { metrics: names, sample: a, reference: b, key, bandwidth, resample: resample(k + 1) };
  };
  const floors = await score(job, pairs, floorRequest, "weighted floor");
  const metrics = collect(job, names, { scores, floors, n: sample.x.n, sample: cloud, all });
  return { effectiveSize: size, essFraction: size / weights.length, metrics };
}

interface Collected {
  readonly scores: Map<MetricName, number[]>;
  readonly floors: Map<MetricName, number[]>;
  readonly n: number;
  readonly sample: Cloud;
  readonly all: Cloud;
}

function collect(job: Job, names: readonly MetricName[], { scores, floors, n, sample, all }: Collected): MetricResults {
  const { energy, key, bandwidth } = job;
  const context = contextOf(energy, key, bandwidth, []);
  const results: { [name in MetricName]?: MetricResult } = {};
  for (const name of names) {
    const metric: Metric = metricTable[name];
    const rows = metric.rows(n, energy);
    const exact = metric.expected?.(energy);
    results[name] = resultOf(metric, {
      scores: scores.get(name) as number[],
      floor: measuredFloor(metric, floors.get(name) as number[], rows),
      n: rows,
      total: metric.total?.(energy),
      average: metric.average?.(sample, context),
      expected: exact === undefined ? metric.average?.(all, context) : { value: exact, standardError: 0 },
    });
  }
  return results;
}
