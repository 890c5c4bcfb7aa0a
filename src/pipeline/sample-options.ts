/** The options of sampling: the one place where they are listed. Lengths are in the target's own units, energies in kT. */
import * as v from "valibot";
import {
  choiceField,
  integerField,
  MAX_SEED,
  numberField,
  type OptionSchema,
  parseOptions,
  positiveField,
} from "./option-fields.js";

export const CORRECTIONS = ["smc", "path", "replica-exchange", "none"] as const;
export const INTEGRATORS = [
  "bridge",
  "exponential",
  "euler-maruyama",
  "tuned",
  "diagonal",
  "low-rank",
  "full",
  "map",
  "heun",
] as const;
export const RESAMPLINGS = ["systematic", "residual"] as const;
export const NOISINGS = ["exploding", "preserving"] as const;
export const GRIDS = ["edm", "uniform"] as const;

/** Options of sampling that a file can hold. */
export const sampleSchema = v.object({
  seed: v.optional(integerField(0, MAX_SEED, "seed of every random number; drawn once and returned when absent")),
  steps: v.optional(integerField(1, 1e6, "noise levels from the prior to the data; default: as trained, or 64")),
  correction: v.optional(
    choiceField(
      CORRECTIONS,
      "smc: weights, and resampling where the learned energies are trusted; path: weights alone; replica-exchange: chains along the path; none: raw output",
    ),
  ),
  integrator: v.optional(
    choiceField(
      INTEGRATORS,
      "step rule: of first order (default bridge for raw output, tuned with weights), of second order, the transport map, or the ODE (heun, raw output)",
    ),
  ),
  dataStd: v.optional(
    numberField(
      0,
      Number.MAX_VALUE,
      "standard deviation within a mode for the bridge step, length; default: as trained, 0 for raw output",
    ),
  ),
  nu: v.optional(
    numberField(
      0,
      1,
      "variance of the step, from DDPM posterior (0) to optimal (1), in place of dataStd; default: 1 with weights, as trained for raw output",
    ),
  ),
  rank: v.optional(integerField(1, 1024, "directions of the low-rank step; default 8")),
  noising: v.optional(
    choiceField(
      NOISINGS,
      "whether the variance explodes along the path or is preserved; the same levels either way, with weights",
    ),
    "exploding",
  ),
  sigmaEnd: v.optional(positiveField("noise standard deviation the levels end at, length; default: sigmaMin of the training")),
  grid: v.optional(choiceField(GRIDS, "spacing of the noise levels"), "edm"),
  rho: v.optional(numberField(1, 1000, "exponent of the edm grid"), 7),
  corrector: v.optional(
    integerField(
      0,
      1000,
      "Langevin moves at each level of raw output; default 1 for an SDE without nu, else 0 (samples with weights take moves)",
    ),
  ),
  correctorScale: v.optional(numberField(1e-6, 2, "Langevin step in units of the level's variance"), 0.3),
  moves: v.optional(
    integerField(0, 1000, "Metropolis moves at each trusted level, with weights; they leave its learned density alone"),
    0,
  ),
  moveLeapfrogs: v.optional(integerField(1, 1000, "leapfrog steps of a move: 1 is MALA, more is HMC"), 1),
  resampling: v.optional(choiceField(RESAMPLINGS, "how rows are resampled (smc)"), "systematic"),
  resampleBelow: v.optional(
    numberField(
      0,
      1,
      "share of effective rows below which an island of at least 32 resamples (smc); 1: at every trusted level, however few",
    ),
    0.5,
  ),
  trust: v.optional(
    numberField(
      0,
      Number.MAX_VALUE,
      "accumulated residual up to which a level's learned energy decides about rows, kT (smc, moves)",
    ),
    2.5,
  ),
  islands: v.optional(
    integerField(1, 1e6, "groups of rows that share nothing, for the errors; default 16, fewer below 32 rows each"),
  ),
  oversampling: v.optional(
    integerField(1, 10_000, "weighted rows computed for each row that is then drawn by weight; default: none are drawn"),
  ),
  chains: v.optional(integerField(1, 1e7, "chains of replica exchange; default 256 or n, if that is less")),
  chunk: v.optional(
    integerField(1, 1e7, "rows of raw output advanced together; memory grows with it, the result does not change"),
    2048,
  ),
});

/** Plain options of `sample` as given. */
export type SampleSettings = v.InferInput<typeof sampleSchema>;
export type ResolvedSampleSettings = v.InferOutput<typeof sampleSchema>;

function refuse(call: string, text: string): never {
  throw new RangeError(`${call}: ${text}`);
}

/** Steps of raw output that have a rule of their own; the others are those of weighted paths, without the weights. */
const RAW_STEPS: readonly string[] = ["bridge", "exponential", "euler-maruyama", "tuned", "heun"];

/** Whether raw output of this integrator is the weighted path without its weights. */
export function isWeightedStep(integrator: string | undefined): boolean {
  return integrator !== undefined && !RAW_STEPS.includes(integrator);
}

/** What options say together; once more with the correction that a sampler takes by default. @throws RangeError */
export function checkTogether(call: string, settings: ResolvedSampleSettings): void {
  const { correction, integrator, nu, dataStd, corrector = 0, moves, rank, noising } = settings;
  if (correction !== "none" && integrator === "heun")
    refuse(call, 'integrator "heun" has no path weights; take "map" for a deterministic step that has, or correction "none"');
  if (correction !== undefined && correction !== "none" && corrector > 0)
    refuse(call, `corrector moves raw output, got ${corrector} with correction "${correction}"; take moves`);
  if (nu !== undefined && integrator !== undefined && integrator !== "bridge" && integrator !== "tuned")
    refuse(call, `nu is the variance of the "bridge" or "tuned" step, got integrator "${integrator}"; leave one out`);
  if (nu !== undefined && dataStd !== undefined)
    refuse(call, `nu and dataStd both set the variance of the bridge step, got ${nu} and ${dataStd}; leave one out`);
  if (corrector > 0 && integrator === "heun")
    refuse(call, `integrator "heun" takes no corrector (Langevin moves are noise, it has none), got ${corrector}`);
  if (correction === "none" && isWeightedStep(integrator) && corrector > 0)
    refuse(call, `integrator "${integrator}" takes no corrector, got ${corrector}; take moves`);
  if (correction === "none" && !isWeightedStep(integrator)) {
    if (moves > 0) refuse(call, `moves are made with weights, got ${moves} with correction "none"; take corrector`);
    if (noising === "preserving")
      refuse(call, 'noising "preserving" is for weights, got correction "none"; raw output takes it with a step of second order');
  }
  if (rank !== undefined && integrator !== "low-rank") refuse(call, `rank is of integrator "low-rank", got "${integrator}"`);
  if (noising === "preserving" && integrator === "euler-maruyama")
    refuse(call, 'integrator "euler-maruyama" is written for noising "exploding"; take another');
}

/**
 * Checked options with every default filled in.
 *
 * @param values keys that carry live values (signal, onProgress, workers) and are passed over
 * @throws TypeError, RangeError as the guards of core/check.ts
 */
export function parseSampleOptions(call: string, options: unknown, values: readonly string[] = []): ResolvedSampleSettings {
  const parsed = parseOptions(call, sampleSchema as unknown as OptionSchema, options, values) as ResolvedSampleSettings;
  checkTogether(call, parsed);
  return parsed;
}
