/** How reference sets are made where nobody says otherwise: one row per energy. */
import type { ReferenceSettings } from "./reference-options.js";

/** What a recipe always says. */
export type ReferenceDefaults = ReferenceSettings &
  Required<Pick<ReferenceSettings, "move" | "chains" | "warmup" | "pilotSteps">>;

/** 150 to 250 gradients until energy and pair distances are forgotten, as for 15 to 30 leapfrogs; at acceptance 0.65 a chain of LJ-55 was stuck for 1,500 moves. */
const cluster: ReferenceDefaults = {
  move: "hmc",
  leapfrogs: 20,
  leapfrogsOdd: 14,
  targetAcceptance: 0.8,
  chains: 256,
  warmup: 1000,
  pilotSteps: 1000,
};

/** Plain HMC needs 1,600 gradients until the mean pair distance of DW-4 is forgotten, four temperatures 200. */
const wells: ReferenceDefaults = {
  move: "tempering",
  leapfrogs: 3,
  replicas: 4,
  hottest: 5,
  swapEvery: 1,
  chains: 256,
  warmup: 500,
  pilotSteps: 1000,
};

/** By the name of the energy. */
export const referenceRecipes: { readonly [energy: string]: ReferenceDefaults } = {
  dw4: wells,
  "double-well": wells,
  lj13: cluster,
  lj55: cluster,
  "lennard-jones": cluster,
};

/** Of every other energy without exact draws: a ladder, since nothing is known of its wells. */
export const generalRecipe: ReferenceDefaults = {
  move: "tempering",
  leapfrogs: 5,
  replicas: 8,
  hottest: 10,
  swapEvery: 2,
  chains: 256,
  warmup: 500,
  pilotSteps: 1000,
};
