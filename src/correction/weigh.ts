/** Log weights of one island or pilot, where all of them may be zero. `importance` is for whole samples, where that is an error. */
import { exp, log } from "../core/elementary.js";

/** Kish effective sample size of log weights, the log of their mean, and the weights themselves; all 0 where every weight is 0. */
export function weigh(logs: Float64Array): { fraction: number; logMean: number; weights: Float64Array } {
  const top = logs.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = new Float64Array(logs.length);
  if (top === -Infinity) return { fraction: 0, logMean: -Infinity, weights };
  let sum = 0;
  let square = 0;
  for (let i = 0; i < logs.length; i++) {
    weights[i] = exp(logs[i] - top);
    sum += weights[i];
    square += weights[i] * weights[i];
  }
  for (let i = 0; i < logs.length; i++) weights[i] /= sum;
  return { fraction: (sum * sum) / (square * logs.length), logMean: top + log(sum / logs.length), weights };
}
