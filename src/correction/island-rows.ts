/** Rows of one island on their way down, with what is known of them. Rows that come out non-finite rest at the origin, weigh nothing and are counted. */
import type { Batch } from "../core/types.js";
import type { LevelModel, LevelValues } from "./level-model.js";
import { type LevelMoves, type MoveRandom, moveAtLevel } from "./level-moves.js";
import type { Moved } from "./transition.js";

function gathered(values: Float32Array, rows: Int32Array, dim: number): Float32Array {
  const out = new Float32Array(rows.length * dim);
  rows.forEach((row, i) => {
    out.set(values.subarray(row * dim, (row + 1) * dim), i * dim);
  });
  return out;
}

export class IslandRows {
  readonly n: number;
  /** 1 where a number came out non-finite since the last resampling. */
  failed: Uint8Array;
  score = new Float32Array(0);
  /** Rows that ever failed. */
  lost = 0;
  refused = 0;
  private energy: Float64Array | undefined;
  private accepted = 0;
  private moves = 0;

  /** @param logWeights log weight since the last resampling, without the potential of the level; -Infinity for failed rows */
  constructor(
    public x: Batch,
    public logWeights: Float64Array,
    public ancestors: Int32Array,
  ) {
    this.n = x.n;
    this.failed = new Uint8Array(x.n);
  }

  /** What the model says at the rows' level. */
  take({ energy, score }: LevelValues): void {
    const { n } = this;
    const { dim } = this.x;
    this.score = score as Float32Array<ArrayBuffer>;
    this.energy = energy;
    for (let row = 0; row < n; row++) {
      let sum = energy ? energy[row] : 0;
      for (let i = row * dim; i < (row + 1) * dim; i++) sum += score[i];
      if (!Number.isFinite(sum)) this.fail(row);
    }
  }

  /** log w - U_k: what rows are resampled by. */
  potentials(): Float64Array {
    const { energy } = this;
    if (!energy) throw new Error("island: energies were not asked for at this level");
    return this.logWeights.map((value, row) => (this.failed[row] ? -Infinity : value - energy[row]));
  }

  /** The rows of these numbers take the place of all. */
  keep(drawn: Int32Array): void {
    const { dim } = this.x;
    const energy = this.energy as Float64Array;
    this.x = { data: gathered(this.x.data, drawn, dim), n: this.n, dim };
    this.score = gathered(this.score, drawn, dim) as Float32Array<ArrayBuffer>;
    this.energy = Float64Array.from(drawn, (row) => energy[row]);
    this.ancestors = Int32Array.from(drawn, (row) => this.ancestors[row]);
    this.logWeights = this.energy.slice();
    this.failed = new Uint8Array(this.n);
  }

  /** The rows after a transition. */
  step({ x, logRatio }: Moved): void {
    const { dim } = x;
    const data = x.data;
    for (let row = 0; row < this.n; row++) {
      let sum = logRatio[row];
      for (let i = row * dim; i < (row + 1) * dim; i++) sum += data[i];
      if (!Number.isFinite(sum) && !this.failed[row]) this.fail(row);
      if (this.failed[row]) data.fill(0, row * dim, (row + 1) * dim);
      else this.logWeights[row] += logRatio[row];
    }
    this.x = x;
    this.energy = undefined;
  }

  /** Moves that leave exp(-U) invariant; the weight follows, because it is that of a row between two densities of the level. */
  async move(model: LevelModel, moves: LevelMoves, random: MoveRandom): Promise<void> {
    const before = this.energy as Float64Array;
    const moved = await moveAtLevel({ x: this.x, energy: before, score: this.score }, model, moves, random);
    for (let row = 0; row < this.n; row++) {
      if (this.failed[row]) continue;
      this.logWeights[row] += moved.energy[row] - before[row];
      this.accepted += moved.acceptance[row];
      this.moves++;
    }
    this.refused += moved.nonFinite;
    this.x = moved.x;
    this.score = moved.score as Float32Array<ArrayBuffer>;
    this.energy = moved.energy;
  }

  /** Mean acceptance of all moves; NaN without moves. */
  acceptance(): number {
    return this.accepted / this.moves;
  }

  private fail(row: number): void {
    if (this.failed[row]) return;
    const { dim } = this.x;
    this.failed[row] = 1;
    this.lost++;
    this.logWeights[row] = -Infinity;
    this.score.fill(0, row * dim, (row + 1) * dim);
    if (this.energy) this.energy[row] = 0;
  }
}
