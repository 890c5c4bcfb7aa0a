/** Markov chains on every core: the honest baseline of every sampler. */
import { checkBatch, checkInteger, checkOptions, checkSeed, checkTask, hasMethods } from "../core/check.js";
import { derive, freshSeed, keyOf } from "../core/random.js";
import type { Batch, Energy, Key, TaskOptions } from "../core/types.js";
import { initKernels } from "../kernels/load.js";
import { resolveWorkers } from "../kernels/worker-count.js";
import { type ChainProgress, type ChainRun, moveChains } from "../mcmc/chains.js";
import type { McMove } from "../mcmc/move.js";
import { SharedChains } from "../mcmc/shared-chains.js";
import { defaultStart } from "../mcmc/start.js";
import { sharedPool } from "./shared-pool.js";

/** Options of `runChains`; `move` is needed. */
export interface ChainOptions extends TaskOptions<ChainProgress> {
  /** `mala()`, `hmc()`, `nuts()`, `randomWalk()`, `tempering()`. */
  readonly move: McMove;
  /** Default 100, or the rows of `start`. */
  readonly chains?: number;
  /** Steps of each chain after warm-up. Default 1000. */
  readonly steps?: number;
  /** Steps before, thrown away, that tune the move. Default half of `steps`. */
  readonly warmup?: number;
  /** Every thin-th configuration is kept. Default 1. */
  readonly thin?: number;
  /**
   * [chains, dim]; "exact" for exact draws where the energy has them. Default: for particles compact pieces of a lattice at the best pair
   * distance with a little noise, for anything else N(0, I).
   */
  readonly start?: Batch | "exact";
  /** Threads that compute; "auto" (default) is one per core, at most 8. The result does not depend on it. */
  readonly workers?: number | "auto";
}

/** What `runChains` returns. */
export interface ChainResult extends ChainRun {
  readonly seed: number;
}

const KEYS = ["move", "chains", "steps", "warmup", "thin", "start", "seed", "signal", "onProgress", "workers"];
const CALL = "runChains";
/** Kept numbers at most: 1 GiB of f32. */
const MOST = 2 ** 28;

function checkMove(options: ChainOptions, warmup: number): McMove {
  const { move } = options;
  if (!hasMethods(move, ["init", "step"])) throw new TypeError(`${CALL}: move must be a move, such as mala() or hmc()`);
  if (warmup === 0 && move.stepSize === undefined) {
    throw new RangeError(`${CALL}: without warmup nobody tunes the step; give ${move.name} a stepSize, or warmup steps`);
  }
  return move;
}

function startOf(energy: Energy, { start, chains }: ChainOptions, seed: number, key: Key): Batch {
  const count = chains === undefined ? undefined : checkInteger(CALL, "chains", chains, 1, 1e7);
  if (start === undefined) return defaultStart(energy, count ?? 100, derive(key, "start"));
  if (start === "exact") {
    if (!energy.exact) throw new RangeError(`${CALL}: ${energy.name} has no exact draws to start from; leave out start`);
    return energy.exact.sample(count ?? 100, seed);
  }
  checkBatch(`${CALL}: start`, start, energy.dim);
  if (count !== undefined && count !== start.n) {
    throw new RangeError(`${CALL}: start has ${start.n} rows and chains is ${count}; leave out chains or give as many rows`);
  }
  return start;
}

/**
 * Many chains of one move, tuned in warm-up, then frozen; x [draws * chains, dim], draw by draw. Chain c draws from streams of its own: the
 * result has the same bits whatever the number of threads. Every energy is counted, warm-up apart. Gives the host a turn every 16 ms.
 *
 * Look at `diagnostics` (split R-hat, effective sample size, autocorrelation time of energy and coordinates or pair distance) before
 * using x; `notice` says where something is wrong.
 *
 * @throws TypeError / RangeError naming the argument: no energy or move, shapes, non-finite start or energy there, unknown options;
 * BnemError("diverged") where the step size collapses in warm-up; the signal's reason
 */
export async function runChains(energy: Energy, options: ChainOptions): Promise<ChainResult> {
  if (!hasMethods(energy, ["energy", "energyAndGradient"])) {
    throw new TypeError(`${CALL}: energy must be an Energy, such as gaussianMixture()`);
  }
  checkOptions(CALL, options, KEYS);
  if (options === undefined) throw new TypeError(`${CALL}: options { move } are needed`);
  checkTask(CALL, options);
  const steps = checkInteger(CALL, "steps", options.steps ?? 1000, 1, 1e9);
  const warmup = checkInteger(CALL, "warmup", options.warmup ?? Math.floor(steps / 2), 0, 1e9);
  const thin = checkInteger(CALL, "thin", options.thin ?? 1, 1, steps);
  const move = checkMove(options, warmup);
  const seed = options.seed === undefined ? freshSeed() : checkSeed(CALL, options.seed);
  const count = resolveWorkers(CALL, options.workers);
  await initKernels();
  const key = derive(keyOf(seed), "chains");
  const start = startOf(energy, options, seed, key);
  if (Math.floor(steps / thin) * start.data.length > MOST) {
    throw new RangeError(`${CALL}: ${steps} steps of ${start.n} chains with thin ${thin} keep more than 1 GiB; raise thin`);
  }
  const shared = new SharedChains(sharedPool(count.threads), energy);
  try {
    const plan = { move, start, warmup, steps, thin, key: derive(key, "moves") };
    const run = await moveChains(
      energy,
      plan,
      (task, request) => shared.run(task, request, options.signal),
      options.signal,
      options.onProgress,
    );
    const notice = run.notice ?? count.notice;
    return { ...run, seed, ...(notice && { notice }) };
  } finally {
    shared.dispose();
  }
}
