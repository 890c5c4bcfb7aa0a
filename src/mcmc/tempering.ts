/** Parallel tempering: every chain has replicas at higher temperatures, and neighbours exchange their configurations. */
import { checkInteger, checkOptions, checkPositive, hasMethods } from "../core/check.js";
import { exp } from "../core/elementary.js";
import { derive } from "../core/random.js";
import type { Batch, Json, Key } from "../core/types.js";
import { uniforms } from "../kernels/normal.js";
import { type HamiltonianMove, moveState, startOf } from "./hamiltonian-move.js";
import { hmc } from "./hmc.js";
import { checkLadder, equalized, geometricLadder } from "./ladder.js";
import { addInfo, type ChainState, type McInfo, type McMove, type MoveContext } from "./move.js";

/** Options of `tempering`. */
export interface TemperingOptions {
  /** Moves of each replica: `randomWalk`, `mala` or `hmc`; default `hmc()`. */
  readonly move?: HamiltonianMove;
  /** Temperatures per chain, the target's own included. Default 8. */
  readonly replicas?: number;
  /** The hottest, in units of the target's own (kT = 1). Default 10. */
  readonly hottest?: number;
  /** The ladder itself instead of the two: 1 first, increasing. */
  readonly temperatures?: readonly number[];
  /** Moves of every replica between two rounds of swaps. Default 5. */
  readonly swapEvery?: number;
  /** Whether warm-up moves the temperatures between the ends to equal swap rates. Default true. */
  readonly adaptLadder?: boolean;
}

/** Rows are replica by replica: row r chains + c is replica r of chain c. */
interface TemperingState extends ChainState {
  temperatures: Float64Array;
  beta: Float32Array;
  rounds: number;
  /** Of each pair: sum of swap probabilities, swaps, and how often one was tried. */
  probability: Float64Array;
  swaps: Float64Array;
  tried: Float64Array;
  /** Share of warm-up at which the ladder was moved last. */
  adapted: number;
}

interface Settings {
  readonly move: HamiltonianMove;
  readonly temperatures: Float64Array;
  readonly swapEvery: number;
  readonly adaptLadder: boolean;
}

/** Probability to exchange configurations of energies a and b at inverse temperatures betaA and betaB. */
export function swapProbability(betaA: number, betaB: number, a: number, b: number): number {
  const exponent = (betaA - betaB) * (a - b);
  // Only of configurations that can be at both temperatures.
  return Number.isNaN(exponent) ? 0 : exp(Math.min(0, exponent));
}

function exchange(values: Float32Array, a: number, b: number, width: number): void {
  const kept = values.slice(a * width, (a + 1) * width);
  values.copyWithin(a * width, b * width, (b + 1) * width);
  values.set(kept, b * width);
}

/** One round: pairs (0, 1), (2, 3), ... or (1, 2), (3, 4), ... of every chain, in turn. */
function swapRound(state: TemperingState, key: Key): void {
  const { beta, chains, temperatures, x, energy, gradient, rounds } = state;
  const replicas = temperatures.length;
  for (let chain = 0; chain < chains; chain++) {
    const draws = uniforms(key, rounds, chain, replicas);
    for (let pair = rounds % 2; pair + 1 < replicas; pair += 2) {
      const [a, b] = [pair * chains + chain, (pair + 1) * chains + chain];
      const probability = swapProbability(beta[a], beta[b], energy[a], energy[b]);
      state.probability[pair] += probability;
      state.tried[pair]++;
      if (draws[pair] >= probability) continue;
      state.swaps[pair]++;
      exchange(x.data, a, b, x.dim);
      exchange(energy, a, b, 1);
      if (gradient.length > 0) exchange(gradient, a, b, x.dim);
    }
  }
  state.rounds++;
}

function resetCounts(state: TemperingState): void {
  for (const counts of [state.probability, state.swaps, state.tried]) counts.fill(0);
}

function setTemperatures(state: TemperingState, temperatures: Float64Array): void {
  state.temperatures = temperatures;
  const { chains } = state;
  state.beta = Float32Array.from(
    { length: chains * temperatures.length },
    (_, row) => 1 / temperatures[Math.floor(row / chains)],
  );
}

function init({ energy }: MoveContext, x: Batch, { move, temperatures }: Settings): { state: TemperingState; info: McInfo } {
  const count = temperatures.length;
  const data = new Float32Array(count * x.data.length);
  for (let r = 0; r < count; r++) data.set(x.data, r * x.data.length);
  const { state, info } = startOf(energy, { data, n: count * x.n, dim: x.dim }, move.trajectory.leapfrogs > 0);
  const pairs = () => new Float64Array(count - 1);
  const tempered: TemperingState = {
    ...state,
    chains: x.n,
    // A random walk of the same acceptance is longer by the root of the temperature.
    stepSize: temperatures.map((t) => state.stepSize[0] * Math.sqrt(t)),
    temperatures,
    beta: new Float32Array(0),
    rounds: 0,
    probability: pairs(),
    swaps: pairs(),
    tried: pairs(),
    adapted: 0,
  };
  setTemperatures(tempered, temperatures);
  return { state: tempered, info: { ...info, acceptance: new Float64Array(count) } };
}

async function step(context: MoveContext, state: TemperingState, moves: number, { move, swapEvery }: Settings): Promise<McInfo> {
  const key = derive(context.key, "swap");
  let info: McInfo | undefined;
  for (let done = 0; done < moves; done++) {
    info = addInfo(info, await moveState(context, state, move.trajectory, swapEvery, state.beta), 1 / moves);
    swapRound(state, key);
  }
  return info as McInfo;
}

/** Shares of warm-up at which the ladder moves; the second half is for the step sizes at the temperatures that then stay. */
const ADAPT_AT = [0.1, 0.2, 0.3, 0.4, 0.5];

function adapt(state: TemperingState, progress: number): void {
  const due = ADAPT_AT.filter((share) => share > state.adapted && share <= progress);
  if (due.length === 0 || state.tried.some((tried) => tried === 0)) return;
  state.adapted = due[due.length - 1];
  setTemperatures(
    state,
    equalized(
      state.temperatures,
      state.probability.map((sum, pair) => sum / state.tried[pair]),
    ),
  );
  resetCounts(state);
}

function noticeOf({ swaps, tried, temperatures }: TemperingState): string | undefined {
  const pair = swaps.findIndex((count, i) => count === 0 && tried[i] > 0);
  if (pair < 0) return undefined;
  const between = `${temperatures[pair].toPrecision(3)} and ${temperatures[pair + 1].toPrecision(3)}`;
  return `tempering: the replicas at temperatures ${between} never swapped in ${tried[pair]} attempts, so what is hotter does not help; use more replicas, a lower \`hottest\`, or a longer warm-up`;
}

function settingsOf(options: TemperingOptions): Settings {
  const call = "tempering";
  checkOptions(call, options, ["move", "replicas", "hottest", "temperatures", "swapEvery", "adaptLadder"]);
  const { move = hmc(), temperatures, adaptLadder = true } = options;
  if (!hasMethods(move, ["init", "step"]) || move.trajectory === undefined) {
    throw new TypeError(`${call}: move must be one of randomWalk(), mala() and hmc()`);
  }
  if (typeof adaptLadder !== "boolean") throw new TypeError(`${call}: adaptLadder must be true or false`);
  const swapEvery = checkInteger(call, "swapEvery", options.swapEvery ?? 5, 1, 1e6);
  if (temperatures !== undefined) {
    if (options.replicas !== undefined || options.hottest !== undefined) {
      throw new TypeError(`${call}: give temperatures, or replicas and hottest, not both`);
    }
    return { move, temperatures: checkLadder(call, temperatures), swapEvery, adaptLadder };
  }
  const replicas = checkInteger(call, "replicas", options.replicas ?? 8, 2, 1000);
  const hottest = checkPositive(call, "hottest", options.hottest ?? 10);
  if (hottest <= 1) throw new RangeError(`${call}: hottest must be above 1, the target's own temperature, got ${hottest}`);
  return { move, temperatures: geometricLadder(replicas, hottest), swapEvery, adaptLadder };
}

/**
 * Parallel tempering: replicas of every chain at temperatures 1 = t_0 < t_1 < ... leave exp(-E / t_i) invariant by `swapEvery` of their own
 * moves, then neighbours exchange configurations with probability
 *
 *   min(1, exp((1 / t_i - 1 / t_j) (E_i - E_j)))
 *
 * Even and odd pairs take turns. Warm-up tunes the step of every temperature, and moves the ladder until all pairs swap equally often;
 * then both are frozen. One step of `runChains` is `swapEvery` moves of all replicas and one round of swaps; only configurations at
 * temperature 1 are returned. `details` of the result has the temperatures, and the swap rates after warm-up; a pair that never swapped
 * is a `notice`.
 *
 * @throws TypeError / RangeError for temperatures that do not begin with 1 or do not increase, replicas < 2, hottest <= 1, swapEvery < 1,
 * another move, unknown options
 * @see Swendsen and Wang 1986; Geyer 1991; Syed et al. 2022, arXiv:1905.02939 (turns, and the ladder)
 */
export function tempering(options: TemperingOptions = {}): McMove {
  const settings = settingsOf(options);
  const { move, temperatures, swapEvery, adaptLadder } = settings;
  const described: { [name: string]: Json } = {
    move: move.name,
    moveOptions: move.options,
    temperatures: Array.from(temperatures),
    swapEvery,
    adaptLadder,
  };
  return {
    name: "tempering",
    options: described,
    targetAcceptance: move.targetAcceptance,
    ...(move.stepSize !== undefined && { stepSize: move.stepSize }),
    init: (context, x) => init(context, x, settings),
    step: (context, state, moves) => step(context, state as TemperingState, moves, settings),
    ...(adaptLadder && { adapt: (state: ChainState, progress: number) => adapt(state as TemperingState, progress) }),
    freeze: (state) => resetCounts(state as TemperingState),
    report(state) {
      const found = state as TemperingState;
      const swapRates = Array.from(found.swaps, (count, pair) => count / found.tried[pair]);
      const notice = noticeOf(found);
      const stepSizes = Array.from(found.stepSize);
      return { details: { temperatures: Array.from(found.temperatures), swapRates, stepSizes }, ...(notice && { notice }) };
    },
  };
}
