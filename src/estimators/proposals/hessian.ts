/** The Hessian of an energy by central differences of its gradients. */
import type { ProposalRow } from "./probe.js";

/** Step of the differences over sigma. What the f32 gradient loses to a short step, 1e-6 |grad| / step, is small beside 1 / sigma^2. */
const RELATIVE_STEP = 0.02;
/** Least step over |x|: 32 units in the last place of f32. */
const LEAST_STEP = 2 ** -18;

/** a <- P a P for the projection on the mean-free subspace: rows, then columns, lose their mean over the particles. */
function projectBothSides(a: Float64Array, dim: number, count: number, spatialDim: number): void {
  for (const [along, across] of [
    [1, dim],
    [dim, 1],
  ]) {
    for (let line = 0; line < dim; line++) {
      for (let axis = 0; axis < spatialDim; axis++) {
        const from = line * across + axis * along;
        let sum = 0;
        for (let i = 0; i < count; i++) sum += a[from + i * spatialDim * along];
        for (let i = 0; i < count; i++) a[from + i * spatialDim * along] -= sum / count;
      }
    }
  }
}

/**
 * H [dim, dim] of E at y, symmetric, for particles on the mean-free subspace: 2 dim gradients. Differences are over the rounded points, so that
 * rounding to f32 does not spoil them. An error in H costs a proposal efficiency, never correctness. Null where a gradient is not finite.
 */
export function hessian({ probe, h }: ProposalRow, y: Float64Array): Float64Array | null {
  const { dim, particles } = probe.energy;
  const points = new Float64Array(2 * dim * dim);
  for (let j = 0; j < dim; j++) {
    const step = Math.max(RELATIVE_STEP * Math.sqrt(h), LEAST_STEP * Math.abs(y[j]));
    for (const [side, sign] of [
      [0, 1],
      [1, -1],
    ]) {
      const from = (2 * j + side) * dim;
      points.set(y, from);
      points[from + j] = y[j] + sign * step;
    }
  }
  const around = probe.at(points);
  if (!around?.gradient.every(Number.isFinite)) return null;
  const { gradient } = around;
  const a = new Float64Array(dim * dim);
  for (let j = 0; j < dim; j++) {
    const plus = 2 * j * dim;
    const minus = plus + dim;
    const gap = Math.fround(points[plus + j]) - Math.fround(points[minus + j]);
    for (let i = 0; i < dim; i++) {
      const slope = (gradient[plus + i] - gradient[minus + i]) / (2 * gap);
      a[i * dim + j] += slope;
      a[j * dim + i] += slope;
    }
  }
  if (particles) projectBothSides(a, dim, particles.count, particles.spatialDim);
  return a;
}
