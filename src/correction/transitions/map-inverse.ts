/** The inverse of the transport map: a fixed point, and damped Newton steps where that does not contract. */
import { cholesky, solveLower, solveUpper } from "../../core/cholesky.js";
import { freeCoordinates, fromFreeCoordinates } from "../../core/free-basis.js";
import { removeMean } from "../../core/subspace.js";
import type { Batch } from "../../core/types.js";
import type { LevelModel } from "../level-model.js";
import { freeHessians, hessiansAtOnce } from "./free-hessian.js";
import type { MapCoefficients } from "./map-coefficients.js";

/** Largest residual relative to the largest terms of a row that counts as solved: 16 roundings to f32. */
const TOLERANCE = 2 ** -20;
/** A contraction that gains less than this in a step is left to Newton. */
const LEAST_GAIN = 0.7;
const MOST_FIXED = 40;
const MOST_NEWTON = 60;
const SHORTEST = 1 / 1024;

/** Rows on their way to T(x) = y. */
class Rows {
  readonly x: Float32Array;
  /** b x + alpha s - y, [n, dim]. */
  readonly residual: Float64Array;
  /** |residual|^2; Infinity before the first evaluation. */
  readonly square: Float64Array;
  readonly solved: Uint8Array;

  constructor(
    readonly model: LevelModel,
    readonly y: Batch,
    readonly map: MapCoefficients,
  ) {
    this.x = y.data.map((value) => value / map.stretch);
    this.residual = new Float64Array(y.n * y.dim);
    this.square = new Float64Array(y.n).fill(Infinity);
    this.solved = new Uint8Array(y.n);
  }

  private gather(from: Float32Array, rows: readonly number[]): Batch {
    const { dim } = this.y;
    const data = new Float32Array(rows.length * dim);
    rows.forEach((row, i) => {
      data.set(from.subarray(row * dim, (row + 1) * dim), i * dim);
    });
    return { data, n: rows.length, dim };
  }

  at(rows: readonly number[]): Batch {
    return this.gather(this.x, rows);
  }

  /** Moves rows to candidates [rows, dim] where their residual is smaller; the gains |new| / |old|, NaN where a score is. */
  async offer(rows: readonly number[], candidates: Batch): Promise<Float64Array> {
    const { dim, data: y } = this.y;
    const { stretch, drift } = this.map;
    const { score } = await this.model.evaluate(candidates, false);
    const own = new Float64Array(dim);
    return Float64Array.from(rows, (row, at) => {
      let square = 0;
      let most = 0;
      const terms = [0, 0, 0];
      for (let i = 0; i < dim; i++) {
        const parts = [stretch * candidates.data[at * dim + i], drift * score[at * dim + i], y[row * dim + i]];
        own[i] = parts[0] + parts[1] - parts[2];
        square += own[i] * own[i];
        most = Math.max(most, Math.abs(own[i]));
        for (let k = 0; k < 3; k++) terms[k] = Math.max(terms[k], Math.abs(parts[k]));
      }
      const gain = Math.sqrt(square / this.square[row]);
      if (square < this.square[row]) {
        this.square[row] = square;
        this.residual.set(own, row * dim);
        this.x.set(candidates.data.subarray(at * dim, (at + 1) * dim), row * dim);
        if (most <= TOLERANCE * (terms[0] + terms[1] + terms[2])) this.solved[row] = 1;
      }
      return gain;
    });
  }
}

/** x <- (y - alpha s(x)) / b while that contracts: on after a row is solved, until rounding ends it. */
async function iterate(rows: Rows): Promise<void> {
  const { dim, n } = rows.y;
  let active = Array.from({ length: n }, (_, row) => row);
  let candidates = rows.at(active);
  for (let step = 0; step < MOST_FIXED && active.length > 0; step++) {
    const gains = await rows.offer(active, candidates);
    active = active.filter((_, at) => gains[at] < LEAST_GAIN);
    candidates = rows.at(active);
    active.forEach((row, at) => {
      for (let i = 0; i < dim; i++) candidates.data[at * dim + i] -= rows.residual[row * dim + i] / rows.map.stretch;
    });
    if (rows.model.particles) removeMean(candidates.data, active.length, rows.model.particles);
  }
}

/** J^-1 residual of rows, [rows, dim]; NaN where J is not positive definite. */
async function newtonSteps(rows: Rows, chosen: readonly number[]): Promise<Float64Array> {
  const { model, map, y } = rows;
  const { dim } = y;
  const free = model.freeDim;
  const steps = new Float64Array(chosen.length * dim);
  const most = hessiansAtOnce(model);
  for (let first = 0; first < chosen.length; first += most) {
    const part = chosen.slice(first, first + most);
    const matrices = await freeHessians(model, rows.at(part));
    part.forEach((row, at) => {
      const own = matrices.subarray(at * free * free, (at + 1) * free * free);
      for (let i = 0; i < own.length; i++) own[i] *= map.drift;
      for (let i = 0; i < own.length; i += free + 1) own[i] += map.stretch;
      const b = freeCoordinates(rows.residual.subarray(row * dim, (row + 1) * dim), 1, model.particles);
      if (cholesky(own, free)) {
        solveLower(own, free, b);
        solveUpper(own, free, b);
      } else b.fill(Number.NaN);
      steps.set(fromFreeCoordinates(b, 1, model.particles), (first + at) * dim);
    });
  }
  return steps;
}

/** Damped Newton steps on the rows that are not solved: a step that does not gain is halved. */
async function newton(rows: Rows): Promise<void> {
  const { dim, n } = rows.y;
  const steps = new Float64Array(n * dim);
  const length = new Float64Array(n);
  for (let round = 0; round < MOST_NEWTON; round++) {
    const open = Array.from({ length: n }, (_, row) => row).filter(
      (row) => rows.solved[row] === 0 && (round === 0 || length[row] >= SHORTEST),
    );
    if (open.length === 0) return;
    const fresh = open.filter((row) => length[row] === 0 || length[row] > 1);
    const own = await newtonSteps(rows, fresh);
    fresh.forEach((row, at) => {
      steps.set(own.subarray(at * dim, (at + 1) * dim), row * dim);
      length[row] = 1;
    });
    const candidates = rows.at(open);
    open.forEach((row, at) => {
      for (let i = 0; i < dim; i++) candidates.data[at * dim + i] -= length[row] * steps[row * dim + i];
    });
    if (rows.model.particles) removeMean(candidates.data, open.length, rows.model.particles);
    const gains = await rows.offer(open, candidates);
    // 2: the next round takes a new direction. The norm falls by nearly `length` of itself along Newton's, if the step is short enough.
    open.forEach((row, at) => {
      length[row] = gains[at] < 1 ? 2 : length[row] / 2;
    });
  }
}

/** Rows x [n, dim] with T(x) = y to f32 accuracy; what stands in rows that did not converge says nothing. */
export async function invertMap(
  model: LevelModel,
  y: Batch,
  map: MapCoefficients,
): Promise<{ readonly x: Batch; readonly converged: Uint8Array }> {
  const rows = new Rows(model, y, map);
  await iterate(rows);
  await newton(rows);
  return { x: { data: rows.x, n: y.n, dim: y.dim }, converged: rows.solved };
}
