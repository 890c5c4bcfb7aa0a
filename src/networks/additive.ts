/** A sum of functions of one coordinate each: the network of targets whose coordinates hardly interact. */
import {
  add,
  div,
  exp,
  matMul,
  mul,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  tensor1d,
} from "@tensorflow/tfjs-core";
import { checkInteger, checkOneOf, checkOptions, checkPositive } from "../core/check.js";
import { freeDimension } from "../core/subspace.js";
import type { NetworkLengths } from "../core/types.js";
import { energyHead, scoreHead } from "./heads.js";
import { levelWeights } from "./level-weights.js";
import { countParameters, type Network, type NetworkFactory, type NetworkOutput } from "./network.js";

/** Options of `additive`; the defaults suit ManyWell. */
export interface AdditiveOptions {
  /** Bumps of the finest row along each coordinate; each further row has half as many, twice as wide, down to 4. Default 32. */
  readonly bumps?: number;
  /** Standard deviations of the base, at any noise, over which the bumps reach to either side. Default 8. */
  readonly span?: number;
  /** Places of log sigma between which a bump's weight is interpolated. Default 14. */
  readonly levels?: number;
  /** Raw length by which coordinates are divided. Default: the `scale` of training, or 1. */
  readonly scale?: number;
  /** Standard deviation of the Gaussian base, in units of scale: below the target's own, see `additive`. Default: that of training, or 0.6. */
  readonly baseStd?: number;
  /** Energy per unit of a weight, kT. Default 4. */
  readonly outputScale?: number;
  /** Finest structure of the target, in units of scale: what a score output grows to. Default 0.025. */
  readonly detail?: number;
  /** Between these sigmas the network tells one sigma from another, in units of scale. Defaults 0.05 and 16. */
  readonly sigmaMin?: number;
  readonly sigmaMax?: number;
}

type Settings = Required<AdditiveOptions>;

const defaults: Settings = {
  bumps: 32,
  span: 8,
  levels: 14,
  scale: 1,
  baseStd: 0.6,
  outputScale: 4,
  detail: 0.025,
  sigmaMin: 0.05,
  sigmaMax: 16,
};

/** Standard deviation of a bump in spacings: equal weights then add up to a constant within 1e-5. */
const BUMP_WIDTH = 0.8;
/** Bumps of the widest row at least. */
const FEWEST = 4;

function settle(options: AdditiveOptions, lengths?: NetworkLengths): Settings {
  const call = "additive";
  checkOptions(call, options, Object.keys(defaults));
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const { scale = defaults.scale, baseStd = defaults.baseStd } = lengths ?? {};
  const settings: Settings = { ...defaults, scale, baseStd, ...given };
  checkInteger(call, "bumps", settings.bumps, FEWEST, 4096);
  checkInteger(call, "levels", settings.levels, 2, 4096);
  for (const name of ["span", "scale", "baseStd", "outputScale", "detail", "sigmaMin", "sigmaMax"] as const) {
    checkPositive(call, name, settings[name]);
  }
  if (!(settings.sigmaMin < settings.sigmaMax)) {
    throw new RangeError(`additive: sigmaMin must be below sigmaMax = ${settings.sigmaMax}, got ${settings.sigmaMin}`);
  }
  return settings;
}

/** All bumps of a coordinate: bump k at y is exp(-(y sharpness_k - place_k)^2 / 2). */
export interface Bumps {
  readonly places: Float32Array;
  readonly sharpness: Float32Array;
}

/** The rows of bumps, finest first, equally spaced from -span to span. */
export function bumpTables({ bumps, span }: { readonly bumps: number; readonly span: number }): Bumps {
  const places: number[] = [];
  const sharpness: number[] = [];
  for (let count = bumps; count >= FEWEST; count = Math.floor(count / 2)) {
    const spacing = (2 * span) / (count - 1);
    for (let k = 0; k < count; k++) {
      places.push((k - (count - 1) / 2) / BUMP_WIDTH);
      sharpness.push(1 / (BUMP_WIDTH * spacing));
    }
  }
  return { places: Float32Array.from(places), sharpness: Float32Array.from(sharpness) };
}

/** Values of the bumps at y [n, dim]: [n, dim, bumps]. */
function bumpsAt(y: Tensor2D, { places, sharpness }: Bumps): Tensor {
  const scaled = mul(reshape(y, [...y.shape, 1]), tensor1d(sharpness));
  return exp(mul(square(sub(scaled, tensor1d(places))), -0.5));
}

/** The function of each coordinate, [n, dim]. @param total v, [n or 1, 1] */
function functionsOf(
  weights: Tensor2D,
  x: Tensor2D,
  variance: Tensor1D,
  total: Tensor2D,
  bumps: Bumps,
  settings: Settings,
): Tensor2D {
  const { levels, scale, sigmaMin, sigmaMax } = settings;
  const e = levelWeights(mul(variance, 1 / (scale * scale)) as Tensor1D, { levels, low: sigmaMin, high: sigmaMax });
  const mixed = reshape(matMul(e, weights), [e.shape[0], x.shape[1], bumps.places.length]);
  return sum(mul(bumpsAt(div(x, sqrt(total)) as Tensor2D, bumps), mixed), 2) as Tensor2D;
}

/**
 * Network factory: functions of one coordinate each, on a Gaussian base.
 *
 *   E(x, sigma) = |x|^2 / (2 v) + (dim / 2) log(2 pi v) + outputScale sum_i f_i(x_i / sqrt(v), sigma),   v = (baseStd scale)^2 + sigma^2
 *   f_i(y, sigma) = sum_k sum_m e_m(sigma) W_mik phi_k(y)
 *
 * with Gaussian bumps phi_k in rows of halved resolution, and e_m weights of places in log sigma (level-weights.ts). A score output is (f_i) in
 * the place of the perceptron's last layer (heads.ts). It is the base as initialised, and exact for no target whose coordinates interact.
 *
 * Where no training row comes it stays near the base, and what is out there decides whether a sample that strays returns. Two things bring it
 * back: a base narrower than the target is steep outside, and wide bumps carry the slope at the edge of the data on. ManyWell-32, rows of 2,000 with a
 * coordinate left behind: Fourier series 200, one row of bumps on a base of the target's width 20, rows of bumps 3, and on half that width 0.
 *
 * 27 thousand parameters at the defaults in 32 dimensions; 10 us a row and training step.
 *
 * @throws TypeError, RangeError for options of the wrong kind or value
 */
export function additive(options: AdditiveOptions = {}): NetworkFactory {
  settle(options);
  return (dim: number, output: NetworkOutput, lengths?: NetworkLengths): Network => {
    const settings = settle(options, lengths);
    checkInteger("additive", "dim", dim, 1);
    checkOneOf("additive", "output", output, ["energy", "score"]);
    const { levels, baseStd, scale, detail, outputScale } = settings;
    const bumps = bumpTables(settings);
    const shapes = [[levels, dim * bumps.places.length]];
    const parameterCount = countParameters(shapes);
    const freeDim = freeDimension({ dim, particles: lengths?.particles });
    const confinement = { halfWidth: 0, detail: detail * scale };
    return {
      name: "additive",
      options: { ...settings },
      output,
      dim,
      shapes,
      parameterCount,
      initialize: () => new Float32Array(parameterCount),
      forward([weights], x, variance) {
        const total = add(reshape(variance, [variance.shape[0], 1]), (baseStd * scale) ** 2) as Tensor2D;
        const base = { square: div(sum(square(x), 1, true), total) as Tensor2D, total };
        const each = functionsOf(weights as Tensor2D, x, variance, total, bumps, settings);
        if (output === "score") return scoreHead(each, base, x, variance, confinement);
        return energyHead(sum(each, 1, true), base, x, variance, outputScale, confinement, freeDim);
      },
    };
  };
}
