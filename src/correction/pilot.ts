/**
 * The discarded run before a counted one: what transitions have to measure, the step sizes of moves, and how far the learned energies can be trusted to
 * decide about rows. Its rows, keys and energies are its own, so that nothing of the counted run decides about itself.
 */
import { BnemError } from "../core/errors.js";
import { derive } from "../core/random.js";
import type { Batch, Energy, ScoreModel } from "../core/types.js";
import type { AnnealedPlan } from "./annealed-plan.js";
import { startFromReference, stepRandom } from "./island.js";
import type { IslandRows } from "./island-rows.js";
import { type CallCount, LevelModel } from "./level-model.js";
import { type Interval, intervalOf } from "./levels.js";
import { accumulatedSpread, type Residuals, residualsOf } from "./residuals.js";
import type { AnnealedTransition, Frozen, Moved } from "./transition.js";
import { weigh } from "./weigh.js";

/** What a pilot found. */
export interface PilotReport {
  /** Its rows; 0 where nothing had to be found out. */
  readonly n: number;
  /** Kish effective sample size of its path weights, as a share of n: what the whole path costs without resampling. */
  readonly pathEss?: number;
  /**
   * [K + 1], kT: spread over paths of the accumulated semigroup residual from the exact energy up to each level, without the noise of its own estimate;
   * 0 at level 0. It bounds the spread of the error of the learned energy there, and does not see a constant.
   */
  readonly residual?: Float64Array;
  readonly networkCalls: number;
  readonly energyCalls: number;
}

export interface PilotResult {
  readonly frozen: (Frozen | undefined)[];
  readonly report: PilotReport;
  /** Rows at each level, [K + 1], for what else has to be found out there; empty below the level where all rows were lost. */
  readonly trace: readonly { readonly x: Batch; readonly score: Float32Array }[];
}

export interface PilotTools {
  readonly model: ScoreModel;
  readonly transition: AnnealedTransition;
  /** Present where residuals are wanted. */
  readonly energy?: Energy;
  readonly rows: number;
  /** Draws per row and level that residuals are estimated from. */
  readonly draws: number;
  breathe(): Promise<void>;
}

/** Rows that are not lost, packed. */
function finite(rows: IslandRows): { x: Batch; score: Float32Array } {
  const { dim } = rows.x;
  const kept = Array.from({ length: rows.n }, (_, row) => row).filter((row) => !rows.failed[row]);
  const data = new Float32Array(kept.length * dim);
  const score = new Float32Array(kept.length * dim);
  kept.forEach((row, i) => {
    data.set(rows.x.data.subarray(row * dim, (row + 1) * dim), i * dim);
    score.set(rows.score.subarray(row * dim, (row + 1) * dim), i * dim);
  });
  return { x: { data, n: kept.length, dim }, score };
}

/** U of the level below at rows x: the learned one, or the exact one at level 0. */
type Potential = (x: Batch) => Promise<Float64Array>;

class Pilot {
  readonly calls: CallCount = { scores: 0, products: 0 };
  energyCalls = 0;
  /** Exact energies at the ends of the paths. */
  private ends: Float64Array | undefined;

  constructor(
    private readonly plan: AnnealedPlan,
    private readonly tools: PilotTools,
  ) {}

  levelModel(k: number): LevelModel {
    return new LevelModel(this.tools.model, this.plan.levels[k], this.plan.particles, this.calls);
  }

  potential(k: number): Potential {
    const { energy } = this.tools;
    if (k > 0) {
      const own = this.levelModel(k);
      return async (x) => own.energy(x);
    }
    return async (x) => {
      this.energyCalls += x.n;
      return Float64Array.from((energy as Energy).energy(x));
    };
  }

  /** Transitions `draws` times from the same rows; the first is the path. */
  async steps(k: number, interval: Interval, rows: IslandRows, frozen: Frozen | undefined): Promise<Moved[]> {
    const { transition, energy, draws, breathe } = this.tools;
    const times = energy && !transition.deterministic ? draws : 1;
    const key = derive(this.plan.key, "pilot");
    const moved: Moved[] = [];
    for (let m = 0; m < times; m++) {
      const random = stepRandom(derive(key, m), k, 0, rows.n, rows.x.dim);
      moved.push(await transition.down({ interval, x: rows.x, score: rows.score, model: this.levelModel(k), frozen, random }));
      await breathe();
    }
    return moved;
  }

  async residualsAt(k: number, energy: Float64Array, moved: readonly Moved[]): Promise<Residuals> {
    const below = this.potential(k - 1);
    const logs: Float64Array[] = [];
    for (const { x, logRatio } of moved) {
      // Rows that are not finite have no residual; the origin stands in for them.
      const safe = { ...x, data: x.data.map((value) => (Number.isFinite(value) ? value : 0)) };
      const potential = await below(safe);
      if (k === 1) this.ends ??= potential;
      logs.push(logRatio.map((value, row) => value - potential[row]));
      await this.tools.breathe();
    }
    return residualsOf(energy, logs);
  }

  /** Share of Kish of whole paths from their log weights without the exact energy; where that is NaN or -Infinity a path is lost. */
  pathEss(logWeights: Float64Array): number {
    const { ends } = this;
    return weigh(logWeights.map((value, row) => (ends && ends[row] > -Infinity ? value - ends[row] : -Infinity))).fraction;
  }
}

/**
 * Runs the pilot of a plan, whose `frozen`, resampling and step sizes are not looked at.
 *
 * @throws BnemError("diverged") when no row is left at some level; what the model, the energy and `breathe` throw
 */
export async function runPilot(plan: AnnealedPlan, tools: PilotTools): Promise<PilotResult> {
  const { levels } = plan;
  const { transition, energy } = tools;
  const pilot = new Pilot(plan, tools);
  const rows = startFromReference(plan, derive(plan.key, "pilot"), 0, tools.rows);
  const frozen: (Frozen | undefined)[] = levels.map(() => undefined);
  const deltas: (Residuals | undefined)[] = levels.map(() => undefined);
  const trace: { x: Batch; score: Float32Array }[] = [];
  for (let k = levels.length - 1; k > 0; k--) {
    const interval = intervalOf(levels[k], levels[k - 1]);
    const own = pilot.levelModel(k);
    const values = await own.evaluate(rows.x, energy !== undefined);
    rows.take(values);
    const alive = finite(rows);
    if (alive.x.n === 0)
      throw new BnemError("diverged", `annealed: no row of the pilot is finite at level ${k}; train longer or use more steps`);
    trace[k] = alive;
    frozen[k] = (await transition.measure?.({ interval, ...alive, model: own })) ?? transition.settle?.(interval);
    const moved = await pilot.steps(k, interval, rows, frozen[k]);
    if (values.energy) {
      const own = await pilot.residualsAt(k, values.energy, moved);
      rows.failed.forEach((failed, row) => {
        if (failed) own.value[row] = Number.NaN;
      });
      deltas[k] = own;
    }
    rows.step(moved[0]);
  }
  const calls = { networkCalls: pilot.calls.scores + pilot.calls.products, energyCalls: pilot.energyCalls };
  const report = { n: tools.rows, ...calls };
  if (!energy) return { frozen, trace, report };
  const found = { pathEss: pilot.pathEss(rows.logWeights), residual: accumulatedSpread(deltas, tools.rows) };
  return { frozen, trace, report: { ...report, ...found } };
}
