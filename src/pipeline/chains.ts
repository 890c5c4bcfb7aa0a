/** Markov chains for training: brought to the target from the energy alone, then moved on the trainer's threads. */
import { BnemError } from "../core/errors.js";
import { derive } from "../core/random.js";
import type { Batch, ChainTools, Energy, Equilibrated, HamiltonianRequest, HamiltonianResult, Key } from "../core/types.js";
import type { WorkerPool } from "../kernels/pool.js";
import { type ChainProgress, type ChainRun, moveChains } from "../mcmc/chains.js";
import { LEAST_DRAWS } from "../mcmc/diagnostics.js";
import { hmc } from "../mcmc/hmc.js";
import type { McMove, MoveContext } from "../mcmc/move.js";
import { moveRows, type RequestOf, type ResultOf, type RowTask, SharedChains } from "../mcmc/shared-chains.js";
import { defaultStart } from "../mcmc/start.js";
import { tempering } from "../mcmc/tempering.js";
import { underName } from "./call-names.js";
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

/** @throws BnemError("bad-energy") where a chain begins at an energy that is not finite */
function checkStart(energy: Energy, start: Batch): void {
  const energies = energy.energy(start);
  const bad = energies.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  const where = energy.particles ? "a piece of a lattice" : "standard normal numbers";
  throw new BnemError(
    "bad-energy",
    `train: ${energy.name} is ${energies[bad]} where chain ${bad} of the training buffer begins (${where}); check the energy there, or train by a method without chains, such as bnem`,
  );
}

/** What a run of chains says should be changed, in the words of the options of training. */
function noticeOf({ notice, draws }: ChainRun, { move }: EquilibrationPlan): string | undefined {
  // Too few configurations a chain to compare chains with themselves is what was asked for.
  if (notice === undefined || (notice.startsWith("runChains: ") && draws < LEAST_DRAWS)) return undefined;
  const options = move === "tempering" ? "temperatures, temperatureMax, chainMoves" : "chainMoves, chainMove";
  return `train: the chains of the training buffer: ${notice.replace(/^\w+: /, "")} (options ${options})`;
}

/** Chains of a run; they hold the threads' copy of the energy until `dispose`. */
export interface DisposableChains extends ChainTools {
  /** Hears where the chains stand on their way to the target. */
  told?: (progress: ChainProgress) => void;
  /** One line where something should be changed, once they are there. */
  notice?: string;
  dispose(): void;
}

class TrainingChains implements DisposableChains {
  told: DisposableChains["told"];
  notice: string | undefined;

  constructor(
    private readonly energy: Energy,
    private readonly plan: EquilibrationPlan,
    private readonly shared: SharedChains | undefined,
  ) {}

  async equilibrate(n: number, key: Key, signal?: AbortSignal): Promise<Equilibrated> {
    const { energy, plan } = this;
    const { move, each } = stepsOf[plan.move](plan);
    const start = defaultStart(energy, Math.ceil(n / plan.draws), derive(key, "start"));
    checkStart(energy, start);
    const chains = { move, start, ...divide(plan, each), key: derive(key, "moves") };
    const run: MoveContext["run"] = (task, request) => this.run(task, request, signal);
    try {
      const made = await moveChains(energy, chains, run, signal, (progress) => this.told?.(progress));
      this.notice = noticeOf(made, plan);
      const x: Batch = { data: made.x.data.slice(0, n * energy.dim), n, dim: energy.dim };
      // The energies of the start were asked for once more.
      return { x, stepSize: made.stepSize, energyCalls: made.energyCalls + start.n, nonFinite: made.nonFinite };
    } catch (error) {
      throw underName("train", error, " (the first half of chainMoves)");
    }
  }

  hamiltonian(request: HamiltonianRequest): Promise<HamiltonianResult> {
    return this.run("hamiltonian", request);
  }

  dispose(): void {
    this.shared?.dispose();
  }

  private async run<T extends RowTask>(task: T, request: RequestOf<T>, signal?: AbortSignal): Promise<ResultOf<T>> {
    return this.shared ? this.shared.run(task, request, signal) : moveRows(this.energy, task, request);
  }
}

/**
 * Chains of a training run. With tempering every chain is a ladder of `temperatures` replicas; `draws` configurations of each then make up the n
 * asked for. Step sizes and temperatures are tuned in the first half of the moves and frozen. The same bits on any number of threads.
 *
 * @param pool threads that share the moves; absent: the calling one makes them all
 */
export function chainTools(energy: Energy, plan: EquilibrationPlan, pool?: WorkerPool): DisposableChains {
  return new TrainingChains(energy, plan, pool && new SharedChains(pool, energy));
}
