/** What is watched in chains: one number of each kept configuration. */
import type { Batch, Energy } from "../core/types.js";
import { type ChainDiagnostic, chainDiagnostic } from "./diagnostics.js";

/** The diagnostic of one observable: "energy", "pairDistance" for particles, "x0", "x1", ... for anything else. */
export interface NamedDiagnostic extends ChainDiagnostic {
  readonly name: string;
}

/** Coordinates watched at most. */
const MOST_COORDINATES = 64;

/** Sum of the distances of all pairs of the particles at from .. to - 1. */
function sumOfDistances(data: Float32Array, from: number, to: number, spatialDim: number): number {
  let sum = 0;
  for (let i = from + spatialDim; i < to; i += spatialDim) {
    for (let j = from; j < i; j += spatialDim) {
      let square = 0;
      for (let axis = 0; axis < spatialDim; axis++) {
        const delta = data[i + axis] - data[j + axis];
        square += delta * delta;
      }
      sum += Math.sqrt(square);
    }
  }
  return sum;
}

/** Mean distance of all pairs of particles in each row. */
function meanDistances({ data, n, dim }: Batch, spatialDim: number): Float64Array {
  const count = dim / spatialDim;
  const means = new Float64Array(n);
  for (let row = 0; row < n; row++) {
    means[row] = (2 * sumOfDistances(data, row * dim, (row + 1) * dim, spatialDim)) / (count * (count - 1));
  }
  return means;
}

/**
 * Diagnostics of the energy and, for particles, of the mean pair distance, for anything else of the first 64 coordinates. Rows are draw by
 * draw: row d chains + c is draw d of chain c.
 */
export function diagnose(target: Energy, x: Batch, energy: Float32Array, chains: number): NamedDiagnostic[] {
  const found = [{ name: "energy", ...chainDiagnostic(energy, chains) }];
  const { particles } = target;
  if (particles && particles.count > 1) {
    return [...found, { name: "pairDistance", ...chainDiagnostic(meanDistances(x, particles.spatialDim), chains) }];
  }
  for (let d = 0; d < Math.min(x.dim, MOST_COORDINATES); d++) {
    const values = Float64Array.from({ length: x.n }, (_, row) => x.data[row * x.dim + d]);
    found.push({ name: `x${d}`, ...chainDiagnostic(values, chains) });
  }
  return found;
}

/** The one of largest split R-hat, +Infinity among them; those of observables that never change are not known (NaN) and left out. */
export function worstOf(diagnostics: readonly NamedDiagnostic[]): NamedDiagnostic | undefined {
  const known = diagnostics.filter(({ splitRhat }) => !Number.isNaN(splitRhat));
  return known.reduce<NamedDiagnostic | undefined>((a, b) => (a && a.splitRhat >= b.splitRhat ? a : b), undefined);
}
