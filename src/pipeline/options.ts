/**
 * The options of train, sample, evaluate and reference: the one place where they are listed. Types, flags, configuration files, checks and
 * JSON Schema all come from these schemas. Lengths are in the target's own units, energies in kT.
 */
import * as v from "valibot";
import { checkOneOf } from "../core/check.js";
import type { Json } from "../core/types.js";
import {
  booleanField,
  choiceField,
  integerField,
  jsonSchemaOf,
  MAX_SEED,
  numberField,
  type OptionField,
  type OptionSchema,
  optionFields,
  parseOptions,
  positiveField,
} from "./option-fields.js";
import { referenceSchema } from "./reference-options.js";
import { sampleSchema } from "./sample-options.js";

export const METHODS = ["bnem", "nem", "idem", "tweedem", "me-nem", "posterior"] as const;
export const CHAIN_MOVES = ["hmc", "tempering"] as const;
export const BACKENDS = ["auto", "wasm", "webgpu", "cpu"] as const;
export const SCHEDULES = ["geometric", "linear", "quadratic", "power", "cosine"] as const;
export const DRAW_MODES = ["iid", "antithetic", "lattice"] as const;
export const ARCHITECTURES = ["mlp", "additive", "descriptor", "egnn"] as const;
export const PROPOSALS = ["prior", "shifted", "laplace"] as const;
export const LOSSES = ["linex", "squared"] as const;
export const REJECTIONS = ["normalized", "residual", "none"] as const;
export const PRIORS = ["none", "gaussian", "two-body", "moreau"] as const;
const seed = v.optional(integerField(0, MAX_SEED, "seed of every random number; drawn once and returned when absent"));

/** Options of training that a file can hold. Those without a default are derived from the energy or the method. */
export const trainSchema = v.object({
  method: v.optional(choiceField(METHODS, "what is learned"), "bnem"),
  seed,
  steps: v.optional(integerField(1, 1e9, "optimizer steps in total"), 1500),
  batchSize: v.optional(integerField(1, 1e6, "rows per step"), 512),
  mcSamples: v.optional(integerField(1, 1 << 20, "draws per estimate (K); a power of two in lattice mode"), 32),
  mode: v.optional(choiceField(DRAW_MODES, "how the draws of an estimate are placed"), "iid"),
  proposal: v.optional(
    choiceField(
      PROPOSALS,
      "where the draws of an estimate come from: around the row, around its gradient step, or a Gaussian fit",
    ),
    "prior",
  ),
  defensive: v.optional(numberField(0, 1, "part of the draws that stay around the row, with proposal shifted or laplace")),
  perParticle: v.optional(
    booleanField("nem: the published sum over particles of their own log-mean-exps, which is not the target"),
    false,
  ),
  loss: v.optional(choiceField(LOSSES, "linex is unbiased for every K; squared is the papers'"), "linex"),
  lossCap: v.optional(positiveField("kT; residual beyond which linex goes on as a straight line"), 6),
  learningRate: v.optional(positiveField("peak learning rate of Adam"), 4e-3),
  finalLearningRate: v.optional(numberField(0, 1, "learning rate at the last step, as a fraction of the peak"), 0.02),
  warmupSteps: v.optional(integerField(0, 1e9, "steps of linear warm-up"), 50),
  gradientClip: v.optional(positiveField("global gradient norm above which a step is scaled down"), 5),
  emaDecay: v.optional(numberField(0, 1, "decay per step of the averaged weights used for sampling and teaching"), 0.995),
  prior: v.optional(
    choiceField(PRIORS, "what is known of the noised energy, to which the network is added; pairs need an energy of pairs"),
    "none",
  ),
  architecture: v.optional(
    choiceField(
      ARCHITECTURES,
      "what the network is; default mlp, with a prior of particles descriptor, which as egnn is for particles",
    ),
  ),
  width: v.optional(integerField(1, 8192, "hidden units per layer; default 64, of an egnn 128")),
  depth: v.optional(integerField(1, 64, "hidden layers, or rounds of messages of an egnn; default 3, of a descriptor 2")),
  features: v.optional(integerField(1, 8192, "Fourier features"), 64),
  featureScale: v.optional(positiveField("standard deviation of the feature frequencies, per scaled coordinate")),
  bumps: v.optional(integerField(4, 4096, "bumps of the finest row along each coordinate (additive); default 32")),
  outputScale: v.optional(positiveField("factor on the network's output, kT")),
  scale: v.optional(positiveField("length by which coordinates are divided before the network")),
  baseStd: v.optional(positiveField("standard deviation of the Gaussian base, in units of scale")),
  detail: v.optional(positiveField("finest structure of the target, in units of scale")),
  horizon: v.optional(
    numberField(0, 1000, "coordinate, in standard deviations of the base, beyond which the features stand still; 0: off"),
  ),
  extent: v.optional(
    numberField(0, 1000, "half-width, in units of scale, of the box outside which the target has no mass; 0: not known"),
  ),
  sigmaFloor: v.optional(positiveField("noise below which the noise embedding stands still, in units of scale")),
  dataStd: v.optional(
    numberField(0, Number.MAX_VALUE, "standard deviation within a mode, length; tunes the bridge step of weighted samples"),
  ),
  schedule: v.optional(choiceField(SCHEDULES, "noise schedule"), "geometric"),
  sigmaMin: v.optional(positiveField("smallest noise standard deviation, length")),
  sigmaMax: v.optional(positiveField("largest noise standard deviation, length")),
  schedulePower: v.optional(positiveField("exponent p of the power schedule, h proportional to t^p"), 2),
  scoreClip: v.optional(positiveField("norm above which score targets are scaled down (idem, tweedem), kT / length")),
  levels: v.optional(integerField(2, 100_000, "intervals of equal variance step in which bnem bootstraps"), 10),
  bootstrapFrom: v.optional(numberField(0, 1, "fraction of the steps after which bnem starts to use its teacher"), 0.3),
  rejection: v.optional(
    choiceField(
      REJECTIONS,
      "loss that decides when bnem keeps the plain estimate: the paper's divided by h, undivided, or never",
    ),
    "normalized",
  ),
  bufferSize: v.optional(integerField(1, 1e8, "configurations kept in the first-in first-out buffer"), 10_000),
  bufferEvery: v.optional(integerField(1, 1e9, "steps between refills of the buffer"), 100),
  bufferSteps: v.optional(integerField(1, 1e6, "noise levels of the sampler that refills the buffer"), 32),
  nu: v.optional(
    numberField(0, 1, "step variance of buffer refills and raw samples, from DDPM posterior (0) to optimal (1); default: bridge"),
  ),
  bufferRefill: v.optional(integerField(1, 1e7, "configurations generated per refill"), 512),
  priorFraction: v.optional(numberField(0, 1, "part of each batch drawn from the broad prior instead of the buffer"), 0.5),
  priorWidth: v.optional(positiveField("half-width of the uniform box the broad prior is, length")),
  chains: v.optional(integerField(1, 1e7, "Markov chains of the training buffer (posterior)"), 1000),
  chainMove: v.optional(choiceField(CHAIN_MOVES, "what brings the chains to the target before the first step"), "hmc"),
  chainMoves: v.optional(integerField(2, 1e7, "moves of every chain, of tempering of every replica, before the first step"), 100),
  chainLeapfrogs: v.optional(integerField(1, 1000, "leapfrog steps of one of these moves"), 10),
  chainDraws: v.optional(
    integerField(1, 1e6, "configurations of the buffer that come from one chain, over the last half of these moves"),
    1,
  ),
  temperatures: v.optional(integerField(2, 64, "temperatures of the tempering ladder"), 8),
  temperatureMax: v.optional(positiveField("highest temperature of the ladder, in units of the target's"), 10),
  posteriorMoves: v.optional(integerField(1, 10_000, "Hamiltonian moves averaged in a target (posterior)"), 8),
  rowsPerLevel: v.optional(integerField(1, 1e6, "rows of a batch that share a noise level (posterior)"), 8),
  reach: v.optional(positiveField("length over which the target decorrelates; sets trajectories (posterior)"), 0.22),
  slopeWeight: v.optional(numberField(0, 1e6, "weight of the slope in log sigma beside the score (posterior)"), 0.1),
  residualClip: v.optional(positiveField("residual norm above which a row pulls no harder (posterior)"), 30),
  samplingSteps: v.optional(integerField(1, 1e6, "noise levels of samples that are not told how many; default 64")),
  maxNonFinite: v.optional(integerField(1, 1e9, "steps in a row with a non-finite loss after which training stops"), 10),
  backend: v.optional(choiceField(BACKENDS, "where the network runs"), "auto"),
  exact: v.optional(booleanField("same bits in the training targets on every engine, without relaxed SIMD"), false),
});

/** Options of evaluation that a file can hold. */
export const evaluateSchema = v.object({
  seed,
  references: v.optional(integerField(3, 1000, "fresh exact references a sample is scored against"), 3),
  floorPairs: v.optional(integerField(10, 10_000, "pairs the noise floor is measured on; default 10, for particles 20")),
});

/** Verbs that take options. Written out, because the public types must not lean on the schema library. */
export type OptionVerb = "train" | "sample" | "evaluate" | "reference";

/** Every list of options by the verb that takes it. */
export const optionSchemas = {
  train: trainSchema,
  sample: sampleSchema,
  evaluate: evaluateSchema,
  reference: referenceSchema,
} as const satisfies { readonly [verb in OptionVerb]: unknown };

const VERBS = Object.keys(optionSchemas) as OptionVerb[];

/** Plain options of `train` as given; absent ones take the schema's default or follow from the energy. */
export type TrainSettings = v.InferInput<typeof trainSchema>;
export type ResolvedTrainSettings = v.InferOutput<typeof trainSchema>;
/** Plain options of `evaluate` as given. */
export type EvaluateSettings = v.InferInput<typeof evaluateSchema>;
export type ResolvedEvaluateSettings = v.InferOutput<typeof evaluateSchema>;

/** The options of a verb as plain data, for flags, forms and help. @throws RangeError for an unknown verb */
export function describeOptions(verb: OptionVerb): readonly OptionField[] {
  checkOneOf("describeOptions", "verb", verb, VERBS);
  return optionFields(optionSchemas[verb] as unknown as OptionSchema);
}

/** JSON Schema of a verb's options. @throws RangeError for an unknown verb */
export function optionJsonSchema(verb: OptionVerb): { readonly [name: string]: Json } {
  checkOneOf("optionJsonSchema", "verb", verb, VERBS);
  return jsonSchemaOf(`bnem ${verb} options`, optionSchemas[verb] as unknown as OptionSchema);
}

/**
 * Checked options with every default filled in.
 *
 * @param values keys that carry live values (signal, onProgress, estimator, ...) and are passed over
 * @throws TypeError, RangeError as the guards of core/check.ts; sigmaMin must be below sigmaMax
 */
export function parseTrainOptions(call: string, options: unknown, values: readonly string[] = []): ResolvedTrainSettings {
  const parsed = parseOptions(call, trainSchema as unknown as OptionSchema, options, values) as ResolvedTrainSettings;
  const { sigmaMin, sigmaMax, mode, mcSamples } = parsed;
  if (sigmaMin !== undefined && sigmaMax !== undefined && sigmaMin >= sigmaMax) {
    throw new RangeError(`${call}: sigmaMin must be below sigmaMax, got ${sigmaMin} and ${sigmaMax}`);
  }
  if (mode === "lattice" && (mcSamples & (mcSamples - 1)) !== 0) {
    throw new RangeError(`${call}: mcSamples must be a power of two in lattice mode, got ${mcSamples}`);
  }
  return parsed;
}

/** As `parseTrainOptions`, for evaluation. */
export function parseEvaluateOptions(call: string, options: unknown, values: readonly string[] = []): ResolvedEvaluateSettings {
  return parseOptions(call, evaluateSchema as unknown as OptionSchema, options, values) as ResolvedEvaluateSettings;
}
