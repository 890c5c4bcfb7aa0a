/** Markov chains in the tables: a few moves behind samples, and MALA, HMC and parallel tempering from a cold start at a given number of calls. */
import { hmc, mala, runChains, tempering } from "bnem";
import { finiteSample } from "./score.mjs";
import { targets } from "./targets.mjs";

/** Moves behind samples, most of which tune the step. */
const CORRECTED = { warmup: 40, steps: 10 };

/** Configurations that a chain gives, evenly spread over its second half. */
const DRAWS = 8;
/** Moves of a chain below which there are fewer chains instead. */
const LEAST_MOVES = 64;

const moves = {
  mala: (options) => ({ move: mala(options), cost: 1, replicas: 1 }),
  hmc: (options) => {
    const { leapfrogs, leapfrogsOdd = leapfrogs } = options;
    return { move: hmc(options), cost: (leapfrogs + leapfrogsOdd) / 2, replicas: 1 };
  },
  tempering: ({ leapfrogs, ...options }) => ({
    move: tempering({ move: hmc({ leapfrogs, targetAcceptance: 0.8 }), ...options }),
    cost: leapfrogs * options.swapEvery * options.replicas,
    replicas: options.replicas,
  }),
};
export const chainNames = Object.keys(moves);

const sum = ({ warmup, sampling }, kind) => warmup[kind] + sampling[kind];

/** Calls of a run, warm-up and the energies of its start included. */
function callsOf({ calls }) {
  return { plain: sum(calls, "plain"), gradient: sum(calls, "gradient") };
}

/** Samples with 50 MALA moves behind them. Rows without a finite energy cannot be moved; they are left out and counted. */
export async function correctedByMala(energy, x, seed) {
  const { sample, lost } = finiteSample(energy, { x });
  const began = performance.now();
  const { warmup, steps } = CORRECTED;
  const run = await runChains(energy, { move: mala(), start: sample.x, warmup, steps, thin: steps, seed });
  const seconds = (performance.now() - began) / 1000;
  return { x: run.x, seconds, calls: callsOf(run), acceptance: run.acceptance, stepSize: run.stepSize, nonFinite: lost };
}

/**
 * How `calls` energies are spent on n rows: chains of DRAWS rows where that leaves each LEAST_MOVES moves, fewer and longer ones where not. Half of the
 * moves are warm-up. @throws RangeError where not even one chain has moves
 */
export function planOf(calls, n, { cost, replicas }) {
  for (let draws = DRAWS; draws <= n; draws *= 2) {
    const chains = Math.ceil(n / draws);
    // Even, because every second trajectory may be shorter.
    const moves = 2 * Math.floor((calls / chains - replicas) / cost / 2);
    if (moves < Math.max(LEAST_MOVES, 2 * draws) && chains > 1) continue;
    const thin = Math.floor(moves / 2 / draws);
    if (thin >= 1) return { chains, steps: thin * draws, thin, warmup: moves - thin * draws };
    break;
  }
  throw new RangeError(`${calls} energy calls are too few for ${n} rows of chains at ${cost} calls a move`);
}

/** n rows of chains from a cold start with at most `calls` energies, warm-up included; no reference is looked at. */
export async function chainsAt(task, energy, name, { calls, n, seed }) {
  const { move, ...costs } = moves[name](targets[task].chains[name]);
  const plan = planOf(calls, n, costs);
  const began = performance.now();
  const run = await runChains(energy, { move, ...plan, seed });
  const seconds = (performance.now() - began) / 1000;
  // The last n rows: whole chains more than n are not asked for.
  const from = run.x.n - n;
  const x = { data: run.x.data.slice(from * run.x.dim), n, dim: run.x.dim };
  const { acceptance, stepSize, nonFinite, notice, details, diagnostics } = run;
  const mixing = diagnostics.map(({ name: of, splitRhat, ess }) => ({ of, splitRhat, ess }));
  return {
    x,
    seconds,
    calls: callsOf(run),
    about: { move: move.options, ...plan, acceptance, stepSize, nonFinite, notice, details, mixing },
  };
}
