/**
 * The learned methods of every task, as data: the package's presets, and beside them what this table adds. "own samples": the papers' loop, its buffer
 * fed by its own sampler, nothing but energies. "learns from MCMC": a buffer that Markov chains bring to the target; it discovers no modes.
 */
import { bootstrapped, energyByName, noisedEnergy, presets } from "bnem";

/** What a call of the training costs: methods whose targets are gradients. */
const byGradients = ["posterior", "idem", "tweedem"];

/**
 * The papers' network and loop on LJ-13 at a small budget: EGNN of 5 rounds, 128 units, squared loss, Adam 1e-3, gradient norm at most .5, geometric noise
 * .01 to 2 and a softened core below .65 in the targets. The papers: 512 rows, 1,000 draws, 10^5 steps, 5 10^10 energy calls.
 */
const papersLj13 = {
  architecture: "egnn",
  prior: "none",
  width: 128,
  depth: 5,
  steps: 300,
  batchSize: 64,
  loss: "squared",
  learningRate: 1e-3,
  finalLearningRate: 1,
  gradientClip: 0.5,
  emaDecay: 0.99,
  schedule: "geometric",
  sigmaMin: 0.01,
  sigmaMax: 2,
  priorFraction: 0,
  priorWidth: 2,
  bufferSize: 10_000,
  bufferEvery: 100,
  bufferRefill: 128,
  bufferSteps: 32,
};

/** What is no option of training: targets of a softened core, and fewer rows than the task's, for the network costs a second per thousand scores. */
const soft = { trainOn: ["lennard-jones", { count: 13, softCore: 0.65 }], n: 500 };

/** Four modes 20 standard deviations apart in 16 dimensions. */
const gmm16 = {
  steps: 2000,
  batchSize: 512,
  mcSamples: 64,
  schedule: "geometric",
  sigmaMin: 0.25,
  sigmaMax: 15,
  scale: 15,
  baseStd: 0.7,
  priorFraction: 0.5,
  priorWidth: 12,
};

/** The same target from chains that are ladders of temperatures: Hamiltonian moves alone do not cross. */
const gmm16Chains = {
  architecture: "mlp",
  width: 128,
  depth: 3,
  steps: 2000,
  batchSize: 512,
  rowsPerLevel: 16,
  learningRate: 4e-3,
  warmupSteps: 50,
  finalLearningRate: 0.02,
  gradientClip: 5,
  emaDecay: 0.998,
  schedule: "geometric",
  sigmaMin: 0.1,
  sigmaMax: 20,
  scale: 10,
  baseStd: 0.37,
  reach: 1,
  chains: 4000,
  chainMove: "tempering",
  chainMoves: 2000,
  chainDraws: 4,
  chainLeapfrogs: 5,
  temperatures: 8,
  temperatureMax: 10,
  nu: 0.5,
};

const added = {
  lj13: {
    "papers-nem": { method: "nem", ...papersLj13, ...soft, estimator: () => noisedEnergy({ mcSamples: 256 }) },
    "papers-nem-per-particle": {
      method: "nem",
      ...papersLj13,
      ...soft,
      estimator: () => noisedEnergy({ mcSamples: 256, perParticle: true }),
    },
    "papers-bnem": {
      method: "bnem",
      ...papersLj13,
      ...soft,
      estimator: () => bootstrapped({ mcSamples: 32, levels: 40, bootstrapFrom: 0.5 }),
    },
  },
  gmm16: {
    nem: { method: "nem", ...gmm16 },
    bnem: { method: "bnem", ...gmm16, levels: 20, rejection: "residual" },
    posterior: { method: "posterior", ...gmm16Chains },
  },
};

/** What a quick run replaces. */
const quickOptions = {
  steps: 4,
  batchSize: 16,
  rowsPerLevel: 8,
  chains: 64,
  chainMoves: 20,
  chainDraws: 2,
  posteriorMoves: 2,
  warmupSteps: 1,
  bufferRefill: 16,
  bufferSteps: 8,
  samplingSteps: 8,
  width: 16,
  depth: 1,
};

function entryOf(name, { trainOn, estimator, n, ...options }, source, quick) {
  const settled = quick ? { ...options, ...quickOptions } : options;
  return {
    name,
    source,
    label: options.method === "posterior" ? "learns from MCMC" : "own samples",
    callKind: byGradients.includes(options.method) ? "gradient" : "plain",
    options: settled,
    /** Of a run: values that plain data cannot hold are made anew. */
    trainOptions: () => ({ ...settled, ...(estimator && { estimator: estimator() }) }),
    /** The energy of the targets where it is not the task's own. */
    trainedOn: trainOn && (() => energyByName(...trainOn)),
    steps: settled.steps,
    n: quick ? undefined : n,
    /** The energy of a Moreau envelope jumps between basins: nearly all weight falls on few rows. */
    weighted: options.prior !== "moreau",
  };
}

/** Methods of a task by name: the presets first. */
export function methodsOf(task, quick = false) {
  const own = Object.entries(presets[task] ?? {}).map(([name, options]) => entryOf(name, options, "preset", quick));
  const names = own.map(({ name }) => name);
  const more = Object.entries(added[task] ?? {})
    .filter(([name]) => !names.includes(name))
    .map(([name, options]) => entryOf(name, options, "bench", quick));
  return [...own, ...more];
}
