/**
 * The whole pipeline at a tiny size on one tfjs backend: first training losses, then a few samples. Plain ECMAScript, no import.
 * Software adapters take 0.4 to 3 s per step: keep it tiny.
 */

const tiny = {
  seed: 3,
  batchSize: 16,
  mcSamples: 8,
  width: 8,
  depth: 1,
  features: 4,
  bufferSize: 64,
  bufferRefill: 16,
  bufferEvery: 2,
};

/** What the adapter is, or why there is none. */
export async function adapterOf(gpu) {
  if (!gpu) return "no navigator.gpu";
  const adapter = await gpu.requestAdapter();
  if (!adapter) return "no adapter";
  const { vendor = "", architecture = "", description = "" } = adapter.info ?? {};
  return `${vendor} ${architecture} ${description}`.trim();
}

/** Losses of the first `steps` steps and the first coordinates of raw samples, on `backend`. */
export async function pipelineOn(bnem, backend, gpu) {
  await bnem.init();
  const energy = bnem.gaussianMixture({ components: 40, seed: 0 });
  const trainer = await bnem.createTrainer(energy, { ...tiny, method: "nem", backend, ...(gpu ? { gpu } : {}) });
  const losses = [];
  for await (const info of trainer.steps(4)) losses.push(info.loss);
  const sampler = await trainer.sampler();
  const samples = await sampler.sample(8, { seed: 5, steps: 4, correction: "none" });
  const used = trainer.backend.backend;
  sampler.dispose();
  trainer.dispose();
  return { backend: used, losses, samples: Array.from(samples.x.data) };
}

/** Both backends one after the other in the same process or page. */
export async function compare(bnem, gpu) {
  return { wasm: await pipelineOn(bnem, "wasm"), webgpu: await pipelineOn(bnem, "webgpu", gpu) };
}
