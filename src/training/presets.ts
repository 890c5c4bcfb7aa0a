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
} as const;
