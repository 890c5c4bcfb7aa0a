/** Mixtures of normals with any covariances, f64, from the formulas in the plainest form: dense matrices, no rotation trick, no shares. */
import type { NormalMixture } from "../../src/core/normal-mixture.js";

type Matrix = readonly (readonly number[])[];

/** Component j: weight, mean and dense covariance R diag(v) R^T. */
export interface Component {
  readonly weight: number;
  readonly mean: readonly number[];
  readonly covariance: Matrix;
}

export function componentsOf({ count, dim, weights, means, variances, rotation }: NormalMixture): Component[] {
  const axis = (i: number, k: number) => (rotation ? rotation[i * dim + k] : Number(i === k));
  const range = Array.from({ length: dim }, (_, i) => i);
  return Array.from({ length: count }, (_, j) => ({
    weight: weights[j],
    mean: range.map((d) => means[j * dim + d]),
    covariance: range.map((a) =>
      range.map((b) => range.reduce((sum, k) => sum + axis(a, k) * variances[j * dim + k] * axis(b, k), 0)),
    ),
  }));
}

/** The law of scale x_0 + sqrt(variance) z. */
export function noisedComponents(components: readonly Component[], scale: number, variance: number): Component[] {
  return components.map(({ weight, mean, covariance }) => ({
    weight,
    mean: mean.map((m) => scale * m),
    covariance: covariance.map((row, a) => row.map((c, b) => scale * scale * c + (a === b ? variance : 0))),
  }));
}

/** L with L L^T = matrix. */
function cholesky(matrix: Matrix): number[][] {
  const lower = matrix.map((row) => row.map(() => 0));
  matrix.forEach((row, a) => {
    for (let b = 0; b <= a; b++) {
      let sum = row[b];
      for (let k = 0; k < b; k++) sum -= lower[a][k] * lower[b][k];
      lower[a][b] = a === b ? Math.sqrt(sum) : sum / lower[b][b];
    }
  });
  return lower;
}

/** log N(x; mean, covariance) and the gradient C^-1 (mean - x). */
function normalAt(x: ArrayLike<number>, { mean, covariance }: Component): { log: number; gradient: number[] } {
  const lower = cholesky(covariance);
  const solved: number[] = [];
  let log = -0.5 * mean.length * Math.log(2 * Math.PI);
  mean.forEach((m, a) => {
    let sum = m - x[a];
    for (let k = 0; k < a; k++) sum -= lower[a][k] * solved[k];
    solved.push(sum / lower[a][a]);
    log -= Math.log(lower[a][a]) + 0.5 * solved[a] ** 2;
  });
  const gradient = [...solved];
  for (let a = mean.length - 1; a >= 0; a--) {
    for (let k = a + 1; k < mean.length; k++) gradient[a] -= lower[k][a] * gradient[k];
    gradient[a] /= lower[a][a];
  }
  return { log, gradient };
}

/** log sum_j w_j N_j(x) and its gradient. */
export function densityAt(components: readonly Component[], x: ArrayLike<number>): { log: number; score: number[] } {
  const terms = components.map((component) => ({ ...normalAt(x, component), weight: component.weight }));
  const top = Math.max(...terms.map((term) => term.log));
  const shares = terms.map((term) => term.weight * Math.exp(term.log - top));
  const total = shares.reduce((a, b) => a + b, 0);
  const score = Array.from({ length: x.length }, (_, d) =>
    terms.reduce((sum, term, j) => sum + (shares[j] / total) * term.gradient[d], 0),
  );
  return { log: top + Math.log(total), score };
}

/**
 * log B(x_to | x_from) with B's own components in full: posterior of x_to under prior N(m, V) and observation x_from = pull x_to + N(0, noise I),
 * by the gain K = pull V (pull^2 V + noise I)^-1, one column at a time.
 */
export function logPosterior(
  components: readonly Component[],
  { pull, noise }: { readonly pull: number; readonly noise: number },
  to: ArrayLike<number>,
  from: ArrayLike<number>,
): number {
  const posterior = components.map(({ weight, mean, covariance }) => {
    const seen: Component = {
      weight,
      mean: mean.map((m) => pull * m),
      covariance: covariance.map((row, a) => row.map((c, b) => pull * pull * c + (a === b ? noise : 0))),
    };
    const { log, gradient } = normalAt(from, seen);
    // V S^-1 (x - pull m) = -V gradient; columns of S^-1 V the same way.
    const moved = mean.map((m, a) => m - pull * covariance[a].reduce((sum, c, b) => sum + c * gradient[b], 0));
    const columns = covariance.map(
      (column) =>
        normalAt(
          seen.mean.map((m, b) => m - column[b]),
          seen,
        ).gradient,
    );
    const narrowed = covariance.map((row, a) =>
      row.map((c, b) => c - pull * pull * columns[b].reduce((sum, value, k) => sum + covariance[a][k] * value, 0)),
    );
    return { weight: Math.log(weight) + log, mean: moved, covariance: narrowed };
  });
  const top = Math.max(...posterior.map((component) => component.weight));
  return densityAt(normalised(posterior.map((component) => ({ ...component, weight: Math.exp(component.weight - top) }))), to)
    .log;
}

function normalised(components: readonly Component[]): Component[] {
  const total = components.reduce((sum, { weight }) => sum + weight, 0);
  return components.map((component) => ({ ...component, weight: component.weight / total }));
}
