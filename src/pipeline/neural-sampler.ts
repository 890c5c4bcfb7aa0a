/** A trained model that draws samples: the average network bound to its schedule and its target. */
import { checkInteger, checkTask } from "../core/check.js";
import { BnemError } from "../core/errors.js";
import { derive, freshSeed, keyOf } from "../core/random.js";
import { follow, Pace, throwIfAborted } from "../core/task.js";
import type { Batch, Energy, Key, NoiseSchedule, Prior, ScoreModel, TaskOptions } from "../core/types.js";
import { importance } from "../correction/importance.js";
import { normalRows } from "../kernels/normal.js";
import type { WorkerPool } from "../kernels/pool.js";
import { NeuralModel } from "../networks/model.js";
import { bridge } from "../samplers/bridge.js";
import { eulerMaruyama } from "../samplers/euler-maruyama.js";
import { exponential } from "../samplers/exponential.js";
import { finalEnergies } from "../samplers/final-energies.js";
import { edmGrid, uniformGrid } from "../samplers/grid.js";
import { langevin } from "../samplers/langevin.js";
import type { Path, SamplerProgress } from "../samplers/path-result.js";
import { planProbabilityFlow } from "../samplers/probability-flow.js";
import { planReverseSde } from "../samplers/reverse-sde.js";
import { type PlannedRun, type RunOptions, runHere } from "../samplers/run-rows.js";
import type { Transition } from "../samplers/transition.js";
import { memoryEfficientScore } from "../samplers/tweedie-score.js";
import type { TweediePart } from "../worker/path-task.js";
import type { Checkpoint } from "./checkpoint.js";
import { encodeCheckpoint } from "./checkpoint.js";
import { describeModel } from "./describe-model.js";
import { parseSampleOptions, type ResolvedSampleSettings, type SampleSettings } from "./options.js";
import { methods } from "./parts.js";
import { SharedModel, sharePaths } from "./shared-paths.js";
import { threadsOf, type Workers } from "./threads.js";

/** Options of `sample`: plain settings, seed, workers, signal and progress. */
export interface SampleOptions extends SampleSettings, TaskOptions<SamplerProgress> {
  readonly seed?: number;
  /** Threads that compute, the calling one included: "auto" or a number. Default: that of `init`. The result does not depend on it. */
  readonly workers?: Workers;
}

/** Samples with what they are worth. Rows that came out non-finite are NaN, weigh nothing and are counted. */
export interface SampleResult {
  /** [n, dim], raw units. */
  readonly x: Batch;
  /** Exact energy of each row [n], kT. */
  readonly energy: Float32Array;
  /** Log importance weight of each row's path, all constants kept; absent with correction "none". */
  readonly logWeights?: Float64Array;
  /** Kish effective sample size, the n it belongs to, and their ratio. */
  readonly ess?: { readonly value: number; readonly n: number; readonly fraction: number };
  /** log mean weight with its delta-method standard error. */
  readonly logZ?: { readonly value: number; readonly standardError: number };
  readonly seed: number;
  readonly energyCalls: number;
  /** Rows of the network; `pilotCalls` of them went into the discarded pilot batch of `nu`. */
  readonly networkCalls: number;
  readonly pilotCalls: number;
  readonly nonFinite: number;
  readonly seconds: number;
  /** One line where fewer threads computed than were asked for. */
  readonly notice?: string;
}

/** Settings of a call with what training decides filled in. */
type Settled = ResolvedSampleSettings & Required<Pick<ResolvedSampleSettings, "correction" | "steps">>;

/** Bridge of dataStd^2, filled in per sampler. */
type MakeTransition = (dataStd: number) => Transition;

const transitions: { readonly [K in Exclude<ResolvedSampleSettings["integrator"], "heun">]: MakeTransition } = {
  bridge: (dataStd) => bridge({ dataVariance: dataStd * dataStd }),
  exponential: () => exponential(),
  "euler-maruyama": () => eulerMaruyama(),
};

/** Draws per score of ME-NEM when sampling: its cost is this many network rows a level. */
const TWEEDIE_DRAWS = 128;

/** Holds tensors until `dispose`. Made by `train`, `trainer.sampler()` and `loadSampler`. */
export class NeuralSampler {
  private readonly model: NeuralModel;
  private readonly shared = new SharedModel();
  private readonly life = new AbortController();

  /** @internal */
  constructor(
    readonly energy: Energy,
    private readonly checkpoint: Checkpoint,
    network: NeuralModel["network"],
    private readonly schedule: NoiseSchedule,
    private readonly scoreFrom: "gradient" | "tweedie",
    prior: Prior | undefined,
  ) {
    this.model = new NeuralModel(network, checkpoint.state.ema, checkpoint.facts.options.exact, prior);
  }

  /** Facts of the run behind it: method, options, steps, versions. */
  get facts(): Checkpoint["facts"] {
    return this.checkpoint.facts;
  }

  /** What belongs beside every result of the method: that it learns from Markov chains; undefined for the others. */
  get label(): string | undefined {
    return methods[this.facts.options.method].label;
  }

  /** What `sample` does unless it is told: weights, but raw output where the prior's energy jumps and nearly all weight falls on few rows. */
  get defaultCorrection(): "path" | "none" {
    return this.model.prior?.continuous === false ? "none" : "path";
  }

  /** The learned noised energy and score at any level; not disposable on its own. */
  get scoreModel(): ScoreModel {
    return this.model;
  }

  /**
   * n configurations, by default each with the importance weight of its path, the effective sample size and log Z. Any n: memory is
   * bounded by `chunk`. Same seed, same bits on the same runtime and backend, whatever `workers` and `chunk` are.
   *
   * Blocks of rows go to all threads where this package's kernels run the network (wasm); elsewhere the calling thread does all rows. The energy is
   * always asked on the calling thread.
   *
   * @throws RangeError / TypeError for bad options; BnemError("diverged") when more than 1 % of rows are not finite,
   *   BnemError("degenerate-weights"), BnemError("disposed"), the signal's reason, within 100 ms
   */
  async sample(n: number, options: SampleOptions = {}): Promise<SampleResult> {
    checkInteger("sample", "n", n, 1);
    const settings = this.settle(parseSampleOptions("sample", options, ["signal", "onProgress", "workers"]));
    checkTask("sample", options);
    const threads = threadsOf("sample", options.workers);
    const seed = settings.seed ?? freshSeed();
    const started = performance.now();
    const stop = new AbortController();
    const releases = [follow(this.life.signal, stop), follow(options.signal, stop)];
    const { signal } = stop;
    try {
      throwIfAborted(signal);
      const run = this.runOptions(n, derive(keyOf(seed), "sample"), settings, { ...options, signal });
      const { path, spread } = await this.run(run, settings, threads.pool);
      const pace = new Pace(signal);
      const energy = path.energy ?? (await finalEnergies(this.energy, path.x, settings.chunk, () => pace.breathe()));
      const rowsPerScore = this.scoreFrom === "tweedie" ? TWEEDIE_DRAWS : 1;
      const weighted = path.logWeights && importance(path.logWeights);
      return {
        x: path.x,
        energy,
        logWeights: path.logWeights,
        ess: weighted && { value: weighted.ess, n, fraction: weighted.essFraction },
        logZ: weighted && { value: weighted.logZ, standardError: weighted.logZError },
        seed,
        energyCalls: path.energy ? path.energyCalls : n - path.nonFinite,
        networkCalls: path.scoreCalls * rowsPerScore,
        pilotCalls: path.pilotCalls * rowsPerScore,
        nonFinite: path.nonFinite,
        seconds: (performance.now() - started) / 1000,
        notice: spread || options.workers === undefined ? threads.notice() : aloneNotice(options.workers),
      };
    } finally {
      for (const release of releases) release();
    }
  }

  /** The checkpoint of its training run as safetensors bytes; `loadSampler` and `resumeTrainer` read them. */
  async save(): Promise<Uint8Array> {
    return encodeCheckpoint(this.checkpoint);
  }

  dispose(): void {
    this.life.abort(new BnemError("disposed", "NeuralSampler: used after dispose()"));
    this.shared.dispose();
    this.model.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** What the call leaves open follows from the training. */
  private settle(settings: ResolvedSampleSettings): Settled {
    const { correction = this.defaultCorrection, steps = this.facts.options.samplingSteps ?? 64 } = settings;
    return { ...settings, correction, steps };
  }

  private runOptions(n: number, key: Key, settings: Settled, options: SampleOptions): RunOptions {
    const { steps, chunk } = settings;
    const { scale, baseStd } = this.facts.options;
    const sigmaMin = settings.sigmaEnd ?? this.facts.options.sigmaMin;
    const base = baseStd * scale;
    const top = this.schedule.sigma(1);
    if (sigmaMin >= top) throw new RangeError(`sample: sigmaEnd must be below the schedule's sigma(1) = ${top}, got ${sigmaMin}`);
    const grids = {
      edm: () => edmGrid({ steps, sigmaMin, sigmaMax: top, rho: settings.rho }),
      uniform: () => uniformGrid(this.schedule, { steps, sigmaMin }),
    };
    return {
      n,
      key,
      draws: normalRows,
      grid: grids[settings.grid](),
      particles: this.energy.particles,
      priorVariance: this.schedule.variance(1) + base * base,
      chunk,
      signal: options.signal,
      onProgress: options.onProgress,
    };
  }

  /** On all threads where the model can be described to them, else on this one. */
  private async run(run: RunOptions, settings: Settled, pool: WorkerPool): Promise<{ path: Path; spread: boolean }> {
    const energy = settings.correction === "none" ? undefined : this.energy;
    // Below half the last level: every level asked for must lie above the one the energy is read at.
    const fromEnergies: TweediePart = {
      mcSamples: TWEEDIE_DRAWS,
      key: derive(run.key, "tweedie"),
      minVariance: run.grid[0] / 4,
    };
    const tweedie = this.scoreFrom === "tweedie" ? fromEnergies : undefined;
    const { particles } = run;
    const model = tweedie ? memoryEfficientScore(this.model, { ...tweedie, draws: normalRows, particles }) : this.model;
    const planned = await this.plan(run, settings, model);
    const description = describeModel(this.model, [tweedie ? "energy" : "score"]);
    if (!description) return { path: await runHere(planned, model, energy), spread: false };
    const path = await sharePaths(pool, { planned, model: this.shared, description, tweedie }, energy);
    return { path, spread: true };
  }

  /** @param model asked for the scores of a pilot batch where `nu` needs one */
  private async plan(run: RunOptions, settings: Settled, model: ScoreModel): Promise<PlannedRun> {
    const raw = settings.correction === "none";
    const gradient = this.scoreFrom === "gradient";
    if (settings.integrator === "heun") {
      if (!raw) throw new BnemError("unsupported", 'sample: the probability flow has no path weight; ask for correction: "none"');
      return planProbabilityFlow(model, { ...run, tweedie: gradient });
    }
    // Raw output: the narrower DDPM step, whose error has the opposite sign of an imperfect network's (measured: energy W2 .24 against .54).
    const dataStd = settings.dataStd ?? (raw ? 0 : (this.facts.options.dataStd ?? 0));
    // Raw output, GMM-40, six seeds: energy W2 .13 to .18 with one move, .26 to .46 without (`npm run bench -- paths`); in models trained on a
    // narrower box, where a few rows rested in shallow wells, .10 to .16 against .3 to 4.1. With weights a move multiplies in its own density
    // ratio and costs effective samples. ME-NEM's scores are too dear for it.
    const nu = settings.nu ?? this.trainedNu(settings);
    const moves = settings.corrector ?? (raw && gradient && nu === undefined ? 1 : 0);
    const corrector =
      moves > 0
        ? langevin({ steps: moves, stepScale: settings.correctorScale, sigmaMin: this.facts.options.sigmaMin })
        : undefined;
    return planReverseSde(model, raw ? undefined : this.energy, this.schedule, {
      ...run,
      ...(nu === undefined ? { transition: transitions[settings.integrator](dataStd) } : { nu }),
      corrector,
      tweedie: raw && gradient,
    });
  }

  /** Training says how raw samples are drawn, as far as the call does not. */
  private trainedNu({ correction, integrator, dataStd }: Settled): number | undefined {
    return correction === "none" && integrator === "bridge" && dataStd === undefined ? this.facts.options.nu : undefined;
  }
}

/** Where only the calling thread can run the network. */
function aloneNotice(workers: Workers): string | undefined {
  if (typeof workers !== "number" || workers === 1) return undefined;
  return `sample: workers ${workers}, but only the calling thread can compute this model (tfjs runs its network, or no name makes its prior again); it did all rows`;
}
