/** Runs every block of a planned run on the calling thread, in bounded memory. It knows no integration rule. */
import { checkInteger, checkKey, checkNumber, checkPositive, checkTask, hasMethods } from "../core/check.js";
import { checkParticles } from "../core/subspace.js";
import { Pace } from "../core/task.js";
import type { Energy, Key, Particles, ScoreModel } from "../core/types.js";
import { checkGrid } from "./grid.js";
import type { NormalSource } from "./normal-source.js";
import { PathCollector } from "./path-collector.js";
import type { PathPlan, PathRule } from "./path-plan.js";
import type { Path, SamplerProgress } from "./path-result.js";
import { runBlock } from "./run-block.js";

export type { Path, SamplerProgress } from "./path-result.js";

/** Options of every sampler. */
export interface RunOptions {
  /** Number of configurations. */
  readonly n: number;
  readonly key: Key;
  readonly draws: NormalSource;
  /** Variances h_0 < ... < h_N, from `edmGrid` or `uniformGrid`. */
  readonly grid: Float64Array;
  /** Where given, prior, noise and scores are projected on the subspace with center of mass 0, and paths stay on it. */
  readonly particles?: Particles;
  /** Variance of the normal prior, raw units squared; default h_N. With a target of variance v, h_N + v fits better. */
  readonly priorVariance?: number;
  /** Rows advanced together, default 2048: memory is proportional to it, and the result does not depend on it. */
  readonly chunk?: number;
  /** Share of rows that may come out non-finite before the run ends as `diverged`; default 0.01. */
  readonly maxNonFinite?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SamplerProgress) => void;
}

export const RUN_OPTIONS = [
  "n",
  "key",
  "draws",
  "grid",
  "particles",
  "priorVariance",
  "chunk",
  "maxNonFinite",
  "signal",
  "onProgress",
];

/** Options that hold for the run as a whole, checked. */
export interface RunSettings {
  readonly n: number;
  readonly draws: NormalSource;
  readonly chunk: number;
  /** Rows that may be lost. */
  readonly limit: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SamplerProgress) => void;
}

/** A run that is ready to start, here or on many threads. */
export interface PlannedRun {
  readonly plan: PathPlan;
  readonly settings: RunSettings;
}

/** What the plan of a rule adds to what every run has. */
type RulePart = Pick<PathPlan, "drift" | "variance" | "weighted" | "tweedie" | "corrector" | "pilotCalls">;

/** Coordinates of one result: rows are addressed by 32 bits. */
const MOST_NUMBERS = 2 ** 32;

/** Plans the rows of any rule. @throws TypeError / RangeError for bad options */
export function planRows(rule: PathRule, model: ScoreModel, options: RunOptions, part: RulePart): PlannedRun {
  const { key, draws, particles, signal, onProgress } = options;
  if (!hasMethods(model, ["score"])) throw new TypeError(`${rule}: model must be a ScoreModel { dim, score(x, variance) }`);
  const dim = checkInteger(rule, "model.dim", model.dim, 1);
  if (particles !== undefined) checkParticles(rule, particles, dim);
  checkKey(rule, key);
  checkTask(rule, options);
  if (typeof draws !== "function") throw new TypeError(`${rule}: draws must be a NormalSource, such as normalRows`);
  const n = checkInteger(rule, "n", options.n, 1, Math.floor(MOST_NUMBERS / dim));
  const grid = checkGrid(rule, options.grid);
  const priorVariance = checkPositive(rule, "priorVariance", options.priorVariance ?? grid[grid.length - 1]);
  const chunk = checkInteger(rule, "chunk", options.chunk ?? 2048, 1);
  const limit = checkNumber(rule, "maxNonFinite", options.maxNonFinite ?? 0.01, 0, 1) * n;
  const own = particles && { count: particles.count, spatialDim: particles.spatialDim };
  const plan: PathPlan = { rule, dim, particles: own, grid: grid.slice(), priorVariance, key: { a: key.a, b: key.b }, ...part };
  return { plan, settings: { n, draws, chunk, limit, signal, onProgress } };
}

/**
 * @param energy closes the weights; needed where the plan has them
 * @throws BnemError("diverged"), the signal's reason
 */
export async function runHere({ plan, settings }: PlannedRun, model: ScoreModel, energy: Energy | undefined): Promise<Path> {
  const { n, chunk, draws, signal } = settings;
  const pace = new Pace(signal);
  const collector = new PathCollector(plan, settings);
  await pace.breathe();
  for (let first = 0; first < n; first += chunk) {
    const count = Math.min(chunk, n - first);
    const block = await runBlock(plan, model, draws, first, count, async (level, lost) => {
      collector.atLevel(first, count, level, lost);
      await pace.breathe();
    });
    collector.put(block);
  }
  return collector.finish(energy, chunk, () => pace.breathe());
}
