/** The learned models: what is trained on what, and samplers that are trained once and kept. */
import { energyByName, gaussianMixture, loadSampler, presets, twoModes } from "bnem";
import { trained } from "../tasks/training.mjs";
import { rows as store } from "./store.mjs";

/** Two Gaussians 8.5 apart, 38 standard deviations: the settings of GMM-40 at a tenth of its size. */
const twoModesOptions = {
  ...presets.gmm40.nem,
  steps: 2500,
  scale: 5,
  baseStd: 0.6,
  dataStd: 0.22,
  detail: 0.05,
  sigmaMin: 0.05,
  sigmaMax: 8,
  priorFraction: 0.5,
  priorWidth: 5,
};

const named = (task, method, callKind) => ({
  energy: () => energyByName(task),
  options: presets[task][method],
  callKind: callKind ?? "gradient",
});
const ofEnergies = (energy, options) => ({ energy, options, callKind: "plain" });

/** Weights 1 to 40. */
const weights = Array.from({ length: 40 }, (_, i) => i + 1);
const graded = () => gaussianMixture({ components: 40, seed: 0, weights });
const pair = () => twoModes({ dim: 2, separation: 3 });

export const models = {
  gmm40: named("gmm40", "bnem", "plain"),
  "gmm40-nem": named("gmm40", "nem", "plain"),
  "two-modes": ofEnergies(pair, twoModesOptions),
  "two-modes-short": ofEnergies(pair, { ...twoModesOptions, steps: 400 }),
  "gmm40-graded": ofEnergies(graded, presets.gmm40.bnem),
  "gmm40-graded-short": ofEnergies(graded, { ...presets.gmm40.bnem, steps: 1500 }),
  dw4: named("dw4", "weighted"),
  lj13: named("lj13", "weighted"),
  lj55: named("lj55", "weighted"),
  manywell32: named("manywell32", "posterior"),
  gmm16: named("gmm16", "posterior"),
};

/** What a quick run replaces: it shows that everything runs. */
const quickOptions = { steps: 4, batchSize: 16, bufferRefill: 16, bufferSteps: 8, warmupSteps: 1, width: 16, depth: 1 };
const quickChains = { chains: 64, chainMoves: 20, chainDraws: 2, posteriorMoves: 2, rowsPerLevel: 8 };

function optionsOf({ options, callKind }, quick) {
  if (!quick) return options;
  return { ...options, ...quickOptions, ...(callKind === "gradient" && { ...quickChains, samplingSteps: 8 }) };
}

export const energyOf = (name) => models[name].energy();

/** Made once a process. */
const ready = new Map();

/**
 * The trained sampler of a model, and its cost. The training is a row of its own: what a second process finds has been paid for by the first.
 * @returns { sampler, energy, training }
 */
export async function modelOf(name, seed, quick) {
  const key = `${name} ${seed}`;
  if (!ready.has(key)) ready.set(key, await make(name, seed, quick));
  return ready.get(key);
}

/** Frees the samplers of this process. */
export function disposeModels() {
  for (const { sampler } of ready.values()) sampler.dispose();
  ready.clear();
}

async function make(name, seed, quick) {
  const energy = energyOf(name);
  const options = optionsOf(models[name], quick);
  const method = { name: options.method, options, trainOptions: () => options, callKind: models[name].callKind };
  const budgetName = `${options.steps} steps`;
  const { sampler: first, training } = await trained({ task: name, method, seed, trainEnergy: energy, budgetName }, () => {});
  // What was read back from a file is sampled from, whether this process trained it or another: one and the same state.
  const sampler = await loadSampler(await first.save(), energy);
  first.dispose();
  const about = { part: "training", task: name, name: options.method, seed, options };
  const there = store.find(about);
  const kept = there?.training?.steps === training.steps ? there : store.put({ ...about, training, ...(quick && { quick }) });
  return { sampler, energy, training: kept.training };
}
