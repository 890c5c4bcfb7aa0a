/**
 * Training and sampling with workers asked for, beside the same on one thread, from nothing but the bundle's namespace. Plain ECMAScript.
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
  return { losses, x: Array.from(x.data), logWeights: Array.from(logWeights), notice };
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
