/** Computes one block of rows of a planned run: what a thread does, whichever it is. */
import { derive } from "../core/random.js";
import { removeMean } from "../core/subspace.js";
import type { Batch, ScoreModel } from "../core/types.js";
import { heunSteps } from "./heun-steps.js";
import type { NormalSource } from "./normal-source.js";
import type { Advance, PathBlock, PathPlan, PathRule } from "./path-plan.js";
import { reverseSteps } from "./reverse-steps.js";
import { countFailed, startRows } from "./rows.js";

const rules: { readonly [R in PathRule]: Advance } = { reverseSde: reverseSteps, probabilityFlow: heunSteps };

/**
 * The model's score at one level for all rows; for particles the part of it on their subspace, which is all of an exact score.
 *
 * @throws TypeError when the model returns anything else than [n, dim] numbers
 */
export async function scoreAtLevel({ rule, particles }: PathPlan, model: ScoreModel, x: Batch, h: number): Promise<Float32Array> {
  const score: unknown = await model.score(x, new Float32Array(x.n).fill(h));
  if (!(score instanceof Float32Array && score.length === x.n * x.dim)) {
    throw new TypeError(`${rule}: model.score must return a Float32Array of n * dim = ${x.n * x.dim} numbers`);
  }
  if (!particles) return score;
  const projected = score.slice();
  removeMean(projected, x.n, particles);
  return projected;
}

/**
 * Rows first .. first + count - 1 of a plan. They use the streams (key, level, row number) only: the same bits in any block.
 *
 * @param atLevel called after every level with how many are behind and how many rows are lost
 * @throws what `atLevel` and the model throw
 */
export async function runBlock(
  plan: PathPlan,
  model: ScoreModel,
  draws: NormalSource,
  first: number,
  count: number,
  atLevel: (level: number, lost: number) => Promise<void>,
): Promise<PathBlock> {
  const { rule, dim, particles, key, priorVariance, weighted } = plan;
  const noise = draws(derive(key, "prior"), 0, first, count, dim).data;
  const rows = startRows({ firstRow: first, dim, particles, variance: priorVariance, weighted }, noise);
  let level = 0;
  let evaluations = 0;
  await rules[rule](rows, plan, {
    draws,
    score: (x, h) => {
      evaluations++;
      return scoreAtLevel(plan, model, x, h);
    },
    step: () => atLevel(++level, countFailed(rows)),
  });
  return { first, x: rows.x.data, logWeights: rows.logWeights, failed: rows.failed, evaluations };
}
