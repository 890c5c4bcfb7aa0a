/** Puts the blocks of a run together, in whatever order they come: progress, the limit of lost rows, the energies that close the weights. */
import { BnemError } from "../core/errors.js";
import type { Energy } from "../core/types.js";
import { finalEnergies } from "./final-energies.js";
import type { PathBlock, PathPlan } from "./path-plan.js";
import type { Path, SamplerProgress } from "./path-result.js";

export interface CollectorOptions {
  readonly n: number;
  /** Rows that may be lost. */
  readonly limit: number;
  readonly onProgress?: (progress: SamplerProgress) => void;
}

/** Where a block that is not complete stands. */
interface Standing {
  readonly count: number;
  level: number;
  lost: number;
}

export class PathCollector {
  private readonly data: Float32Array;
  private readonly logWeights?: Float64Array;
  private readonly standings = new Map<number, Standing>();
  private readonly steps: number;
  private lost = 0;
  private rows = 0;
  private scoreCalls = 0;
  private fraction = 0;

  constructor(
    private readonly plan: PathPlan,
    private readonly options: CollectorOptions,
  ) {
    this.data = new Float32Array(options.n * plan.dim);
    if (plan.weighted) this.logWeights = new Float64Array(options.n);
    this.steps = plan.grid.length - 1;
  }

  /** The block of `count` rows from `first` on has passed `level` levels and lost `lost` rows. @throws BnemError("diverged") */
  atLevel(first: number, count: number, level: number, lost: number): void {
    const standing = this.standings.get(first) ?? { count, level: 0, lost: 0 };
    // A block that is computed again, because a worker died, does not take progress back.
    standing.level = Math.max(standing.level, level);
    standing.lost = Math.max(standing.lost, lost);
    this.standings.set(first, standing);
    this.checkLost(`level ${this.steps - level} of ${this.steps}`);
    this.report();
  }

  /** A block is complete. @throws BnemError("diverged") */
  put({ first, x, logWeights, failed, evaluations }: PathBlock): void {
    const { dim } = this.plan;
    const count = failed.length;
    this.data.set(x, first * dim);
    if (logWeights) this.logWeights?.set(logWeights, first);
    for (let row = 0; row < count; row++) if (failed[row]) this.lose(first + row);
    this.rows += count;
    this.scoreCalls += evaluations * count;
    const told = this.standings.get(first)?.level === this.steps;
    this.standings.delete(first);
    this.checkLost("the end");
    if (!told) this.report();
  }

  /**
   * The path, once every block has come. With an energy the weights are closed: NaN or -Infinity is a lost row, +Infinity a weight of 0.
   *
   * @param chunk rows asked of the energy at a time, `breathe` before each
   * @throws BnemError("diverged"), what the energy throws
   */
  async finish(energy: Energy | undefined, chunk: number, breathe: () => Promise<void>): Promise<Path> {
    const { plan, data, logWeights, scoreCalls } = this;
    const { n, onProgress } = this.options;
    const x = { data, n, dim: plan.dim };
    const asked = energy && logWeights ? n - this.lost : 0;
    const energies = energy && logWeights && (await finalEnergies(energy, x, chunk, breathe));
    if (energies && logWeights) {
      for (let row = 0; row < n; row++) {
        if (this.isLost(row)) continue;
        if (energies[row] > -Infinity) logWeights[row] -= energies[row];
        else {
          energies[row] = Number.NaN;
          this.lose(row);
        }
      }
      this.checkLost("the end");
    }
    onProgress?.({ rows: n, n, fraction: 1, nonFinite: this.lost });
    const { pilotCalls } = plan;
    const calls = { scoreCalls: scoreCalls + pilotCalls, energyCalls: asked, pilotCalls };
    return { x, energy: energies, logWeights, nonFinite: this.lost, ...calls };
  }

  private lose(row: number): void {
    const { dim } = this.plan;
    this.lost++;
    this.data.fill(Number.NaN, row * dim, (row + 1) * dim);
    this.logWeights?.fill(-Infinity, row, row + 1);
  }

  private isLost(row: number): boolean {
    return Number.isNaN(this.data[row * this.plan.dim]);
  }

  private get lostSoFar(): number {
    let lost = this.lost;
    for (const standing of this.standings.values()) lost += standing.lost;
    return lost;
  }

  private checkLost(where: string): void {
    const { n, limit } = this.options;
    const lost = this.lostSoFar;
    if (lost <= limit) return;
    throw new BnemError(
      "diverged",
      `${this.plan.rule}: ${lost} of ${n} rows were not finite at ${where}, above the limit of ${limit}; ` +
        "train longer, clip the score, use more steps, or check the energy",
    );
  }

  private report(): void {
    const { n, onProgress } = this.options;
    if (!onProgress) return;
    let done = this.rows;
    for (const { count, level } of this.standings.values()) done += (count * level) / this.steps;
    // Sums of the same shares in another order may differ in the last place.
    this.fraction = Math.max(this.fraction, Math.min(1, done / n));
    onProgress({ rows: this.rows, n, fraction: this.fraction, nonFinite: this.lostSoFar });
  }
}
