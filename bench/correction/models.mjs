/** The models whose paths are corrected, and what they were asked for. */
import { exactDiffusion, exactTransition, makeTransition, transitionNames } from "bnem";
import { learned, learnedNames } from "./learned.mjs";

export const modelNames = ["exact", ...learnedNames];

/** "given" is no rule; the exact step of a mixture is there where the model is exact too. */
const rules = transitionNames.filter((name) => name !== "given");
export const transitionsOf = (model) => (model === "exact" ? [...rules, "exact"] : rules);
/** Steps without a tuned number that take nothing but the score: what the paper finds to fail. */
export const untuned = ["exponential", "bridge"];
export const needsHessian = (transition) => transition !== "exact" && makeTransition(transition).needs === "hessian";

/** Level 0 of a path is the target itself, so the exact model of the path has the variance of that level less everywhere. */
export function transitionOf(name, energy, levels) {
  return name === "exact" ? exactTransition(energy, { target: levels[0] }) : makeTransition(name);
}

/** @returns { model, dispose } */
export async function modelOf(name, { energy, target, levels, seed, quick }) {
  if (name === "exact") return { model: exactDiffusion(energy, { target: levels[0] }), dispose() {} };
  const { sampler } = await learned(name, energy, target, { seed, quick });
  return { model: sampler.scoreModel, dispose: () => sampler.dispose() };
}

/** The same model with a count of the rows it was asked for: scores and energies, and products with the Hessian (`dim` for a whole one). */
export function counted(model) {
  const calls = { scores: 0, products: 0 };
  const wrap = (name, kind, cost) =>
    model[name] && {
      [name]: (x, ...rest) => {
        calls[kind] += x.n * cost;
        return model[name](x, ...rest);
      },
    };
  const own = {
    dim: model.dim,
    ...wrap("score", "scores", 1),
    ...wrap("energy", "scores", 1),
    ...wrap("energyAndScore", "scores", 1),
    ...wrap("hessianProduct", "products", 1),
    ...wrap("hessian", "products", model.dim),
  };
  return { model: own, calls };
}
