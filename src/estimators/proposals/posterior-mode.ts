/** A minimum of E(y) + |y - x|^2 / (2 h) near x by damped Newton steps, and the curvature there. */
import { cholesky, solveLower, solveUpper } from "../../core/cholesky.js";
import { hessian } from "./hessian.js";
import type { ProposalRow } from "./probe.js";

/**
 * Newton steps at most. LJ-13 needs 2 to 6 up to sigma .08, 12 at .15 and 40 at .3, where pairs that overlap come apart by a thirteenth of
 * their distance a step; ended at 30 there, E_K has a standard deviation of 4.8 for 1.3.
 */
const MOST_STEPS = 100;
/** Newton decrement g^T A^-1 g at which a last full step ends the search: its square remains, next to nothing for a proposal. */
const CLOSE = 0.01;
/** A step must gain this share of what the slope promises. */
const SUFFICIENT = 1e-4;
/** Lengths tried together where the full step fails: the kernels do eight configurations for the price of one. */
const SHORTER = [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 64, 1 / 256, 1 / 2048, 1 / 16384];
/** The matrix is made positive definite by adding 1 / h times a power of eight, to this one: pairs at a tenth of their distance bend by 1e19. */
const MOST_DAMPING = 8 ** 25;

/** offset = y - x, and A = H + 1 / h there [dim, dim]. */
export interface PosteriorMode {
  readonly offset: Float64Array;
  readonly precision: Float64Array;
}

interface Place {
  readonly offset: Float64Array;
  readonly y: Float64Array;
  /** E(y) + |offset|^2 / (2 h). */
  readonly value: number;
  /** Its gradient. */
  readonly gradient: Float64Array;
}

/** -(A + damping)^-1 g with the least damping that makes the matrix positive definite, and whether that was none. */
function newtonStep(precision: Float64Array, g: Float64Array, h: number): { step: Float64Array; damped: boolean } | null {
  const dim = g.length;
  for (let damping = 0; damping <= MOST_DAMPING; damping = damping === 0 ? 1 : 8 * damping) {
    const factor = precision.slice();
    for (let i = 0; i < dim; i++) factor[i * dim + i] += damping / h;
    if (!cholesky(factor, dim)) continue;
    const step = g.map((v) => -v);
    solveLower(factor, dim, step);
    solveUpper(factor, dim, step);
    return { step, damped: damping > 0 };
  }
  return null;
}

/** The first of the lengths that gains enough, from one call of the energy. */
function tryLengths(row: ProposalRow, from: Place, step: Float64Array, slope: number, lengths: readonly number[]): Place | null {
  const { probe, x } = row;
  const dim = x.length;
  const offsets = lengths.map((t) => from.offset.map((v, i) => v + t * step[i]));
  const points = new Float64Array(lengths.length * dim);
  offsets.forEach((offset, k) => {
    for (let i = 0; i < dim; i++) points[k * dim + i] = x[i] + offset[i];
  });
  const probed = probe.at(points);
  if (!probed) return null;
  for (let k = 0; k < lengths.length; k++) {
    const place = placeAt(row, offsets[k], probed.energy[k], probed.gradient.subarray(k * dim, (k + 1) * dim));
    if (place && place.value <= from.value + SUFFICIENT * lengths[k] * slope) return place;
  }
  return null;
}

/** Null where the energy or its gradient is not finite. */
function placeAt({ x, h }: ProposalRow, offset: Float64Array, energy: number, slope: Float32Array): Place | null {
  let square = 0;
  for (const v of offset) square += v * v;
  const gradient = offset.map((v, i) => slope[i] + v / h);
  const value = energy + square / (2 * h);
  if (!Number.isFinite(value) || !gradient.every(Number.isFinite)) return null;
  return { offset, y: offset.map((v, i) => x[i] + v), value, gradient };
}

/**
 * The place where the search ends: a minimum, or where `MOST_STEPS` or the digits of f32 end it; a proposal may be centered anywhere. Each
 * step costs 2 dim gradients and one or nine more. Null where E or its gradient at x, or a Hessian, is not finite.
 */
export function posteriorMode(row: ProposalRow): PosteriorMode | null {
  const { probe, x, h } = row;
  const dim = x.length;
  const start = probe.at(x);
  let place = start && placeAt(row, new Float64Array(dim), start.energy[0], start.gradient);
  for (let step = 0; place; step++) {
    const precision = hessian(row, place.y);
    if (!precision) return null;
    for (let i = 0; i < dim; i++) precision[i * dim + i] += 1 / h;
    const newton = newtonStep(precision, place.gradient, h);
    if (!newton) return null;
    let slope = 0;
    for (let i = 0; i < dim; i++) slope += newton.step[i] * place.gradient[i];
    const { offset } = place;
    if (-slope < CLOSE) return { offset: newton.damped ? offset : offset.map((v, i) => v + newton.step[i]), precision };
    if (step === MOST_STEPS) return { offset, precision };
    const next: Place | null =
      tryLengths(row, place, newton.step, slope, [1]) ?? tryLengths(row, place, newton.step, slope, SHORTER);
    if (!next) return { offset, precision };
    place = next;
  }
  return null;
}
