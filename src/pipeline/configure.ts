/** From options to the values a training loop is made of: defaults that follow from the energy, parts by name, checks of fit. */
import { checkInteger, hasMethods } from "../core/check.js";
import { freshSeed } from "../core/random.js";
import type { Energy, Estimator, NetworkLengths, NetworkRecipe, NoiseSchedule, Particles, Prior } from "../core/types.js";
import { normalRows } from "../kernels/normal.js";
import type { Network, NetworkFactory } from "../networks/network.js";
import { priorByName } from "../priors/registry.js";
import type { TrainingLoss } from "../training/gradient.js";
import type { LoopConfig, LoopKnobs } from "../training/loop-config.js";
import { type ArchitectureName, architectures } from "./architectures.js";
import { parseTrainOptions, type ResolvedTrainSettings, type TrainSettings } from "./options.js";
import { methods, scheduleOf } from "./parts.js";

/** Options of `train` and `createTrainer`: plain settings, and parts as values where you bring your own. */
export interface TrainOptions extends TrainSettings {
  /** Replaces the method's estimator. */
  readonly estimator?: Estimator;
  /** Replaces the network made from width, depth, ... */
  readonly network?: NetworkRecipe;
  /**
   * A checkpoint (bytes of `save`) whose averaged weights this run starts from: of any target, but a network of the same kind and shapes. Weights
   * of LJ-13 fit LJ-55, because every module of a descriptor or graph network is per pair or per particle.
   */
  readonly startFrom?: Uint8Array;
  /** Replaces the schedule made from schedule, sigmaMin, sigmaMax. */
  readonly noiseSchedule?: NoiseSchedule;
  /** Replaces the prior made from prior: `twoBodyPrior(energy, { fade: 1 })`. */
  readonly physicsPrior?: Prior;
}

/** Keys of `TrainOptions` that carry values a file cannot hold. */
export const trainValues = [
  "estimator",
  "startFrom",
  "network",
  "noiseSchedule",
  "physicsPrior",
  "gpu",
  "workers",
  "signal",
  "onProgress",
] as const;

/** Ratio of the broadest to the finest noise where only one is given: 5 decades of variance, as on GMM-40. */
const SIGMA_RATIO = 200;
/** Half of the least and the largest are squared on the way; f32 ends at 3.4e38 and, normal, at 1.2e-38. */
const LEAST_SIGMA = 1e-17;
const MOST_SIGMA = 1e18;
/** Broadest noise of a target nothing is known of, in its own units. */
const UNKNOWN_EXTENT = 5;

/** Half-width of the region a target occupies: from its modes where they are known. */
function extentOf(energy: Energy): number {
  if (!energy.modes) return UNKNOWN_EXTENT;
  let widest = 0;
  for (const value of energy.modes.means.data) widest = Math.max(widest, Math.abs(value));
  for (const value of energy.modes.std) widest = Math.max(widest, 3 * value);
  return 1.25 * widest;
}

/** Settings with every length filled in. */
export type SettledSettings = ResolvedTrainSettings & {
  readonly seed: number;
  readonly architecture: ArchitectureName;
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  readonly scale: number;
  readonly baseStd: number;
  readonly priorWidth: number;
};

/** The one asked for; else what can be added to a prior of particles, and the perceptron otherwise. */
function architectureOf(energy: Energy, options: TrainOptions, settings: ResolvedTrainSettings): ArchitectureName {
  const withPrior = options.physicsPrior !== undefined || settings.prior !== "none";
  return settings.architecture ?? (withPrior && energy.particles ? "descriptor" : "mlp");
}

/** Fills what follows from the energy. Unit lengths default to the extent of its modes, or to 5. */
export function settle(call: string, energy: Energy, options: TrainOptions): SettledSettings {
  const settings = parseTrainOptions(call, options, trainValues);
  const sigmaMax = settings.sigmaMax ?? options.noiseSchedule?.sigma(1) ?? settings.scale ?? extentOf(energy);
  const sigmaMin = settings.sigmaMin ?? sigmaMax / SIGMA_RATIO;
  const architecture = architectureOf(energy, options, settings);
  const scale = settings.scale ?? architectures[architecture].scale(sigmaMax);
  return {
    ...settings,
    architecture,
    seed: settings.seed ?? freshSeed(),
    sigmaMax,
    sigmaMin,
    scale,
    baseStd: settings.baseStd ?? 0.46,
    priorWidth: settings.priorWidth ?? scale,
  };
}

/** The numbers of a loop. */
export function knobsOf(settings: SettledSettings, schedule: NoiseSchedule): LoopKnobs {
  const base = settings.baseStd * settings.scale;
  return {
    steps: settings.steps,
    batchSize: settings.batchSize,
    learningRate: settings.learningRate,
    finalLearningRate: settings.finalLearningRate,
    warmupSteps: settings.warmupSteps,
    gradientClip: settings.gradientClip,
    emaDecay: settings.emaDecay,
    bufferSize: settings.bufferSize,
    bufferEvery: settings.bufferEvery,
    bufferRefill: settings.bufferRefill,
    bufferSteps: settings.bufferSteps,
    nu: settings.nu,
    priorFraction: settings.priorFraction,
    priorWidth: settings.priorWidth,
    sigmaMin: settings.sigmaMin,
    priorStd: Math.sqrt(schedule.variance(1) + base * base),
    maxNonFinite: settings.maxNonFinite,
    exact: settings.exact,
    seed: settings.seed,
  };
}

/** Scores and gradients have one sensible loss; energies the one asked for. */
function lossOf(kind: Estimator["kind"], settings: ResolvedTrainSettings): TrainingLoss {
  const { slopeWeight, residualClip, lossCap } = settings;
  if (kind === "gradient") return { name: "gradient", slopeWeight, residualClip };
  return kind === "score" || settings.loss === "squared" ? { name: "squared" } : { name: "linex", cap: lossCap };
}

/** Everything but the tensors. `settings` are what a checkpoint stores. */
export interface Configured {
  readonly settings: SettledSettings;
  readonly config: LoopConfig;
}

/** Samplers end at sigmaMin and start at sigma(1) of the schedule, whoever made it; variances travel as f32. */
function checkReach(call: string, sigmaMin: number, schedule: NoiseSchedule): void {
  const top = schedule.sigma(1);
  if (!(sigmaMin < top))
    throw new RangeError(`${call}: sigmaMin must be below the schedule's sigma(1) = ${top}, got ${sigmaMin}`);
  if (sigmaMin >= LEAST_SIGMA && top <= MOST_SIGMA) return;
  throw new RangeError(
    `${call}: noise must lie in [${LEAST_SIGMA}, ${MOST_SIGMA}] (its variance is a 32-bit number), got sigmaMin ${sigmaMin} and sigma(1) ${top}; take another unit of length`,
  );
}

/** @throws TypeError unless an Energy @internal */
export function checkEnergy(call: string, energy: unknown): asserts energy is Energy {
  const { dim, name, check } = (energy ?? {}) as Partial<Energy>;
  const whole = hasMethods(energy, ["energy", "energyAndGradient"]) && typeof name === "string" && check !== undefined;
  if (!whole) throw new TypeError(`${call}: energy must be an Energy, such as gaussianMixture() or customEnergy({ ... })`);
  checkInteger(call, "energy.dim", dim, 1);
}

/** The network of a recipe. @throws TypeError when what it makes is none @internal */
export function makeNetwork(
  call: string,
  recipe: NetworkFactory,
  dim: number,
  output: "energy" | "score",
  { scale, baseStd }: NetworkLengths,
  particles?: Particles,
): Network {
  const network = recipe(dim, output, { scale, baseStd, particles });
  if (hasMethods(network, ["initialize", "forward"]) && Array.isArray(network.shapes)) return network;
  throw new TypeError(`${call}: network must be a recipe that returns a network, such as mlp({ width: 64 })`);
}

/** A network that states its own lengths wins: the sampler's prior has to be its base at the top of the schedule. */
function withLengthsOf(network: Network, settings: SettledSettings): SettledSettings {
  const { scale, baseStd } = network.options;
  if (typeof scale !== "number" || typeof baseStd !== "number") return settings;
  return { ...settings, scale, baseStd };
}

/** The prior of the options; a Gaussian one takes its width from them unless the energy tells it. */
function priorOf(energy: Energy, options: TrainOptions, settings: SettledSettings): Prior | undefined {
  const { prior, baseStd, scale } = settings;
  if (options.physicsPrior) return options.physicsPrior;
  if (prior === "none") return undefined;
  const told = prior === "gaussian" && (options.baseStd !== undefined || !energy.pairs);
  return priorByName(prior, told ? { std: baseStd * scale } : {}, energy);
}

/** The sampler begins where the prior says that the target ends. */
function withStdOf(prior: Prior | undefined, settings: SettledSettings): SettledSettings {
  const std = prior?.options.std;
  return typeof std === "number" ? { ...settings, baseStd: std / settings.scale } : settings;
}

/** Two Gaussians would be one too many. @throws RangeError for a network that brings its own */
function checkBase(call: string, network: Network, prior: Prior | undefined): void {
  if (!prior || network.options.baseStd === undefined) return;
  throw new RangeError(
    `${call}: the ${network.name} network has a Gaussian base of its own, to which the prior "${prior.name}" cannot be added; take a network without one, such as descriptor(), or prior: "none"`,
  );
}

/** What came in as values has the shape its interface asks for. @throws TypeError naming the option */
export function checkParts(
  call: string,
  energy: Energy,
  options: Pick<TrainOptions, "estimator" | "network" | "noiseSchedule" | "physicsPrior">,
): void {
  const { estimator, network, noiseSchedule, physicsPrior } = options ?? {};
  checkEnergy(call, energy);
  if (
    estimator !== undefined &&
    !(hasMethods(estimator, ["estimate"]) && ["energy", "score", "gradient"].includes(estimator.kind))
  )
    throw new TypeError(`${call}: estimator must be an Estimator, such as noisedEnergy({ mcSamples: 32 })`);
  if (network !== undefined && typeof network !== "function")
    throw new TypeError(`${call}: network must be a recipe, such as mlp({ width: 64 })`);
  if (physicsPrior !== undefined && !(hasMethods(physicsPrior, ["evaluate"]) && physicsPrior.dim === energy.dim))
    throw new TypeError(`${call}: physicsPrior must be a Prior of ${energy.dim} coordinates, such as twoBodyPrior(energy)`);
  if (noiseSchedule !== undefined && !hasMethods(noiseSchedule, ["sigma", "variance", "diffusion", "timeOf"]))
    throw new TypeError(`${call}: noiseSchedule must be a NoiseSchedule, such as geometricSchedule({ sigmaMin, sigmaMax })`);
}

/**
 * Everything but the tensors.
 *
 * @throws TypeError / RangeError as `parseTrainOptions`; TypeError for parts of the wrong kind; RangeError for a sigmaMin above the schedule
 */
export function configure(call: string, energy: Energy, options: TrainOptions): Configured {
  checkParts(call, energy, options);
  const given = settle(call, energy, options);
  const prior = priorOf(energy, options, given);
  const asked = withStdOf(prior, given);
  const estimator = options.estimator ?? methods[asked.method].estimator(asked);
  const schedule = options.noiseSchedule ?? scheduleOf(asked, asked.sigmaMin, asked.sigmaMax);
  checkReach(call, asked.sigmaMin, schedule);
  const factory = (options.network as NetworkFactory | undefined) ?? architectures[asked.architecture].network(asked);
  const network = makeNetwork(
    call,
    factory,
    energy.dim,
    estimator.kind === "score" ? "score" : "energy",
    asked,
    energy.particles,
  );
  checkBase(call, network, prior);
  const settings = withLengthsOf(network, asked);
  const loss = lossOf(estimator.kind, settings);
  const config: LoopConfig = {
    energy,
    estimator,
    schedule,
    network,
    loss,
    prior,
    knobs: knobsOf(settings, schedule),
    draws: normalRows,
  };
  return { settings, config };
}
