/** Replica exchange along a path of noise levels: chains at the exact target that hear from the reference through a learned model. */
import { checkInteger, checkOptions, checkPositive, checkSeed, checkTask, hasMethods } from "../core/check.js";
import { BnemError } from "../core/errors.js";
import { derive, freshSeed, keyOf } from "../core/random.js";
import { Pace } from "../core/task.js";
import type { Batch, Energy, ScoreModel, TaskOptions } from "../core/types.js";
import { initKernels } from "../kernels/load.js";
import { diagnose, type NamedDiagnostic } from "../mcmc/observables.js";
import { checkLevels, checkMean } from "./check-path.js";
import { ExactLevel } from "./exact-level.js";
import { ExchangeLadder, type LadderPlan, newCounts, RememberingLevel } from "./exchange-ladder.js";
import { checkState, type ExchangeState, rungs } from "./exchange-options.js";
import { startPass, startStates } from "./exchange-start.js";
import { type CallCount, LevelModel } from "./level-model.js";
import { firstStep, StepTuner, targetAcceptance } from "./level-moves.js";
import type { Level } from "./levels.js";
import { factorOf } from "./reference.js";
import type { AnnealedTransition } from "./transition.js";
import { tunedTransition } from "./transitions/tuned.js";

/** Where a run stands; onProgress gets one after every sweep that took a while. */
export interface ExchangeProgress {
  readonly sweep: number;
  readonly total: number;
  readonly burnIn: boolean;
  /** Mean acceptance of the last moves at level 0. */
  readonly acceptance: number;
  readonly networkCalls: number;
  readonly energyCalls: number;
}

/** Options of `replicaExchange`; `levels` is needed. */
export interface ReplicaExchangeOptions extends TaskOptions<ExchangeProgress> {
  /** Levels 0 .. K, noise increasing; level 0 is the exact target, the last one meets the reference. From `explodingLevels` or `preservingLevels`. */
  readonly levels: readonly Level[];
  /** Levels that hold a replica, evenly among those given. Default all, at most 24. */
  readonly replicas?: number;
  /** Ladders side by side, independent of each other. Default 16. */
  readonly chains?: number;
  /** Sweeps after burn-in. Default 1000. */
  readonly sweeps?: number;
  /** Sweeps before, thrown away, that tune the steps. Default half of `sweeps`; 0 with `start`. */
  readonly burnIn?: number;
  /** Every thin-th sweep is kept. Default 1. */
  readonly thin?: number;
  /** What proposes the swaps. From `makeTransition`; default "tuned". */
  readonly transition?: AnnealedTransition;
  /** Variance v of the reference N(m, v I). Default that of the last level; with data of variance c, scale^2 c more fits better. */
  readonly priorVariance?: number;
  /** Mean m of the reference, [dim]; default 0. Not for particles. */
  readonly priorMean?: readonly number[] | Float64Array;
  /** Covariance of the reference in place of v I, [dim] rows of [dim]. Not for particles. */
  readonly priorCovariance?: readonly ArrayLike<number>[];
  /** Moves of each replica in a sweep; 1 leapfrog (default) is MALA. */
  readonly moves?: { readonly count?: number; readonly leapfrogs?: number };
  /** Goes on where a run has ended (`state` of its result), with steps and transitions frozen as they were; give another seed. */
  readonly start?: ExchangeState;
}

/** Rows asked of the network (scores and energies, Hessian products) and of the exact energy. */
export interface ExchangeCalls {
  readonly scores: number;
  readonly products: number;
  readonly energies: number;
}

/** Kept configurations of level 0 and what is known of them. */
export interface ReplicaExchangeResult {
  /** [draws * chains, dim]: row d chains + c is draw d of chain c. All of equal weight. */
  readonly x: Batch;
  /** E of each row, kT. */
  readonly energy: Float32Array;
  readonly chains: number;
  readonly draws: number;
  /** Levels with a replica, K + 1. */
  readonly levels: readonly Level[];
  /** Mean acceptance of the moves at levels 0 .. K - 1 and their step sizes, [K]. */
  readonly acceptance: Float64Array;
  readonly stepSizes: Float64Array;
  /** Mean swap probability of levels k and k + 1, [K]; NaN where none was tried. */
  readonly swapAcceptance: Float64Array;
  /** How often a configuration came from the reference down to the target, all chains together. */
  readonly roundTrips: number;
  readonly calls: { readonly burnIn: ExchangeCalls; readonly sampling: ExchangeCalls };
  /** Moves and swaps refused because a number was not finite or a map did not find back, [K] by level and [K] by pair, burn-in left out. */
  readonly nonFinite: { readonly moves: Float64Array; readonly swaps: Float64Array };
  readonly diagnostics: readonly NamedDiagnostic[];
  /** Least effective sample size of the observables in `diagnostics`; NaN with fewer than 4 draws a chain. */
  readonly nEff: number;
  readonly seed: number;
  /** To go on from, as `start`. */
  readonly state: ExchangeState;
  /** One line where something should be changed. */
  readonly notice?: string;
}

const CALL = "replicaExchange";
const KEYS = [
  "levels",
  "replicas",
  "chains",
  "sweeps",
  "burnIn",
  "thin",
  "transition",
  "priorVariance",
  "priorMean",
  "priorCovariance",
  "moves",
  "start",
  "seed",
  "signal",
  "onProgress",
];
/** Kept numbers at most: 1 GiB of f32. */
const MOST = 2 ** 28;
const MOST_REPLICAS = 24;
/** Below this mean swap probability a pair is a wall. */
const HARDLY = 0.01;

interface Run {
  readonly plan: LadderPlan;
  readonly calls: CallCount;
  readonly sweeps: number;
  readonly burnIn: number;
  readonly thin: number;
  readonly seed: number;
  readonly pace: Pace;
  readonly told: (progress: ExchangeProgress) => void;
}

function checkParts(model: ScoreModel, energy: Energy): void {
  if (!hasMethods(model, ["score", "energyAndScore"])) {
    throw new TypeError(`${CALL}: model must be a ScoreModel with energyAndScore: moves need the energies of all levels`);
  }
  if (!hasMethods(energy, ["energy", "energyAndGradient"])) {
    throw new TypeError(`${CALL}: energy must be an Energy, such as gaussianMixture()`);
  }
  if (energy.dim !== model.dim) throw new RangeError(`${CALL}: energy.dim is ${energy.dim}, model.dim ${model.dim}`);
}

function planOf(model: ScoreModel, energy: Energy, options: ReplicaExchangeOptions, seed: number, calls: CallCount): LadderPlan {
  const { transition = tunedTransition(), start } = options;
  if (!hasMethods(transition, ["down", "up"])) {
    throw new TypeError(`${CALL}: transition must be an AnnealedTransition, such as makeTransition("tuned")`);
  }
  checkOptions(`${CALL}: moves`, options.moves, ["count", "leapfrogs"]);
  const given = checkLevels(CALL, options.levels);
  const replicas = checkInteger(CALL, "replicas", options.replicas ?? Math.min(MOST_REPLICAS, given.length), 2, given.length);
  const levels = rungs(given, replicas);
  const chains = checkInteger(CALL, "chains", options.chains ?? start?.x[0]?.n ?? 16, 1, 1e6);
  if (start) checkState(CALL, start, { levels: replicas, chains, dim: energy.dim });
  const top = levels[replicas - 1];
  const { particles, dim } = energy;
  return {
    dim,
    particles,
    chains,
    levels,
    priorVariance: checkPositive(CALL, "priorVariance", options.priorVariance ?? top.variance),
    priorMean: checkMean(CALL, options.priorMean, dim, particles),
    priorFactor: factorOf(CALL, options.priorCovariance, dim, particles),
    transition,
    frozen: start?.frozen ?? [],
    key: derive(keyOf(seed), "exchange"),
    exact: new ExactLevel(energy),
    models: levels.map((level) => new (level === top ? LevelModel : RememberingLevel)(model, level, particles, calls)),
    moves: {
      count: checkInteger(CALL, "moves.count", options.moves?.count ?? 1, 1, 1000),
      leapfrogs: checkInteger(CALL, "moves.leapfrogs", options.moves?.leapfrogs ?? 1, 1, 1000),
    },
  };
}

function runOf(model: ScoreModel, energy: Energy, options: ReplicaExchangeOptions): Run {
  checkOptions(CALL, options, KEYS);
  if (options === undefined) throw new TypeError(`${CALL}: options { levels } are needed`);
  checkTask(CALL, options);
  checkParts(model, energy);
  const sweeps = checkInteger(CALL, "sweeps", options.sweeps ?? 1000, 1, 1e9);
  const usual = options.start ? 0 : Math.max(1, Math.floor(sweeps / 2));
  const burnIn = checkInteger(CALL, "burnIn", options.burnIn ?? usual, 0, 1e9);
  if (burnIn === 0 && !options.start) throw new RangeError(`${CALL}: without burnIn nobody tunes the steps; give it, or start`);
  if (burnIn > 0 && options.start) throw new RangeError(`${CALL}: a run that goes on from start has its steps; leave out burnIn`);
  const thin = checkInteger(CALL, "thin", options.thin ?? 1, 1, sweeps);
  const seed = options.seed === undefined ? freshSeed() : checkSeed(CALL, options.seed);
  const calls: CallCount = { scores: 0, products: 0 };
  const plan = planOf(model, energy, options, seed, calls);
  if (Math.max(Math.floor(sweeps / thin), 2 * plan.levels.length) * plan.chains * plan.dim > MOST) {
    throw new RangeError(`${CALL}: ${sweeps} sweeps of ${plan.chains} chains with thin ${thin} keep more than 1 GiB; raise thin`);
  }
  return { plan, calls, sweeps, burnIn, thin, seed, pace: new Pace(options.signal), told: options.onProgress ?? (() => {}) };
}

/** The ladder where its chains begin: given, or after one pass from the reference down. */
async function ladderOf(run: Run, start: ExchangeState | undefined): Promise<ExchangeLadder> {
  const breathe = () => run.pace.breathe();
  const { levels, key } = run.plan;
  const from = start ?? (await startPass(run.plan, derive(key, "start"), breathe));
  // Level 0 may have no noise of its own.
  const sizes = start?.stepSizes ?? Float64Array.from(levels.slice(1), (_, k) => firstStep(levels[Math.max(k, 1)].variance));
  const ladder = new ExchangeLadder({ ...run.plan, frozen: from.frozen }, sizes);
  ladder.states = await startStates(ladder, from.x);
  ladder.forget();
  return ladder;
}

function callsOf({ plan, calls }: Run, before?: ExchangeCalls): ExchangeCalls {
  const { scores, products } = calls;
  const energies = plan.exact.calls;
  if (!before) return { scores, products, energies };
  return { scores: scores - before.scores, products: products - before.products, energies: energies - before.energies };
}

/** Tells where the run stands, at most every 16 ms. */
function speaker(run: Run): (sweep: number, acceptance: number) => void {
  const total = run.burnIn + run.sweeps;
  let spoken = performance.now();
  return (sweep, acceptance) => {
    const now = performance.now();
    if (now - spoken < 16 && sweep < total) return;
    spoken = now;
    const { scores, products, energies } = callsOf(run);
    run.told({ sweep, total, burnIn: sweep <= run.burnIn, acceptance, networkCalls: scores + products, energyCalls: energies });
  };
}

/** @throws BnemError("diverged") where in the second half of burn-in no move of a level had a finite energy */
function checkMoves({ plan, burnIn }: Run, { counts, top }: ExchangeLadder, late: number): void {
  const proposals = (burnIn - late) * plan.chains * plan.moves.count;
  for (let k = 0; k < top; k++) {
    if (proposals === 0 || counts.badMoves[k] < proposals) continue;
    const advice = k === 0 ? "begin nearer the target, or with a lower level 0" : "the model has no finite energy there";
    throw new BnemError("diverged", `${CALL}: no move at level ${k} had a finite energy in ${proposals} proposals; ${advice}`);
  }
}

async function burn(run: Run, ladder: ExchangeLadder, tell: (sweep: number, acceptance: number) => void): Promise<void> {
  const { plan, burnIn, pace } = run;
  const aim = targetAcceptance(plan.moves.leapfrogs);
  const tuners = Array.from(ladder.stepSizes, (size) => new StepTuner(size, aim, burnIn));
  const late = Math.floor(burnIn / 2);
  for (let sweep = 0; sweep < burnIn; sweep++) {
    if (sweep === late) ladder.counts = newCounts(ladder.top);
    const acceptance = await ladder.sweep(sweep, () => pace.breathe());
    acceptance.forEach((value, k) => {
      tuners[k].update(value);
      ladder.stepSizes[k] = tuners[k].stepSize;
    });
    tell(sweep + 1, acceptance[0]);
  }
  checkMoves(run, ladder, late);
  tuners.forEach((tuner, k) => {
    ladder.stepSizes[k] = tuner.frozen();
  });
  ladder.counts = newCounts(ladder.top);
}

function noticeOf({ plan }: Run, { counts }: ExchangeLadder): string | undefined {
  const rates = counts.swap.map((sum, k) => sum / counts.tried[k]);
  const wall = rates.findIndex((rate) => rate < HARDLY);
  if (wall < 0) return undefined;
  const between = `levels ${wall} and ${wall + 1} (variances ${plan.levels[wall].variance.toPrecision(3)} and ${plan.levels[wall + 1].variance.toPrecision(3)})`;
  return `${CALL}: ${between} swap with probability ${rates[wall].toPrecision(2)}, so what is noisier hardly helps; use more levels there, a better transition, or a model that is right there`;
}

function resultOf(run: Run, ladder: ExchangeLadder, kept: Pick<ReplicaExchangeResult, "x" | "energy">, energy: Energy) {
  const { counts } = ladder;
  const { plan, seed } = run;
  const diagnostics = diagnose(energy, kept.x, kept.energy, plan.chains);
  const notice = noticeOf(run, ladder);
  const x = ladder.states.map((state) => ({ ...state.x, data: state.x.data.slice() }));
  return {
    ...kept,
    chains: plan.chains,
    draws: kept.x.n / plan.chains,
    levels: plan.levels,
    acceptance: counts.acceptance.map((sum) => sum / counts.sweeps),
    stepSizes: ladder.stepSizes.slice(),
    swapAcceptance: counts.swap.map((sum, k) => sum / counts.tried[k]),
    roundTrips: counts.roundTrips,
    nonFinite: { moves: counts.badMoves, swaps: counts.badSwaps },
    diagnostics,
    nEff: diagnostics.reduce((least, { ess }) => (ess < least || Number.isNaN(least) ? ess : least), Number.NaN),
    seed,
    state: { x, stepSizes: ladder.stepSizes.slice(), frozen: ladder.plan.frozen },
    ...(notice && { notice }),
  };
}

/**
 * Chains with a replica at every level: U_0 = E exact, U_k learned, and N(m, v I) at the top, from which new rows are drawn in every sweep. A sweep
 * moves all replicas by MALA or HMC on their own U_k, then proposes to swap neighbours, even and odd pairs by turns. Not the configurations
 * themselves are exchanged, but what the transition makes of them: y_to ~ B(. | x_from) and y_from ~ F(. | x_to), accepted with probability
 *
 *   min(1, exp(U_to(x_to) + U_from(x_from) - U_to(y_to) - U_from(y_from) + down + up))
 *   down = log F(x_from | y_to) - log B(y_to | x_from),  up = log B(x_to | y_from) - log F(y_from | x_to)
 *
 * The proposal has density B(y_to | x_from) F(y_from | x_to), the one back B(x_to | y_from) F(x_from | y_to): `down` and `up` are the logarithm of
 * their quotient, in the wanted direction. For a map T the pair goes to (T(x_from), T^-1(x_to)), which is its own inverse, with
 * down = log |det T'(x_from)| and up = -log |det T'(y_from)|; that T^-1 finds back is checked for every row, and a row where it does not is
 * refused, so that a map that is not invertible costs swaps, not correctness.
 *
 * Level 0 is exact whatever the model, the transition and the levels are: they cost mixing only. Steps and transitions are tuned in burn-in and
 * then frozen. There is no estimate of Z. Ladder c draws from streams of its own. Cost of a sweep in rows of the network, for K levels above the
 * target and first-order transitions: about K (count leapfrogs + 1) a chain; of the exact energy: count leapfrogs + 1/2. Memory: all levels, the kept rows.
 *
 * @throws TypeError / RangeError for bad options; BnemError("diverged") where no row starts at, or moves to, a finite energy; the signal's reason
 * @see Geyer 1991; Ballard and Jarzynski 2009 (assisted swaps); Zhang et al. 2025, arXiv:2502.10328; Grenioux and Noble 2026, arXiv:2601.21026
 */
export async function replicaExchange(
  model: ScoreModel,
  energy: Energy,
  options: ReplicaExchangeOptions,
): Promise<ReplicaExchangeResult> {
  const run = runOf(model, energy, options);
  const { plan, burnIn, sweeps, thin, pace } = run;
  await initKernels();
  const ladder = await ladderOf(run, options.start);
  const tell = speaker(run);
  await burn(run, ladder, tell);
  const before = callsOf(run);
  const draws = Math.floor(sweeps / thin);
  const { chains, dim } = plan;
  const kept = {
    x: { data: new Float32Array(draws * chains * dim), n: draws * chains, dim },
    energy: new Float32Array(draws * chains),
  };
  for (let t = 0; t < draws * thin; t++) {
    const acceptance = await ladder.sweep(burnIn + t, () => pace.breathe());
    if ((t + 1) % thin === 0) {
      const draw = (t + 1) / thin - 1;
      kept.x.data.set(ladder.states[0].x.data, draw * chains * dim);
      kept.energy.set(ladder.states[0].energy, draw * chains);
    }
    tell(burnIn + t + 1, acceptance[0]);
  }
  const calls = { burnIn: before, sampling: callsOf(run, before) };
  return { ...resultOf(run, ladder, kept, energy), calls };
}
