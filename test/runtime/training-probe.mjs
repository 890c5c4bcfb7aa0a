/**
 * The main job at a tiny size on the wasm backend: train, save, load, sample with weights, evaluate; and the networks of particles with their
 * priors, on one thread and on two. Plain ECMAScript, no import. Everything returned is plain data; the same runtime must give the same twice.
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

const ofChains = { method: "posterior", chains: 256, chainMoves: 20, posteriorMoves: 2, rowsPerLevel: 64, sigmaMin: 0.02 };

/** What is trained on particles, and on wells that do not know of each other. */
const particleRuns = {
  "descriptor on a Moreau prior": [(bnem) => bnem.lennardJones({ count: 5 }), { ...ofChains, prior: "moreau", sigmaMax: 2 }],
  "descriptor on a two-body prior": [(bnem) => bnem.doubleWell(), { ...ofChains, prior: "two-body", sigmaMax: 4 }],
  "graph network": [
    (bnem) => bnem.doubleWell(),
    { method: "nem", architecture: "egnn", mcSamples: 8, sigmaMin: 0.05, sigmaMax: 4, bufferEvery: 2, bufferRefill: 256 },
  ],
  "additive network": [(bnem) => bnem.manyWell({ dim: 4 }), { ...ofChains, architecture: "additive", bumps: 8, sigmaMax: 8 }],
};

/** Losses of three steps and 600 raw samples, from the trainer and from its checkpoint. */
async function particleRun(bnem, name, workers) {
  const [make, more] = particleRuns[name];
  const energy = make(bnem);
  const options = { seed: 3, steps: 3, batchSize: 256, width: 8, depth: 2, backend: "wasm", exact: true, ...more, workers };
  const trainer = await bnem.createTrainer(energy, options);
  const losses = [];
  for await (const info of trainer.steps()) losses.push(info.loss);
  const bytes = await trainer.save();
  trainer.dispose();
  const sampler = await bnem.loadSampler(bytes, energy);
  const { x } = await sampler.sample(600, { seed: 5, steps: 8, correction: "none", workers });
  sampler.dispose();
  return { losses, x: Array.from(x.data) };
}

async function particles(bnem) {
  const found = {};
  for (const name of Object.keys(particleRuns)) {
    const one = await particleRun(bnem, name, 1);
    const two = await particleRun(bnem, name, 2);
    found[name] = { ...one, sameOnTwo: JSON.stringify(two) === JSON.stringify(one) };
  }
  return found;
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
    particles: await particles(bnem),
  };
}
