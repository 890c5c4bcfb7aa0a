/** Everything a trainer is made of, as values: it knows no energy, estimator, schedule or network by name. */
import type { ChainTools, Energy, Estimator, NoiseSchedule, Prior } from "../core/types.js";
import type { WorkerPool } from "../kernels/pool.js";
import type { NeuralModel } from "../networks/model.js";
import type { Network } from "../networks/network.js";
import type { NormalSource } from "../samplers/normal-source.js";
import type { Path } from "../samplers/path-result.js";
import type { PlannedRun } from "../samplers/run-rows.js";
import type { TrainingLoss } from "./gradient.js";

/** Numbers of a training run; lengths in raw units. */
export interface LoopKnobs {
  /** Optimizer steps in total; the learning rate decays over them. */
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly finalLearningRate: number;
  readonly warmupSteps: number;
  readonly gradientClip: number;
  readonly emaDecay: number;
  readonly bufferSize: number;
  readonly bufferEvery: number;
  readonly bufferRefill: number;
  /** Noise levels of the sampler that refills the buffer. */
  readonly bufferSteps: number;
  /** Variance of its steps, see `reverseSde`; absent: the DDPM posterior's. */
  readonly nu?: number;
  readonly priorFraction: number;
  /** Half-width of the box of broad inputs. */
  readonly priorWidth: number;
  /** Smallest noise standard deviation sampled; training goes down to half of it. */
  readonly sigmaMin: number;
  /** Standard deviation of the sampler's normal prior. */
  readonly priorStd: number;
  readonly maxNonFinite: number;
  readonly exact: boolean;
  readonly seed: number;
}

/** Runs a planned sampler of raw output with the model it was planned for. */
export type PathRunner = (planned: PlannedRun, model: NeuralModel) => Promise<Path>;

export interface LoopConfig {
  readonly energy: Energy;
  readonly estimator: Estimator;
  readonly schedule: NoiseSchedule;
  readonly network: Network;
  readonly loss: TrainingLoss;
  /** What the network adds to; absent: nothing. */
  readonly prior?: Prior;
  /** Parameters of step 0, flat; absent: the network's own. */
  readonly start?: Float32Array;
  /** Markov chains for estimators that draw their own inputs. */
  readonly chains?: ChainTools;
  readonly knobs: LoopKnobs;
  /** Normal numbers of buffer refills. */
  readonly draws: NormalSource;
  /** Threads that share the work of a step; absent: the calling thread does it all. Results do not depend on it. */
  readonly pool?: WorkerPool;
  /** How refills of the buffer are drawn; absent: on the calling thread. */
  readonly paths?: PathRunner;
}

/** One finished step, as `Trainer.steps` yields it and progress callbacks receive it. */
export interface StepInfo {
  /** Steps done, from 1. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Non-finite energies met so far, and steps skipped because their loss or gradient was not finite. */
  readonly nonFinite: number;
  readonly skipped: number;
  /** Target energies and network rows evaluated for targets so far. */
  readonly energyCalls: number;
  readonly networkCalls: number;
  readonly seconds: number;
  readonly secondsLeft: number;
  /** Estimator's own figures: fraction bootstrapped, clipped, ... */
  readonly notes: { readonly [name: string]: number };
}
