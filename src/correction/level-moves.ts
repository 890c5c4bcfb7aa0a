/** MALA and HMC of rows at one level of a path: they leave exp(-U_k) invariant, so that they change no weight. */
import { exp, log } from "../core/elementary.js";
import { derive } from "../core/random.js";
import { removeMean } from "../core/subspace.js";
import type { Batch, Key, Particles } from "../core/types.js";
import { normalRows, uniforms } from "../kernels/normal.js";
import { stepGain } from "../mcmc/step-size.js";
import type { LevelValues } from "./level-model.js";

/** What is moved on: a `LevelModel`, or the exact energy at level 0. */
export interface LevelTarget {
  /** Rows and momenta stay on the subspace with center of mass 0. */
  readonly particles?: Particles;
  /** U [n], kT, and -grad U [n, dim], not clipped: a trajectory may follow any field, but one that belongs to U is accepted more often. */
  evaluate(x: Batch, withEnergy: true): Promise<LevelValues>;
}

/** Rows at a level and what is known of them there, so that a move costs `leapfrogs` evaluations and no more. */
export interface LevelState {
  readonly x: Batch;
  /** U, [n], kT. */
  readonly energy: Float64Array;
  /** -grad U, [n, dim]. */
  readonly score: Float32Array;
}

export interface LevelMoves {
  /** Moves of every row. */
  readonly count: number;
  /** Of each move; 1 is MALA. */
  readonly leapfrogs: number;
  /** Length, the same for all rows. */
  readonly stepSize: number;
}

/** Row r draws from the streams (key, step, firstRow + r) alone; the moves of one call from different keys. */
export interface MoveRandom {
  readonly key: Key;
  readonly step: number;
  readonly firstRow: number;
}

/** Rows after the moves. */
export interface MovedLevel extends LevelState {
  /** Mean over the moves of min(1, exp(-change of U + kinetic energy)), [n]. */
  readonly acceptance: Float64Array;
  /** Proposals refused because a coordinate, their energy or their score was not finite. */
  readonly nonFinite: number;
  /** Rows evaluated: n count leapfrogs. */
  readonly calls: number;
}

/** Where a trajectory ends, and which rows left the numbers on the way. */
interface Flight extends LevelState {
  readonly lost: Uint8Array;
}

function rowFinite(values: ArrayLike<number>, row: number, dim: number): boolean {
  for (let i = row * dim; i < (row + 1) * dim; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

/** Rows with a non-finite coordinate are put back to where they came from, so that no model is asked about them, and marked. */
export function bringBack(y: Batch, from: Batch, lost: Uint8Array): void {
  const { n, dim } = y;
  for (let row = 0; row < n; row++) {
    if (rowFinite(y.data, row, dim)) continue;
    lost[row] = 1;
    y.data.set(from.data.subarray(row * dim, (row + 1) * dim), row * dim);
  }
}

function kick(p: Float64Array, score: Float32Array, size: number): void {
  for (let i = 0; i < p.length; i++) p[i] += size * score[i];
}

/** Follows trajectories of momentum p, which is that of their end afterwards. */
async function fly(state: LevelState, target: LevelTarget, p: Float64Array, moves: LevelMoves): Promise<Flight> {
  const { n, dim } = state.x;
  const { leapfrogs, stepSize } = moves;
  const lost = new Uint8Array(n);
  let at = state;
  for (let l = 0; l < leapfrogs; l++) {
    kick(p, at.score, l === 0 ? 0.5 * stepSize : stepSize);
    const { data } = at.x;
    const y: Batch = { data: Float32Array.from(data, (value, i) => value + stepSize * p[i]), n, dim };
    if (target.particles) removeMean(y.data, n, target.particles);
    bringBack(y, state.x, lost);
    const { energy, score } = await target.evaluate(y, true);
    at = { x: y, energy: energy as Float64Array, score };
  }
  kick(p, at.score, 0.5 * stepSize);
  return { ...at, lost };
}

/** Half of |p|^2 of a row. */
function kinetic(p: Float64Array, row: number, dim: number): number {
  let sum = 0;
  for (let i = row * dim; i < (row + 1) * dim; i++) sum += p[i] * p[i];
  return 0.5 * sum;
}

/** One row of a state takes the place of the same row of another, in place. */
export function takeRow(into: LevelState, from: LevelState, row: number): void {
  const { dim } = into.x;
  const [first, end] = [row * dim, (row + 1) * dim];
  into.x.data.set(from.x.data.subarray(first, end), first);
  into.score.set(from.score.subarray(first, end), first);
  into.energy[row] = from.energy[row];
}

/** Probability to accept a change of -log density; 0 where it is NaN or the new one is not finite. A row of density 0 leaves for any other. */
export function metropolis(change: number, energy: number): number {
  return Number.isFinite(energy) && !Number.isNaN(change) ? exp(Math.min(0, -change)) : 0;
}

/**
 * `count` Hamiltonian moves of every row: a normal momentum of unit mass, `leapfrogs` steps, accepted with probability
 * min(1, exp(-(change of U + |p|^2 / 2))). Leapfrogs keep volumes and can be run back whatever field they follow, so that exp(-U) is invariant
 * even where the score is not the gradient of U. A new state; the given one is left alone. With one leapfrog this is MALA with step variance
 * stepSize^2, its ratio of proposal densities included.
 *
 * A proposal with a number that is not finite is refused and counted.
 *
 * @throws what the target throws
 * @see Duane et al. 1987; Roberts and Tweedie 1996; Neal 2011, arXiv:1206.1901
 */
export async function moveAtLevel(
  state: LevelState,
  target: LevelTarget,
  moves: LevelMoves,
  { key, step, firstRow }: MoveRandom,
): Promise<MovedLevel> {
  const { n, dim } = state.x;
  const { count, leapfrogs } = moves;
  const now = { x: { data: state.x.data.slice(), n, dim }, energy: state.energy.slice(), score: state.score.slice() };
  const acceptance = new Float64Array(n);
  let nonFinite = 0;
  for (let m = 0; m < count; m++) {
    const p = Float64Array.from(normalRows(derive(key, "momentum", m), step, firstRow, n, dim).data);
    if (target.particles) removeMean(p, n, target.particles);
    const before = Float64Array.from({ length: n }, (_, row) => kinetic(p, row, dim));
    const end = await fly(now, target, p, moves);
    const accept = derive(key, "accept", m);
    for (let row = 0; row < n; row++) {
      const energy = end.lost[row] ? Number.NaN : end.energy[row];
      const change = energy - now.energy[row] + kinetic(p, row, dim) - before[row];
      // The last half step has the new score in it: one that is not finite shows here.
      if (!Number.isFinite(energy) || Number.isNaN(change)) nonFinite++;
      const probability = metropolis(change, energy);
      acceptance[row] += probability / count;
      if (uniforms(accept, step, firstRow + row, 1)[0] < probability) takeRow(now, end, row);
    }
  }
  return { ...now, acceptance, nonFinite, calls: n * count * leapfrogs };
}

/** Acceptance that step sizes are tuned to: 0.574 for MALA, 0.65 for HMC, the optima of many dimensions, as in `mala` and `hmc`. */
export function targetAcceptance(leapfrogs: number): number {
  return leapfrogs === 1 ? 0.574 : 0.65;
}

/**
 * The step size of one level on its way through a pilot of `rounds` moves, by Robbins and Monro on the logarithm: up to a factor of 1.8 a move at
 * first. Frozen, before anything is counted, is the mean of its logarithm over the second half.
 */
export class StepTuner {
  private sum = 0;
  private counted = 0;
  private t = 0;

  constructor(
    private size: number,
    private readonly aim: number,
    private readonly rounds: number,
  ) {}

  /** Of the next move. */
  get stepSize(): number {
    return this.size;
  }

  /** Takes the mean acceptance of a move at the present size. */
  update(acceptance: number): void {
    this.size = exp(log(this.size) + stepGain(this.t) * (acceptance - this.aim));
    if (2 * ++this.t <= this.rounds) return;
    this.sum += log(this.size);
    this.counted++;
  }

  /** The size to keep. */
  frozen(): number {
    return this.counted > 0 ? exp(this.sum / this.counted) : this.size;
  }
}

/** Half the standard deviation of a level's noise: near the optimum at noisy levels, and where adaptation begins at the others. */
export function firstStep(variance: number): number {
  return 0.5 * Math.sqrt(variance);
}
