/**
 * The multistate Bennett acceptance ratio: free energies of several states from draws of all of them.
 *
 *     f_k = -log Z_k + log Z_0 solves  Z_k = sum_n exp(-u_k(x_n)) / sum_j N_j exp(f_j - u_j(x_n)),
 *
 * the stationary point of the convex  F(f) = sum_n log sum_k N_k exp(f_k - u_k(x_n)) - sum_k N_k f_k,  found by Newton steps with the first
 * f held at 0. All in f64. Source: Shirts and Chodera 2008, doi:10.1063/1.2978177.
 */

/** Self-consistent sweeps before the first Newton step: from far away they go further. */
const SWEEPS = 20;
const MOST_STEPS = 200;

/** log sum_k exp(a_k) and the shares exp(a_k - it), into `shares`. */
function logSum(a, shares) {
  let top = -Infinity;
  for (const value of a) if (value > top) top = value;
  let sum = 0;
  for (let k = 0; k < a.length; k++) {
    shares[k] = Math.exp(a[k] - top);
    sum += shares[k];
  }
  for (let k = 0; k < a.length; k++) shares[k] /= sum;
  return top + Math.log(sum);
}

/** F, its gradient and its Hessian at f. @param energies [states][draws] */
function objective(energies, logCounts, counts, f) {
  const states = counts.length;
  const draws = energies[0].length;
  const shares = new Float64Array(states);
  const terms = new Float64Array(states);
  const gradient = new Float64Array(states);
  const hessian = Array.from({ length: states }, () => new Float64Array(states));
  let value = 0;
  for (let n = 0; n < draws; n++) {
    for (let k = 0; k < states; k++) terms[k] = logCounts[k] + f[k] - energies[k][n];
    value += logSum(terms, shares);
    for (let k = 0; k < states; k++) {
      gradient[k] += shares[k];
      hessian[k][k] += shares[k];
      for (let j = 0; j <= k; j++) hessian[k][j] -= shares[k] * shares[j];
    }
  }
  for (let k = 0; k < states; k++) {
    value -= counts[k] * f[k];
    gradient[k] -= counts[k];
    for (let j = 0; j < k; j++) hessian[j][k] = hessian[k][j];
  }
  return { value, gradient, hessian };
}

/** x with A x = b for a symmetric positive definite A, by Gaussian elimination in place. */
function solve(a, b) {
  const n = b.length;
  for (let i = 0; i < n; i++) {
    for (let row = i + 1; row < n; row++) {
      const factor = a[row][i] / a[i][i];
      for (let column = i; column < n; column++) a[row][column] -= factor * a[i][column];
      b[row] -= factor * b[i];
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let column = i + 1; column < n; column++) b[i] -= a[i][column] * b[column];
    b[i] /= a[i][i];
  }
  return b;
}

/** One self-consistent sweep: f_k - log(sum_n share_kn / N_k). */
function sweep(energies, logCounts, counts, f) {
  const { gradient } = objective(energies, logCounts, counts, f);
  const next = f.map((value, k) => value - Math.log((gradient[k] + counts[k]) / counts[k]));
  return next.map((value) => value - next[0]);
}

/** Newton's step, halved until F falls. */
function newton(energies, logCounts, counts, f) {
  const at = objective(energies, logCounts, counts, f);
  const inner = at.hessian.slice(1).map((row) => row.slice(1));
  const step = solve(inner, at.gradient.slice(1));
  // States that share no configurations leave F flat.
  if (!step.every(Number.isFinite)) return step;
  for (let length = 1; length > 1e-6; length /= 2) {
    const next = f.map((value, k) => (k === 0 ? 0 : value - length * step[k - 1]));
    if (objective(energies, logCounts, counts, next).value <= at.value) return next;
  }
  return f;
}

const distance = (a, b) => a.reduce((most, value, k) => Math.max(most, Math.abs(value - b[k])), 0);

/**
 * Free energies -log Z_k + log Z_0, [states].
 *
 * @param energies u_k(x_n), kT, [states][draws] over the draws of all states together; +Infinity forbids a draw in that state
 * @param counts how many of the draws come from each state, at least 1
 * @throws RangeError where it does not converge: states that share no configurations
 */
export function mbar(energies, counts, { tolerance = 1e-9 } = {}) {
  const logCounts = counts.map(Math.log);
  let f = new Float64Array(counts.length);
  for (let i = 0; i < SWEEPS; i++) f = sweep(energies, logCounts, counts, f);
  for (let i = 0; i < MOST_STEPS; i++) {
    const next = newton(energies, logCounts, counts, f);
    if (!next.every(Number.isFinite)) break;
    const moved = distance(f, next);
    f = next;
    if (moved < tolerance) return f;
  }
  throw new RangeError("mbar: no solution; neighbouring states share too few configurations, take more of them");
}

/**
 * Free energies with standard errors from independent repeats.
 *
 * @param blocks [{ energies, counts }] of independent runs of all states, at least 2
 * @returns { f, standardError } f from all draws together, its error from the spread of the blocks
 */
export function mbarOfBlocks(blocks, options) {
  const each = blocks.map(({ energies, counts }) => mbar(energies, counts, options));
  const states = each[0].length;
  const energies = Array.from({ length: states }, (_, k) => {
    const parts = blocks.map((block) => block.energies[k]);
    const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  });
  const counts = Array.from({ length: states }, (_, k) => blocks.reduce((sum, block) => sum + block.counts[k], 0));
  const f = mbar(energies, counts, options);
  const standardError = f.map((_, k) => {
    const values = each.map((one) => one[k]);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return Math.sqrt(squares / (values.length - 1) / values.length);
  });
  return { f, standardError };
}
