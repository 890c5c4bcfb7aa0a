/** The trainer of the public surface: a training loop with its checkpoint and its sampler. */
import { checkInteger, checkOptions, checkTask } from "../core/check.js";
import { BnemError } from "../core/errors.js";
import type { Energy, TaskOptions } from "../core/types.js";
import { initKernels, kernelReport } from "../kernels/load.js";
import { normalRows } from "../kernels/normal.js";
import type { ChainProgress } from "../mcmc/chains.js";
import { type BackendReport, type GpuSource, startBackend } from "../networks/backend.js";
import type { NetworkFactory } from "../networks/network.js";
import type { CalibrationPoint } from "../training/calibration.js";
import type { StepInfo } from "../training/loop-config.js";
import type { LoopState } from "../training/loop-state.js";
import { TrainingLoop } from "../training/training-loop.js";
import { chainTools, type DisposableChains, equilibrationOf } from "./chains.js";
import { type Checkpoint, type CheckpointFacts, checkSameEnergy, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.js";
import {
  type Configured,
  checkParts,
  configure,
  knobsOf,
  makeNetwork,
  type SettledSettings,
  type TrainOptions,
} from "./configure.js";
import { NeuralSampler } from "./neural-sampler.js";
import { checkSamePart, methods, rebuildEstimator, rebuildNetwork, rebuildPrior, rebuildSchedule } from "./parts.js";
import { pathsOn } from "./refill-paths.js";
import { startingWeights } from "./starting-weights.js";
import { type Threads, threadsOf, type Workers } from "./threads.js";
import { version } from "./version.js";

/** What a call runs on. */
export interface RuntimeOptions {
  /** Where a GPU comes from when the runtime has no navigator.gpu: npm webgpu's `create([])`. */
  readonly gpu?: GpuSource;
  /** Threads that share the work of a training step: "auto" or a number, the calling one included. Default: that of `init`. */
  readonly workers?: Workers;
}

/** Options of `Trainer.steps`. */
export interface TrainerStepsOptions {
  readonly signal?: AbortSignal;
  /** Hears where the chains stand that method "posterior" brings to the target before its first step; that may take most of a minute. */
  readonly onChains?: (progress: ChainProgress) => void;
}

/** Holds tensors until `dispose`. Made by `createTrainer` and `resumeTrainer`. */
export class Trainer {
  /** @internal */
  constructor(
    private readonly configured: Configured,
    private readonly loop: TrainingLoop,
    /** Which backend trains, and why. */
    readonly backend: BackendReport,
    private readonly threads: Threads,
    private readonly chains: DisposableChains,
  ) {}

  /** One line where fewer threads compute than were asked for, or the chains of the buffer do not mix; undefined while all is well. */
  get notice(): string | undefined {
    return this.threads.notice() ?? this.chains.notice;
  }

  /** What belongs beside every result of the method: that it learns from Markov chains; undefined for the others. */
  get label(): string | undefined {
    return methods[this.configured.settings.method].label;
  }

  get energy(): Energy {
    return this.configured.config.energy;
  }

  /** Options with every default filled in. */
  get options(): SettledSettings {
    return { ...this.configured.settings, steps: this.loop.total };
  }

  get seed(): number {
    return this.configured.settings.seed;
  }

  /** Steps done, over all processes. */
  get step(): number {
    return this.loop.step;
  }

  /** Target energies evaluated for training so far, and network rows of the teacher. */
  get energyCalls(): number {
    return this.loop.totals.energyCalls;
  }

  get networkCalls(): number {
    return this.loop.totals.networkCalls;
  }

  /**
   * Trains, one `StepInfo` per step, until `total` steps are done (default: the `steps` option). `total` also sets the length of the
   * learning-rate schedule. Leaving the loop stops the run; calling again goes on.
   *
   * @throws RangeError for a total below 1 or below the steps done; BnemError("diverged"), BnemError("device-lost"), the signal's reason
   */
  async *steps(total?: number, options: TrainerStepsOptions = {}): AsyncGenerator<StepInfo, void, void> {
    checkOptions("steps", options, ["signal", "onChains"]);
    const { signal, onChains } = options;
    checkTask("steps", { signal });
    if (onChains !== undefined && typeof onChains !== "function") {
      throw new TypeError(`steps: onChains must be a function, got ${String(onChains)}`);
    }
    this.chains.told = onChains;
    if (total !== undefined) this.loop.total = checkInteger("steps", "total", total, Math.max(1, this.step));
    yield* this.loop.steps({ signal });
  }

  /** Loss and gradient norm of every step so far, [step]. */
  history(): { readonly loss: Float32Array; readonly gradientNorm: Float32Array } {
    return this.loop.historyData();
  }

  /** mean exp(E_theta - E_K) by noise level on fresh draws: 1 where the learned energy is unbiased. Empty for score methods. */
  calibration(): CalibrationPoint[] {
    return this.loop.calibration();
  }

  /** Checkpoint as safetensors bytes; asked for during a step, it holds the state after it. `resumeTrainer` goes on from it with the same bits. */
  async save(): Promise<Uint8Array> {
    return encodeCheckpoint(await this.checkpoint());
  }

  /** A sampler of the present average; independent of later steps. Dispose both. */
  async sampler(): Promise<NeuralSampler> {
    const { config, settings } = this.configured;
    return new NeuralSampler(
      config.energy,
      await this.checkpoint(),
      config.network,
      config.schedule,
      methods[settings.method].scoreFrom,
      config.prior,
    );
  }

  dispose(): void {
    this.loop.dispose();
    this.chains.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  private async checkpoint(): Promise<Checkpoint> {
    const state = await this.loop.state();
    const { config } = this.configured;
    const { energy, estimator, network, schedule, prior } = config;
    const facts: CheckpointFacts = {
      format: 1,
      version,
      method: this.configured.settings.method,
      step: state.step,
      steps: this.loop.total,
      options: this.options,
      estimator: { name: estimator.name, options: estimator.options },
      network: { name: network.name, options: network.options, output: network.output },
      schedule: { name: schedule.name, options: schedule.options },
      prior: prior ? { name: prior.name, options: prior.options } : null,
      loss: config.loss.name === "linex" ? { name: "linex", cap: config.loss.cap ?? 6 } : config.loss,
      energy: {
        name: energy.name,
        dim: energy.dim,
        convention: energy.convention,
        options: energy.options,
        check: energy.check,
      },
      backend: this.backend.backend,
      progress: { adamStep: state.adamStep, bufferHead: state.bufferHead, counts: state.counts },
    };
    return { facts, state };
  }
}

/**
 * A trainer for `energy`, at step 0. `options`: any preset, your own settings, parts as values (estimator, network, noiseSchedule), and
 * `gpu` where WebGPU comes from a package.
 *
 * @throws TypeError / RangeError for bad options; BnemError("unsupported") where the backend cannot start or memory is short
 */
export async function createTrainer(energy: Energy, options: TrainOptions & RuntimeOptions = {}): Promise<Trainer> {
  await initKernels();
  // What a checkpoint says must decide the bits of a resume, also in a process where nobody calls init({ exact: true }) again.
  const configured = configure("createTrainer", energy, kernelReport().exact ? { ...options, exact: true } : options);
  checkIdentity(energy);
  const threads = threadsOf("createTrainer", options.workers);
  const { backend, exact } = configured.settings;
  const { config } = configured;
  const begin = options.startFrom && startingWeights("createTrainer", options.startFrom, config.network);
  const report = await startBackend(backend, { parameters: config.network.parameterCount, gpu: options.gpu, exact });
  return start({ ...configured, config: { ...config, start: begin } }, report, threads);
}

async function start(configured: Configured, report: BackendReport, threads: Threads, state?: LoopState): Promise<Trainer> {
  const { config, settings } = configured;
  const { pool } = threads;
  const chains = chainTools(config.energy, equilibrationOf(settings), pool);
  const loop = new TrainingLoop({ ...config, pool, chains, paths: pathsOn(pool) }, state);
  try {
    await loop.ready();
  } catch (cause) {
    loop.dispose();
    chains.dispose();
    throw cause;
  }
  return new Trainer(configured, loop, report, threads, chains);
}

/** A checkpoint knows its energy again by one value, which must be a number JSON can hold. */
function checkIdentity({ name, check }: Energy): void {
  if (Number.isFinite(check.energy)) return;
  throw new BnemError(
    "bad-energy",
    `createTrainer: ${name} is ${check.energy} at its check configuration [${check.x.slice(0, 4).join(", ")}${check.x.length > 4 ? ", ..." : ""}]; give customEnergy a check: { x } where it is finite`,
  );
}

/** Parts of a checkpoint that its file can only name. */
export type ResumeOptions = Pick<TrainOptions, "estimator" | "network" | "noiseSchedule" | "physicsPrior"> & RuntimeOptions;

const RESUME_KEYS = ["estimator", "network", "noiseSchedule", "physicsPrior", "gpu", "workers"];

const NO_PRIOR = { name: "none", options: {} };

/** Rebuilt by name, or given again; then they must be the same. */
function modelParts(
  call: string,
  facts: CheckpointFacts,
  energy: Energy,
  given: Pick<TrainOptions, "network" | "noiseSchedule" | "physicsPrior">,
) {
  const schedule = given.noiseSchedule ?? rebuildSchedule(facts.schedule);
  const factory = (given.network as NetworkFactory | undefined) ?? rebuildNetwork(facts.network);
  const network = makeNetwork(call, factory, energy.dim, facts.network.output, facts.options, energy.particles);
  if (given.noiseSchedule) checkSamePart("schedule", facts.schedule, schedule);
  if (given.network) checkSamePart("network", facts.network, network);
  const { physicsPrior } = given;
  if (physicsPrior) checkSamePart("prior", facts.prior ?? NO_PRIOR, physicsPrior);
  const prior = physicsPrior ?? (facts.prior ? rebuildPrior(facts.prior, energy) : undefined);
  return { schedule, network, prior };
}

/** Configuration of a checkpoint; parts that were given as values must be given again. */
function configurationOf(facts: CheckpointFacts, energy: Energy, options: ResumeOptions): Configured {
  checkParts("resumeTrainer", energy, options);
  checkSameEnergy(facts, energy);
  const settings = facts.options;
  if (options.estimator) checkSamePart("estimator", facts.estimator, options.estimator);
  const estimator = options.estimator ?? rebuildEstimator(facts.estimator);
  const { schedule, network, prior } = modelParts("resumeTrainer", facts, energy, options);
  const knobs = knobsOf(settings, schedule);
  return { settings, config: { energy, estimator, schedule, network, prior, loss: facts.loss, knobs, draws: normalRows } };
}

/**
 * Goes on from a checkpoint with the same bits, on the backend it was made on.
 *
 * @throws BnemError("bad-checkpoint") for a damaged or foreign file, another energy, or parameters of another network;
 *   BnemError("unsupported") where its backend cannot start or memory is short
 */
export async function resumeTrainer(bytes: Uint8Array, energy: Energy, options: ResumeOptions = {}): Promise<Trainer> {
  checkOptions("resumeTrainer", options, RESUME_KEYS);
  const threads = threadsOf("resumeTrainer", options.workers);
  const { facts, state } = decodeCheckpoint(bytes);
  await initKernels();
  const configured = configurationOf(facts, energy, options);
  checkFits(configured, state.parameters.length);
  const { exact } = configured.settings;
  const report = await startBackend(facts.backend as BackendReport["backend"], { gpu: options.gpu, exact });
  return start(configured, report, threads, state);
}

function checkFits({ config }: Configured, count: number): void {
  if (config.network.parameterCount === count) return;
  throw new BnemError(
    "bad-checkpoint",
    `checkpoint: it holds ${count} parameters, the ${config.network.name} network has ${config.network.parameterCount}`,
  );
}

/** Options of `loadSampler`. */
export interface LoadOptions
  extends Pick<TrainOptions, "network" | "noiseSchedule" | "physicsPrior">,
    Pick<RuntimeOptions, "gpu"> {
  /** Backend to run on; default the one it was trained on. */
  readonly backend?: "auto" | "wasm" | "webgpu" | "cpu";
}

/**
 * A sampler from a checkpoint. Same bits as the sampler that was saved, on the same runtime and backend.
 * @throws as `resumeTrainer`
 */
export async function loadSampler(bytes: Uint8Array, energy: Energy, options: LoadOptions = {}): Promise<NeuralSampler> {
  checkOptions("loadSampler", options, ["network", "noiseSchedule", "physicsPrior", "backend", "gpu"]);
  checkParts("loadSampler", energy, options);
  const checkpoint = decodeCheckpoint(bytes);
  const { facts, state } = checkpoint;
  await initKernels();
  checkSameEnergy(facts, energy);
  const { schedule, network, prior } = modelParts("loadSampler", facts, energy, options);
  if (network.parameterCount !== state.ema.length) {
    throw new BnemError(
      "bad-checkpoint",
      `checkpoint: it holds ${state.ema.length} parameters, the ${network.name} network has ${network.parameterCount}`,
    );
  }
  const choice = options.backend ?? (facts.backend as BackendReport["backend"]);
  const { exact } = facts.options;
  await startBackend(choice, { parameters: network.parameterCount, gpu: options.gpu, exact });
  return new NeuralSampler(energy, checkpoint, network, schedule, methods[facts.options.method].scoreFrom, prior);
}

/**
 * Trains to the end and returns the sampler: `await train(energy, { ...presets.gmm40.bnem, seed: 1 })`.
 *
 * @throws as `createTrainer` and `Trainer.steps`
 */
export async function train(
  energy: Energy,
  options: TrainOptions & RuntimeOptions & TaskOptions<StepInfo> = {},
): Promise<NeuralSampler> {
  checkTask("train", options);
  const trainer = await createTrainer(energy, options);
  const { signal, onProgress } = options;
  try {
    for await (const info of trainer.steps(undefined, { signal })) onProgress?.(info);
    return await trainer.sampler();
  } finally {
    trainer.dispose();
  }
}
