/** Drives blocks of rows through a sampler in bounded memory: prior, failures, progress, abort. It knows no integration rule. */
import { checkInteger, checkKey, checkNumber, checkPositive, checkTask, hasMethods } from "../core/check.js";
import { BnemError } from "../core/errors.js";
import { derive } from "../core/random.js";
import { Pace } from "../core/task.js";
import type { Batch, Key, ScoreModel } from "../core/types.js";
import { checkGrid } from "./grid.js";
import type { NormalSource } from "./normal-source.js";
import { countFailed, type Rows, startRows } from "./rows.js";

/** Where a run of a sampler stands. */
export interface SamplerProgress {
  /** Rows that are finished, and in all. */
  readonly rows: number;
  readonly n: number;
  /** Share of the work done, in [0, 1]. */
  readonly fraction: number;
  /** Rows lost to non-finite coordinates so far. */
  readonly nonFinite: number;
}

/** Options of every sampler. */
export interface RunOptions {
  /** Number of configurations. */
  readonly n: number;
  readonly key: Key;
  readonly draws: NormalSource;
  /** Variances h_0 < ... < h_N, from `edmGrid` or `uniformGrid`. */
  readonly grid: Float64Array;
  /** Variance of the normal prior, raw units squared; default h_N. With a target of variance v, h_N + v fits better. */
  readonly priorVariance?: number;
  /** Rows advanced together, default 2048: memory is proportional to it, and the result does not depend on it. */
  readonly chunk?: number;
  /** Share of rows that may come out non-finite before the run ends as `diverged`; default 0.01. */
  readonly maxNonFinite?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SamplerProgress) => void;
}

export const RUN_OPTIONS = ["n", "key", "draws", "grid", "priorVariance", "chunk", "maxNonFinite", "signal", "onProgress"];

/** What comes of a run. Rows that failed are NaN in `x` and `energy` and -Infinity in `logWeights`. */
export interface Path {
  /** [n, dim], raw units. */
  readonly x: Batch;
  /** Energy at x, [n], kT; where weights were asked for. */
  readonly energy?: Float32Array;
  /** Log importance weights with every constant kept: mean exp is an unbiased estimate of Z. [n] */
  readonly logWeights?: Float64Array;
  /** Rows with a non-finite coordinate or energy. */
  readonly nonFinite: number;
  /** Rows times score evaluations, and rows times energy evaluations. */
  readonly scoreCalls: number;
  readonly energyCalls: number;
}

/** Takes one block from the prior to the end. `step` after every level. Returns score evaluations per row. */
type Advance = (rows: Rows, step: () => Promise<void>) => Promise<{ evaluations: number; energy?: Float32Array }>;

/** The model's score at one level for all rows. @throws TypeError when the model returns anything else than [n, dim] numbers */
export async function scoreAtLevel(call: string, model: ScoreModel, x: Batch, h: number): Promise<Float32Array> {
  const score: unknown = await model.score(x, new Float32Array(x.n).fill(h));
  if (score instanceof Float32Array && score.length === x.n * x.dim) return score;
  throw new TypeError(`${call}: model.score must return a Float32Array of n * dim = ${x.n * x.dim} numbers`);
}

/** Coordinates of one result: rows are addressed by 32 bits. */
const MOST_NUMBERS = 2 ** 32;

/** @throws TypeError / RangeError for bad options; BnemError("diverged"); the signal's reason */
export async function runRows(
  call: string,
  model: ScoreModel,
  options: RunOptions,
  weighted: boolean,
  advance: Advance,
): Promise<Path> {
  const { key, draws, signal, onProgress } = options;
  if (!hasMethods(model, ["score"])) throw new TypeError(`${call}: model must be a ScoreModel { dim, score(x, variance) }`);
  const dim = checkInteger(call, "model.dim", model.dim, 1);
  checkKey(call, key);
  checkTask(call, options);
  if (typeof draws !== "function") throw new TypeError(`${call}: draws must be a NormalSource, such as normalRows`);
  const n = checkInteger(call, "n", options.n, 1, Math.floor(MOST_NUMBERS / dim));
  const grid = checkGrid(call, options.grid);
  const steps = grid.length - 1;
  const prior = checkPositive(call, "priorVariance", options.priorVariance ?? grid[steps]);
  const chunk = checkInteger(call, "chunk", options.chunk ?? 2048, 1);
  const limit = checkNumber(call, "maxNonFinite", options.maxNonFinite ?? 0.01, 0, 1) * n;
  const priorKey = derive(key, "prior");
  const pace = new Pace(signal);
  const data = new Float32Array(n * dim);
  const energy = weighted ? new Float32Array(n) : undefined;
  const logWeights = weighted ? new Float64Array(n) : undefined;
  let nonFinite = 0;
  let scoreCalls = 0;
  await pace.breathe();
  for (let first = 0; first < n; first += chunk) {
    const count = Math.min(chunk, n - first);
    const rows = startRows(first, count, dim, prior, draws(priorKey, 0, first, count, dim).data, weighted);
    let level = 0;
    const lostAt = (where: string) => {
      const lost = nonFinite + countFailed(rows);
      if (lost <= limit) return lost;
      throw new BnemError(
        "diverged",
        `${call}: ${lost} of ${n} rows were not finite at ${where}, above the limit of ${limit}; ` +
          "train longer, clip the score, use more steps, or check the energy",
      );
    };
    const step = async () => {
      level++;
      const lost = lostAt(`level ${steps - level} of ${steps}`);
      onProgress?.({ rows: first, n, fraction: (first + (count * Math.min(level, steps)) / steps) / n, nonFinite: lost });
      await pace.breathe();
    };
    const end = await advance(rows, step);
    // Once more: the last score and the energies at the end come after the last level.
    lostAt("the end");
    scoreCalls += end.evaluations * count;
    for (let row = 0; row < count; row++) {
      if (!rows.failed[row]) continue;
      nonFinite++;
      rows.x.data.fill(Number.NaN, row * dim, (row + 1) * dim);
      end.energy?.fill(Number.NaN, row, row + 1);
      rows.logWeights?.fill(-Infinity, row, row + 1);
    }
    data.set(rows.x.data, first * dim);
    if (end.energy) energy?.set(end.energy, first);
    if (rows.logWeights) logWeights?.set(rows.logWeights, first);
  }
  onProgress?.({ rows: n, n, fraction: 1, nonFinite });
  return { x: { data, n, dim }, energy, logWeights, nonFinite, scoreCalls, energyCalls: weighted ? n : 0 };
}
