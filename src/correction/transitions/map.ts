/** Deterministic transport map: one exponential step of the probability flow, weighed by its exact Jacobian. */
import { checkOptions } from "../../core/check.js";
import { cholesky } from "../../core/cholesky.js";
import { log } from "../../core/elementary.js";
import { rowsBetween } from "../../core/row-blocks.js";
import { removeMean } from "../../core/subspace.js";
import { symmetricEigenvalues } from "../../core/symmetric-eigen.js";
import type { Batch } from "../../core/types.js";
import type { LevelModel } from "../level-model.js";
import type { AnnealedTransition, Moved } from "../transition.js";
import { eigenvalueBounds, isDefinite } from "./clamped-factor.js";
import { freeHessians, hessiansAtOnce } from "./free-hessian.js";
import { type MapCoefficients, mapCoefficients } from "./map-coefficients.js";
import { invertMap } from "./map-inverse.js";

/** log |det J| of rows, and the smallest eigenvalue of J / b over them. */
interface Jacobians {
  readonly logDeterminant: Float64Array;
  readonly smallest: number;
}

function logOfDiagonal(factor: Float64Array, dim: number): number {
  let sum = 0;
  for (let i = 0; i < factor.length; i += dim + 1) sum += log(factor[i]);
  return 2 * sum;
}

/**
 * Of J = b I + alpha H at every row. Eigenvalues are computed only where bounds and a factorization of J - smallest b I leave open that a row has a
 * smaller one than those before, and where J is not positive definite.
 */
async function jacobians(model: LevelModel, x: Batch, { stretch, drift }: MapCoefficients, known: number): Promise<Jacobians> {
  const free = model.freeDim;
  const matrices = await freeHessians(model, x);
  const scratch = new Float64Array(free * free);
  const logDeterminant = new Float64Array(x.n);
  let smallest = known;
  for (let row = 0; row < x.n; row++) {
    const own = matrices.subarray(row * free * free, (row + 1) * free * free);
    for (let i = 0; i < own.length; i++) own[i] *= drift;
    for (let i = 0; i < own.length; i += free + 1) own[i] += stretch;
    const low = eigenvalueBounds(own, free)[0];
    if (!Number.isFinite(low)) {
      logDeterminant[row] = Number.NaN;
      continue;
    }
    const above = smallest < Infinity && (low >= smallest * stretch || isDefinite(own, free, 1, smallest * stretch, scratch));
    scratch.set(own);
    const definite = cholesky(scratch, free);
    if (definite) logDeterminant[row] = logOfDiagonal(scratch, free);
    if (definite && above) continue;
    const values = symmetricEigenvalues(own, free);
    for (const value of values) {
      smallest = Math.min(smallest, value / stretch);
      if (!definite) logDeterminant[row] += log(Math.abs(value));
    }
  }
  return { logDeterminant, smallest };
}

/** T(x), stored as coordinates. */
function transport(x: Batch, score: Float32Array, { stretch, drift }: MapCoefficients, model: LevelModel): Batch {
  const data = new Float32Array(score.length);
  for (let i = 0; i < data.length; i++) data[i] = stretch * x.data[i] + drift * score[i];
  if (model.particles) removeMean(data, x.n, model.particles);
  return { data, n: x.n, dim: x.dim };
}

/** log |det J| times `sign` at rows x, block after block. */
async function weigh(model: LevelModel, x: Batch, map: MapCoefficients, sign: 1 | -1): Promise<Omit<Moved, "x">> {
  const logRatio = new Float64Array(x.n);
  const most = hessiansAtOnce(model);
  let smallest = Infinity;
  for (let first = 0; first < x.n; first += most) {
    const part = await jacobians(model, rowsBetween(x, first, Math.min(first + most, x.n)), map, smallest);
    for (let row = 0; row < part.logDeterminant.length; row++) logRatio[first + row] = sign * part.logDeterminant[row];
    smallest = part.smallest;
  }
  return { logRatio, smallestEigenvalue: smallest };
}

/**
 * T(x) = b x + alpha s(x), b = a_to / a_from, alpha = g_from^2 b - g_to g_from, weighed by |det(b I + alpha H)| on the free dimensions with the whole
 * Hessian H of log p at the noisier level, from f64 factorizations; no clamp anywhere. An exact model has I + g^2 H >= 0, hence J >= (g_to / g_from) I:
 * a gradient of a convex function, and a bijection. A learned one may fold: `smallestEigenvalue` at most 0 shows that it does, above 0 at the rows
 * does not show that it does not, and weights are conditional on it. Up is the inverse, by iteration to f32 accuracy; a row where that does not
 * converge has the ratio NaN. NaN in a Hessian makes the row's ratio NaN.
 *
 * @throws RangeError for any option; BnemError("unsupported") from steps of a model without Hessians
 * @see Grenioux and Noble 2026, arXiv:2601.21026; Song et al. 2021, arXiv:2010.02502 (the step)
 */
export function mapTransition(options: Record<string, never> = {}): AnnealedTransition {
  checkOptions("mapTransition", options, []);
  return {
    name: "map",
    deterministic: true,
    needs: "hessian",
    async down({ interval, x, model, score }): Promise<Moved> {
      const map = mapCoefficients(interval);
      const own = score ?? (await model.evaluate(x, false)).score;
      return { x: transport(x, own, map, model), ...(await weigh(model, x, map, 1)) };
    },
    async up({ interval, x, model }): Promise<Moved> {
      const map = mapCoefficients(interval);
      const { x: before, converged } = await invertMap(model, x, map);
      const weighed = await weigh(model, before, map, -1);
      const logRatio = weighed.logRatio.map((value, row) => (converged[row] ? value : Number.NaN));
      return { x: before, ...weighed, logRatio };
    },
  };
}
