/** Samplers at a size that takes milliseconds. */
import type { Energy } from "../../src/core/types.js";
import type { NeuralSampler } from "../../src/pipeline/neural-sampler.js";
import { createTrainer } from "../../src/pipeline/trainer.js";
import { tinyOptions, tinyTarget } from "./tiny-loop.js";

/** A sampler after a few steps: its network is no longer its Gaussian base. */
export async function tinySampler(options: object = {}, energy: Energy = tinyTarget, steps = 6): Promise<NeuralSampler> {
  const trainer = await createTrainer(energy, { ...tinyOptions, steps: Math.max(1, steps), ...options });
  if (steps > 0) for await (const _ of trainer.steps());
  const sampler = await trainer.sampler();
  trainer.dispose();
  return sampler;
}
