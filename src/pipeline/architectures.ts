/** Networks by the names of the `architecture` option, made from plain settings. A new one is a row here. */
import { additive } from "../networks/additive.js";
import { descriptor } from "../networks/descriptor.js";
import { egnn } from "../networks/egnn.js";
import { mlp } from "../networks/mlp.js";
import type { NetworkFactory } from "../networks/network.js";
import type { ARCHITECTURES, ResolvedTrainSettings } from "./options.js";

/** Settings whose lengths are settled. */
type Settings = ResolvedTrainSettings & {
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  readonly scale: number;
  readonly baseStd: number;
};

export interface Architecture {
  /** Length by which coordinates are divided where none is given, from the broadest noise. */
  readonly scale: (sigmaMax: number) => number;
  readonly network: (settings: Settings) => NetworkFactory;
}

/** Particle systems have their own unit of length: about the distance of neighbors. */
const ownUnit = () => 1;

export type ArchitectureName = (typeof ARCHITECTURES)[number];

export const architectures: { readonly [K in ArchitectureName]: Architecture } = {
  mlp: {
    scale: (sigmaMax) => sigmaMax,
    network: (settings) => {
      const { width, depth, features, featureScale, outputScale, scale, baseStd } = settings;
      const { detail, horizon, extent, sigmaFloor } = settings;
      return mlp({
        width,
        depth,
        features,
        featureScale,
        outputScale,
        scale,
        baseStd,
        detail,
        horizon,
        extent,
        sigmaFloor,
      });
    },
  },
  descriptor: {
    scale: ownUnit,
    network: ({ width, depth, outputScale, scale, sigmaMin, sigmaMax }) =>
      descriptor({ width, depth, outputScale, scale, sigmaMin: sigmaMin / scale, sigmaMax: sigmaMax / scale }),
  },
  additive: {
    scale: ownUnit,
    network: ({ bumps, outputScale, scale, baseStd, detail, sigmaMin, sigmaMax }) =>
      additive({ bumps, outputScale, scale, baseStd, detail, sigmaMin: sigmaMin / scale, sigmaMax: sigmaMax / scale }),
  },
  egnn: {
    scale: ownUnit,
    network: ({ width, depth, scale, sigmaMin, sigmaMax, sigmaFloor }) =>
      egnn({ width, depth, scale, sigmaFloor: sigmaFloor ?? sigmaMin / scale, sigmaTop: sigmaMax / scale }),
  },
};
