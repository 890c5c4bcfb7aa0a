/** What a sampler is made of, as the ways to draw from it see it. */

import { derive } from "../core/random.js";
import type { Batch, Energy, Key, NoiseSchedule } from "../core/types.js";
import type { WorkerPool } from "../kernels/pool.js";
import type { NeuralModel } from "../networks/model.js";
import { edmGrid, uniformGrid } from "../samplers/grid.js";
import type { SamplerProgress } from "../samplers/path-result.js";
import type { TweediePart } from "../worker/path-task.js";
import type { CheckpointFacts } from "./checkpoint.js";
import type { ResolvedSampleSettings } from "./sample-options.js";
import type { SharedModel } from "./shared-paths.js";

/** Settings of a call with what training decides filled in. */
export type SettledSample = ResolvedSampleSettings & Required<Pick<ResolvedSampleSettings, "correction" | "steps">>;

export interface SamplerParts {
  readonly energy: Energy;
  readonly model: NeuralModel;
  readonly shared: SharedModel;
  readonly schedule: NoiseSchedule;
  readonly scoreFrom: "gradient" | "tweedie";
  /** Options of the training. */
  readonly options: CheckpointFacts["options"];
}

/** One call of `sample`. */
export interface SampleCall {
  readonly n: number;
  readonly key: Key;
  readonly settings: SettledSample;
  readonly pool: WorkerPool;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: SamplerProgress) => void;
  /** Draws of the target, to be run up the path. */
  readonly forwardFrom?: Batch;
}

/** Draws per score of ME-NEM when sampling: its cost is this many network rows a level. */
export const TWEEDIE_DRAWS = 128;

/** Network rows per score. */
export function rowsPerScore({ scoreFrom }: SamplerParts): number {
  return scoreFrom === "tweedie" ? TWEEDIE_DRAWS : 1;
}

/** How scores are made from energies, where they are. */
export function tweediePart({ scoreFrom }: SamplerParts, key: Key, grid: Float64Array): TweediePart | undefined {
  // Below half the last level: every level asked for must lie above the one the energy is read at.
  return scoreFrom === "tweedie"
    ? { mcSamples: TWEEDIE_DRAWS, key: derive(key, "tweedie"), minVariance: grid[0] / 4 }
    : undefined;
}

/** Variances of the levels. @throws RangeError when they end above where they begin */
export function gridOf({ schedule, options }: SamplerParts, settings: SettledSample): Float64Array {
  const { steps } = settings;
  const sigmaMin = settings.sigmaEnd ?? options.sigmaMin;
  const top = schedule.sigma(1);
  if (sigmaMin >= top) throw new RangeError(`sample: sigmaEnd must be below the schedule's sigma(1) = ${top}, got ${sigmaMin}`);
  const grids = {
    edm: () => edmGrid({ steps, sigmaMin, sigmaMax: top, rho: settings.rho }),
    uniform: () => uniformGrid(schedule, { steps, sigmaMin }),
  };
  return grids[settings.grid]();
}

/** Variance of the target's Gaussian base, raw units squared. */
export function baseVariance({ options: { scale, baseStd } }: SamplerParts): number {
  return (baseStd * scale) ** 2;
}
