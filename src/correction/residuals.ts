/**
 * How far the learned energies of a path are from those that its noising kernels make of the exact energy.
 *
 * The local residual of level k, delta_k(x) = U_k(x) + log E[exp(-U_{k-1}(y)) F(x | y) / B(y | x)], y ~ B, is 0 where U_k is what noising makes of
 * U_{k-1}. Errors that obey the heat flow, such as wrong mode weights, are seen at the lowest level only; so the residuals of a path are summed from
 * the exact energy up. To first order the mean of that sum over paths through x is the error of U_k(x).
 */
import { exp, log } from "../core/elementary.js";

/** Of one level, for each row. */
export interface Residuals {
  /** delta_k; NaN in rows that are lost. */
  readonly value: Float64Array;
  /** Half the difference of what the two halves of the draws say: as noisy as `value`, and nothing else. 0 with one draw. */
  readonly noise: Float64Array;
}

/** Log of the mean of exp over some draws of each row, low by the noise / 2, which is added back where the draws tell it. */
function logMeans(logs: readonly Float64Array[]): Float64Array {
  const m = logs.length;
  return logs[0].map((_, row) => {
    let top = -Infinity;
    for (const each of logs) top = Math.max(top, each[row]);
    let sum = 0;
    let square = 0;
    for (const each of logs) {
      const w = exp(each[row] - top);
      sum += w;
      square += w * w;
    }
    const variance = m > 1 ? Math.max(0, ((square * m) / (sum * sum) - 1) / (m - 1)) : 0;
    return top + log(sum / m) + variance / 2;
  });
}

/**
 * @param energy U_k of each row, [n]
 * @param logs log of exp(-U_{k-1}(y_m)) F(x | y_m) / B(y_m | x), [M][n]
 */
export function residualsOf(energy: Float64Array, logs: readonly Float64Array[]): Residuals {
  const value = logMeans(logs).map((mean, row) => energy[row] + mean);
  const half = logs.length >> 1;
  if (half === 0) return { value, noise: new Float64Array(value.length) };
  const [first, second] = [logMeans(logs.slice(0, half)), logMeans(logs.slice(half))];
  return { value, noise: first.map((mean, row) => (mean - second[row]) / 2) };
}

/**
 * Rows beyond these shares are taken for the last within them. Above are rows that the learned energy undervalues, which come to weigh too much
 * later: a mode with more than 2 % of them counts. Below are rows that it overvalues, which die: few of them cost no more than their share.
 */
const LOW = 0.1;
const HIGH = 0.02;

/** Standard deviation of values whose ends are drawn in: .90 sigma for a normal law. */
export function drawnInSpread(values: Float64Array): number {
  const n = values.length;
  if (n < 2) return 0;
  const sorted = values.slice().sort();
  const [least, most] = [sorted[Math.floor(LOW * n)], sorted[n - 1 - Math.floor(HIGH * n)]];
  const drawnIn = sorted.map((value) => Math.min(most, Math.max(least, value)));
  const mean = drawnIn.reduce((sum, value) => sum + value, 0) / n;
  return Math.sqrt(drawnIn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
}

/**
 * [K + 1], kT: spread over paths of the residuals summed up to each level, the spread of their noise taken off (as variances); 0 at level 0, Infinity
 * from where fewer than half of the rows are left.
 *
 * Measured with 256 paths, 4 draws and two modes that the model has at weights .3, .7 for 2/3, 1/3 (truth .71) or right (truth 0), 32 levels, d = 2
 * and 8: tuned and full transitions .69 to .71 and 0 to .15 at every level. With transitions that fit worse, noise rules: exponential .26 to .73 and 0
 * to .13, bridge .70 to 1.2 and .1 to 1.0, because four draws from too narrow a kernel say too little.
 *
 * @param levels of the same n rows; none at level 0
 */
export function accumulatedSpread(levels: readonly (Residuals | undefined)[], n: number): Float64Array {
  const spread = new Float64Array(levels.length);
  const sums = new Float64Array(n);
  const noise = new Float64Array(n);
  for (let k = 1; k < levels.length; k++) {
    const own = levels[k];
    if (!own) return spread.fill(Infinity, k);
    for (let row = 0; row < n; row++) {
      sums[row] += own.value[row];
      noise[row] += own.noise[row];
    }
    const alive = sums.filter(Number.isFinite);
    if (alive.length * 2 < n) return spread.fill(Infinity, k);
    spread[k] = Math.sqrt(Math.max(0, drawnInSpread(alive) ** 2 - drawnInSpread(noise.filter(Number.isFinite)) ** 2));
  }
  return spread;
}
