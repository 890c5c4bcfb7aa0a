/** From an annealed run to a sample: what its weights are worth, rows drawn by weight where that was asked for, and rows that share ancestors made presentable. */
import { BnemError } from "../core/errors.js";
import { finiteRows } from "../core/finite-rows.js";
import { derive, uniformAt } from "../core/random.js";
import { freeDimension } from "../core/subspace.js";
import type { Batch, Energy, Key } from "../core/types.js";
import type { AnnealedRun, PlannedAnnealed } from "../correction/annealed.js";
import type { AnnealedPlan } from "../correction/annealed-plan.js";
import type { ForwardRun } from "../correction/forward.js";
import { importance } from "../correction/importance.js";
import { type EffectiveSize, type IslandSummary, summarizeIslands } from "../correction/islands.js";
import { intervalOf } from "../correction/levels.js";
import { paretoTail } from "../correction/pareto-tail.js";
import { forwardEss, type PathMean, pathFigures, unseenShare } from "../correction/path-figures.js";
import { rawShift } from "../correction/raw-shift.js";
import { systematicResample } from "../correction/resample.js";
import { type SampleFacts, sampleVerdict } from "../correction/sample-verdict.js";
import { randomSymmetry, shuffleRows } from "../correction/symmetry.js";
import type { CorrectionReport, Drawn } from "./sample-result.js";
import { rowsPerScore, type SampleCall, type SamplerParts } from "./sampler-parts.js";

/** An annealed run and how it came about. */
export interface FinishedRun {
  readonly run: AnnealedRun;
  readonly planned: PlannedAnnealed;
  /** Paths from draws of the target, where there were any. */
  readonly forward?: ForwardRun;
  /** Of the transition. */
  readonly name: string;
  readonly spread: boolean;
}

/** Rows with what belongs to each. */
interface Rows {
  readonly x: Batch;
  readonly energy: Float32Array;
  readonly logWeights: Float64Array;
  readonly ancestors: Int32Array;
}

function sizesOf(starts: Int32Array): Int32Array {
  return starts.slice(1).map((end, i) => end - starts[i]);
}

/** @throws BnemError("degenerate-weights") with all rows in its data */
function summary({ logWeights, energy, starts, resampledAt, x }: AnnealedRun, { particles }: Energy): IslandSummary {
  const independentRows = resampledAt.every((levels) => levels.length === 0);
  try {
    return summarizeIslands({ logWeights, energy, sizes: sizesOf(starts), independentRows, ...(!particles && { x }) });
  } catch (cause) {
    if (!(cause instanceof BnemError)) throw cause;
    throw new BnemError(cause.code, `sample: ${cause.message}`, { cause, data: { x, energy, logWeights } });
  }
}

/** Distinct ancestors of the rows that weigh anything. */
function countAncestors({ logWeights, ancestors }: AnnealedRun): number {
  const seen = new Set<number>();
  ancestors.forEach((ancestor, row) => {
    if (logWeights[row] > -Infinity) seen.add(ancestor);
  });
  return seen.size;
}

/** Second moment of the weighted rows per free dimension. */
function secondMoment({ x, logWeights }: AnnealedRun, { particles }: Energy): number {
  const { weights } = importance(logWeights);
  let sum = 0;
  for (let row = 0; row < x.n; row++) {
    if (weights[row] === 0) continue;
    let square = 0;
    for (let i = row * x.dim; i < (row + 1) * x.dim; i++) square += x.data[i] * x.data[i];
    sum += weights[row] * square;
  }
  return sum / freeDimension({ dim: x.dim, particles });
}

/** Share of the needed variance below which a reference is called narrow: a Gaussian of 90 % costs a tenth of the rows in 20 dimensions. */
const NARROW = 0.9;

/** How many rows were lost, and the level that lost most. */
function lostNotice({ lostAt, nonFinite }: AnnealedRun, { levels }: AnnealedPlan): string {
  const worst = lostAt.indexOf(lostAt.reduce((a, b) => Math.max(a, b)));
  const { variance, scale } = levels[worst];
  const where =
    worst === 0
      ? "where the exact energy is not a number"
      : `at level ${worst} of ${levels.length - 1} (noise ${Number((Math.sqrt(variance) / scale).toPrecision(3))}), where the learned energy or score is not finite`;
  return `${nonFinite} rows came out non-finite and weigh nothing, ${lostAt[worst]} of them ${where}`;
}

function noticesOf(run: AnnealedRun, { plan }: PlannedAnnealed, energy: Energy): string[] {
  const notices: string[] = [];
  const top = plan.levels[plan.levels.length - 1];
  const needed = intervalOf(top, plan.levels[0]).pull ** 2 * secondMoment(run, energy) + top.variance;
  if (plan.priorVariance < NARROW * needed) {
    const short = (value: number) => Number(value.toPrecision(3));
    notices.push(
      `the reference is narrower than the noised target: variance ${short(plan.priorVariance)} where ${short(needed)} is needed; raise baseStd or sigmaMax`,
    );
  }
  if (run.notInvertible > 0) {
    notices.push(
      `the map was not invertible in ${run.notInvertible} steps of islands; its weights are conditional on bijectivity, so take another integrator`,
    );
  }
  if (run.nonFinite > 0) notices.push(lostNotice(run, plan));
  return notices;
}

/** Kish of whole paths: of the run where nothing was resampled, else of the pilot. */
function pathEssOf(run: AnnealedRun, { ess }: IslandSummary, independent: boolean): EffectiveSize | undefined {
  if (independent) return ess;
  const { n, pathEss } = run.pilot;
  return pathEss === undefined ? undefined : { value: pathEss * n, n, fraction: pathEss };
}

function reportOf(call: SampleCall, finished: FinishedRun, islands: IslandSummary, energy: Energy): CorrectionReport {
  const { run, planned, name } = finished;
  const { plan } = planned;
  const moved = plan.moves !== undefined;
  const resamplings = run.resampledAt.reduce((sum, levels) => sum + levels.length, 0) / run.resampledAt.length;
  const { trustedTo, pilot } = run;
  return {
    method: call.settings.correction === "smc" ? "smc" : "path",
    transition: name,
    ...{ levels: plan.levels.length, rows: run.x.n, islands: islands.islands, resamplings },
    essOf: resamplings > 0 ? "paths since the last resampling" : "whole paths",
    pathEss: pathEssOf(run, islands, resamplings === 0),
    effective: islands.effective,
    ancestors: { unique: countAncestors(run), n: run.x.n },
    trusted: {
      sigma: trustedTo > 0 ? Math.sqrt(plan.levels[trustedTo].variance) / plan.levels[trustedTo].scale : 0,
      residual: pilot.residual?.[trustedTo] ?? 0,
    },
    splitHalves: islands.splitHalves,
    ...(moved && { acceptance: run.acceptance }),
    forward: forwardOf(finished, islands.logZ),
    pilot: { n: pilot.n, networkCalls: pilot.networkCalls, energyCalls: pilot.energyCalls },
    notices: noticesOf(run, planned, energy),
  };
}

/** Figures of forward paths that could be weighed; undefined where there are none. */
function forwardOf({ run, forward }: FinishedRun, logZ: number): CorrectionReport["forward"] {
  const logWeights = forward?.logWeights.filter((value) => !Number.isNaN(value));
  if (!logWeights || logWeights.length === 0) return undefined;
  // A path that resampling has copied on its way may weigh as much again.
  const resampled = run.resampledAt.some((levels) => levels.length > 0);
  const { eubo } = pathFigures({ reverse: Float64Array.of(logZ), forward: logWeights });
  return {
    ess: forwardEss(logWeights),
    eubo: eubo as PathMean,
    unseen: unseenShare(logWeights, { logZ, paths: resampled ? run.x.n ** 2 : run.x.n }),
  };
}

/** n rows drawn by weight, each then with the mean weight, so that the mean of exp of the log weights stays the estimate of Z. */
function drawByWeight(run: AnnealedRun, n: number, key: Key): Rows {
  const { dim } = run.x;
  const { weights, logZ } = importance(run.logWeights);
  const rows = systematicResample(weights, n, uniformAt(derive(key, "draw"), 0));
  const data = new Float32Array(n * dim);
  rows.forEach((row, i) => {
    data.set(run.x.data.subarray(row * dim, (row + 1) * dim), i * dim);
  });
  return {
    x: { data, n, dim },
    energy: Float32Array.from(rows, (row) => run.energy[row]),
    logWeights: new Float64Array(n).fill(logZ),
    ancestors: Int32Array.from(rows, (row) => run.ancestors[row]),
  };
}

/** Rows that may share ancestors: in random order, and where the energy is one of pairs each in a random orientation and order of its particles. */
function presentable(rows: Rows, energy: Energy, key: Key): { rows: Rows; asked: number } {
  const { energy: energies, logWeights, ancestors } = rows;
  const { x, columns } = shuffleRows(rows.x, { energies, logWeights, ancestors }, derive(key, "shuffle"));
  const shuffled = { x, energy: columns.energies, logWeights: columns.logWeights, ancestors: columns.ancestors };
  // Only pairs are known to be the same after a permutation.
  if (!energy.particles || !energy.pairs) return { rows: shuffled, asked: 0 };
  const turned = randomSymmetry(x, energy.particles, derive(key, "symmetry"));
  const { kept, rows: finite } = finiteRows(turned);
  const again = shuffled.energy.slice();
  if (finite.length > 0) {
    energy.energy(kept).forEach((value, i) => {
      again[finite[i]] = value;
    });
  }
  return { rows: { ...shuffled, x: turned, energy: again }, asked: finite.length };
}

/** What the verdict reads; `drawn` rows are drawn by weight. */
function factsOf(
  { run }: FinishedRun,
  { ess, islands, maxWeight, splitHalves }: IslandSummary,
  { pathEss, effective, ancestors, trusted, resamplings, forward }: CorrectionReport,
  { particles }: Energy,
  drawn: number | undefined,
): SampleFacts {
  const { x, energy, logWeights, pilot, notInvertible, nonFinite } = run;
  return {
    ...{ n: x.n, nonFinite, islands, ess, pathEss, effective, maxWeight, splitHalves, notInvertible, drawn },
    ...{ forwardEss: forward?.ess, unseen: forward && { share: forward.unseen, n: forward.ess.n } },
    uniqueAncestors: ancestors.unique,
    accumulatedResidual: { trusted: trusted.residual, lowest: pilot.residual?.[1] },
    kHat: resamplings === 0 ? paretoTail(logWeights) : undefined,
    rawShift: rawShift({ x, energy, logWeights, particles: particles !== undefined }),
  };
}

/** @throws BnemError("degenerate-weights") where every weight is zero or all rows of positive weight have one ancestor, with all rows in its data */
export function weightedResult(parts: SamplerParts, call: SampleCall, finished: FinishedRun): Drawn {
  const { run, spread } = finished;
  const { n, key, settings } = call;
  const { energy } = parts;
  const islands = summary(run, energy);
  const report = reportOf(call, finished, islands, energy);
  const { x, logWeights, ancestors } = run;
  if (report.ancestors.unique === 1 && x.n > 1) {
    throw new BnemError(
      "degenerate-weights",
      `sample: all ${x.n} rows descend from one of the reference's; use more levels, or correction "path"`,
      {
        data: { x, energy: run.energy, logWeights },
      },
    );
  }
  const drawn =
    settings.oversampling === undefined ? { x, energy: run.energy, logWeights, ancestors } : drawByWeight(run, n, key);
  const shared = settings.oversampling !== undefined || report.resamplings > 0;
  const { rows, asked } = shared ? presentable(drawn, energy, key) : { rows: drawn, asked: 0 };
  const perScore = rowsPerScore(parts);
  const { ess, logZ, logZError } = islands;
  return {
    ...rows,
    ess,
    logZ: { value: logZ, standardError: Number.isNaN(logZError) ? importance(logWeights).logZError : logZError },
    correction: report,
    verdict: sampleVerdict(factsOf(finished, islands, report, energy, settings.oversampling === undefined ? undefined : n)),
    energyCalls: run.energyCalls + asked + (finished.forward?.energyCalls ?? 0),
    networkCalls: (run.networkCalls + (finished.forward?.networkCalls ?? 0)) * perScore,
    pilotCalls: run.pilot.networkCalls * perScore,
    nonFinite: run.nonFinite,
    spread,
  };
}
