/** Variances of reverse steps that depend on how large the scores are: measured on a batch of their own, which is then thrown away. */
import { BnemError } from "../core/errors.js";
import { derive } from "../core/random.js";
import { freeDimension } from "../core/subspace.js";
import type { Batch, ScoreModel } from "../core/types.js";
import type { NormalSource } from "./normal-source.js";
import type { PathPlan } from "./path-plan.js";
import { reverseSteps } from "./reverse-steps.js";
import { type Rows, startRows } from "./rows.js";
import { scoreAtLevel } from "./run-block.js";

/** Numbers that the mean square of a level is taken over: of Gaussian scores it has an error of sqrt(2 / 4096) = 2 %. */
const PILOT_NUMBERS = 4096;
/** So many rows at least, because the numbers of one row hang together, and not more, because a level of 512 rows costs what they cost. */
const LEAST_ROWS = 32;
const MOST_ROWS = 512;

/**
 * Variance of the step from level `from` to level `to`, Delta = from - to, between two rules for the same mean x + Delta s:
 *
 *   nu = 0: Delta to / from, the DDPM posterior, exact where the data is a point
 *   nu = 1: Delta (1 - Delta E|s|^2 / d), the mean posterior variance, because E[-H] = E[s s^T] for a density with Hessian H of its log
 *
 * For an exact score 0 <= E|s|^2 / d <= 1 / from; a learned one that is larger counts as 1 / from, so that no step is narrower than nu = 0.
 *
 * @param meanSquare E|s|^2 / d at level `from`
 * @see Bao et al. 2022, arXiv:2201.06503 (optimal variance)
 */
export function stepVariance(nu: number, from: number, to: number, meanSquare: number): number {
  const delta = from - to;
  const posterior = delta * (to / from);
  if (nu === 0) return posterior;
  return (1 - nu) * posterior + nu * delta * (1 - delta * Math.min(meanSquare, 1 / from));
}

/** Mean of |s|^2 / d over the rows that are finite. @throws BnemError("diverged") when none is */
function meanSquare({ n, dim, freeDim, score, failed }: Rows, rule: string, k: number): number {
  let sum = 0;
  let count = 0;
  for (let row = 0; row < n; row++) {
    if (failed[row]) continue;
    let square = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) square += score[i] * score[i];
    if (!(square < Infinity)) continue;
    sum += square;
    count++;
  }
  if (count > 0) return sum / (count * freeDim);
  throw new BnemError(
    "diverged",
    `${rule}: no row of the pilot batch of nu is finite at level ${k}; train longer or leave nu out`,
  );
}

/**
 * The variance of every step of a planned run, [k] for level k to k - 1, from the mean squared score of 32 to 512 rows that take the same
 * steps under a key of their own. The run's own rows never decide about their steps, so weights stay exact. On the calling thread,
 * `chunk` rows at a time; the same numbers whatever `chunk` is.
 *
 * @param plan its variances are not looked at
 * @returns `calls`: rows times scores
 * @throws BnemError("diverged"), what the model and `breathe` throw
 */
export async function pilotVariances(
  plan: PathPlan,
  model: ScoreModel,
  nu: number,
  { draws, chunk, breathe }: { readonly draws: NormalSource; readonly chunk: number; readonly breathe: () => Promise<void> },
): Promise<{ variance: Float64Array; calls: number }> {
  const { rule, grid, dim, particles, priorVariance } = plan;
  const key = derive(plan.key, "pilot");
  const n = Math.min(MOST_ROWS, Math.max(LEAST_ROWS, Math.ceil(PILOT_NUMBERS / freeDimension(plan))));
  const variance = new Float64Array(grid.length);
  const noise = draws(derive(key, "prior"), 0, 0, n, dim).data;
  const rows = startRows({ firstRow: 0, dim, particles, variance: priorVariance, weighted: false }, noise);
  let calls = 0;
  const score = async ({ data }: Batch, h: number): Promise<Float32Array> => {
    const all = new Float32Array(n * dim);
    for (let first = 0; first < n; first += chunk) {
      await breathe();
      const last = Math.min(n, first + chunk);
      const part = { data: data.slice(first * dim, last * dim), n: last - first, dim };
      all.set(await scoreAtLevel(plan, model, part, h), first * dim);
    }
    calls += n;
    return all;
  };
  const leaving = (k: number) => {
    variance[k] = stepVariance(nu, grid[k], grid[k - 1], meanSquare(rows, rule, k));
  };
  await reverseSteps(rows, { ...plan, key, variance, weighted: false, tweedie: false }, { draws, score, leaving, step: breathe });
  return { variance, calls };
}
