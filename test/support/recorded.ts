/** What tests of recorded programs share: batches, programs that must exist, and the engine's numbers beside theirs. */
import { tensor1d, tensor2d } from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import { derive, keyOf, uniformAt } from "../../src/core/random.js";
import type { GradientBatch } from "../../src/kernels/block-gradients.js";
import { initKernels } from "../../src/kernels/load.js";
import type { Program } from "../../src/kernels/program.js";
import { startBackend } from "../../src/networks/backend.js";
import type { Network } from "../../src/networks/network.js";
import { kernelMode, setKernelMode } from "../../src/networks/wasm/kernel-mode.js";
import { lossAndGradient, type TrainingLoss } from "../../src/training/gradient.js";
import type { Loss } from "../../src/training/loss.js";
import { recordTraining } from "../../src/training/record-training.js";

const before = kernelMode();
/** This package's kernels whatever mode the run has, from the build asked for. */
export async function startOwn(exact = false): Promise<void> {
  await initKernels({ exact });
  setKernelMode("bnem");
  expect((await startBackend("wasm")).kernels).toBe("bnem");
}
/** The mode that was before, and whatever build is fastest. */
export async function leaveOwn(): Promise<void> {
  setKernelMode(before);
  await initKernels({ exact: false });
}

export const key = keyOf(23);
export const draw = (label: string, count: number, low: number, high: number) =>
  Float32Array.from({ length: count }, (_, i) => low + (high - low) * uniformAt(derive(key, label), i));

export function batchOf(n: number, dim: number, width: number, label = "batch"): GradientBatch {
  return {
    x: draw(`${label} x`, n * dim, -4, 4),
    variance: draw(`${label} h`, n, -6, 2).map(Math.exp),
    target: draw(`${label} target`, n * width, -3, 3),
    weight: draw(`${label} weight`, n, 0.2, 2).map((w) => w / n),
  };
}

/** What was recorded; a network that should be a program and is none fails here. */
export function recorded(network: Network, kind: "energy" | "score" | "gradient", loss: TrainingLoss): Program {
  const program = recordTraining(network, kind, loss);
  expect(program, `${network.name} can be recorded`).not.toBeNull();
  return program as Program;
}

/** Loss, prediction and gradient of a whole batch by tfjs's engine with the same kernels. */
export function byEngine(network: Network, kind: "energy" | "score", loss: Loss, parameters: Float32Array, batch: GradientBatch) {
  const n = batch.variance.length;
  const result = lossAndGradient(
    network,
    tensor1d(parameters),
    {
      x: tensor2d(batch.x, [n, network.dim]),
      variance: tensor1d(batch.variance),
      target: tensor2d(batch.target, [n, batch.target.length / n]),
      weight: tensor1d(batch.weight),
      kind,
    },
    loss,
  );
  const [lossValue, gradient, prediction] = [result.loss, result.gradient, result.prediction].map(
    (t) => t.dataSync() as Float32Array,
  );
  // A program adds its gradient to zero, which makes +0 of -0.
  return { loss: lossValue[0], gradient: gradient.map((g) => g + 0), prediction };
}
