/** The no-U-turn sampler as a move. */
import { checkInteger, checkOptions } from "../core/check.js";
import type { Json } from "../core/types.js";
import { type StepOptions, startOf, stepSettings } from "./hamiltonian-move.js";
import { addInfo, type ChainState, groupMeans, type McInfo, type McMove, type MoveContext, spread } from "./move.js";

/** Options of `nuts`. */
export interface NutsOptions extends StepOptions {
  /** Doublings of a trajectory at most, 1 to 15: 2^maxDepth - 1 gradients. Default 8. */
  readonly maxDepth?: number;
}

/** Counts of a run, since warm-up. */
interface Counts {
  moves: number;
  divergences: number;
  depths: number;
  saturated: number;
}

const counts = new WeakMap<ChainState, Counts>();

function countsOf(state: ChainState): Counts {
  let found = counts.get(state);
  if (!found) {
    found = { moves: 0, divergences: 0, depths: 0, saturated: 0 };
    counts.set(state, found);
  }
  return found;
}

async function step({ run, key }: MoveContext, state: ChainState, moves: number, maxDepth: number): Promise<McInfo> {
  let info: McInfo | undefined;
  const count = countsOf(state);
  for (let done = 0; done < moves; done++) {
    const result = await run("nuts", {
      x: state.x,
      key,
      step: state.step,
      moves: 1,
      maxDepth,
      stepSize: spread(state.stepSize, state.x.n),
      known: { energy: state.energy, gradient: state.gradient },
    });
    Object.assign(state, { x: result.x, energy: result.energy, gradient: result.gradient });
    state.step++;
    count.moves += state.chains;
    count.divergences += result.divergences;
    count.depths += result.depths;
    count.saturated += result.saturated;
    const acceptance = groupMeans(result.acceptance, 1);
    const part = { acceptance, plainCalls: 0, gradientCalls: result.energyCalls, nonFinite: result.nonFinite };
    info = addInfo(info, part, 1 / moves);
  }
  return info as McInfo;
}

function noticeOf({ moves, divergences, saturated }: Counts, maxDepth: number): string | undefined {
  if (divergences > 0.01 * moves) {
    return `nuts: ${divergences} of ${moves} trajectories diverged; raise targetAcceptance, or the energy is steeper than its gradient says`;
  }
  if (saturated > 0.1 * moves) {
    return `nuts: ${saturated} of ${moves} trajectories were still growing at maxDepth ${maxDepth}; raise it, or scale the coordinates`;
  }
  return undefined;
}

/**
 * Trajectories that double until they would turn back, a state drawn from each with its weight (multinomial, biased to the later half).
 * Unit mass; the step is tuned to an acceptance of 0.8. Up to 2^maxDepth - 1 gradients a move.
 *
 * @throws TypeError / RangeError for stepSize <= 0, maxDepth outside 1 .. 15, targetAcceptance outside [0.01, 0.99] and unknown options
 * @see Hoffman and Gelman 2014, arXiv:1111.4246; Betancourt 2017, arXiv:1701.02434
 */
export function nuts(options: NutsOptions = {}): McMove {
  checkOptions("nuts", options, ["stepSize", "targetAcceptance", "maxDepth"]);
  const maxDepth = checkInteger("nuts", "maxDepth", options.maxDepth ?? 8, 1, 15);
  const settings = stepSettings("nuts", options, 0.8);
  const { targetAcceptance, stepSize } = settings;
  const given: { [name: string]: Json } = stepSize === undefined ? {} : { stepSize };
  return {
    name: "nuts",
    options: { targetAcceptance, maxDepth, ...given },
    ...settings,
    init: ({ energy }, x) => startOf(energy, x, true),
    step: (context, state, moves) => step(context, state, moves, maxDepth),
    freeze: (state) => counts.delete(state),
    report(state) {
      const found = countsOf(state);
      const { moves, depths, divergences, saturated } = found;
      const notice = noticeOf(found, maxDepth);
      return { details: { meanDepth: depths / moves, divergences, saturated }, ...(notice && { notice }) };
    },
  };
}
