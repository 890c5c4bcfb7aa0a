/** Training at a size that takes milliseconds: three Gaussians in the plane and a network of a few hundred parameters. */
import type { Energy } from "../../src/core/types.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import type { WorkerPool } from "../../src/kernels/pool.js";
import { chainTools, equilibrationOf } from "../../src/pipeline/chains.js";
import { configure, type TrainOptions } from "../../src/pipeline/configure.js";
import { METHODS } from "../../src/pipeline/options.js";
import type { LoopConfig } from "../../src/training/loop-config.js";
import type { LoopState } from "../../src/training/loop-state.js";

export const tinyTarget = gaussianMixture({
  means: [
    [-3, 0],
    [2, 2],
    [1, -3],
  ],
  std: 0.7,
});

/** Refills every 3 steps, bootstrapping from the second on. */
export const tinyOptions = {
  seed: 11,
  steps: 12,
  batchSize: 24,
  mcSamples: 8,
  width: 8,
  depth: 2,
  features: 6,
  scale: 5,
  sigmaMin: 0.2,
  sigmaMax: 6,
  warmupSteps: 2,
  bufferSize: 40,
  bufferEvery: 3,
  bufferRefill: 16,
  bufferSteps: 4,
  bootstrapFrom: 0.15,
  levels: 4,
  rejection: "residual",
  maxNonFinite: 4,
  backend: "wasm",
  chains: 40,
  chainMoves: 40,
  chainLeapfrogs: 3,
  posteriorMoves: 3,
  rowsPerLevel: 6,
  reach: 0.7,
} as const satisfies TrainOptions;

/** Methods whose inputs come from the loop's buffer; those of "posterior" come from its chains. */
export const BUFFERED = METHODS.filter((method) => method !== "posterior");

/** @param pool threads of the chains; the loop's own are given to it apart */
export function tinyConfig(options: TrainOptions = {}, energy: Energy = tinyTarget, pool?: WorkerPool): LoopConfig {
  const { settings, config } = configure("test", energy, { ...tinyOptions, ...options });
  return { ...config, chains: chainTools(energy, equilibrationOf(settings), pool) };
}

/** Everything of a state but the clock, as bytes and plain numbers. */
export function bitsOf(state: LoopState): object {
  const hex = (a: Float32Array | Float64Array) => Buffer.from(a.buffer, a.byteOffset, a.byteLength).toString("hex");
  const { counts, memory, step, adamStep, bufferHead, ...arrays } = state;
  return {
    step,
    adamStep,
    bufferHead,
    counts: { ...counts, seconds: 0 },
    memory: Array.from(memory, ([name, values]) => [name, hex(values)]),
    ...Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, hex(values as Float32Array)])),
  };
}
