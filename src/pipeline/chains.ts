/** Markov chains for training: brought to the target from the energy alone, then moved on the trainer's threads. */
import { derive } from "../core/random.js";
import type { Batch, ChainTools, Energy, Equilibrated, Key } from "../core/types.js";
import type { WorkerPool } from "../kernels/pool.js";
import { moveChains } from "../mcmc/chains.js";
import { hmc } from "../mcmc/hmc.js";
import type { McMove } from "../mcmc/move.js";
import { moveRows, type RequestOf, type ResultOf, type RowTask, SharedChains } from "../mcmc/shared-chains.js";
import { defaultStart } from "../mcmc/start.js";
import { tempering } from "../mcmc/tempering.js";
import type { CHAIN_MOVES, ResolvedTrainSettings } from "./options.js";

/** How chains come to the target. */
export interface EquilibrationPlan {
  readonly move: (typeof CHAIN_MOVES)[number];
  /** Moves of every chain, and with tempering of each of its replicas. */
  readonly moves: number;
  readonly leapfrogs: number;
  /** Configurations taken from each chain, evenly over the last half. */
  readonly draws: number;
  readonly temperatures: number;
  readonly temperatureMax: number;
}

/** The plan of a run's options. */
export function equilibrationOf(settings: ResolvedTrainSettings): EquilibrationPlan {
  const { chainMove, chainMoves, chainLeapfrogs, chainDraws, temperatures, temperatureMax } = settings;
  return { move: chainMove, moves: chainMoves, leapfrogs: chainLeapfrogs, draws: chainDraws, temperatures, temperatureMax };
}

/** Longer trajectories than at the optimum of .65: the step is also the longest of the moves that make targets, whose refusals are noise. */
const ACCEPTANCE = 0.8;
/** Moves of every replica between two rounds of swaps. Of ManyWell-32 one and five took more gradients to the same well masses. */
const SWAP_EVERY = 2;

interface Steps {
  readonly move: McMove;
  /** Moves in one step. */
  readonly each: number;
}

const stepsOf: { readonly [K in EquilibrationPlan["move"]]: (plan: EquilibrationPlan) => Steps } = {
  hmc: ({ leapfrogs }) => ({ move: hmc({ leapfrogs, targetAcceptance: ACCEPTANCE }), each: 1 }),
  tempering: ({ leapfrogs, temperatures, temperatureMax }) => {
    const move = hmc({ leapfrogs, targetAcceptance: ACCEPTANCE });
    return {
      move: tempering({ move, replicas: temperatures, hottest: temperatureMax, swapEvery: SWAP_EVERY }),
      each: SWAP_EVERY,
    };
  },
};

/** Steps in all, those of warm-up, and between two that are kept. @throws RangeError for fewer than are to be kept */
function divide({ moves, draws, move }: EquilibrationPlan, each: number) {
  const steps = Math.floor(moves / each);
  const thin = Math.floor(Math.ceil(steps / 2) / draws);
  if (thin >= 1 && steps > 1) return { warmup: steps - thin * draws, steps: thin * draws, thin };
  throw new RangeError(
    `train: chainMoves must be at least ${2 * each * draws} for ${draws} configurations a chain by ${move}, got ${moves}; raise it or lower chainDraws`,
  );
}

type Run = <T extends RowTask>(task: T, request: RequestOf<T>, signal?: AbortSignal) => Promise<ResultOf<T>>;

async function equilibrate(
  energy: Energy,
  plan: EquilibrationPlan,
  run: Run,
  n: number,
  key: Key,
  signal?: AbortSignal,
): Promise<Equilibrated> {
  const { move, each } = stepsOf[plan.move](plan);
  const start = defaultStart(energy, Math.ceil(n / plan.draws), derive(key, "start"));
  const made = await moveChains(
    energy,
    { move, start, ...divide(plan, each), key: derive(key, "moves") },
    (task, request) => run(task, request, signal),
    signal,
  );
  const x: Batch = { data: made.x.data.slice(0, n * energy.dim), n, dim: energy.dim };
  return { x, stepSize: made.stepSize, energyCalls: made.energyCalls, nonFinite: made.nonFinite };
}

/** Chains of a run; they hold the threads' copy of the energy until `dispose`. */
export interface DisposableChains extends ChainTools {
  dispose(): void;
}

/**
 * Chains of a training run. With tempering every chain is a ladder of `temperatures` replicas; `draws` configurations of each then make up the n
 * asked for. Step sizes and temperatures are tuned in the first half of the moves and frozen. The same bits on any number of threads.
 *
 * @param pool threads that share the moves; absent: the calling one makes them all
 */
export function chainTools(energy: Energy, plan: EquilibrationPlan, pool?: WorkerPool): DisposableChains {
  const shared = pool && new SharedChains(pool, energy);
  const run: Run = shared
    ? (task, request, signal) => shared.run(task, request, signal)
    : async (task, request) => moveRows(energy, task, request);
  return {
    equilibrate: (n, key, signal) => equilibrate(energy, plan, run, n, key, signal),
    hamiltonian: (request) => run("hamiltonian", request),
    dispose: () => shared?.dispose(),
  };
}
