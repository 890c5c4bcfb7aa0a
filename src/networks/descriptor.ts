/** Descriptor network: radial channels of pairs, invariants of each particle, a perceptron, one energy per particle. */
import {
  add,
  div,
  matMul,
  mul,
  reshape,
  sqrt,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  tensor2d,
  zeros,
} from "@tensorflow/tfjs-core";
import { checkInteger, checkOptions, checkPositive } from "../core/check.js";
import { cos } from "../core/elementary.js";
import { BnemError } from "../core/errors.js";
import { derive, uniformAt } from "../core/random.js";
import type { Key, NetworkLengths } from "../core/types.js";
import { levelWeights } from "./level-weights.js";
import { countParameters, type Network, type NetworkFactory, type NetworkOutput } from "./network.js";
import { joinColumns } from "./ops/columns.js";
import { pairDescriptors } from "./ops/pair-descriptors.js";
import { initialLayers, layerShapes, residualLayers } from "./residual-layers.js";

/** Options of `descriptor`; the defaults suit LJ-13. Lengths are in units of `scale`, and sigmas too. */
export interface DescriptorOptions {
  /** Particles. Default: those of the target. */
  readonly count?: number;
  /** Coordinates of a particle, 2 or 3. Default: those of the target. */
  readonly spatialDim?: number;
  /** Sums over neighbors of a radial function. Default 24; a multiple of 4, as the next two. */
  readonly scalars?: number;
  /** Squares of sums of a radial function times the direction. Default 8. */
  readonly vectors?: number;
  /** Squares of sums of a radial function times the traceless square of the direction. Default 8. */
  readonly tensors?: number;
  /** Radial functions that a channel mixes. Default 24. */
  readonly radial?: number;
  /** Scaled distance from which on pairs are not seen; every channel goes to 0 there with two derivatives. Default 4. */
  readonly cutoff?: number;
  /** Places of log sigma between which the mixing is interpolated. Default 8. */
  readonly levels?: number;
  /** Units of a hidden layer. Default 64. */
  readonly width?: number;
  /** Hidden layers; those after the first are residual. Default 2. */
  readonly depth?: number;
  /** Raw length of the structure: a typical distance of neighbors. Default 1. */
  readonly scale?: number;
  /** Sigma from which on distances are measured in units of the noise. Default 0.7. */
  readonly noiseLength?: number;
  /** Energy of a particle per unit of the last layer, kT. Default 1. */
  readonly outputScale?: number;
  /** Sigma below which the network fades out. Default 0.15. */
  readonly smallSigma?: number;
  /** Between these sigmas the network tells one sigma from another. Defaults 0.01 and 4. */
  readonly sigmaMin?: number;
  readonly sigmaMax?: number;
}

type Settings = Required<DescriptorOptions>;

const defaults: Omit<Settings, "count" | "spatialDim"> = {
  scalars: 24,
  vectors: 8,
  tensors: 8,
  radial: 24,
  cutoff: 4,
  levels: 8,
  width: 64,
  depth: 2,
  scale: 1,
  noiseLength: 0.7,
  outputScale: 1,
  smallSigma: 0.15,
  sigmaMin: 0.01,
  sigmaMax: 4,
};

/** Particles of a block at most: the memory of a training step is then 2 MB. Blocks of 16 to 128 rows of LJ-13 take the same time a row. */
const BLOCK_PARTICLES = 1024;

function checkSettings(settings: Omit<Settings, "count" | "spatialDim">): void {
  const call = "descriptor";
  for (const name of ["scalars", "vectors", "tensors"] as const) {
    checkInteger(call, name, settings[name], name === "scalars" ? 4 : 0, 4096);
    if (settings[name] % 4 !== 0) throw new RangeError(`descriptor: ${name} must be a multiple of 4, got ${settings[name]}`);
  }
  checkInteger(call, "radial", settings.radial, 4, 4096);
  checkInteger(call, "levels", settings.levels, 2, 4096);
  checkInteger(call, "width", settings.width, 1, 65_536);
  checkInteger(call, "depth", settings.depth, 1, 1_000);
  for (const name of ["cutoff", "scale", "noiseLength", "outputScale", "smallSigma", "sigmaMin", "sigmaMax"] as const) {
    checkPositive(call, name, settings[name]);
  }
  if (!(settings.sigmaMin < settings.sigmaMax)) {
    throw new RangeError(`descriptor: sigmaMin must be below sigmaMax = ${settings.sigmaMax}, got ${settings.sigmaMin}`);
  }
}

function settle(options: DescriptorOptions) {
  checkOptions("descriptor", options, [...Object.keys(defaults), "count", "spatialDim"]);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings = { ...defaults, ...given } as typeof defaults & DescriptorOptions;
  checkSettings(settings);
  if (settings.count !== undefined) checkInteger("descriptor", "count", settings.count, 2, 4096);
  if (settings.spatialDim !== undefined) checkInteger("descriptor", "spatialDim", settings.spatialDim, 2, 3);
  return settings;
}

/** The particles of the options, else of the target. @throws TypeError without any, RangeError where they do not make `dim` */
function withParticles(settings: ReturnType<typeof settle>, dim: number, lengths?: NetworkLengths): Settings {
  const count = settings.count ?? lengths?.particles?.count;
  const spatialDim = settings.spatialDim ?? lengths?.particles?.spatialDim;
  if (count === undefined || spatialDim === undefined) {
    throw new TypeError(
      "descriptor: the target says nothing of particles; give count and spatialDim, or use mlp() for a target without particles",
    );
  }
  checkInteger("descriptor", "count", count, 2, 4096);
  checkInteger("descriptor", "spatialDim", spatialDim, 2, 3);
  if (count * spatialDim !== dim) {
    throw new RangeError(
      `descriptor: ${count} particles in ${spatialDim} dimensions are ${count * spatialDim} coordinates, the target has ${dim}`,
    );
  }
  return { ...settings, count, spatialDim };
}

const channelsOf = ({ scalars, vectors, tensors }: Settings) => scalars + vectors + tensors;

/** Matrix and bias of each layer of the perceptron of a particle. */
function perceptronShapes(settings: Settings): number[][] {
  const { levels, width, depth } = settings;
  return layerShapes({ inputs: channelsOf(settings) + levels, width, depth, outputs: 1 });
}

/** Mixing of radial functions, perceptron, level per sigma: nothing depends on the number of particles. */
function shapesOf(settings: Settings): number[][] {
  const { levels, radial } = settings;
  return [[levels, radial * channelsOf(settings)], ...perceptronShapes(settings), [levels, 1]];
}

/** Fastest wave of an untrained radial function, radians per scaled length: shells of neighbors lie 1 apart. */
const FASTEST = 8;
/** Size of an untrained radial function: a dozen neighbors then make descriptors of order one. */
const AMPLITUDE = 0.3;

/** a cos(k r + phase) for each channel, sampled at the radial functions' places, the same at every level. */
function initialMixing(key: Key, settings: Settings): Float32Array {
  const { levels, radial, cutoff } = settings;
  const channels = channelsOf(settings);
  const waves = derive(key, "radial");
  const mixing = new Float32Array(levels * radial * channels);
  for (let c = 0; c < channels; c++) {
    const wave = FASTEST * uniformAt(waves, 2 * c);
    const phase = 2 * Math.PI * uniformAt(waves, 2 * c + 1);
    for (let k = 0; k < radial; k++) {
      const value = AMPLITUDE * cos((wave * (k - 1) * cutoff) / radial + phase);
      for (let m = 0; m < levels; m++) mixing[(m * radial + k) * channels + c] = value;
    }
  }
  return mixing;
}

/** Levels zero as the last layer, so that an untrained network is 0. */
function initialValues(key: Key, settings: Settings): Float32Array {
  const flat = new Float32Array(countParameters(shapesOf(settings)));
  const mixing = initialMixing(key, settings);
  flat.set(mixing);
  flat.set(initialLayers(key, perceptronShapes(settings)), mixing.length);
  return flat;
}

interface Noise {
  /** 1 / c, [n or 1, 1]. */
  readonly shrink: Tensor2D;
  /** e, [n or 1, levels]: weights of the levels, their sum 1. */
  readonly weights: Tensor2D;
  /** outputScale sigma / sqrt(sigma^2 + smallSigma^2), [n or 1, 1]. */
  readonly strength: Tensor2D;
}

function noiseOf(variance: Tensor1D, settings: Settings): Noise {
  const { scale, noiseLength, smallSigma, sigmaMin, sigmaMax, levels, outputScale } = settings;
  const squares = mul(variance, 1 / (scale * scale)) as Tensor1D;
  const square1 = reshape(squares, [variance.shape[0], 1]);
  const shrink = div(1 / scale, sqrt(add(1, mul(square1, 1 / (noiseLength * noiseLength)))));
  const strength = mul(outputScale, sqrt(div(square1, add(square1, smallSigma * smallSigma))));
  return {
    shrink: shrink as Tensor2D,
    weights: levelWeights(squares, { levels, low: sigmaMin, high: sigmaMax }),
    strength: strength as Tensor2D,
  };
}

/** Rows of `weights`, each `count` times: [n count, levels]. A product with repeated unit matrices is exact and needs no gather. */
function forEachParticle(weights: Tensor2D, rows: number, count: number): Tensor2D {
  const levels = weights.shape[1];
  if (weights.shape[0] !== rows) return add(weights, zeros([rows * count, levels])) as Tensor2D;
  const units = new Float32Array(levels * count * levels);
  for (let m = 0; m < levels; m++) for (let i = 0; i < count; i++) units[(m * count + i) * levels + m] = 1;
  return reshape(matMul(weights, tensor2d(units, [levels, count * levels])), [rows * count, levels]);
}

function energyOf(parameters: readonly Tensor[], x: Tensor2D, variance: Tensor1D, settings: Settings): Tensor1D {
  const { count, radial } = settings;
  const n = x.shape[0];
  const noise = noiseOf(variance, settings);
  const mixing = parameters[0] as Tensor2D;
  const w = reshape(matMul(noise.weights, mixing), [noise.weights.shape[0], radial, channelsOf(settings)]);
  const { spatialDim, cutoff, scalars, vectors, tensors } = settings;
  const shape = { count, spatialDim, cutoff, radial, scalars, vectors, tensors };
  const described = pairDescriptors(mul(x, noise.shrink) as Tensor2D, w as Tensor3D, shape);
  const inputs = joinColumns([described, forEachParticle(noise.weights, n, count)]);
  // Energy of each particle [n count, 1] in units of the strength.
  const each = residualLayers(parameters.slice(1, -1), inputs);
  const level = matMul(noise.weights, parameters[parameters.length - 1] as Tensor2D);
  const total = add(sum(reshape(each, [n, count]), 1, true), level);
  return reshape(mul(total, noise.strength), [n]) as Tensor1D;
}

/**
 * Network factory: energies of particle systems in 2 or 3 dimensions, to be added to a prior (alone it has no Gaussian base).
 *
 *   E(x, sigma) = outputScale sigma / sqrt(sigma^2 + smallSigma^2) [ sum_i MLP(D_i, e(sigma)) + k . e(sigma) ],   y = x / c,
 *   c = scale sqrt(1 + (sigma / noiseLength)^2),   D_i = [sum_j f_c(r_ij),  |sum_j f_c u_ij|^2,  |sum_j f_c (u_ij u_ij^T - I / d)|^2]
 *
 * with u_ij the direction from j to i and r_ij the distance of y_i and y_j. Radial functions f_c are mixtures of cubic B-splines, bumps with
 * the shape of a Gaussian that end (ops/pair-descriptors.ts), their weights mixtures over levels of log sigma with e(sigma). It is 0 as
 * initialised and at sigma = 0; invariant to rotation, reflection, translation and permutation; smooth where particles coincide. Its shapes do
 * not depend on the number of particles, so weights of LJ-13 fit LJ-55. 15 thousand parameters at the defaults. Energy only: `output` "score"
 * is refused.
 *
 * @throws TypeError, RangeError for options of the wrong kind or value; BnemError("unsupported") for a score output
 */
export function descriptor(options: DescriptorOptions = {}): NetworkFactory {
  settle(options);
  return (dim: number, output: NetworkOutput, lengths?: NetworkLengths): Network => {
    checkInteger("descriptor", "dim", dim, 1);
    if (output !== "energy") {
      throw new BnemError(
        "unsupported",
        `descriptor: it gives energies (its score is their gradient), asked for output "${output}"; use an estimator of energies or gradients, or mlp()`,
      );
    }
    const settings = withParticles(settle(options), dim, lengths);
    const shapes = shapesOf(settings);
    const blockRows = Math.max(4, Math.min(128, 2 ** (31 - Math.clz32(BLOCK_PARTICLES / settings.count))));
    return {
      name: "descriptor",
      options: { ...settings },
      output,
      dim,
      shapes,
      blockRows,
      parameterCount: countParameters(shapes),
      initialize: (key) => initialValues(key, settings),
      forward: (parameters, x, variance) => energyOf(parameters, x, variance, settings),
    };
  };
}
