/** Backward kernels of annealed transitions as dense normals in f64, on orthonormal coordinates of the free space. */
import type { Interval, Level } from "../../src/correction/levels.js";
import type { Frozen } from "../../src/correction/transition.js";
import type { AnalyticModel, Terms } from "./analytic-models.js";
import { affine, applied, dot, eigen, freeAxes, inverse, logNormal, type Matrix, product, times, transposed } from "./dense.js";

/** A model at a level, in free coordinates c = A x. */
export function termsAt(model: AnalyticModel, { scale, variance }: Level, x: readonly number[]): Terms & { point: number[] } {
  const axes = freeAxes(model.dim, model.particles);
  const { energy, score, hessian } = model.terms(
    x.map((value) => value / scale),
    variance / (scale * scale),
  );
  return {
    energy: energy + axes.length * Math.log(scale),
    score: times(axes, score).map((value) => value / scale),
    hessian: affine(product(product(axes, hessian), transposed(axes)), 1 / (scale * scale), 0),
    point: times(axes, x),
  };
}

export interface DenseLaw {
  readonly mean: number[];
  readonly covariance: Matrix;
}

export type LawOf = (at: Terms & { point: number[] }, interval: Interval, frozen: Frozen | undefined) => DenseLaw;

const posteriorMean = ({ point, score }: Terms & { point: number[] }, { pull, noise }: Interval) =>
  point.map((value, i) => (value + noise * score[i]) / pull);
const scalar = (like: Matrix, value: number) => affine(like, 0, value);

/** [.05 or what a point leaves, 4], or what was asked for. */
export const clampOf = ({ from, to, pull }: Interval, [least, most]: readonly [number, number] = [0.05, 4]) => {
  const low = Math.max(least, (pull ** 2 * to.variance) / from.variance);
  return (value: number) => Math.min(most, Math.max(low, value));
};

/** Rayleigh and Ritz on span{s, H s, ..., H^(rank - 1) s}, orthonormalized power by power: well conditioned only for small ranks. */
function ritz(hessian: Matrix, start: readonly number[], rank: number): { values: number[]; vectors: Matrix } {
  const basis: Matrix = [];
  let next = [...start];
  for (let j = 0; j < rank; j++) {
    for (let pass = 0; pass < 2; pass++)
      for (const v of basis) {
        const share = dot(next, v);
        next = next.map((value, i) => value - share * v[i]);
      }
    const norm = Math.sqrt(dot(next, next));
    basis.push(next.map((value) => value / norm));
    next = times(hessian, basis[j]);
  }
  const { values, vectors } = eigen(product(product(basis, hessian), transposed(basis)));
  return { values, vectors: product(vectors, basis) };
}

export interface LawOptions {
  readonly dataVariance?: number;
  readonly rank?: number;
  readonly clamp?: readonly [number, number];
}

export const laws: { readonly [name: string]: (options: LawOptions) => LawOf } = {
  bridge:
    ({ dataVariance = 0 }) =>
    (at, interval) => {
      const { from, pull, noise } = interval;
      const share = 1 - noise / (from.scale ** 2 * dataVariance + from.variance);
      return { mean: posteriorMean(at, interval), covariance: scalar(at.hessian, (noise / pull ** 2) * share) };
    },
  exponential:
    () =>
    (at, { pull, noise }) => ({
      mean: at.point.map((value, i) => value / pull + ((2 * noise) / (pull * (1 + pull))) * at.score[i]),
      covariance: scalar(at.hessian, noise / pull ** 2),
    }),
  tuned: () => (at, interval, frozen) => ({
    mean: posteriorMean(at, interval),
    covariance: scalar(at.hessian, ((frozen?.[0] ?? Number.NaN) * interval.noise) / interval.pull ** 2),
  }),
  diagonal:
    ({ clamp: range }) =>
    (at, interval) => {
      const { pull, noise } = interval;
      const clamp = clampOf(interval, range);
      return {
        mean: posteriorMean(at, interval),
        covariance: at.hessian.map((row, i) =>
          row.map((value, j) => (i === j ? (noise / pull ** 2) * clamp(1 + noise * value) : 0)),
        ),
      };
    },
  "low-rank":
    ({ rank = 8, clamp: range }) =>
    (at, interval, frozen) => {
      const { pull, noise } = interval;
      const clamp = clampOf(interval, range);
      const nu = frozen?.[0] ?? Number.NaN;
      const { values, vectors } = ritz(at.hessian, at.score, Math.min(rank, at.point.length));
      const covariance = at.hessian.map((row, i) =>
        row.map((_, j) => {
          const pairs = values.reduce(
            (sum, value, k) => sum + (clamp(1 + noise * value) - nu) * vectors[k][i] * vectors[k][j],
            0,
          );
          return (noise / pull ** 2) * ((i === j ? nu : 0) + pairs);
        }),
      );
      return { mean: posteriorMean(at, interval), covariance };
    },
  full:
    ({ clamp: range }) =>
    (at, interval) => {
      const { pull, noise } = interval;
      const clamped = applied(affine(at.hessian, noise, 1), clampOf(interval, range));
      return { mean: posteriorMean(at, interval), covariance: affine(clamped, noise / pull ** 2, 0) };
    },
};

/** log F(from | to) - log B(to | from). */
export function logRatioOf(
  model: AnalyticModel,
  law: LawOf,
  interval: Interval,
  frozen: Frozen | undefined,
  from: readonly number[],
  to: readonly number[],
): number {
  const axes = freeAxes(model.dim, model.particles);
  const [a, b] = [times(axes, from), times(axes, to)];
  const { mean, covariance } = law(termsAt(model, interval.from, from), interval, frozen);
  const forward = logNormal(
    a,
    b.map((value) => interval.pull * value),
    scalar(covariance, interval.noise),
  );
  return forward - logNormal(b, mean, covariance);
}

/** The map in free coordinates, J = b I + alpha H with its determinant, and its least eigenvalue relative to b. */
export function jacobianOf(model: AnalyticModel, interval: Interval, x: readonly number[]) {
  const { from, to, pull } = interval;
  const stretch = 1 / pull;
  const alpha = from.variance * stretch - Math.sqrt(from.variance * to.variance);
  const jacobian = affine(termsAt(model, from, x).hessian, alpha, stretch);
  return {
    axes: freeAxes(model.dim, model.particles),
    move: (value: number, score: number) => stretch * value + alpha * score,
    jacobian,
    determinant: inverse(jacobian).determinant,
    least: Math.min(...eigen(jacobian).values) / stretch,
  };
}
