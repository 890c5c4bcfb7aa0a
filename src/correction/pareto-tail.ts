/** How heavy the tail of weights is: the shape of a generalised Pareto distribution fitted to the largest ones. */
import { exp, log, log1p } from "../core/elementary.js";
import { checkLogWeights } from "./check-weights.js";

/** Fewer tail weights than this say nothing of a shape. */
const LEAST_TAIL = 5;
/** Weight, in observations, of the prior that pulls the shape of small tails to 1/2. */
const PRIOR_COUNT = 10;
/** Scale of the grid of Zhang and Stephens, in quartiles. */
const GRID_SCALE = 3;

/**
 * Shape k of a generalised Pareto distribution with threshold 0, P(X > x) = (1 + k x / s)^(-1/k), by the posterior mean of Zhang and
 * Stephens over a grid of theta = -k / s with its profile likelihood as weight; about unbiased at 20 values. NaN where a quarter of the
 * values is 0.
 *
 * @param x ascending, >= 0
 * @see Zhang and Stephens 2009
 */
function paretoShape(x: Float64Array): number {
  const { length } = x;
  const points = 30 + Math.floor(Math.sqrt(length));
  const quartile = x[Math.floor(length / 4 + 0.5) - 1];
  if (!(quartile > 0)) return Number.NaN;
  const shapeAt = (theta: number) => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += log1p(-theta * x[i]);
    return sum / length;
  };
  const thetas = new Float64Array(points);
  const likelihoods = new Float64Array(points);
  let best = -Infinity;
  for (let j = 0; j < points; j++) {
    thetas[j] = 1 / x[length - 1] + (1 - Math.sqrt(points / (j + 0.5))) / (GRID_SCALE * quartile);
    const k = shapeAt(thetas[j]);
    likelihoods[j] = length * (log(-thetas[j] / k) - k - 1);
    if (likelihoods[j] > best) best = likelihoods[j];
  }
  let sum = 0;
  let theta = 0;
  for (let j = 0; j < points; j++) {
    const weight = exp(likelihoods[j] - best);
    sum += weight;
    theta += weight * thetas[j];
  }
  return shapeAt(theta / sum);
}

/**
 * Pareto k-hat of the min(n / 5, 3 sqrt(n)) largest weights: moments of the weights above order 1 / k are infinite. Below .5 the variance
 * is finite; above .7 errors of weighted means are far larger than they look unless n > 10^(1 / (1 - k)); from 1 on there is no mean. For
 * weights of independent draws. NaN below 21 draws and where the tail is flat.
 *
 * @param logWeights natural logarithms, [n]; -Infinity is a weight of zero
 * @throws TypeError for the wrong kind, RangeError for NaN or +Infinity
 * @see Vehtari, Simpson, Gelman, Yao and Gabry 2024 (Pareto smoothed importance sampling)
 */
export function paretoTail(logWeights: Float64Array): number {
  checkLogWeights("paretoTail", logWeights);
  const n = logWeights.length;
  const tail = Math.ceil(Math.min(n / 5, 3 * Math.sqrt(n)));
  if (tail < LEAST_TAIL) return Number.NaN;
  const sorted = logWeights.slice().sort();
  const top = sorted[n - 1];
  const cut = exp(sorted[n - tail - 1] - top);
  const shape = paretoShape(sorted.subarray(n - tail).map((value) => exp(value - top) - cut));
  return (shape * tail + 0.5 * PRIOR_COUNT) / (tail + PRIOR_COUNT);
}
