/** `evaluate`: every metric of a sample beside its noise floor, and a verdict in plain words. Plain data out, nothing drawn or printed. */
import { checkBatch, checkInteger, checkOneOf, checkOptions, checkSeed, checkTask } from "../core/check.js";
import { derive, freshSeed, keyOf } from "../core/random.js";
import { Pace } from "../core/task.js";
import type { Batch, Energy, Key, TaskOptions } from "../core/types.js";
import { initKernels } from "../kernels/load.js";
import type { WorkerPool } from "../kernels/pool.js";
import { type Draws, exactDraws, splitDraws } from "./draws.js";
import { KSD_ROWS, ksd, medianDistance, steinFloor } from "./ksd.js";
import { type Cloud, firstRows, type Metric } from "./metric.js";
import { type MetricResult, type MetricResults, resultOf } from "./result.js";
import type { PairRequest } from "./score-pair.js";
import { type ScorePairs, scorePairsHere, withPairsShared } from "./score-pairs.js";
import { type MetricName, metricNames, metricTable } from "./table.js";
import { CRITERION, verdictOf } from "./verdict.js";
import { transportMemory } from "./wasserstein.js";
import { effectiveSize, normalisedWeights } from "./weights.js";

/** What `evaluate` returns: plain data, numbers beside their floors and a verdict in words. */
export interface Evaluation {
  readonly energyName: string;
  readonly n: number;
  readonly dim: number;
  readonly seed: number;
  /** Number of references the sample was scored against, and of pairs behind each floor. */
  readonly references: number;
  readonly pairs: number;
  /** Floors from exact draws, from splits of the given reference, or (KSD alone) from random signs. */
  readonly floorFrom: Draws["from"] | "bootstrap";
  /** Rows of the sample whose energy is NaN or infinite. */
  readonly nonFiniteEnergies: number;
  readonly metrics: MetricResults;
  /** The same sample with its weights; floors at the same effective size. */
  readonly weighted?: { readonly effectiveSize: number; readonly essFraction: number; readonly metrics: MetricResults };
  readonly verdict: readonly string[];
}

/** Where an evaluation stands. */
export interface EvaluateProgress {
  readonly stage: "references" | "floor" | "weighted references" | "weighted floor";
  readonly done: number;
  readonly total: number;
}

/** Options of `evaluate`; all may be left out for targets with exact draws. */
export interface EvaluateOptions extends TaskOptions<EvaluateProgress> {
  /** Rows from the target, one batch or several; needed where the energy has no exact draws. */
  readonly reference?: Batch | readonly Batch[];
  /** log importance weights of the rows, [n], up to a constant. */
  readonly logWeights?: Float32Array | Float64Array;
  /** Energies of the rows, [n], kT, if known already. */
  readonly energies?: Float32Array;
  /** Exact pairs behind each floor, at least 10; default 10. */
  readonly floorPairs?: number;
  /** Fresh references, at least 3; default 3. */
  readonly references?: number;
  /** Only these metrics; default all that the energy supports. */
  readonly metrics?: readonly MetricName[];
}

const CALL = "evaluate";
const KEYS = [
  "reference",
  "logWeights",
  "energies",
  "floorPairs",
  "references",
  "metrics",
  "seed",
  "signal",
  "onProgress",
] as const;

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
 * references. Without exact draws a `reference` is split instead; without either only the KSD is computed, its floor from random
 * signs. With `logWeights` the same metrics of the weighted sample follow, floors at the same effective size.
 * Cost in 2-D: 13 pairs of exact assignments, 0.25 s each at n = 2000, 1.4 s at n >= 4000; with weights half as much again. Same seed, same numbers.
 *
 * @param pool threads that share the pairs, for energies that can be made again by name; the result does not depend on it
 * @throws TypeError, RangeError for x that is not a finite Batch of the energy's dim, or options of the wrong kind or length
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
  readonly job: Omit<Job, "scorePairs">;
  readonly sample: Cloud;
  readonly weights: Float64Array | undefined;
}

/** Checks everything; where there is nothing to compare with, the whole evaluation. */
async function prepare(x: Batch, energy: Energy, options: EvaluateOptions): Promise<Prepared | Evaluation> {
  checkOptions(CALL, options, KEYS);
  checkTask(CALL, options);
  checkEnergy(energy);
  checkBatch(CALL, x, energy.dim);
  checkInteger(CALL, "x.n", x.n, 2);
  const seed = options.seed === undefined ? freshSeed() : checkSeed(CALL, options.seed);
  const pairs = checkInteger(CALL, "floorPairs", options.floorPairs ?? 10, 10, 10_000);
  const references = checkInteger(CALL, "references", options.references ?? 3, 3, 1000);
  const given = checkReferences(options.reference, energy.dim);
  const wanted = checkMetrics(options.metrics ?? metricNames);
  checkRows("energies", options.energies, x.n);
  checkRows("logWeights", options.logWeights, x.n);
  const weights = options.logWeights && normalisedWeights(CALL, options.logWeights);
  await initKernels();
  const key = keyOf(seed);
  await new Pace(options.signal).breathe();
  const energies = options.energies ?? energy.energy(x);
  const about = { energyName: energy.name, n: x.n, dim: x.dim, seed, nonFiniteEnergies: countNonFinite(energies) };
  const draws = energy.exact
    ? exactDraws(energy.exact, x.n, references, key, given)
    : given && splitDraws(given, x.n, references, key);
  if (!draws) return { ...about, ...ksdAlone(x, energy, key, pairs) };
  const job = {
    energy,
    key,
    draws,
    pairs,
    bandwidth: medianDistance(draws.references[0]),
    metrics: wanted.filter((name) => (metricTable[name] as Metric).supports(energy)),
    report: (stage: EvaluateProgress["stage"], done: number, total: number) => options.onProgress?.({ stage, done, total }),
  };
  const rows = firstRows(x, draws.rows);
  // Copies: a view sent to a worker takes all of the memory behind it along.
  const sample: Cloud = { x: { ...rows, data: rows.data.slice() }, energies: energies.slice(0, draws.rows) };
  return { about, job, sample, weights };
}

async function results({ about, job, sample, weights }: Prepared & { readonly job: Job }): Promise<Evaluation> {
  const { draws, pairs } = job;
  const metrics = await plainResults(job, sample);
  const weighted = weights && (await weightedResults(job, sample, weights));
  return {
    ...about,
    references: draws.references.length,
    pairs,
    floorFrom: draws.from,
    metrics,
    ...(weighted && { weighted }),
    verdict: wordsOf(about.nonFiniteEnergies, about.n, draws, metrics, weighted),
  };
}

function wordsOf(nonFinite: number, n: number, draws: Draws, metrics: MetricResults, weighted: Evaluation["weighted"]): string[] {
  const words = verdictOf(metrics, weighted ? "Raw sample" : "Sample");
  if (weighted) {
    const size = `${Math.round(weighted.effectiveSize)} of ${n}`;
    words.push(...verdictOf(weighted.metrics, `Weighted sample (effective size ${size}, floors at that size)`));
  }
  if (nonFinite > 0) words.push(`${nonFinite} of ${n} rows have an energy that is not finite.`);
  if (draws.from === "reference") {
    words.push(`Floors come from splits of the given reference at n = ${draws.rows}; their standard errors are too small.`);
  }
  words.push(CRITERION);
  return words;
}

function checkEnergy(energy: Energy): void {
  if (energy === null || typeof energy !== "object" || typeof energy.energyAndGradient !== "function") {
    throw new TypeError(`${CALL}: energy must be an Energy, such as gaussianMixture({ components: 40, seed: 0 })`);
  }
}

function checkReferences(reference: EvaluateOptions["reference"], dim: number): readonly Batch[] | undefined {
  if (reference === undefined) return undefined;
  const batches = Array.isArray(reference) ? (reference as readonly Batch[]) : [reference as Batch];
  if (batches.length === 0) throw new RangeError(`${CALL}: reference must hold at least one Batch, got an empty array`);
  for (const batch of batches) {
    checkBatch(`${CALL} (reference)`, batch, dim);
    checkInteger(`${CALL} (reference)`, "x.n", batch.n, 4);
  }
  return batches;
}

function checkMetrics(names: unknown): MetricName[] {
  if (!Array.isArray(names)) throw new TypeError(`${CALL}: metrics must be an array of names such as "positionW2"`);
  if (names.length === 0) throw new RangeError(`${CALL}: metrics must name at least one; leave it out for all`);
  return names.map((name) => checkOneOf(CALL, "metric", name, metricNames));
}

function checkRows(name: string, values: Float32Array | Float64Array | undefined, n: number): void {
  if (values === undefined) return;
  if (!(values instanceof Float32Array || values instanceof Float64Array)) {
    throw new TypeError(`${CALL}: ${name} must be a Float32Array or Float64Array of n = ${n} numbers`);
  }
  if (values.length !== n) throw new RangeError(`${CALL}: ${name} must hold n = ${n} numbers, got ${values.length}`);
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

async function plainResults(job: Job, sample: Cloud): Promise<MetricResults> {
  const { draws, metrics, pairs, key, bandwidth } = job;
  const { length, 0: first } = draws.references;
  const scores = await score(job, length, againstReferences(job, metrics, { sample, key, bandwidth }), "references");
  const floorRequest = (k: number): PairRequest => {
    const [a, b] = draws.pair(k, sample.x.n);
    return { metrics, sample: a, reference: b, key, bandwidth };
  };
  const floors = await score(job, pairs, floorRequest, "floor");
  return collect(job, metrics, scores, floors, Math.min(sample.x.n, first.n));
}

/**
 * The weighted sample: metrics that take weights get them; position W2 gets a systematic resample of all rows. Floors: exact draws of
 * the effective size, without weights, resampled in the same way where the sample is.
 */
async function weightedResults(job: Job, sample: Cloud, weights: Float64Array): Promise<NonNullable<Evaluation["weighted"]>> {
  const { draws, key, pairs, bandwidth } = job;
  const names = job.metrics.filter((name) => (metricTable[name] as Metric).weighting !== "none");
  const own = sample.x.n === weights.length ? weights : rescaled(weights.subarray(0, sample.x.n));
  const size = effectiveSize(own);
  const rows = Math.min(metricTable.positionW2.rows(sample.x.n), draws.references[0].n);
  const resample = (k: number) => ({ rows, key: derive(key, "resample", k) });
  const weighted = { sample: { ...sample, weights: own }, key, bandwidth, resample: resample(0) };
  const scores = await score(job, draws.references.length, againstReferences(job, names, weighted), "weighted references");
  const floorRequest = (k: number): PairRequest => {
    const [a, b] = draws.pair(pairs + k, Math.max(2, Math.round(size)));
    return { metrics: names, sample: a, reference: b, key, bandwidth, resample: resample(k + 1) };
  };
  const floors = await score(job, pairs, floorRequest, "weighted floor");
  return { effectiveSize: size, essFraction: size / own.length, metrics: collect(job, names, scores, floors, sample.x.n) };
}

function rescaled(weights: Float64Array): Float64Array {
  const sum = weights.reduce((total, w) => total + w, 0);
  return weights.map((w) => w / sum);
}

function collect(
  job: Job,
  names: readonly MetricName[],
  scores: Map<MetricName, number[]>,
  floors: Map<MetricName, number[]>,
  n: number,
): MetricResults {
  const results: { [name in MetricName]?: MetricResult } = {};
  for (const name of names) {
    const metric: Metric = metricTable[name];
    results[name] = resultOf(
      metric,
      scores.get(name) as number[],
      floors.get(name) as number[],
      metric.rows(n),
      metric.total?.(job.energy),
    );
  }
  return results;
}

/** All that can be said without exact draws and without a reference. */
function ksdAlone(
  x: Batch,
  energy: Energy,
  key: Key,
  pairs: number,
): Omit<Evaluation, "energyName" | "n" | "dim" | "seed" | "nonFiniteEnergies"> {
  const rows = firstRows(x, KSD_ROWS);
  const bandwidth = medianDistance(rows);
  const context = { energy, key, bandwidth, transportCost: transportMemory([]) };
  const { gradient } = energy.energyAndGradient(rows);
  const cloud: Cloud = { x: rows, energies: new Float32Array(rows.n) };
  const value = ksd.compute(cloud, cloud, context);
  const floors = steinFloor(rows, gradient, bandwidth, Math.max(pairs, 100), key);
  const metrics: MetricResults = { ksd: resultOf(ksd, [value], floors, rows.n) };
  return {
    references: 0,
    pairs: floors.length,
    floorFrom: "bootstrap",
    metrics,
    verdict: [
      ...verdictOf(metrics, "Sample"),
      `${energy.name} has no exact draws and no reference was given: only the KSD could be computed. It cannot see missing or misweighted modes; give { reference } (long chains, a published set) for the other metrics.`,
      "The KSD floor comes from random signs (wild bootstrap) on this sample and supposes independent rows.",
    ],
  };
}
