/** Paths from draws of the target up to the reference, weighed as annealed runs weigh theirs. */
import { checkBatch, checkOptions } from "../core/check.js";
import { derive } from "../core/random.js";
import { rowsBetween } from "../core/row-blocks.js";
import { removeMean } from "../core/subspace.js";
import { Pace } from "../core/task.js";
import type { Batch, Energy, ScoreModel } from "../core/types.js";
import { type PlannedAnnealed, planAnnealed } from "./annealed.js";
import type { AnnealedOptions } from "./annealed-options.js";
import type { AnnealedPlan } from "./annealed-plan.js";
import { stepRandom } from "./island.js";
import { type CallCount, LevelModel } from "./level-model.js";
import { intervalOf } from "./levels.js";
import { referenceLogDensity } from "./reference.js";
import type { AnnealedTransition, Moved } from "./transition.js";

/** Where a forward run stands. */
export interface ForwardProgress {
  /** Rows that are finished, and in all. */
  readonly rows: number;
  readonly n: number;
}

/** Options of `forwardPaths`: those of the annealed run it is compared with, the same key included, so that both have the same pilot. */
export interface ForwardOptions
  extends Pick<
    AnnealedOptions,
    "key" | "levels" | "transition" | "particles" | "priorVariance" | "priorMean" | "priorCovariance" | "pilotRows" | "signal"
  > {
  readonly onProgress?: (progress: ForwardProgress) => void;
}

/** What comes of forward paths. */
export interface ForwardRun {
  /** Log weights, f64, every constant kept: the mean of exp(-logWeights) over draws of the target is an unbiased estimate of 1 / Z. NaN in failed rows. [n] */
  readonly logWeights: Float64Array;
  /** Rows that could not be weighed: a score or an energy that is not finite, or a map without an inverse there. */
  readonly nonFinite: number;
  /** Rows of the network and of the exact energy, the pilot's included. */
  readonly networkCalls: number;
  readonly energyCalls: number;
}

const CALL = "forwardPaths";
const KEYS = [
  "key",
  "levels",
  "transition",
  "particles",
  "priorVariance",
  "priorMean",
  "priorCovariance",
  "pilotRows",
  "signal",
  "onProgress",
];
/** Rows between two turns of the host. */
const BLOCK = 1024;

interface Tools {
  readonly model: ScoreModel;
  readonly transition: AnnealedTransition;
  readonly calls: CallCount;
  breathe(): Promise<void>;
}

/** Rows on their way up. Those that failed rest at the origin. */
class RisingRows {
  readonly logWeights: Float64Array;

  constructor(
    public x: Batch,
    energy: ArrayLike<number>,
  ) {
    this.logWeights = Float64Array.from(energy, (value) => -value);
    this.settle();
  }

  take({ x, logRatio }: Moved): void {
    this.x = x;
    for (let row = 0; row < x.n; row++) this.logWeights[row] -= logRatio[row];
    this.settle();
  }

  /** No model is asked about rows that are not finite. */
  private settle(): void {
    const { data, n, dim } = this.x;
    for (let row = 0; row < n; row++) {
      let sum = this.logWeights[row] === Infinity ? Number.NaN : this.logWeights[row] === -Infinity ? 0 : this.logWeights[row];
      for (let i = row * dim; i < (row + 1) * dim; i++) sum += data[i];
      if (Number.isFinite(sum)) continue;
      this.logWeights[row] = Number.NaN;
      data.fill(0, row * dim, (row + 1) * dim);
    }
  }
}

async function riseBlock(plan: AnnealedPlan, rows: RisingRows, first: number, tools: Tools): Promise<void> {
  const { levels, particles, key, dim, frozen } = plan;
  const { model, transition, calls, breathe } = tools;
  const n = rows.x.n;
  let top = new LevelModel(model, levels[0], particles, calls);
  for (let k = 1; k < levels.length; k++) {
    await breathe();
    top = new LevelModel(model, levels[k], particles, calls);
    const random = stepRandom(derive(key, "forward"), k, first, n, dim);
    rows.take(
      await transition.up({
        ...{ interval: intervalOf(levels[k], levels[k - 1]), x: rows.x, random },
        ...{ model: top, frozen: frozen[k] },
      }),
    );
  }
  const reference = referenceLogDensity(plan, rows.x);
  reference.forEach((value, row) => {
    rows.logWeights[row] -= value;
  });
}

/**
 * Rows of the target up all levels by the noising kernel F of the path, or by the inverse of the map:
 *
 *   log w = -E(x_0) - log N(x_K; m, v) + sum_k log F(x_k | x_{k-1}) / B(x_{k-1} | x_k)
 *
 * the weight that `annealed` gives such a path. With x drawn from exp(-E) / Z it has E[1 / w] = 1 / Z and E[log w] >= log Z for any model, and the
 * effective size of these weights sees modes that the sampler misses: `pathFigures({ reverse, forward })`. For particles the center of mass of x is
 * taken off. Cost: K rows of the network for each of n, one exact energy, and the pilot where the transition needs one.
 *
 * @param x draws of the target, independent of the model's training, [n, dim]
 * @throws TypeError / RangeError for bad options; BnemError("unsupported") where the model lacks Hessians that are needed; the signal's reason
 * @see Grenioux and Noble 2026, arXiv:2601.21026
 */
export async function forwardPaths(model: ScoreModel, energy: Energy, x: Batch, options: ForwardOptions): Promise<ForwardRun> {
  checkOptions(CALL, options, KEYS);
  checkBatch(CALL, x, energy?.dim);
  const { onProgress, ...own } = options;
  const planned = await planAnnealed(model, energy, { ...own, n: x.n });
  const run = await forwardFrom(planned, model, energy, x, onProgress);
  const { networkCalls, energyCalls } = planned.pilot.report;
  return { ...run, networkCalls: run.networkCalls + networkCalls, energyCalls: run.energyCalls + energyCalls };
}

/** The same along the path of a plan, whose pilot is not counted again. @throws as `forwardPaths` */
export async function forwardFrom(
  { plan, options }: PlannedAnnealed,
  model: ScoreModel,
  energy: Energy,
  x: Batch,
  onProgress?: (progress: ForwardProgress) => void,
): Promise<ForwardRun> {
  const pace = new Pace(options.signal);
  const calls: CallCount = { scores: 0, products: 0 };
  const tools = { model, transition: options.transition, calls, breathe: () => pace.breathe() };
  const logWeights = new Float64Array(x.n);
  for (let first = 0; first < x.n; first += BLOCK) {
    const start = rowsBetween(x, first, Math.min(first + BLOCK, x.n));
    if (plan.particles) removeMean(start.data, start.n, plan.particles);
    const rows = new RisingRows(start, energy.energy(start));
    await riseBlock(plan, rows, first, tools);
    logWeights.set(rows.logWeights, first);
    onProgress?.({ rows: first + start.n, n: x.n });
  }
  return {
    logWeights,
    nonFinite: logWeights.reduce((count, value) => count + (Number.isNaN(value) ? 1 : 0), 0),
    networkCalls: calls.scores + calls.products,
    energyCalls: x.n,
  };
}
