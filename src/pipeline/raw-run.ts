/** Raw samples: the reverse SDE or the ODE, without weights. */

import { Pace } from "../core/task.js";
import type { ScoreModel } from "../core/types.js";
import { normalRows } from "../kernels/normal.js";
import { bridge } from "../samplers/bridge.js";
import { eulerMaruyama } from "../samplers/euler-maruyama.js";
import { exponential } from "../samplers/exponential.js";
import { finalEnergies } from "../samplers/final-energies.js";
import { langevin } from "../samplers/langevin.js";
import type { Path } from "../samplers/path-result.js";
import { planProbabilityFlow } from "../samplers/probability-flow.js";
import { planReverseSde } from "../samplers/reverse-sde.js";
import { type PlannedRun, type RunOptions, runHere } from "../samplers/run-rows.js";
import type { Transition } from "../samplers/transition.js";
import { memoryEfficientScore } from "../samplers/tweedie-score.js";
import { describeModel } from "./describe-model.js";
import type { Drawn } from "./sample-result.js";
import { baseVariance, gridOf, rowsPerScore, type SampleCall, type SamplerParts, tweediePart } from "./sampler-parts.js";
import { sharePaths } from "./shared-paths.js";

const steps = {
  bridge: (dataStd: number): Transition => bridge({ dataVariance: dataStd * dataStd }),
  exponential: (): Transition => exponential(),
  "euler-maruyama": (): Transition => eulerMaruyama(),
};

/** Training says how raw samples are drawn, as far as the call does not. */
function nuOf({ options }: SamplerParts, { settings: { nu, integrator, dataStd } }: SampleCall): number | undefined {
  if (nu !== undefined) return nu;
  if (integrator === "tuned") return 1;
  return (integrator === undefined || integrator === "bridge") && dataStd === undefined ? options.nu : undefined;
}

function planRaw(parts: SamplerParts, call: SampleCall, run: RunOptions, model: ScoreModel): Promise<PlannedRun> | PlannedRun {
  const { settings } = call;
  const gradient = parts.scoreFrom === "gradient";
  if (settings.integrator === "heun") return planProbabilityFlow(model, { ...run, tweedie: gradient });
  const nu = nuOf(parts, call);
  // GMM-40, six seeds: energy W2 .13 to .18 with one move, .26 to .46 without (`npm run bench -- paths`); in models trained on a narrower box, where a
  // few rows rested in shallow wells, .10 to .16 against .3 to 4.1. ME-NEM's scores are too dear for it.
  const moves = settings.corrector ?? (gradient && nu === undefined ? 1 : 0);
  const { sigmaMin } = parts.options;
  const corrector = moves > 0 ? langevin({ steps: moves, stepScale: settings.correctorScale, sigmaMin }) : undefined;
  // The narrower DDPM step, whose error has the opposite sign of an imperfect network's (measured: energy W2 .24 against .54).
  const step = steps[(settings.integrator ?? "bridge") as keyof typeof steps];
  return planReverseSde(model, undefined, parts.schedule, {
    ...run,
    ...(nu === undefined ? { transition: step(settings.dataStd ?? 0) } : { nu }),
    ...{ corrector, tweedie: gradient },
  });
}

/** n rows, on all threads where the model can be described to them, else on this one. */
export async function rawRun(parts: SamplerParts, call: SampleCall): Promise<Drawn> {
  const { energy, schedule, model: own, shared } = parts;
  const { n, key, settings, signal, onProgress, pool } = call;
  const grid = gridOf(parts, settings);
  const { particles } = energy;
  const tweedie = tweediePart(parts, key, grid);
  const model = tweedie ? memoryEfficientScore(own, { ...tweedie, draws: normalRows, particles }) : own;
  const priorVariance = schedule.variance(1) + baseVariance(parts);
  const run: RunOptions = {
    ...{ n, key, draws: normalRows, grid, particles, priorVariance },
    ...{ chunk: settings.chunk, signal, onProgress },
  };
  const planned = await planRaw(parts, call, run, model);
  const description = describeModel(own, [tweedie ? "energy" : "score"]);
  const path: Path = description
    ? await sharePaths(pool, { planned, model: shared, description, tweedie }, undefined)
    : await runHere(planned, model, undefined);
  const pace = new Pace(signal);
  const energies = await finalEnergies(energy, path.x, settings.chunk, () => pace.breathe());
  const { scoreCalls, pilotCalls, nonFinite, x } = path;
  const rows = rowsPerScore(parts);
  return {
    ...{ x, energy: energies, nonFinite, spread: description !== undefined },
    energyCalls: n - nonFinite,
    networkCalls: scoreCalls * rows,
    pilotCalls: pilotCalls * rows,
  };
}
