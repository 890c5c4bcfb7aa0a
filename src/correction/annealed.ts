/** Annealed Monte Carlo along a diffusion path, on the calling thread: path weights and sequential Monte Carlo. */
import { BnemError } from "../core/errors.js";
import { finiteRows } from "../core/finite-rows.js";
import { Pace, throwIfAborted } from "../core/task.js";
import type { Batch, Energy, ScoreModel } from "../core/types.js";
import { type AnnealedOptions, type CheckedOptions, checkAnnealed } from "./annealed-options.js";
import { type AnnealedPlan, islandStarts } from "./annealed-plan.js";
import { type IslandResult, runIsland } from "./island.js";
import { intervalOf } from "./levels.js";
import { type PilotReport, type PilotResult, runPilot } from "./pilot.js";
import { tuneMoves } from "./pilot-moves.js";

export type { AnnealedOptions, AnnealedProgress, LevelMovesOptions, ResampleOptions } from "./annealed-options.js";

/** What comes of a run. Rows that failed are NaN in `x` and `energy` and -Infinity in `logWeights`. */
export interface AnnealedRun {
  /** [n, dim], raw units. */
  readonly x: Batch;
  /** Exact energy, [n], kT. */
  readonly energy: Float32Array;
  /** Log weights, f64, every constant kept: the mean of exp over all rows, and over each island, is an unbiased estimate of Z. [n] */
  readonly logWeights: Float64Array;
  /** First row of each island, and n: [islands + 1]. */
  readonly starts: Int32Array;
  /** Number of the row at the noisiest level that each row descends from, [n]. */
  readonly ancestors: Int32Array;
  /** Levels at which each island resampled. */
  readonly resampledAt: readonly (readonly number[])[];
  readonly pilot: PilotReport;
  /** Highest level whose learned energy may decide about rows; 0 where none may. */
  readonly trustedTo: number;
  /** Rows that came out non-finite, those that resampling has replaced included. */
  readonly nonFinite: number;
  /** How many of them at each level, [K + 1]; at 0 by the exact energy. */
  readonly lostAt: Int32Array;
  /** Steps of islands under a map that is not invertible there. */
  readonly notInvertible: number;
  /** Mean acceptance of the moves; NaN without moves. */
  readonly acceptance: number;
  /** Rows of the network and of the exact energy, the pilot's included. */
  readonly networkCalls: number;
  readonly energyCalls: number;
}

/** Rows below which the exact energy is asked at a time. */
const CHUNK = 4096;

/** A run that is ready to start, here or on many threads. */
export interface PlannedAnnealed {
  readonly plan: AnnealedPlan;
  readonly pilot: PilotResult;
  readonly options: CheckedOptions;
  readonly trustedTo: number;
}

/** Levels 1 .. the highest that all residuals up to it allow. */
function trustedTo(residual: Float64Array | undefined, levels: number, trust: number): number {
  if (trust === Infinity) return levels - 1;
  if (!residual) return 0;
  let k = 0;
  while (k + 1 < levels && residual[k + 1] <= trust) k++;
  return k;
}

/**
 * Checks a run, runs its pilot, and decides everything about it.
 * @throws as `annealed`
 */
export async function planAnnealed(model: ScoreModel, energy: Energy, given: AnnealedOptions): Promise<PlannedAnnealed> {
  const options = checkAnnealed(model, energy, given);
  const { n, levels, particles, priorVariance, priorMean, priorFactor, key, transition, resample, moves, islands, signal } =
    options;
  const own = particles && { count: particles.count, spatialDim: particles.spatialDim };
  const base: AnnealedPlan = {
    dim: model.dim,
    particles: own,
    levels: levels.map(({ scale, variance }) => ({ scale, variance })),
    priorVariance,
    ...(priorMean && { priorMean }),
    ...(priorFactor && { priorFactor }),
    key: { a: key.a, b: key.b },
    frozen: levels.map(() => undefined),
    starts: islandStarts(n, islands),
  };
  throwIfAborted(signal);
  const pace = new Pace(signal);
  const residuals = resample !== undefined || moves !== undefined;
  const blind = !residuals && !transition.measure;
  const pilot: PilotResult = blind
    ? { frozen: base.frozen.slice(), trace: [], report: { n: 0, networkCalls: 0, energyCalls: 0 } }
    : await runPilot(base, {
        ...{ model, transition, rows: options.pilotRows, draws: residuals ? 4 : 1 },
        energy: residuals ? energy : undefined,
        breathe: () => pace.breathe(),
      });
  const trust = resample?.trust ?? moves?.trust ?? 0;
  const highest = residuals ? trustedTo(pilot.report.residual, levels.length, trust) : 0;
  const trusted = Uint8Array.from(levels, (_, k) => (k > 0 && k <= highest ? 1 : 0));
  const resampling = resample && { method: resample.method, threshold: resample.threshold, trusted };
  const frozen = pilot.frozen.map(
    (found, k) => found ?? (k > 0 ? transition.settle?.(intervalOf(levels[k], levels[k - 1])) : undefined),
  );
  const tuned = moves && (await tuneMoves(base, pilot.trace, { ...moves, highest, model, breathe: () => pace.breathe() }));
  const report = { ...pilot.report, networkCalls: pilot.report.networkCalls + (tuned?.calls ?? 0) };
  return { plan: { ...base, frozen, resampling, moves: tuned?.plan }, pilot: { ...pilot, report }, options, trustedTo: highest };
}

/** Puts islands together, in whatever order they come, and closes their weights with the exact energy. */
export class AnnealedCollector {
  private readonly results: (IslandResult | undefined)[];
  private readonly standing: { level: number; lost: number }[];
  private fraction = 0;

  constructor(private readonly planned: PlannedAnnealed) {
    const islands = planned.plan.starts.length - 1;
    this.results = new Array(islands).fill(undefined);
    this.standing = Array.from({ length: islands }, () => ({ level: 0, lost: 0 }));
  }

  /** An island has left `level` levels behind and lost `lost` rows. @throws BnemError("diverged") */
  atLevel(island: number, level: number, lost: number): void {
    const own = this.standing[island];
    // An island that is computed again, because a worker died, does not take progress back.
    own.level = Math.max(own.level, level);
    own.lost = Math.max(own.lost, lost);
    this.checkLost(`level ${this.steps - level + 1} of ${this.steps}`);
    this.report();
  }

  /** An island is complete. @throws BnemError("diverged") */
  put(result: IslandResult): void {
    this.results[result.island] = result;
    this.atLevel(result.island, this.steps, result.lost);
  }

  /** The run, once every island has come. NaN or -Infinity as an energy is a lost row, +Infinity a weight of 0. @throws BnemError("diverged") with all rows in its data */
  async finish(energy: Energy, breathe: () => Promise<void>): Promise<AnnealedRun> {
    const { plan, pilot, options, trustedTo: highest } = this.planned;
    const { starts, dim } = plan;
    const { n, onProgress } = options;
    const results = this.results as IslandResult[];
    const x: Batch = { data: new Float32Array(n * dim), n, dim };
    const logWeights = new Float64Array(n);
    const ancestors = new Int32Array(n);
    results.forEach((result, i) => {
      x.data.set(result.x, starts[i] * dim);
      logWeights.set(result.logWeights, starts[i]);
      ancestors.set(result.ancestors, starts[i]);
      for (let row = 0; row < result.failed.length; row++) if (result.failed[row]) lose(x, logWeights, starts[i] + row);
    });
    const { energies, asked, lost } = await close(x, logWeights, energy, breathe);
    this.standing[0].lost += lost;
    this.checkLost("the end", { x, energy: energies, logWeights });
    onProgress?.({ rows: n, n, fraction: 1, nonFinite: this.lost });
    const sum = (of: (result: IslandResult) => number) => results.reduce((total, result) => total + of(result), 0);
    return {
      ...{ x, energy: energies, logWeights, starts, ancestors, pilot: pilot.report, trustedTo: highest },
      resampledAt: results.map(({ resampledAt }) => resampledAt),
      nonFinite: this.lost,
      lostAt: Int32Array.from(plan.levels, (_, k) => (k === 0 ? lost : sum(({ lostAt }) => lostAt[k]))),
      notInvertible: sum((result) => result.notInvertible),
      acceptance: meanAcceptance(results),
      networkCalls: pilot.report.networkCalls + sum(({ calls }) => calls.scores + calls.products),
      energyCalls: pilot.report.energyCalls + asked,
    };
  }

  private get steps(): number {
    return this.planned.plan.levels.length - 1;
  }

  private get lost(): number {
    return this.standing.reduce((sum, { lost }) => sum + lost, 0);
  }

  /** @param data rows that were finished, and would be lost with the error */
  private checkLost(where: string, data?: Pick<AnnealedRun, "x" | "energy" | "logWeights">): void {
    const { n, limit } = this.planned.options;
    if (this.lost <= limit) return;
    throw new BnemError(
      "diverged",
      `annealed: ${this.lost} of ${n} rows were not finite at ${where}, above the limit of ${limit}; ` +
        "train longer, use more levels, or check the energy",
      { data },
    );
  }

  private report(): void {
    const { starts } = this.planned.plan;
    const { n, onProgress } = this.planned.options;
    if (!onProgress) return;
    let done = 0;
    let rows = 0;
    this.standing.forEach(({ level }, i) => {
      const size = starts[i + 1] - starts[i];
      done += (size * level) / this.steps;
      if (this.results[i]) rows += size;
    });
    this.fraction = Math.max(this.fraction, Math.min(1, done / n));
    onProgress({ rows, n, fraction: this.fraction, nonFinite: this.lost });
  }
}

/** Over islands that moved any row. */
function meanAcceptance(results: readonly IslandResult[]): number {
  const found = results.map(({ acceptance }) => acceptance).filter(Number.isFinite);
  return found.reduce((sum, value) => sum + value, 0) / found.length;
}

function lose({ data, dim }: Batch, logWeights: Float64Array, row: number): void {
  data.fill(Number.NaN, row * dim, (row + 1) * dim);
  logWeights[row] = -Infinity;
}

/** Takes the exact energies off the log weights, in place. */
async function close(
  x: Batch,
  logWeights: Float64Array,
  energy: Energy,
  breathe: () => Promise<void>,
): Promise<{ energies: Float32Array; asked: number; lost: number }> {
  const { n, dim } = x;
  const energies = new Float32Array(n).fill(Number.NaN);
  let asked = 0;
  let lost = 0;
  for (let first = 0; first < n; first += CHUNK) {
    await breathe();
    const end = Math.min(n, first + CHUNK);
    const { kept, rows } = finiteRows({ data: x.data.slice(first * dim, end * dim), n: end - first, dim });
    if (rows.length === 0) continue;
    const values = energy.energy(kept);
    asked += rows.length;
    rows.forEach((row, i) => {
      energies[first + row] = values[i];
      if (values[i] > -Infinity) logWeights[first + row] -= values[i];
      else {
        energies[first + row] = Number.NaN;
        lose(x, logWeights, first + row);
        lost++;
      }
    });
  }
  return { energies, asked, lost };
}

/**
 * Rows from the reference N(m, v I) at level K down the levels of a path, weighed so that they are rows of the exact target:
 *
 *   log w = -E(x_0) - log N(x_K; m, v) + sum_k log F(x_k | x_{k-1}) / B(x_{k-1} | x_k)
 *
 * with F the noising kernel of the path and B the transition. E[w] = Z for any model, transition and levels; a bad one costs effective samples. With
 * `resample`, islands of rows are resampled on the way by w exp(E - U_k) (sequential Monte Carlo), where the accumulated semigroup residual of the pilot
 * allows it; the estimate of Z stays unbiased for any U_k. Whether to resample is all that the counted rows decide.
 *
 * Same key, same bits. Cost: (K + moves) rows of the network for each of n, one exact energy, and the pilot.
 *
 * @param model the learned noised energies, or an exact diffusion
 * @param energy the exact target
 * @throws TypeError / RangeError for bad options; BnemError("diverged") above `maxNonFinite`, BnemError("unsupported") where the model lacks energies or Hessians that are needed; the
 *   signal's reason
 * @see Grenioux and Noble 2026, arXiv:2601.21026; Del Moral, Doucet and Jasra 2006
 */
export async function annealed(model: ScoreModel, energy: Energy, options: AnnealedOptions): Promise<AnnealedRun> {
  return annealedFrom(await planAnnealed(model, energy, options), model, energy);
}

/** All islands of a plan on the calling thread. @throws as `annealed` */
export async function annealedFrom(planned: PlannedAnnealed, model: ScoreModel, energy: Energy): Promise<AnnealedRun> {
  const { plan, options } = planned;
  const { transition, signal } = options;
  const pace = new Pace(signal);
  const collector = new AnnealedCollector(planned);
  for (let island = 0; island < plan.starts.length - 1; island++) {
    const result = await runIsland(plan, island, {
      ...{ model, transition },
      atLevel: async (level, lost) => {
        collector.atLevel(island, level, lost);
        await pace.breathe();
      },
    });
    collector.put(result);
  }
  return collector.finish(energy, () => pace.breathe());
}
