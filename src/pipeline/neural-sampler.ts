/** A trained model that draws samples: the average network bound to its schedule and its target. */
import { checkBatch, checkInteger, checkTask } from "../core/check.js";
import { BnemError } from "../core/errors.js";
import { derive, freshSeed, keyOf } from "../core/random.js";
import { follow, throwIfAborted } from "../core/task.js";
import type { Batch, Energy, NoiseSchedule, Prior, ScoreModel, TaskOptions } from "../core/types.js";
import { NeuralModel } from "../networks/model.js";
import type { SamplerProgress } from "../samplers/path-result.js";
import type { Checkpoint } from "./checkpoint.js";
import { encodeCheckpoint } from "./checkpoint.js";
import { exchangeRun } from "./exchange-run.js";
import { methods } from "./parts.js";
import { rawRun } from "./raw-run.js";
import {
  checkTogether,
  isWeightedStep,
  parseSampleOptions,
  type ResolvedSampleSettings,
  type SampleSettings,
} from "./sample-options.js";
import type { Drawn, SampleResult } from "./sample-result.js";
import type { SampleCall, SamplerParts, SettledSample } from "./sampler-parts.js";
import { SharedModel } from "./shared-paths.js";
import { threadsOf, type Workers } from "./threads.js";
import { weightedRun } from "./weighted-run.js";

export type { SampleResult } from "./sample-result.js";

/** Options of `sample`: plain settings, seed, workers, signal and progress. */
export interface SampleOptions extends SampleSettings, TaskOptions<SamplerProgress> {
  readonly seed?: number;
  /**
   * Draws of the target that training did not see, [m, dim]: they are run up the path, and their effective size (`correction.forward`) sees modes
   * that the sampler misses. With correction "smc" or "path".
   */
  readonly forwardFrom?: Batch;
  /** Threads that compute, the calling one included: "auto" or a number. Default: that of `init`. The result does not depend on it. */
  readonly workers?: Workers;
}

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
  get defaultCorrection(): "smc" | "path" | "none" {
    if (this.model.prior?.continuous === false) return "none";
    return this.model.network.output === "energy" ? "smc" : "path";
  }

  /** The learned noised energy and score at any level; not disposable on its own. */
  get scoreModel(): ScoreModel {
    return this.model;
  }

  /**
   * n configurations. By default they are weighted rows of the exact target by sequential Monte Carlo along the learned levels,
   *
   *   log w = -E(x_0) - log N(x_K; 0, v) + sum_k log F(x_k | x_{k-1}) / B(x_{k-1} | x_k)    (`annealed`; mean exp is unbiased for Z),
   *
   * with N_eff, log Z and a verdict; `correction: "none"` gives raw rows. x [n, dim] in raw units, energies and log weights in kT. Same seed, same bits on
   * the same runtime and backend, whatever `workers` is, and for raw rows whatever `chunk` is. Any n: beside the result memory holds `chunk` raw rows, or
   * an island of weighted ones, for each thread.
   *
   * Blocks of raw rows and islands go to all threads where this package's kernels run the network (wasm); elsewhere, and with replica exchange, the calling
   * thread does all rows. The energy is always asked on the calling thread.
   *
   * @throws RangeError / TypeError for bad options; BnemError("diverged") when more than 1 % of rows are not finite and BnemError("degenerate-weights") where
   *   the weights are worth nothing, both with the finished rows in `data`; BnemError("unsupported") for what the network has not, BnemError("disposed"), the
   *   signal's reason, within 100 ms
   * @see Grenioux and Noble 2026, arXiv:2601.21026
   */
  async sample(n: number, options: SampleOptions = {}): Promise<SampleResult> {
    checkInteger("sample", "n", n, 1);
    const settings = this.settle(parseSampleOptions("sample", options, ["signal", "onProgress", "workers", "forwardFrom"]));
    checkTask("sample", options);
    this.checkForward(settings, options.forwardFrom);
    const threads = threadsOf("sample", options.workers);
    const seed = settings.seed ?? freshSeed();
    const started = performance.now();
    const stop = new AbortController();
    const releases = [follow(this.life.signal, stop), follow(options.signal, stop)];
    const { signal } = stop;
    try {
      throwIfAborted(signal);
      const key = derive(keyOf(seed), "sample");
      const { onProgress, forwardFrom } = options;
      const { spread, ...drawn } = await this.draw({ n, key, settings, pool: threads.pool, signal, onProgress, forwardFrom });
      return {
        ...drawn,
        seed,
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
  private settle(settings: ResolvedSampleSettings): SettledSample {
    const { correction = this.defaultCorrection, steps = this.facts.options.samplingSteps ?? 64 } = settings;
    const settled = { ...settings, correction, steps };
    checkTogether("sample", settled);
    this.checkEnergies(settled);
    return settled;
  }

  /** @throws BnemError("unsupported") where rows are to be judged by learned energies that the network does not have */
  private checkEnergies({ correction, moves }: SettledSample): void {
    const reads = correction === "smc" || correction === "replica-exchange";
    const what = reads ? `correction "${correction}"` : moves > 0 ? "moves" : undefined;
    if (what === undefined || this.model.network.output === "energy") return;
    const { method } = this.facts.options;
    const text = `${what} reads learned energies, and method "${method}" learns scores; take correction "path" without moves`;
    throw new BnemError("unsupported", `sample: ${text}`);
  }

  private checkForward({ correction }: SettledSample, forwardFrom: Batch | undefined): void {
    if (forwardFrom === undefined) return;
    checkBatch("sample: forwardFrom", forwardFrom, this.energy.dim);
    if (correction === "smc" || correction === "path") return;
    throw new RangeError(`sample: forwardFrom is run up paths, got it with correction "${correction}"; leave one out`);
  }

  private get parts(): SamplerParts {
    const { energy, model, shared, schedule, scoreFrom } = this;
    return { energy, model, shared, schedule, scoreFrom, options: this.facts.options };
  }

  private async draw(call: SampleCall): Promise<Drawn> {
    const { correction, integrator } = call.settings;
    if (correction === "replica-exchange") return exchangeRun(this.parts, call);
    if (correction !== "none") return weightedRun(this.parts, call);
    if (!isWeightedStep(integrator)) return rawRun(this.parts, call);
    const { x, energy, energyCalls, networkCalls, pilotCalls, nonFinite, spread } = await weightedRun(this.parts, call);
    return { x, energy, energyCalls, networkCalls, pilotCalls, nonFinite, spread };
  }
}

/** Where only the calling thread can run the network. */
function aloneNotice(workers: Workers): string | undefined {
  if (typeof workers !== "number" || workers === 1) return undefined;
  return `sample: workers ${workers}, but only the calling thread can compute this model (tfjs runs its network, or no name makes its prior again); it did all rows`;
}
