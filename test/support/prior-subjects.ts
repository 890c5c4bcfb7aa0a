/** Priors with a smooth energy, on the targets they are for. */
import type { Energy, Prior } from "../../src/core/types.js";
import { doubleWell } from "../../src/energies/double-well.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { lennardJones } from "../../src/energies/lennard-jones.js";
import { gaussianPrior } from "../../src/priors/gaussian.js";
import { twoBodyPrior } from "../../src/priors/two-body.js";

export interface PriorSubject {
  readonly name: string;
  readonly energy: Energy;
  readonly make: () => Prior;
  /** Noise at which it is smooth around the points. */
  readonly sigmas: readonly number[];
}

const dw4 = doubleWell();
const lj13 = lennardJones();
const plane = lennardJones({ count: 5, spatialDim: 2 });
const mixture = gaussianMixture();

export const smoothPriors: readonly PriorSubject[] = [
  { name: "Gaussian, mixture", energy: mixture, make: () => gaussianPrior(mixture, { std: 20 }), sigmas: [0.1, 5, 60] },
  { name: "Gaussian, DW-4", energy: dw4, make: () => gaussianPrior(dw4), sigmas: [0.1, 1, 5] },
  { name: "two-body, DW-4", energy: dw4, make: () => twoBodyPrior(dw4), sigmas: [0.1, 0.5, 1.5, 4, 60] },
  { name: "two-body, LJ-13", energy: lj13, make: () => twoBodyPrior(lj13), sigmas: [0.08, 0.2, 0.6, 2, 30] },
  {
    name: "two-body, 5 in the plane",
    energy: plane,
    make: () => twoBodyPrior(plane, { fade: 0.3, std: 0.8, core: 300 }),
    sigmas: [0.08, 0.3, 1],
  },
];
