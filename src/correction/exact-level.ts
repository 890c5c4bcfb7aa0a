/** Level 0 of a path: the exact target, as something that rows can be moved on. */
import { removeMean } from "../core/subspace.js";
import type { Batch, Energy, Particles } from "../core/types.js";
import type { LevelTarget } from "./level-moves.js";

/** E and -grad E, not clipped. Counts the rows that were asked about; a gradient is one energy. */
export class ExactLevel implements LevelTarget {
  readonly particles?: Particles;
  calls = 0;

  constructor(private readonly energy: Energy) {
    this.particles = energy.particles;
  }

  async evaluate(x: Batch): Promise<{ energy: Float64Array; score: Float32Array }> {
    this.calls += x.n;
    const { energy, gradient } = this.energy.energyAndGradient(x);
    const score = gradient.map((value) => -value);
    if (this.particles) removeMean(score, x.n, this.particles);
    return { energy: Float64Array.from(energy), score };
  }
}
