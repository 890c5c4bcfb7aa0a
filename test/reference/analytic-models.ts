/** Models of every noise level with energy, score and Hessian in closed form, f64: what transitions are tested on. */
import type { Particles, ScoreModel } from "../../src/core/types.js";
import { affine, dot, inverse, logNormal, type Matrix, times } from "./dense.js";

export interface Terms {
  readonly energy: number;
  readonly score: number[];
  /** Of log p = -energy. */
  readonly hessian: Matrix;
}

export interface AnalyticModel {
  readonly dim: number;
  readonly particles?: Particles;
  terms(x: readonly number[], h: number): Terms;
}

/** sum_j weight_j N(mean_j, covariance_j + h I). */
export function analyticMixture(
  components: readonly { readonly weight: number; readonly mean: readonly number[]; readonly covariance: Matrix }[],
): AnalyticModel {
  return {
    dim: components[0].mean.length,
    terms(x, h) {
      const parts = components.map(({ weight, mean, covariance }) => {
        const wide = affine(covariance, 1, h);
        const precision = inverse(wide).inverse;
        const score = times(
          precision,
          mean.map((m, i) => m - x[i]),
        );
        return { log: Math.log(weight) + logNormal([...x], mean, wide), score, precision };
      });
      const top = Math.max(...parts.map(({ log }) => log));
      const total = parts.reduce((sum, { log }) => sum + Math.exp(log - top), 0);
      const shares = parts.map(({ log }) => Math.exp(log - top) / total);
      const mean = (f: (part: (typeof parts)[number]) => number) =>
        shares.reduce((sum, share, j) => sum + share * f(parts[j]), 0);
      const score = x.map((_, i) => mean((part) => part.score[i]));
      const hessian = x.map((_, i) =>
        x.map((__, j) => mean((part) => part.score[i] * part.score[j] - part.precision[i][j]) - score[i] * score[j]),
      );
      return { energy: -top - Math.log(total), score, hessian };
    },
  };
}

/**
 * E = sum_{i<j} phi(|x_i - x_j|^2), phi(u) = k u / 2 + b exp(-u / (2 w)) with k = 1 / (count (1 + h)) and w = 1 + h: no translation, rotation or
 * permutation changes it, and close particles push each other apart, so that eigenvalues of either sign appear. A noised density of nothing.
 */
export function analyticPairs(particles: Particles, b: number): AnalyticModel {
  const { count, spatialDim } = particles;
  const dim = count * spatialDim;
  return {
    dim,
    particles,
    terms(x, h) {
      const [k, w] = [1 / (count * (1 + h)), 1 + h];
      let energy = 0;
      const score = new Array<number>(dim).fill(0);
      const hessian = Array.from({ length: dim }, () => new Array<number>(dim).fill(0));
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < i; j++) {
          const r = Array.from({ length: spatialDim }, (_, d) => x[i * spatialDim + d] - x[j * spatialDim + d]);
          const u = dot(r, r);
          const push = b * Math.exp(-u / (2 * w));
          energy += (k * u) / 2 + push;
          const slope = k - push / w;
          for (let d = 0; d < spatialDim; d++) {
            score[i * spatialDim + d] -= slope * r[d];
            score[j * spatialDim + d] += slope * r[d];
            for (let e = 0; e < spatialDim; e++) {
              const curve = (d === e ? slope : 0) + (push / (w * w)) * r[d] * r[e];
              hessian[i * spatialDim + d][i * spatialDim + e] -= curve;
              hessian[j * spatialDim + d][j * spatialDim + e] -= curve;
              hessian[i * spatialDim + d][j * spatialDim + e] += curve;
              hessian[j * spatialDim + d][i * spatialDim + e] += curve;
            }
          }
        }
      }
      return { energy, score, hessian };
    },
  };
}

/** The same as samplers know it, with the Hessian whole, by products, or not at all. NaN at row `broken` where one is named. */
export function scoreModel(
  model: AnalyticModel,
  hessian: "whole" | "products" | "none",
  broken: { readonly row: number; readonly what: "score" | "hessian" } = { row: -1, what: "score" },
): ScoreModel {
  const { dim } = model;
  const rows = <T extends Float32Array | Float64Array>(
    out: T,
    data: Float32Array,
    variance: Float32Array,
    f: (terms: Terms, row: number) => ArrayLike<number>,
    what: string,
  ): T => {
    const width = out.length / variance.length;
    variance.forEach((h, row) => {
      const terms = model.terms(Array.from(data.subarray(row * dim, (row + 1) * dim)), h);
      out.set(row === broken.row && what === broken.what ? new Array(width).fill(Number.NaN) : f(terms, row), row * width);
    });
    return out;
  };
  return {
    dim,
    score: async ({ data, n }, variance) => rows(new Float32Array(n * dim), data, variance, ({ score }) => score, "score"),
    ...(hessian !== "none" && {
      hessianProduct: async ({ data, n }, variance, direction) =>
        rows(
          new Float32Array(n * dim),
          data,
          variance,
          (terms, row) => times(terms.hessian, direction.subarray(row * dim, (row + 1) * dim)),
          "hessian",
        ),
    }),
    ...(hessian === "whole" && {
      hessian: async ({ data, n }, variance) =>
        rows(new Float64Array(n * dim * dim), data, variance, (terms) => terms.hessian.flat(), "hessian"),
    }),
  };
}
