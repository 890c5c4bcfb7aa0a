/**
 * The main job at a tiny size on the wasm backend: train, save, load, sample with weights, evaluate. Plain ECMAScript, no import.
 * Everything returned is a plain number; the same runtime must give the same ones twice.
 */

const tiny = {
  method: "bnem",
  seed: 3,
  steps: 6,
  batchSize: 32,
  mcSamples: 8,
  width: 16,
  depth: 2,
  features: 8,
  bufferEvery: 2,
  bufferRefill: 32,
};

async function trained(bnem, energy) {
  const trainer = await bnem.createTrainer(energy, { ...tiny, backend: "wasm", exact: true });
  const losses = [];
  for await (const info of trainer.steps()) losses.push(info.loss);
  const bytes = await trainer.save();
  trainer.dispose();
  return { losses, bytes };
}

export async function probe(bnem) {
  const energy = bnem.gaussianMixture({ components: 40, seed: 0 });
  const { losses, bytes } = await trained(bnem, energy);
  const again = await trained(bnem, energy);
  const sampler = await bnem.loadSampler(bytes, energy);
  const sample = await sampler.sample(64, { seed: 5, steps: 8 });
  sampler.dispose();
  return {
    losses,
    repeatable: JSON.stringify(again.losses) === JSON.stringify(losses),
    x: Array.from(sample.x.data),
    essFraction: sample.ess.fraction,
    logZ: sample.logZ.value,
  };
}
