/** What a proposal asks of the energy at and around one row, counted. */
import { removeMean } from "../../core/subspace.js";
import type { Energy } from "../../core/types.js";

/** Energies [m] and gradients [m, dim] at m points. */
export interface Probed {
  readonly energy: Float32Array;
  /** For particles projected on the mean-free subspace. */
  readonly gradient: Float32Array;
}

export class Probe {
  /** Energies with gradients asked for so far. */
  calls = 0;

  constructor(readonly energy: Energy) {}

  /** Null where a coordinate does not fit into f32. */
  at(points: Float64Array): Probed | null {
    const { dim, particles } = this.energy;
    const data = Float32Array.from(points);
    if (!data.every(Number.isFinite)) return null;
    const n = data.length / dim;
    this.calls += n;
    const { energy, gradient } = this.energy.energyAndGradient({ data, n, dim });
    if (particles) removeMean(gradient, n, particles);
    return { energy, gradient };
  }
}

/** One row for which a proposal is made. */
export interface ProposalRow {
  readonly probe: Probe;
  /** [dim] */
  readonly x: Float64Array;
  /** Noise variance. */
  readonly h: number;
}
