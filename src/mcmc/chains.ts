/** Many chains of one move: warm-up, moves, and what they say about themselves. */
import { Pace } from "../core/task.js";
import type { Batch, Energy, Key } from "../core/types.js";
import { LEAST_DRAWS } from "./diagnostics.js";
import { FIRST_STEP } from "./hamiltonian-move.js";
import { addInfo, type ChainState, type McInfo, type McMove, type MoveContext } from "./move.js";
import { diagnose, type NamedDiagnostic, worstOf } from "./observables.js";
import { scaled, stepShare } from "./release.js";
import { StepSizes } from "./step-size.js";

export interface ChainPlan {
  readonly move: McMove;
  /** [chains, dim], checked. */
  readonly start: Batch;
  readonly warmup: number;
  readonly steps: number;
  readonly thin: number;
  readonly key: Key;
}

/** Where a run stands; onProgress gets one. */
export interface ChainProgress {
  /** Steps done, of all including warm-up. */
  readonly step: number;
  readonly total: number;
  readonly warmup: boolean;
  /** Of the last step, at temperature 1. */
  readonly acceptance: number;
  readonly stepSize: number;
  readonly energyCalls: number;
}

/** Energies of one part of a run, by what was asked for. */
export interface CallCounts {
  readonly plain: number;
  readonly gradient: number;
}

/** Kept configurations and what is known of them. */
export interface ChainRun {
  /** [draws * chains, dim]: row d chains + c is draw d of chain c. */
  readonly x: Batch;
  /** E of each row, kT. */
  readonly energy: Float32Array;
  readonly chains: number;
  readonly draws: number;
  /** Mean over the steps after warm-up, at temperature 1. */
  readonly acceptance: number;
  readonly stepSize: number;
  /** All energies computed, warm-up included; a gradient is one energy. */
  readonly energyCalls: number;
  readonly calls: { readonly warmup: CallCounts; readonly sampling: CallCounts };
  /** Proposals refused because their energy was not finite, warm-up included. */
  readonly nonFinite: number;
  readonly diagnostics: readonly NamedDiagnostic[];
  /** What the move says of itself: temperatures and swap rates, depths and divergences. */
  readonly details: { readonly [name: string]: number | readonly number[] };
  /** One line where something should be changed. */
  readonly notice?: string;
}

/** Above this split R-hat a run is called unfinished. */
const LARGE_RHAT = 1.1;
/** Steps between two looks at the clock. */
const TALK_EVERY = 16;

interface Runner {
  readonly context: MoveContext;
  readonly pace: Pace;
  readonly told: (progress: ChainProgress) => void;
}

/** Steps done and energies spent so far. */
interface Tally {
  step: number;
  total: number;
  calls: number;
  spoken: number;
}

function tell({ told }: Runner, tally: Tally, state: ChainState, info: McInfo, warmup: boolean): void {
  tally.calls += info.plainCalls + info.gradientCalls;
  const now = performance.now();
  if (now - tally.spoken < TALK_EVERY && tally.step < tally.total) return;
  tally.spoken = now;
  const { step, total, calls: energyCalls } = tally;
  told({ step, total, warmup, acceptance: info.acceptance[0], stepSize: state.stepSize[0], energyCalls });
}

function rootMeanSquare(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / values.length);
}

/** Steps that tune the move, then freezes it. */
async function warmUp(runner: Runner, plan: ChainPlan, state: ChainState, first: McInfo, tally: Tally): Promise<McInfo> {
  const { move, warmup } = plan;
  let info = first;
  const sizes = new StepSizes(move.name, state.stepSize, move.targetAcceptance, warmup);
  for (let t = 0; t < warmup; t++) {
    await runner.pace.breathe();
    const share = stepShare(t, warmup);
    const made = await scaled(state, share, () => move.step(runner.context, state, 1));
    info = addInfo(info, made, 1 / warmup);
    if (move.stepSize === undefined && share === 1) sizes.update(made.acceptance, t);
    move.adapt?.(state, (t + 1) / warmup);
    tally.step++;
    tell(runner, tally, state, made, true);
  }
  if (warmup > 0 && move.stepSize === undefined) sizes.freeze(rootMeanSquare(state.x.data), info.nonFinite);
  move.freeze?.(state);
  return info;
}

/** Steps that are kept. */
async function sample(runner: Runner, plan: ChainPlan, state: ChainState, tally: Tally, out: Kept): Promise<McInfo> {
  const { move, steps, thin } = plan;
  const draws = Math.floor(steps / thin);
  let info: McInfo | undefined;
  for (let draw = 0; draw < draws; draw++) {
    await runner.pace.breathe();
    const made = await move.step(runner.context, state, thin);
    info = addInfo(info, made, 1 / draws);
    out.x.set(state.x.data.subarray(0, state.chains * state.x.dim), draw * state.chains * state.x.dim);
    out.energy.set(state.energy.subarray(0, state.chains), draw * state.chains);
    tally.step += thin;
    tell(runner, tally, state, made, false);
  }
  return info as McInfo;
}

interface Kept {
  readonly x: Float32Array;
  readonly energy: Float32Array;
}

function counts({ plainCalls, gradientCalls }: McInfo): CallCounts {
  return { plain: plainCalls, gradient: gradientCalls };
}

function rhatNotice(diagnostics: readonly NamedDiagnostic[], draws: number): string | undefined {
  if (draws < LEAST_DRAWS) {
    return `runChains: ${draws} configurations a chain say nothing about convergence; lower thin or raise steps to keep 4 or more`;
  }
  const worst = worstOf(diagnostics);
  if (!worst || worst.splitRhat <= LARGE_RHAT) return undefined;
  return `runChains: the chains disagree (split R-hat of ${worst.name} is ${worst.splitRhat.toFixed(2)}, effective sample size ${worst.ess.toFixed(0)}); use more steps, or tempering() where they are stuck in different places`;
}

/** The steps of a plan. Rows draw from their own streams: the result depends on the plan alone. */
export async function moveChains(
  energy: Energy,
  plan: ChainPlan,
  run: MoveContext["run"],
  signal?: AbortSignal,
  told: (progress: ChainProgress) => void = () => undefined,
): Promise<ChainRun> {
  const { move, start, warmup, steps, thin, key } = plan;
  const runner: Runner = { context: { energy, key, run }, pace: new Pace(signal), told };
  const { state, info: first } = move.init(runner.context, start);
  checkStart(state);
  if (move.stepSize !== undefined) {
    const factor = move.stepSize / FIRST_STEP;
    state.stepSize.forEach((size, group) => {
      state.stepSize[group] = size * factor;
    });
  }
  const draws = Math.floor(steps / thin);
  const { chains } = state;
  const tally: Tally = {
    step: 0,
    total: warmup + draws * thin,
    calls: first.plainCalls + first.gradientCalls,
    spoken: performance.now(),
  };
  const warm = await warmUp(runner, plan, state, first, tally);
  const kept: Kept = { x: new Float32Array(draws * chains * energy.dim), energy: new Float32Array(draws * chains) };
  const made = await sample(runner, plan, state, tally, kept);
  const x: Batch = { data: kept.x, n: draws * chains, dim: energy.dim };
  const diagnostics = diagnose(energy, x, kept.energy, chains);
  const report = move.report?.(state);
  const notice = report?.notice ?? rhatNotice(diagnostics, draws);
  return {
    x,
    energy: kept.energy,
    chains,
    draws,
    acceptance: made.acceptance[0],
    stepSize: state.stepSize[0],
    energyCalls: tally.calls,
    calls: { warmup: counts(warm), sampling: counts(made) },
    nonFinite: warm.nonFinite + made.nonFinite,
    diagnostics,
    details: report?.details ?? {},
    ...(notice && { notice }),
  };
}

/** @throws RangeError where a chain begins at an energy that is not finite */
function checkStart({ energy }: ChainState): void {
  const bad = energy.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  throw new RangeError(
    `runChains: the start of chain ${bad} has energy ${energy[bad]}; begin where the energy is finite, with \`start\``,
  );
}
