/** Samples with weights: an annealed run along the learned path, on all threads, and what is said about it. */
import type { Json, ScoreModel } from "../core/types.js";
import { type AnnealedRun, annealedFrom, planAnnealed } from "../correction/annealed.js";
import { forwardFrom } from "../correction/forward.js";
import { explodingLevels, type Level, preservingLevels } from "../correction/levels.js";
import type { AnnealedTransition } from "../correction/transition.js";
import { givenTransition } from "../correction/transitions/given.js";
import { makeTransition, type TransitionName } from "../correction/transitions/table.js";
import { normalRows } from "../kernels/normal.js";
import type { ModelQuantity } from "../kernels/program-model.js";
import { eulerMaruyama } from "../samplers/euler-maruyama.js";
import { memoryEfficientScore } from "../samplers/tweedie-score.js";
import { describeModel } from "./describe-model.js";
import type { Drawn } from "./sample-result.js";
import { baseVariance, gridOf, type SampleCall, type SamplerParts, tweediePart } from "./sampler-parts.js";
import { shareIslands } from "./shared-islands.js";
import { weightedResult } from "./weighted-result.js";

/** A transition and what another thread makes it from. */
interface NamedTransition {
  readonly transition: AnnealedTransition;
  readonly origin: { readonly name: TransitionName; readonly options: { readonly [name: string]: Json } };
}

function named(name: TransitionName, options: { readonly [name: string]: Json } = {}): NamedTransition {
  return { transition: makeTransition(name, options), origin: { name, options } };
}

/** The step that the settings ask for; without any, the tuned one of first order. */
export function transitionOf(
  { schedule }: SamplerParts,
  { integrator, dataStd, nu, rank }: SampleCall["settings"],
): NamedTransition {
  if (integrator === "euler-maruyama") {
    const { coefficients } = eulerMaruyama();
    const rule = ({ from, to }: { from: Level; to: Level }) => coefficients({ from: from.variance, to: to.variance, schedule });
    return { transition: givenTransition({ rule }), origin: { name: "given", options: {} } };
  }
  if (nu !== undefined) return named("tuned", { nu });
  if (integrator === "bridge" || (integrator === undefined && dataStd !== undefined))
    return named("bridge", { dataVariance: (dataStd ?? 0) ** 2 });
  if (integrator === "low-rank") return named("low-rank", rank === undefined ? {} : { rank });
  return named((integrator ?? "tuned") as TransitionName);
}

/** What threads have to compute of the model. */
function quantitiesOf({ needs }: AnnealedTransition, energies: boolean, tweedie: boolean): ModelQuantity[] {
  if (tweedie) return ["energy"];
  return [
    ...(energies ? (["both", "score"] as const) : (["score"] as const)),
    ...(needs === "hessian" ? (["product"] as const) : []),
  ];
}

/** The levels of a path, and the variance of the reference at its end. */
export function pathOf(
  parts: SamplerParts,
  settings: SampleCall["settings"],
): { levels: Level[]; priorVariance: number; grid: Float64Array } {
  const grid = gridOf(parts, settings);
  const base = baseVariance(parts);
  if (settings.noising === "preserving") return { levels: preservingLevels(grid, base), priorVariance: base, grid };
  return { levels: explodingLevels(grid), priorVariance: parts.schedule.variance(1) + base, grid };
}

/** @throws as `NeuralSampler.sample` */
export async function weightedRun(parts: SamplerParts, call: SampleCall): Promise<Drawn> {
  const { energy, model: own, shared } = parts;
  const { n, key, settings, pool, signal, onProgress } = call;
  const { levels, priorVariance, grid } = pathOf(parts, settings);
  const { transition, origin } = transitionOf(parts, settings);
  const { particles } = energy;
  const tweedie = tweediePart(parts, key, grid);
  const model: ScoreModel = tweedie ? memoryEfficientScore(own, { ...tweedie, draws: normalRows, particles }) : own;
  const resamples = settings.correction === "smc";
  const planned = await planAnnealed(model, energy, {
    ...{ n: n * (settings.oversampling ?? 1), key, levels, transition, priorVariance, particles, signal, onProgress },
    ...(settings.islands !== undefined && { islands: settings.islands }),
    ...(resamples && { resample: { method: settings.resampling, threshold: settings.resampleBelow, trust: settings.trust } }),
    ...(settings.moves > 0 && { moves: { count: settings.moves, leapfrogs: settings.moveLeapfrogs, trust: settings.trust } }),
  });
  const energies = planned.trustedTo > 0;
  const description = describeModel(own, quantitiesOf(transition, energies, tweedie !== undefined));
  const run: AnnealedRun = description
    ? await shareIslands(pool, { planned, model: shared, description, transition: origin, tweedie }, energy)
    : await annealedFrom(planned, model, energy);
  const forward = call.forwardFrom && (await forwardFrom(planned, model, energy, call.forwardFrom));
  return weightedResult(parts, call, {
    ...{ run, planned, forward },
    name: origin.name === "given" ? "euler-maruyama" : origin.name,
    spread: description !== undefined,
  });
}
