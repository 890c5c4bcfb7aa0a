/** Replicas of chains at the levels of a path: moves at every level, and swaps of neighbours that a transition assists. */
import { derive } from "../core/random.js";
import type { Batch, Key } from "../core/types.js";
import { normalRows, uniforms } from "../kernels/normal.js";
import type { ExactLevel } from "./exact-level.js";
import { stepRandom } from "./island.js";
import { LevelModel, type LevelValues } from "./level-model.js";
import { bringBack, type LevelState, metropolis, moveAtLevel, takeRow } from "./level-moves.js";
import { type Interval, intervalOf, type Level } from "./levels.js";
import { type Reference, referenceLogDensity, referenceRows } from "./reference.js";
import type { AnnealedTransition, Frozen, Moved } from "./transition.js";

/** A model that answers the question it was asked last a second time for nothing: a swap needs the energy where its transition took the score. */
export class RememberingLevel extends LevelModel {
  private last: { readonly x: Batch; readonly values: LevelValues } | undefined;

  override async evaluate(x: Batch, _withEnergy: boolean): Promise<LevelValues> {
    if (this.last?.x !== x) this.last = { x, values: await super.evaluate(x, true) };
    return this.last.values;
  }

  forget(): void {
    this.last = undefined;
  }
}

/** What a ladder is made of; nothing in it changes between two sweeps that are kept. */
export interface LadderPlan extends Reference {
  readonly chains: number;
  /** 0 .. K. */
  readonly levels: readonly Level[];
  readonly transition: AnnealedTransition;
  /** [K + 1]: what was measured for the transition from level k to k - 1. */
  readonly frozen: readonly (Frozen | undefined)[];
  readonly key: Key;
  readonly exact: ExactLevel;
  /** [K + 1]; the first is not used, and the last one gives scores only. */
  readonly models: readonly LevelModel[];
  readonly moves: { readonly count: number; readonly leapfrogs: number };
}

/** What is counted of sweeps; a new one from when on counts are kept. */
export interface LadderCounts {
  sweeps: number;
  /** Sums over sweeps of the mean acceptance of level k, [K]. */
  readonly acceptance: Float64Array;
  /** Sums over tried rows of the swap probability of levels k and k + 1, [K], and the number of rows. */
  readonly swap: Float64Array;
  readonly tried: Float64Array;
  /** Replicas that came down to level 0 and had been at the top since they were there before. */
  roundTrips: number;
  /** Refused moves of level k [K], and swaps of levels k and k + 1 [K], because a number was not finite or a map did not find back. */
  readonly badMoves: Float64Array;
  readonly badSwaps: Float64Array;
}

export function newCounts(top: number): LadderCounts {
  const zeros = () => new Float64Array(top);
  return {
    sweeps: 0,
    acceptance: zeros(),
    swap: zeros(),
    tried: zeros(),
    roundTrips: 0,
    badMoves: zeros(),
    badSwaps: zeros(),
  };
}

/** Distance by which a row may miss where it came from: a part of the interval's noise, and of rounding. */
const RETURN_NOISE = 1e-3;
const RETURN_SIZE = 1e-5;

function returned(back: Batch, x: Batch, row: number, noise: number): boolean {
  const { dim } = x;
  let off = 0;
  let size = 0;
  for (let i = row * dim; i < (row + 1) * dim; i++) {
    off += (back.data[i] - x.data[i]) ** 2;
    size += x.data[i] ** 2;
  }
  return Math.sqrt(off) <= RETURN_NOISE * Math.sqrt(noise * dim) + RETURN_SIZE * Math.sqrt(size);
}

export class ExchangeLadder {
  readonly top: number;
  /** [K + 1]; the score at the top is not known. */
  states: LevelState[] = [];
  /** [K]: of levels 0 .. K - 1. */
  readonly stepSizes: Float64Array;
  counts: LadderCounts;
  private readonly intervals: readonly Interval[];
  /** [K + 1][chains]: which replica is at level k; and of each whether it was at the top since it was at level 0. */
  private readonly replicas: Int32Array[];
  private readonly fromTop: Uint8Array[];

  constructor(
    readonly plan: LadderPlan,
    stepSizes: Float64Array,
  ) {
    const { levels, chains } = plan;
    this.top = levels.length - 1;
    this.stepSizes = stepSizes.slice();
    this.counts = newCounts(this.top);
    this.intervals = levels.map((level, k) => intervalOf(level, levels[Math.max(0, k - 1)]));
    this.replicas = levels.map((_, k) => new Int32Array(chains).fill(k));
    this.fromTop = levels.map(() => new Uint8Array(chains));
  }

  /** Moves of level k in sweep `sweep`; at the top new rows of the reference, which leave it invariant as no other kernel does: at once. */
  async move(k: number, sweep: number): Promise<number> {
    const { plan, counts } = this;
    const key = derive(plan.key, "move", k);
    if (k === this.top) {
      this.states[k] = await this.stateOf(k, referenceRows(plan, normalRows(key, sweep, 0, plan.chains, plan.dim).data));
      for (let row = 0; row < plan.chains; row++) this.fromTop[this.replicas[k][row]][row] = 1;
      return 1;
    }
    const target = k === 0 ? plan.exact : plan.models[k];
    const moves = { ...plan.moves, stepSize: this.stepSizes[k] };
    const moved = await moveAtLevel(this.states[k], target, moves, { key, step: sweep, firstRow: 0 });
    this.states[k] = moved;
    const acceptance = moved.acceptance.reduce((a, b) => a + b, 0) / plan.chains;
    counts.acceptance[k] += acceptance;
    counts.badMoves[k] += moved.nonFinite;
    return acceptance;
  }

  /** Swaps of levels k and k - 1. See `replicaExchange` for the rule. */
  async swap(k: number, sweep: number): Promise<void> {
    const { plan, counts } = this;
    const [from, to] = [this.states[k], this.states[k - 1]];
    const lost = new Uint8Array(plan.chains);
    const { down, up } = await this.proposals(k, sweep, lost);
    bringBack(down.x, to.x, lost);
    bringBack(up.x, from.x, lost);
    const below = await this.stateOf(k - 1, down.x);
    const above = await this.stateOf(k, up.x);
    const accept = derive(plan.key, "swap", k);
    for (let row = 0; row < plan.chains; row++) {
      const energy = lost[row] ? Number.NaN : below.energy[row] + above.energy[row];
      const change = energy - to.energy[row] - from.energy[row] - down.logRatio[row] - up.logRatio[row];
      if (!Number.isFinite(energy) || Number.isNaN(change)) counts.badSwaps[k - 1]++;
      const probability = metropolis(change, energy);
      counts.swap[k - 1] += probability;
      if (uniforms(accept, sweep, row, 1)[0] >= probability) continue;
      takeRow(to, below, row);
      takeRow(from, above, row);
      const [high, low] = [this.replicas[k], this.replicas[k - 1]];
      [high[row], low[row]] = [low[row], high[row]];
    }
    counts.tried[k - 1] += plan.chains;
    this.forget();
  }

  /** Replicas at level 0 that have been at the top are counted, once until they were there again. */
  arrive(): void {
    for (let row = 0; row < this.plan.chains; row++) {
      const been = this.fromTop[this.replicas[0][row]];
      this.counts.roundTrips += been[row];
      been[row] = 0;
    }
  }

  /** One sweep: moves at all levels, then the pairs (1, 0), (3, 2), ... or (2, 1), (4, 3), ... by turns. The acceptances of the moves. */
  async sweep(sweep: number, breathe: () => Promise<void>): Promise<Float64Array> {
    const acceptance = new Float64Array(this.top);
    for (let k = 0; k <= this.top; k++) {
      await breathe();
      const found = await this.move(k, sweep);
      if (k < this.top) acceptance[k] = found;
    }
    for (let k = 1 + (sweep % 2); k <= this.top; k += 2) {
      await breathe();
      await this.swap(k, sweep);
    }
    this.arrive();
    this.counts.sweeps++;
    return acceptance;
  }

  /** Energies and scores of rows at a level; at the top of the reference. */
  async stateOf(k: number, x: Batch): Promise<LevelState> {
    if (k === this.top)
      return { x, energy: referenceLogDensity(this.plan, x).map((value) => -value), score: new Float32Array(x.data.length) };
    const { energy, score } = await (k === 0 ? this.plan.exact.evaluate(x) : this.plan.models[k].evaluate(x, true));
    // A model that remembers keeps what it returned: rows that are swapped are written into a copy.
    return { x, energy: (energy as Float64Array).slice(), score: score.slice() };
  }

  private async proposals(k: number, sweep: number, lost: Uint8Array): Promise<{ down: Moved; up: Moved }> {
    const { plan } = this;
    const { chains, dim, transition } = plan;
    const [from, to] = [this.states[k], this.states[k - 1]];
    const request = { interval: this.intervals[k], model: plan.models[k], frozen: plan.frozen[k] };
    const random = (way: string) => stepRandom(derive(plan.key, way, k), sweep, 0, chains, dim);
    const score = k === this.top ? {} : { score: from.score };
    const down = await transition.down({ ...request, ...score, x: from.x, random: random("down") });
    if (transition.deterministic) {
      const before = new Uint8Array(chains);
      const there: Batch = { data: down.x.data.slice(), n: chains, dim };
      bringBack(there, to.x, before);
      const back = await transition.up({ ...request, x: there, random: random("back") });
      for (let row = 0; row < chains; row++) {
        if (before[row] || !returned(back.x, from.x, row, request.interval.noise)) lost[row] = 1;
      }
    }
    const up = await transition.up({ ...request, x: to.x, random: random("up") });
    return { down, up };
  }

  /** Rows that a model has answered for may change after this. */
  forget(): void {
    for (const model of this.plan.models) if (model instanceof RememberingLevel) model.forget();
  }
}
