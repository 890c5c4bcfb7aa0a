/** Random walks, MALA and HMC as moves: they differ in the number of leapfrogs. */
import { checkNumber, checkPositive } from "../core/check.js";
import type { Batch, Energy, Json } from "../core/types.js";
import { addInfo, type ChainState, groupMeans, type McInfo, type McMove, type MoveContext, spread } from "./move.js";

/** Options that every move has. */
export interface StepOptions {
  /** Length of a step, in the energy's own units. Adapted in warm-up where absent. */
  readonly stepSize?: number;
  /** Acceptance that warm-up aims at, in (0, 1). */
  readonly targetAcceptance?: number;
}

export interface Leapfrogs {
  readonly leapfrogs: number;
  readonly leapfrogsOdd: number;
}

/** Where a step size begins that warm-up adapts. */
export const FIRST_STEP = 0.1;
/** Leapfrogs per call: an abort waits for eight rows of one call, some milliseconds. */
const CALL_LEAPFROGS = 100;

/** The checked options of any move. */
export function stepSettings(call: string, { stepSize, targetAcceptance }: StepOptions, usual: number) {
  if (stepSize !== undefined) checkPositive(call, "stepSize", stepSize);
  checkNumber(call, "targetAcceptance", targetAcceptance ?? usual, 0.01, 0.99);
  return { stepSize, targetAcceptance: targetAcceptance ?? usual };
}

/** Energies, and gradients where they will be needed, at the start of chains. */
export function startOf(energy: Energy, x: Batch, withGradient: boolean): { state: ChainState; info: McInfo } {
  const found = withGradient ? energy.energyAndGradient(x) : { energy: energy.energy(x), gradient: new Float32Array(0) };
  const state = { chains: x.n, x, ...found, stepSize: Float64Array.of(FIRST_STEP), step: 0 };
  const calls = { plainCalls: withGradient ? 0 : x.n, gradientCalls: withGradient ? x.n : 0 };
  return { state, info: { acceptance: Float64Array.of(0), ...calls, nonFinite: 0 } };
}

/** Hamiltonian moves of all rows of a state, at the inverse temperatures beta [x.n] where given. */
export async function moveState(
  { run, key }: MoveContext,
  state: ChainState,
  { leapfrogs, leapfrogsOdd }: Leapfrogs,
  moves: number,
  beta?: Float32Array,
): Promise<McInfo> {
  const most = Math.max(1, Math.floor(CALL_LEAPFROGS / Math.max(1, leapfrogs)));
  let info: McInfo | undefined;
  for (let done = 0; done < moves; ) {
    const count = Math.min(most, moves - done);
    const result = await run("hamiltonian", {
      x: state.x,
      key,
      step: state.step,
      moves: count,
      leapfrogs,
      leapfrogsOdd,
      stepSize: spread(state.stepSize, state.x.n),
      known: { energy: state.energy, gradient: state.gradient },
      ...(beta && { beta }),
    });
    state.x = result.x;
    state.energy = result.energy;
    state.gradient = result.gradient;
    state.step += count;
    done += count;
    const calls = result.energyCalls;
    const part: McInfo = {
      acceptance: groupMeans(result.acceptance, state.stepSize.length),
      plainCalls: leapfrogs === 0 ? calls : 0,
      gradientCalls: leapfrogs === 0 ? 0 : calls,
      nonFinite: result.nonFinite,
    };
    info = addInfo(info, part, count / moves);
  }
  return info as McInfo;
}

/** A move whose trajectories can also be run at other temperatures. */
export interface HamiltonianMove extends McMove {
  readonly trajectory: Leapfrogs;
}

export function hamiltonianMove(
  name: string,
  trajectory: Leapfrogs,
  settings: { readonly stepSize?: number; readonly targetAcceptance: number },
): HamiltonianMove {
  const options: { [key: string]: Json } = { targetAcceptance: settings.targetAcceptance };
  if (trajectory.leapfrogs > 1) Object.assign(options, trajectory);
  if (settings.stepSize !== undefined) options.stepSize = settings.stepSize;
  return {
    name,
    options,
    ...settings,
    trajectory,
    init: ({ energy }, x) => startOf(energy, x, trajectory.leapfrogs > 0),
    step: (context, state, moves) => moveState(context, state, trajectory, moves),
  };
}
