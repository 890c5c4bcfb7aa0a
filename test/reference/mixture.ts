/** Gaussian mixtures in f64 from the formulas, slow and plain: energy, score and draws at any noise level. */
import { uniformAt } from "../../src/core/random.js";
import type { Batch, Energy, Key, ScoreModel } from "../../src/core/types.js";
import { referenceNormals } from "./normals.js";

/** Means of GMM-40 to four digits; std 1.3132617 each, equal weights. Not the published f32 values: an oracle of its own. */
export const GMM40_MEANS: readonly (readonly number[])[] = [
  [-0.2995, 21.4577],
  [-32.9218, -29.4376],
  [-15.4062, 10.7263],
  [-0.7925, 31.7156],
  [-3.5498, 10.5845],
  [-12.0885, -7.8626],
  [-38.2139, -26.4913],
  [-16.4889, 1.4817],
  [15.8134, 24.0009],
  [-27.1176, -17.4185],
  [14.5287, 33.2155],
  [-8.232, 29.9325],
  [-6.4473, 4.2326],
  [36.219, -37.1068],
  [-25.1815, -10.1266],
  [-15.592, 34.56],
  [-25.9272, -18.4133],
  [-27.9456, -37.4624],
  [-23.3496, 34.3839],
  [17.8487, 19.3869],
  [2.1037, -20.5073],
  [6.7674, -37.3478],
  [-28.9026, -20.6212],
  [25.2375, 23.4528],
  [-17.7398, -1.4433],
  [25.5824, 39.7653],
  [15.8753, 5.4037],
  [26.8195, -23.5521],
  [7.4538, -31.0122],
  [-27.7234, -20.6633],
  [18.0989, 16.0864],
  [-23.6941, 12.0843],
  [21.959, -5.0487],
  [1.5273, 9.2682],
  [24.8151, 38.4078],
  [-30.8249, -14.6588],
  [15.7204, 33.142],
  [34.8083, 35.2943],
  [7.9606, -34.7833],
  [3.6797, -25.0242],
];
export const GMM40_STD = 1.3132617;

export interface ReferenceMixture {
  readonly dim: number;
  readonly means: readonly (readonly number[])[];
  readonly std: number;
  readonly weights: readonly number[];
}

export function gmm40(weights: readonly number[] = GMM40_MEANS.map(() => 1 / 40)): ReferenceMixture {
  return { dim: 2, means: GMM40_MEANS, std: GMM40_STD, weights };
}

/** E_h = -log sum_j w_j N(x; mu_j, (std^2 + h) I) and its score at one point. */
export function mixtureAt(mixture: ReferenceMixture, x: ArrayLike<number>, h: number): { energy: number; score: number[] } {
  const { dim, means, std, weights } = mixture;
  const v = std * std + h;
  const exponents = means.map((mean, j) => {
    let square = 0;
    for (let i = 0; i < dim; i++) square += (x[i] - mean[i]) ** 2;
    return Math.log(weights[j]) - square / (2 * v);
  });
  const top = Math.max(...exponents);
  const shares = exponents.map((e) => Math.exp(e - top));
  const total = shares.reduce((a, b) => a + b, 0);
  const score = Array.from({ length: dim }, (_, i) =>
    means.reduce((sum, mean, j) => sum + (shares[j] * (mean[i] - x[i])) / (total * v), 0),
  );
  return { energy: 0.5 * dim * Math.log(2 * Math.PI * v) - top - Math.log(total), score };
}

function eachRow(x: Batch, f: (row: Float32Array, index: number) => void): void {
  for (let r = 0; r < x.n; r++) f(x.data.subarray(r * x.dim, (r + 1) * x.dim), r);
}

/** The exact noised score and energy as a model. */
export function mixtureModel(mixture: ReferenceMixture): ScoreModel {
  const { dim } = mixture;
  return {
    dim,
    score: async (x, variance) => {
      const out = new Float32Array(x.n * dim);
      eachRow(x, (row, r) => out.set(mixtureAt(mixture, row, variance[r]).score, r * dim));
      return out;
    },
    energy: async (x, variance) => {
      const out = new Float32Array(x.n);
      eachRow(x, (row, r) => {
        out[r] = mixtureAt(mixture, row, variance[r]).energy;
      });
      return out;
    },
  };
}

/** The target itself; `shift` is added to the energy, so that Z = exp(-shift). */
export function mixtureEnergy(mixture: ReferenceMixture, shift = 0): Energy {
  const energy = (x: Batch) => {
    const out = new Float32Array(x.n);
    eachRow(x, (row, r) => {
      out[r] = mixtureAt(mixture, row, 0).energy + shift;
    });
    return out;
  };
  const origin = new Float32Array(mixture.dim);
  return {
    name: "reference-mixture",
    dim: mixture.dim,
    convention: "-log of the normalised density plus a shift; raw units",
    options: null,
    check: { x: Array.from(origin), energy: mixtureAt(mixture, origin, 0).energy + shift },
    energy,
    energyAndGradient: (x) => {
      const gradient = new Float32Array(x.n * x.dim);
      eachRow(x, (row, r) =>
        gradient.set(
          mixtureAt(mixture, row, 0).score.map((s) => -s),
          r * x.dim,
        ),
      );
      return { energy: energy(x), gradient };
    },
  };
}

/** n exact draws. */
export function mixtureDraws(mixture: ReferenceMixture, n: number, key: Key): Batch {
  const { dim, means, std, weights } = mixture;
  const { data } = referenceNormals(key, 0, 0, n, dim);
  for (let r = 0; r < n; r++) {
    let left = uniformAt(key, r);
    let j = 0;
    while (j < weights.length - 1 && left >= weights[j]) left -= weights[j++];
    for (let i = 0; i < dim; i++) data[r * dim + i] = means[j][i] + std * data[r * dim + i];
  }
  return { data, n, dim };
}
