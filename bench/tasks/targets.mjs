/** The tasks: target, samples per row, reference, and the chains they are compared with, fixed beforehand. Plain data. */
import { energyByName } from "bnem";

const clusterChains = {
  mala: {},
  hmc: { leapfrogs: 20, leapfrogsOdd: 14, targetAcceptance: 0.8 },
  tempering: { leapfrogs: 10, replicas: 4, hottest: 3, swapEvery: 1 },
};

/** What is known of a target without looking at it: a general ladder. */
const generalChains = {
  mala: {},
  hmc: { leapfrogs: 10, leapfrogsOdd: 7, targetAcceptance: 0.8 },
  tempering: { leapfrogs: 5, replicas: 8, hottest: 10, swapEvery: 2 },
};

/**
 * `reference`: rows of the reference that particles are scored against, made anew from this seed by `reference()` in every process (exact draws
 * for the others). `corrected`: MALA moves behind samples.
 */
export const targets = {
  dw4: {
    n: 2000,
    reference: { n: 40_000, seed: 20_264 },
    chains: { ...generalChains, tempering: { leapfrogs: 3, replicas: 4, hottest: 5, swapEvery: 1 } },
  },
  lj13: { n: 2000, reference: { n: 40_000, seed: 20_264 }, chains: clusterChains },
  lj55: { n: 2000, reference: { n: 10_000, seed: 20_264 }, chains: clusterChains },
  manywell32: { n: 2000, chains: generalChains },
  gmm16: { n: 2000, chains: generalChains },
  gmm40: { n: 2000, chains: generalChains },
};

export const taskNames = Object.keys(targets);

/** The same in small, for a run that only sees that everything works. */
export const quickly = { n: 64, reference: 512 };

export const energyOf = (task) => energyByName(task);
