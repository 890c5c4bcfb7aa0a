/** A user's file: type-checked against the packed package, strictly and with library checks on. Not run. */
import {
  type Batch,
  BnemError,
  bootstrapped,
  createTrainer,
  customEnergy,
  type Energy,
  evaluate,
  gaussianMixture,
  geometricSchedule,
  init,
  loadSampler,
  mlp,
  type NoiseSchedule,
  presets,
  type SampleResult,
  type TrainSettings,
  train,
} from "bnem";

export const schedule: NoiseSchedule = geometricSchedule({ sigmaMin: 0.1, sigmaMax: 60 });
export const middle: number = schedule.sigma(0.5);
export const settings: TrainSettings = { method: "bnem", steps: 100, mode: "lattice" };

export function meanEnergy(target: Energy, x: Batch): number {
  const values: Float32Array = target.energy(x);
  return values.reduce((a, b) => a + b, 0) / x.n;
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof BnemError ? error.code : undefined;
}

export async function tour(signal: AbortSignal): Promise<number> {
  await init();
  const gmm = gaussianMixture({ components: 40, seed: 0 });
  const ring = customEnergy({ name: "ring", dim: 2, evaluate: (x, gradientOut) => x[0] * x[1] + gradientOut[0] });
  const sampler = await train(gmm, { ...presets.gmm40.bnem, seed: 1, signal, onProgress: (info) => info.loss });
  const trainer = await createTrainer(ring, { estimator: bootstrapped({ mcSamples: 32 }), network: mlp({ width: 128 }) });
  for await (const info of trainer.steps(5_000)) if (info.loss < 0.1) break;
  const x: SampleResult = await sampler.sample(10_000, { seed: 7 });
  const raw = await sampler.sample(10_000, { seed: 7, correction: "none" });
  await evaluate(raw, gmm, { seed: 11 });
  const again = await loadSampler(await sampler.save(), gmm);
  again.dispose();
  sampler.dispose();
  trainer.dispose();
  return x.ess?.fraction ?? 0;
}

// @ts-expect-error a missing option is an error
geometricSchedule({ sigmaMin: 0.1 });
// @ts-expect-error a wrong kind is an error
schedule.sigma("half");
// @ts-expect-error an unknown method is an error
train(gaussianMixture(), { method: "bnen" });
