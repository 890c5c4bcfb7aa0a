/** Learned models of a target: NEM and BNEM from its energy, denoising score matching from exact draws. At most a minute of training each. */
import { createHash } from "node:crypto";
import { createTrainer, loadSampler } from "bnem";
import { fileStore } from "../support/row-store.mjs";
import { denoisingScoreMatching } from "./denoising.mjs";
import { lengthsOf, noiseOf } from "./targets.mjs";

const kept = fileStore("correction-models");

/** Steps that take 30 to 60 s on two quiet cores; the same for all targets of a method, so that a model is the same wherever it is made. */
const methods = {
  nem: { settings: { method: "nem", steps: 4000, mcSamples: 128 } },
  bnem: { settings: { method: "bnem", steps: 3000, mcSamples: 64, levels: 20, bootstrapFrom: 0.3, rejection: "residual" } },
  dsm: { settings: { method: "nem", steps: 2000, slopeWeight: 0 }, estimator: denoisingScoreMatching },
};
export const learnedNames = Object.keys(methods);

/** The settings of GMM-40 in units of the target: its box, its mean square and its narrowest mode. */
function settingsOf(energy, { settings }, { seed, quick }) {
  const { mixture, dim } = energy;
  const { narrow, square } = lengthsOf(mixture);
  const widest = mixture.means.reduce(
    (most, value, i) => Math.max(most, Math.abs(value) + 3 * Math.sqrt(mixture.variances[i])),
    0,
  );
  const scale = 1.1 * widest;
  const detail = narrow / scale;
  return {
    batchSize: 512,
    learningRate: 4e-3,
    finalLearningRate: 0.02,
    emaDecay: 0.998,
    width: 64,
    depth: 4,
    features: 64,
    featureScale: 0.2 / detail / Math.sqrt(dim / 2),
    scale,
    detail,
    baseStd: Math.sqrt(square) / scale,
    extent: widest / scale,
    ...noiseOf(mixture),
    priorFraction: 0.25,
    priorWidth: widest,
    ...settings,
    ...(quick && { steps: 20, batchSize: 32 }),
    seed,
  };
}

/**
 * The sampler of a model, from its file where it was made before.
 * @returns { sampler, training }; `sampler.dispose()` is the caller's
 */
export async function learned(name, energy, target, run) {
  const method = methods[name];
  const settings = settingsOf(energy, method, run);
  const hash = createHash("sha256")
    .update(JSON.stringify([target, name, settings]))
    .digest("hex")
    .slice(0, 12);
  const file = `${name}-${hash}.safetensors`;
  const bytes = kept.read(file);
  if (bytes) return { sampler: await loadSampler(bytes, energy), settings };
  const trainer = await createTrainer(energy, { ...settings, ...(method.estimator && { estimator: method.estimator() }) });
  try {
    const began = performance.now();
    for await (const info of trainer.steps()) run.breathe?.(info);
    kept.write(file, await trainer.save());
    console.error(`${target} | ${name}: ${trainer.step} steps in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    return { sampler: await trainer.sampler(), settings };
  } finally {
    trainer.dispose();
  }
}
