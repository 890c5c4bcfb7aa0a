/**
 * Training, sampling, Markov chains and metrics with workers asked for, beside the same on one thread, from nothing but the bundle's namespace.
 * Plain ECMAScript.
 */

const options = {
  method: "nem",
  seed: 3,
  steps: 12,
  batchSize: 512,
  mcSamples: 16,
  width: 32,
  depth: 2,
  features: 16,
  bufferEvery: 4,
  bufferRefill: 256,
  backend: "wasm",
  exact: true,
};

/** A refusal to start a worker may come after the work is done. */
async function noticeOf(trainer, milliseconds) {
  const end = performance.now() + milliseconds;
  while (trainer.notice === undefined && performance.now() < end) await new Promise((next) => setTimeout(next, 10));
  return trainer.notice ?? "";
}

async function job(bnem, target, workers) {
  const trainer = await bnem.createTrainer(target, { ...options, workers });
  const losses = [];
  for await (const { loss } of trainer.steps()) losses.push(loss);
  const notice = await noticeOf(trainer, workers === 1 ? 0 : 500);
  const sampler = await trainer.sampler();
  const { x, logWeights } = await sampler.sample(3000, { seed: 5, steps: 32, workers });
  sampler.dispose();
  trainer.dispose();
  return { losses, x: Array.from(x.data), logWeights: Array.from(logWeights), ...(await particles(bnem, workers)), notice };
}

/** Chains, metrics and placed draws of LJ-13. */
async function particles(bnem, workers) {
  const energy = bnem.lennardJones();
  const chains = { chains: 600, steps: 4, warmup: 20, seed: 2, workers };
  const { x, diagnostics } = await bnem.runChains(energy, { ...chains, move: bnem.hmc({ leapfrogs: 3 }) });
  const moves = { nuts: bnem.nuts({ maxDepth: 3 }), tempering: bnem.tempering({ replicas: 3 }) };
  const others = [];
  for (const move of Object.values(moves)) {
    const run = await bnem.runChains(energy, { ...chains, chains: 40, move });
    others.push(Array.from(run.x.data), Array.from(run.energy));
  }
  const sample = { data: x.data.slice(0, 24 * x.dim), n: 24, dim: x.dim };
  const { metrics } = await bnem.evaluate(sample, energy, { reference: x, seed: 3, metrics: ["alignedW2", "pairKsd"], workers });
  const request = { x: sample, variance: new Float32Array(24).fill(0.01), mcSamples: 32, mode: "iid", key: bnem.keyOf(1) };
  const ask = { ...request, quantity: "score", proposal: "shifted" };
  const { score } = await bnem.noisedOnAllCores(energy, ask, { workers });
  return { chains: Array.from(x.data), others, diagnostics, metrics, score: Array.from(score) };
}

export async function probe(bnem) {
  const target = bnem.gaussianMixture({ components: 40, seed: 0 });
  const one = await job(bnem, target, 1);
  const { notice, ...shared } = await job(bnem, target, 2);
  return {
    same: JSON.stringify({ ...shared, notice: "" }) === JSON.stringify(one),
    notice,
    isolated: globalThis.crossOriginIsolated ?? null,
  };
}
