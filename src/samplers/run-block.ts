/** Computes one block of rows of a planned run: what a thread does, whichever it is. */
import { derive } from "../core/random.js";
import type { Batch, ScoreModel } from "../core/types.js";
import { heunSteps } from "./heun-steps.js";
import type { NormalSource } from "./normal-source.js";
import type { Advance, PathBlock, PathPlan, PathRule } from "./path-plan.js";
import { reverseSteps } from "./reverse-steps.js";
import { countFailed, startRows } from "./rows.js";

const rules: { readonly [R in PathRule]: Advance } = { reverseSde: reverseSteps, probabilityFlow: heunSteps };

/** The model's score at one level for all rows. @throws TypeError when the model returns anything else than [n, dim] numbers */
async function scoreAtLevel(call: string, model: ScoreModel, x: Batch, h: number): Promise<Float32Array> {
  const score: unknown = await model.score(x, new Float32Array(x.n).fill(h));
  if (score instanceof Float32Array && score.length === x.n * x.dim) return score;
  throw new TypeError(`${call}: model.score must return a Float32Array of n * dim = ${x.n * x.dim} numbers`);
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
  const { rule, dim, key, priorVariance, weighted } = plan;
  const noise = draws(derive(key, "prior"), 0, first, count, dim).data;
  const rows = startRows(first, count, dim, priorVariance, noise, weighted);
  let level = 0;
  let evaluations = 0;
  await rules[rule](rows, plan, {
    draws,
    score: (x, h) => {
      evaluations++;
      return scoreAtLevel(rule, model, x, h);
    },
    step: () => atLevel(++level, countFailed(rows)),
  });
  return { first, x: rows.x.data, logWeights: rows.logWeights, failed: rows.failed, evaluations };
}
