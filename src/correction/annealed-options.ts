/** Options of an annealed run, checked. */
import {
  checkInteger,
  checkKey,
  checkNumber,
  checkOneOf,
  checkOptions,
  checkPositive,
  checkTask,
  hasMethods,
} from "../core/check.js";
import { checkParticles } from "../core/subspace.js";
import type { Energy, Key, Particles, ScoreModel } from "../core/types.js";
import { checkLevels, checkMean } from "./check-path.js";
import type { Level } from "./levels.js";
import { factorOf } from "./reference.js";
import { type ResamplerName, resamplers } from "./resample.js";
import type { AnnealedTransition } from "./transition.js";

/** Where an annealed run stands. */
export interface AnnealedProgress {
  /** Rows that are finished, and in all. */
  readonly rows: number;
  readonly n: number;
  /** Share of the work done, in [0, 1]. */
  readonly fraction: number;
  readonly nonFinite: number;
}

/** How rows are resampled at levels that are trusted; sequential Monte Carlo. */
export interface ResampleOptions {
  /** Default "systematic". */
  readonly method?: ResamplerName;
  /** An island of 32 rows or more resamples when its effective sample size is below this share of them; default 0.5. 1 is at every trusted level, and however few. */
  readonly threshold?: number;
  /** Largest accumulated residual, kT, at which the learned energy of a level may decide about rows; default 2.5. Infinity trusts all levels. */
  readonly trust?: number;
}

/** Moves at every trusted level that leave its learned density invariant. */
export interface LevelMovesOptions {
  /** Moves per level; default 1. */
  readonly count?: number;
  /** Leapfrogs of a move; default 1, which is MALA; more is HMC. */
  readonly leapfrogs?: number;
  /** As that of resampling, which decides where both are asked for. */
  readonly trust?: number;
}

/** Options of `annealed`: `n`, `key`, `levels` and `transition` are needed. */
export interface AnnealedOptions {
  readonly n: number;
  readonly key: Key;
  /** Levels 0 .. K from `explodingLevels` or `preservingLevels`; the density of level 0 is the exact target. */
  readonly levels: readonly Level[];
  readonly transition: AnnealedTransition;
  /** Default: the energy's. */
  readonly particles?: Particles;
  /** Variance v of the reference N(m, v I) at level K; default that level's variance. With data of variance c, scale^2 c more fits better. */
  readonly priorVariance?: number;
  /** Mean m of the reference, [dim], for data that is not centered at 0: scale times the data's mean; default 0. Not for particles. */
  readonly priorMean?: readonly number[] | Float64Array;
  /** Covariance of the reference in place of v I, [dim] rows of [dim]; what a mixture with far modes in many dimensions needs. Not for particles. */
  readonly priorCovariance?: readonly ArrayLike<number>[];
  /** Absent: path weights, no resampling. */
  readonly resample?: ResampleOptions;
  readonly moves?: LevelMovesOptions;
  /** Groups of rows that exchange nothing, from whose differences the errors come; default 16, fewer below 32 rows for each. */
  readonly islands?: number;
  /** Rows of the pilot; default 64 to 128, fewer in many dimensions. */
  readonly pilotRows?: number;
  /** Share of rows that may come out non-finite before the run ends as `diverged`; default 0.01. */
  readonly maxNonFinite?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: AnnealedProgress) => void;
}

/**
 * kT. With .7 in its place GMM-40 and DW-4 come out the same, and LJ-13, whose residual reaches 2.25, has N_eff .07 n instead of .14 n
 * (`npm run bench:corrected -- --part tuning`): a wrong energy that decides costs effective rows, never the estimate of Z.
 */
export const DEFAULT_TRUST = 2.5;

const CALL = "annealed";
const KEYS = [
  ...[
    "n",
    "key",
    "levels",
    "transition",
    "particles",
    "priorVariance",
    "priorMean",
    "priorCovariance",
    "resample",
    "moves",
    "islands",
  ],
  ...["pilotRows", "maxNonFinite", "signal", "onProgress"],
];
/** Islands of fewer rows have nothing to resample among. */
const LEAST_ROWS = 32;

export interface CheckedOptions extends AnnealedOptions {
  readonly priorVariance: number;
  readonly islands: number;
  readonly pilotRows: number;
  readonly priorMean?: Float64Array;
  readonly priorFactor?: Float64Array;
  readonly resample?: Required<ResampleOptions>;
  readonly moves?: Required<LevelMovesOptions>;
  /** Rows that may be lost. */
  readonly limit: number;
}

/**
 * 2048 numbers in all where there are dimensions enough, whose mean square has an error of 3 %; a residual from 128 rows has one of 8 %, and 256 would
 * cost a third of what 2,000 rows cost. Not a function of n, so that a row of a path does not depend on how many there are.
 */
function pilotRowsFor(dim: number): number {
  return Math.min(128, Math.max(64, Math.ceil(2048 / dim)));
}

function checkResample(resample: ResampleOptions | undefined): Required<ResampleOptions> | undefined {
  if (resample === undefined) return undefined;
  const call = `${CALL}: resample`;
  checkOptions(call, resample, ["method", "threshold", "trust"]);
  const method = checkOneOf(call, "method", resample.method ?? "systematic", Object.keys(resamplers) as ResamplerName[]);
  const threshold = checkNumber(call, "threshold", resample.threshold ?? 0.5, 0, 1);
  return { method, threshold, trust: checkNumber(call, "trust", resample.trust ?? DEFAULT_TRUST, 0) };
}

function checkMoves(moves: LevelMovesOptions | undefined): Required<LevelMovesOptions> | undefined {
  if (moves === undefined) return undefined;
  const call = `${CALL}: moves`;
  checkOptions(call, moves, ["count", "leapfrogs", "trust"]);
  return {
    count: checkInteger(call, "count", moves.count ?? 1, 1, 1000),
    leapfrogs: checkInteger(call, "leapfrogs", moves.leapfrogs ?? 1, 1, 1000),
    trust: checkNumber(call, "trust", moves.trust ?? DEFAULT_TRUST, 0),
  };
}

function checkParts(model: ScoreModel, energy: Energy, options: AnnealedOptions): void {
  if (!hasMethods(model, ["score"])) throw new TypeError(`${CALL}: model must be a ScoreModel { dim, score(x, variance) }`);
  if (!hasMethods(energy, ["energy"])) throw new TypeError(`${CALL}: energy must be an Energy, the exact target`);
  if (energy.dim !== model.dim) throw new RangeError(`${CALL}: energy.dim is ${energy.dim}, model.dim ${model.dim}`);
  if (!hasMethods(options.transition, ["down", "up"]))
    throw new TypeError(`${CALL}: transition must be an AnnealedTransition, such as tunedTransition()`);
  if (options.particles !== undefined) checkParticles(CALL, options.particles, model.dim);
  checkKey(CALL, options.key);
  checkTask(CALL, options);
}

/** @throws TypeError / RangeError */
export function checkAnnealed(model: ScoreModel, energy: Energy, options: AnnealedOptions): CheckedOptions {
  if (options === undefined) throw new TypeError(`${CALL}: options must be an object with n, key, levels and transition`);
  checkOptions(CALL, options, KEYS);
  checkParts(model, energy, options);
  const levels = checkLevels(CALL, options.levels);
  const n = checkInteger(CALL, "n", options.n, 1, Math.floor(2 ** 32 / model.dim));
  const most = Math.min(16, Math.max(1, Math.floor(n / LEAST_ROWS)));
  return {
    ...options,
    n,
    levels,
    particles: options.particles ?? energy.particles,
    priorMean: checkMean(CALL, options.priorMean, model.dim, options.particles ?? energy.particles),
    priorFactor: factorOf(CALL, options.priorCovariance, model.dim, options.particles ?? energy.particles),
    priorVariance: checkPositive(CALL, "priorVariance", options.priorVariance ?? levels[levels.length - 1].variance),
    islands: checkInteger(CALL, "islands", options.islands ?? most, 1, n),
    pilotRows: checkInteger(CALL, "pilotRows", options.pilotRows ?? pilotRowsFor(model.dim), 8, 1e6),
    resample: checkResample(options.resample),
    moves: checkMoves(options.moves),
    limit: checkNumber(CALL, "maxNonFinite", options.maxNonFinite ?? 0.01, 0, 1) * n,
  };
}
