/** Slow f64 twins of the mixture kernels: energy and gradient at a point, and the noised estimates from given draws. */

export interface Mixture {
  readonly means: readonly (readonly number[])[];
  readonly weights: readonly number[];
  readonly std: readonly number[];
}

/** E = -log sum_k w_k N(y; mean_k, (std_k^2 + h) I) and its gradient. */
export function mixtureEnergy(mixture: Mixture, y: ArrayLike<number>, h = 0): { energy: number; gradient: number[] } {
  const dim = mixture.means[0].length;
  const variances = mixture.std.map((s) => s * s + h);
  const logs = mixture.means.map((mean, k) => {
    const square = mean.reduce((sum, m, d) => sum + (y[d] - m) ** 2, 0);
    return Math.log(mixture.weights[k]) - (dim / 2) * Math.log(2 * Math.PI * variances[k]) - square / (2 * variances[k]);
  });
  const top = logs.reduce((a, b) => Math.max(a, b), -Infinity);
  const shares = logs.map((l) => Math.exp(l - top));
  const sum = shares.reduce((a, b) => a + b, 0);
  const gradient = Array.from({ length: dim }, (_, d) =>
    mixture.means.reduce((g, mean, k) => g + ((shares[k] / sum) * (y[d] - mean[d])) / variances[k], 0),
  );
  return { energy: -top - Math.log(sum), gradient };
}

export interface Estimate {
  readonly energy: number;
  readonly score: number[];
  readonly mean: number[];
  /** Largest |E| and largest |component of grad E| among the draws that carry weight: what f32 bounds are made of. */
  readonly largestEnergy: number;
  readonly largestGradient: number;
}

/** E_K, S_K and D_K from the draws y [K, dim]. */
export function estimate(mixture: Mixture, y: ArrayLike<number>, dim: number): Estimate {
  return estimateOf((draw) => mixtureEnergy(mixture, draw), y, dim);
}

/** The same for any energy. */
export function estimateOf(
  evaluate: (y: readonly number[]) => { readonly energy: number; readonly gradient: readonly number[] },
  y: ArrayLike<number>,
  dim: number,
): Estimate {
  const flat = Array.from(y);
  const draws = Array.from({ length: flat.length / dim }, (_, k) => flat.slice(k * dim, (k + 1) * dim));
  const values = draws.map(evaluate);
  const least = values.reduce((a, v) => Math.min(a, v.energy), Infinity);
  const weights = values.map((v) => Math.exp(least - v.energy));
  const sum = weights.reduce((a, b) => a + b, 0);
  const weighted = (of: (k: number, d: number) => number) =>
    Array.from({ length: dim }, (_, d) => weights.reduce((s, w, k) => (w > 0 ? s + (w / sum) * of(k, d) : s), 0));
  const carrying = values.filter((_, k) => weights[k] > 1e-9);
  return {
    energy: least - Math.log(sum / draws.length),
    score: weighted((k, d) => -values[k].gradient[d]),
    mean: weighted((k, d) => draws[k][d]),
    largestEnergy: Math.max(...carrying.map((v) => Math.abs(v.energy))),
    largestGradient: Math.max(...carrying.flatMap((v) => v.gradient.map(Math.abs))),
  };
}
