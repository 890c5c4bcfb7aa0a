/** A user's file: type-checked against the packed package, strictly and with library checks on. Not run. */
import {
  additive,
  type Batch,
  BnemError,
  bootstrapped,
  type ChainDiagnostic,
  type ChainResult,
  chainDiagnostic,
  configurationsFigure,
  createTrainer,
  customEnergy,
  descriptor,
  doubleWell,
  type Energy,
  egnn,
  evaluate,
  funnel,
  gaussianMixture,
  gaussianPrior,
  geometricSchedule,
  gmm16,
  hamiltonian,
  hmc,
  init,
  keyOf,
  lennardJones,
  loadReference,
  loadSampler,
  type McMove,
  mala,
  manyWell,
  mlp,
  moreauPrior,
  muellerBrown,
  type NoiseSchedule,
  noised,
  nuts,
  type Particles,
  type Prior,
  type ProposedResult,
  parseReferenceOptions,
  posterior,
  presets,
  priorByName,
  priorNames,
  type Reference,
  randomWalk,
  readExtxyz,
  reference,
  rings,
  rowsByEnergy,
  runChains,
  type SampleResult,
  saveReference,
  type TrainSettings,
  tempering,
  train,
  twoBodyPrior,
  twoMoons,
  writeExtxyz,
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

export const targets: readonly Energy[] = [
  doubleWell({ count: 4 }),
  lennardJones({ count: 13, softCore: true }),
  manyWell({ dim: 32 }),
  muellerBrown(),
  funnel({ dim: 3 }),
  rings({ radii: [1, 2] }),
  twoMoons(),
  gmm16(),
];
export const moves: readonly McMove[] = [
  randomWalk(),
  mala({ stepSize: 0.1 }),
  nuts({ maxDepth: 6 }),
  tempering({ move: hmc() }),
];

export async function chains(target: Energy, signal: AbortSignal): Promise<ChainDiagnostic> {
  const result: ChainResult = await runChains(target, { move: hmc({ leapfrogs: 5 }), chains: 100, steps: 50, signal });
  const made: Reference = await reference(target, { n: 1000, seed: 1, ...parseReferenceOptions("here", { move: "tempering" }) });
  const again = await loadReference(saveReference(made), target);
  await evaluate(result.x, target, { reference: again.x, metrics: ["alignedW2", "pairDistanceTv", "virialError"] });
  return chainDiagnostic(result.energy, 100);
}

export async function particles(target: Energy): Promise<string> {
  const priors: Prior[] = [twoBodyPrior(target), moreauPrior(target, { steps: 40 }), gaussianPrior(target, { std: 1 })];
  for (const name of priorNames) priors.push(priorByName(name, {}, target));
  const estimator = posterior({ moves: 4, chains: 500 });
  const trainer = await createTrainer(target, { estimator, network: descriptor({ width: 16 }), physicsPrior: priors[0] });
  const graph = await train(target, { method: "nem", network: egnn({ cutoff: 2 }), proposal: "laplace", nu: 0.5 });
  const wells = await train(manyWell(), { method: "posterior", chainMove: "tempering", network: additive({ bumps: 16 }) });
  const { x, logWeights } = await graph.sample(100, { seed: 1 });
  for (const each of [trainer, graph, wells]) each.dispose();
  const { count, spatialDim } = target.particles as Particles;
  const text: string = writeExtxyz({ x, logWeights }, { count, spatialDim }, { species: "Ar" });
  const samples = readExtxyz(text, { count }).x;
  const rows: number[] = rowsByEnergy(samples, target.energy(samples), 6);
  return configurationsFigure({ title: "samples", samples, particles: { count, spatialDim }, rows }).svg;
}

export function placed(target: Energy, x: Batch): ProposedResult {
  const stepSize = new Float32Array(x.n).fill(0.01);
  const moved: Batch = hamiltonian(target, { x, key: keyOf(1), moves: 5, leapfrogs: 3, stepSize }).x;
  const variance = new Float32Array(x.n).fill(0.1);
  const draws = { mcSamples: 64, mode: "iid", key: keyOf(2), quantity: "score" } as const;
  return noised(target, { x: moved, variance, ...draws, proposal: "shifted", defensive: 0.25 });
}

// @ts-expect-error a missing option is an error
geometricSchedule({ sigmaMin: 0.1 });
// @ts-expect-error a wrong kind is an error
schedule.sigma("half");
// @ts-expect-error an unknown method is an error
train(gaussianMixture(), { method: "bnen" });
// @ts-expect-error an unknown move is an error
reference(doubleWell(), { n: 10, move: "gibbs" });
// @ts-expect-error a move needs to be one
runChains(doubleWell(), { move: "hmc" });
