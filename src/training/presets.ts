/** Settings that were measured to work, per target and method. Plain data: spread one and change what you like. Steps are fixed, never a clock. */

/** GMM-40 in raw units: modes within 40 of the origin, standard deviation 1.31. Measured by `npm run bench -- gmm40`. */
const gmm40 = {
  steps: 5500,
  batchSize: 512,
  mcSamples: 32,
  mode: "lattice",
  learningRate: 4e-3,
  warmupSteps: 50,
  finalLearningRate: 0.02,
  gradientClip: 5,
  emaDecay: 0.998,
  width: 64,
  depth: 4,
  features: 64,
  featureScale: 8,
  outputScale: 4,
  scale: 50,
  baseStd: 0.46,
  detail: 0.026,
  extent: 0.9,
  dataStd: 1.3,
  schedule: "geometric",
  sigmaMin: 0.25,
  sigmaMax: 50,
  priorFraction: 0.25,
  priorWidth: 55,
  bufferSize: 10_000,
  bufferEvery: 100,
  bufferRefill: 512,
  bufferSteps: 32,
} as const;

/**
 * Particles, lengths in units of the pair minimum (LJ) or of the target (DW-4). A descriptor network adds to the Moreau envelope of the pairs; it
 * learns scores from chains that stay at the target: what the chains do not reach it does not find. The envelope's energy jumps between
 * basins, so the slope is left alone and samples are raw. Measured by `npm run bench:tasks`.
 */
const particles = {
  method: "posterior",
  prior: "moreau",
  architecture: "descriptor",
  slopeWeight: 0,
  sigmaMin: 0.01,
  scale: 1,
  warmupSteps: 50,
  finalLearningRate: 0.02,
  gradientClip: 5,
  chainMove: "hmc",
  chainLeapfrogs: 10,
  samplingSteps: 100,
} as const;

const dw4 = {
  ...particles,
  steps: 2000,
  batchSize: 256,
  learningRate: 4e-3,
  emaDecay: 0.99,
  scale: 4,
  sigmaMin: 0.04,
  sigmaMax: 6,
  reach: 0.4,
  chains: 2000,
  chainMoves: 300,
  nu: 0.5,
} as const;

const lj13 = {
  ...particles,
  steps: 1000,
  batchSize: 128,
  learningRate: 6e-3,
  emaDecay: 0.995,
  sigmaMax: 2,
  chains: 4000,
  chainMoves: 300,
  nu: 1,
} as const;

const lj55 = {
  ...particles,
  steps: 800,
  batchSize: 48,
  rowsPerLevel: 4,
  posteriorMoves: 6,
  learningRate: 5e-3,
  emaDecay: 0.98,
  sigmaMax: 4,
  chains: 200,
  chainMoves: 150,
  chainLeapfrogs: 16,
  nu: 0,
} as const;

/** Weighted samples: a two-body prior, whose energy is smooth, and the slope fitted too, so that levels have the same log Z. */
const weighted = { prior: "two-body", slopeWeight: 0.1, nu: 0.5 } as const;

/**
 * ManyWell-32: sixteen independent double wells, which Hamiltonian moves do not cross, so the chains are ladders of temperatures. Noise up to ten
 * times the target: from 5 the Gaussian that samples start from has lost .02 of the mass of the higher wells. Measured by `npm run bench:tasks`.
 */
const manywell32 = {
  method: "posterior",
  architecture: "additive",
  steps: 4000,
  batchSize: 256,
  learningRate: 1e-2,
  warmupSteps: 50,
  finalLearningRate: 0.02,
  gradientClip: 5,
  emaDecay: 0.998,
  bumps: 32,
  scale: 1,
  baseStd: 0.6,
  sigmaMin: 0.05,
  sigmaMax: 16,
  reach: 0.5,
  chains: 4000,
  chainMove: "tempering",
  chainMoves: 4000,
  chainLeapfrogs: 5,
  chainDraws: 10,
  temperatures: 8,
  temperatureMax: 10,
  samplingSteps: 128,
  nu: 1,
} as const;

/** `presets.gmm40.bnem` and its siblings: options of `train` and `createTrainer`. */
export const presets = {
  gmm40: {
    /** 1.7 % of all rows bootstrap over a run (the rows above level 0, in its second half, by the bare residual); the paper's normalized rule: 0.03 % (`npm run bench -- paths`). */
    bnem: { ...gmm40, method: "bnem", loss: "linex", levels: 10, bootstrapFrom: 0.5, rejection: "residual" },
    nem: { ...gmm40, method: "nem", loss: "linex" },
    meNem: { ...gmm40, method: "me-nem", loss: "linex" },
    /** Norm clip of the paper: 70 in units of 50. */
    idem: { ...gmm40, method: "idem", scoreClip: 1.4 },
    tweedem: { ...gmm40, method: "tweedem", scoreClip: 1.4 },
  },
  dw4: {
    posterior: dw4,
    weighted: { ...dw4, ...weighted },
  },
  lj13: {
    posterior: lj13,
    weighted: { ...lj13, ...weighted },
  },
  lj55: {
    posterior: lj55,
    weighted: { ...lj55, ...weighted },
  },
  manywell32: {
    posterior: manywell32,
  },
} as const;
