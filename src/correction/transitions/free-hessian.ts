/** Hessians of log p at a level, in orthonormal coordinates of the space that its densities are on. */
import { freeCoordinates, freeMatrices, fromFreeCoordinates } from "../../core/free-basis.js";
import type { Batch } from "../../core/types.js";
import type { LevelModel } from "../level-model.js";

/**
 * Numbers that the matrices of one block of rows may take. 2 MiB where they come at once: they stay in the cache (factors of 64 dimensions: 27,000
 * rows/s, and 15,000 in blocks of 32 MiB). 32 MiB where every column is a call of a network, which has its price for few rows.
 */
const NUMBERS_AT_ONCE = 2 ** 18;
const NUMBERS_OF_PRODUCTS = 2 ** 22;

/** Rows whose whole Hessians are worked on together. */
export function hessiansAtOnce({ dim, hasHessian }: LevelModel): number {
  return Math.max(1, Math.floor((hasHessian ? NUMBERS_AT_ONCE : NUMBERS_OF_PRODUCTS) / (dim * dim)));
}

/** H times the j-th basis vector, in free coordinates, [n, free]. */
async function column(model: LevelModel, x: Batch, j: number): Promise<Float64Array> {
  const unit = new Float64Array(model.freeDim);
  unit[j] = 1;
  const one = fromFreeCoordinates(unit, 1, model.particles);
  const direction = new Float32Array(x.n * x.dim);
  for (let row = 0; row < x.n; row++) direction.set(one, row * x.dim);
  return freeCoordinates(await model.hessianProduct(x, direction), x.n, model.particles);
}

/**
 * Hessians [n, free, free] of -U: whole where the model has them, else by one product per free direction and then made symmetric, because
 * products in f32 are so only up to rounding.
 *
 * @throws BnemError("unsupported") where the model has neither
 */
export async function freeHessians(model: LevelModel, x: Batch): Promise<Float64Array> {
  const whole = await model.hessian(x);
  if (whole) return freeMatrices(whole, x.n, model.particles);
  const free = model.freeDim;
  const values = new Float64Array(x.n * free * free);
  for (let j = 0; j < free; j++) {
    const own = await column(model, x, j);
    for (let row = 0; row < x.n; row++) {
      for (let i = 0; i < free; i++) values[(row * free + i) * free + j] = own[row * free + i];
    }
  }
  for (let at = 0; at < values.length; at += free * free) {
    for (let i = 0; i < free; i++) {
      for (let j = 0; j < i; j++) {
        const mean = 0.5 * (values[at + i * free + j] + values[at + j * free + i]);
        values[at + i * free + j] = mean;
        values[at + j * free + i] = mean;
      }
    }
  }
  return values;
}

/** Their diagonals [n, free], at the same price. */
export async function freeDiagonals(model: LevelModel, x: Batch): Promise<Float64Array> {
  const free = model.freeDim;
  const values = new Float64Array(x.n * free);
  const whole = await model.hessian(x);
  if (whole) {
    const matrices = freeMatrices(whole, x.n, model.particles);
    for (let i = 0; i < values.length; i++) values[i] = matrices[i * free + (i % free)];
    return values;
  }
  for (let j = 0; j < free; j++) {
    const own = await column(model, x, j);
    for (let at = j; at < values.length; at += free) values[at] = own[at];
  }
  return values;
}
