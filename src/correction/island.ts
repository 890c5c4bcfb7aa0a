/** One island of an annealed run: rows that are weighed, resampled and moved among themselves, a pure function of plan, model and row numbers. */
import { derive } from "../core/random.js";
import type { Key, ScoreModel } from "../core/types.js";
import { normalRows, uniforms } from "../kernels/normal.js";
import type { AnnealedPlan } from "./annealed-plan.js";
import { IslandRows } from "./island-rows.js";
import { type CallCount, LevelModel } from "./level-model.js";
import { intervalOf } from "./levels.js";
import { referenceLogDensity, referenceRows } from "./reference.js";
import { resamplers, uniformSource } from "./resample.js";
import type { AnnealedTransition, StepRandom } from "./transition.js";
import { weigh } from "./weigh.js";

/** What an island has come to; its weights are still without the exact energy. */
export interface IslandResult {
  readonly island: number;
  /** [rows, dim]; what stands in failed rows says nothing. */
  readonly x: Float32Array;
  /** log weight of each row plus E, every constant kept; -Infinity for failed rows. */
  readonly logWeights: Float64Array;
  /** Number of the row of the run that each row descends from. */
  readonly ancestors: Int32Array;
  readonly failed: Uint8Array;
  /** Rows that ever came out non-finite, those that resampling has replaced included. */
  readonly lost: number;
  /** How many of them while they left each level, [K + 1]. */
  readonly lostAt: Int32Array;
  /** Levels it resampled at, from the noisiest on. */
  readonly resampledAt: readonly number[];
  readonly calls: CallCount;
  /** Steps of a map that met a Jacobian with an eigenvalue of at most 0. */
  readonly notInvertible: number;
  /** Mean acceptance of the moves; NaN without moves. */
  readonly acceptance: number;
  /** Proposed moves refused because their energy was not finite. */
  readonly refused: number;
}

/** Random numbers of rows first .. first + n - 1 at level k: streams (key, k, row). */
export function stepRandom(key: Key, k: number, first: number, n: number, dim: number): StepRandom {
  return {
    normals: () => normalRows(derive(key, "down"), k, first, n, dim).data,
    uniforms() {
      const pick = derive(key, "pick");
      return Float64Array.from({ length: n }, (_, row) => uniforms(pick, k, first + row, 1)[0]);
    },
  };
}

/** Rows from the reference N(m, v I), for particles on their subspace, with -log of its density as their log weight. */
export function startFromReference(plan: AnnealedPlan, key: Key, first: number, n: number): IslandRows {
  const x = referenceRows(plan, normalRows(derive(key, "prior"), 0, first, n, plan.dim).data);
  const logWeights = referenceLogDensity(plan, x).map((value) => -value);
  return new IslandRows(
    x,
    logWeights,
    Int32Array.from({ length: n }, (_, row) => first + row),
  );
}

/** Fewer rows have nothing to resample among: they would soon all descend from one. */
const LEAST_ROWS = 32;

/** Resamples at level k where the plan says so; rows know their energies there. */
function resampleAt(rows: IslandRows, k: number, plan: AnnealedPlan, island: number, log_: { z: number; at: number[] }): void {
  const { resampling, key } = plan;
  if (!resampling || resampling.trusted[k] === 0) return;
  if (rows.n < LEAST_ROWS && resampling.threshold < 1) return;
  const { fraction, logMean, weights } = weigh(rows.potentials());
  if (fraction === 0 || fraction >= resampling.threshold) return;
  const drawn = resamplers[resampling.method](weights, rows.n, uniformSource(derive(key, "resample", k, island)));
  rows.keep(drawn);
  log_.z += logMean;
  log_.at.push(k);
}

export interface IslandTools {
  readonly transition: AnnealedTransition;
  readonly model: ScoreModel;
  /** Called after every level with how many are behind and how many rows are lost. */
  atLevel(level: number, lost: number): Promise<void>;
}

/**
 * Rows plan.starts[island] .. plan.starts[island + 1] - 1 down all levels:
 *
 *   log w = -log N(x_K; m, v) + sum_k log F(x_k | x_{k-1}) / B(x_{k-1} | x_k)  (- E, by the caller)
 *
 * With resampling at level k, weights exp(log w - U_k) are averaged into the normalising constant and the rows that are drawn start anew with
 * log w = U_k, so that the product of averages stays unbiased for any U_k.
 *
 * @throws what `atLevel` and the model throw
 */
export async function runIsland(
  plan: AnnealedPlan,
  island: number,
  { transition, model, atLevel }: IslandTools,
): Promise<IslandResult> {
  const { levels, particles, resampling, moves, key, starts, dim } = plan;
  const first = starts[island];
  const n = starts[island + 1] - first;
  const rows = startFromReference(plan, key, first, n);
  const calls: CallCount = { scores: 0, products: 0 };
  const total = { z: 0, at: [] as number[] };
  const lostAt = new Int32Array(levels.length);
  let notInvertible = 0;
  for (let k = levels.length - 1; k > 0; k--) {
    const own = new LevelModel(model, levels[k], particles, calls);
    const needsEnergy = resampling?.trusted[k] === 1 || moves?.at[k] === 1;
    const before = rows.lost;
    rows.take(await own.evaluate(rows.x, needsEnergy));
    resampleAt(rows, k, plan, island, total);
    if (moves?.at[k] === 1) {
      const { count, leapfrogs } = moves;
      await rows.move(
        own,
        { count, leapfrogs, stepSize: moves.stepSize[k] },
        { key: derive(key, "moves"), step: k, firstRow: first },
      );
    }
    const moved = await transition.down({
      interval: intervalOf(levels[k], levels[k - 1]),
      x: rows.x,
      score: rows.score,
      model: own,
      frozen: plan.frozen[k],
      random: stepRandom(key, k, first, n, dim),
    });
    if ((moved.smallestEigenvalue ?? 1) <= 0) notInvertible++;
    rows.step(moved);
    lostAt[k] = rows.lost - before;
    await atLevel(levels.length - k, rows.lost);
  }
  return {
    island,
    x: rows.x.data,
    logWeights: rows.logWeights.map((value) => value + total.z),
    ancestors: rows.ancestors,
    failed: rows.failed,
    lost: rows.lost,
    lostAt,
    resampledAt: total.at,
    calls,
    notInvertible,
    acceptance: rows.acceptance(),
    refused: rows.refused,
  };
}
