/**
 * The papers' equivariant graph network (Satorras et al. 2021, arXiv:2102.09844, as iDEM and BNEM use it): every particle is a node,
 * every ordered pair an edge. Weights do not depend on the number of particles.
 */
import { checkInteger, checkNumber, checkOneOf, checkOptions, checkPositive } from "../core/check.js";
import { log } from "../core/elementary.js";
import { derive, uniformAt } from "../core/random.js";
import type { Key, NetworkLengths } from "../core/types.js";
import { type EgnnShape, egnnEnergy, egnnScore } from "./egnn-layers.js";
import { countParameters, type Network, type NetworkFactory, type NetworkOutput, sizeOf } from "./network.js";

/** Options of `egnn`; the defaults are the papers' for DW-4. Lengths are in units of `scale`, and sigmas too. */
export interface EgnnOptions {
  /** Units of each hidden layer, a multiple of 4. Default 128. */
  readonly width?: number;
  /** Rounds of messages. Default 3; the papers take 5 for LJ-13 and LJ-55. */
  readonly depth?: number;
  /** Bound on how far one neighbor moves a particle, over all rounds. Default 15. */
  readonly range?: number;
  /** Raw length by which coordinates are divided. Default: the `scale` of training, or 1. */
  readonly scale?: number;
  /** Distance from which on pairs are not seen; messages fade as (1 - (r / cutoff)^2)^3. Default 0: every pair is seen alike. */
  readonly cutoff?: number;
  /** Sigma at which the time input is 0; below it stands still. Default 0.005. */
  readonly sigmaFloor?: number;
  /** Sigma at which the time input is 1. Default 1. */
  readonly sigmaTop?: number;
  /** Coordinates of a particle, 1 to 3. Default: those of the target, or 3. */
  readonly spatialDim?: number;
}

type Settings = Required<EgnnOptions>;

const defaults: Settings = {
  width: 128,
  depth: 3,
  range: 15,
  scale: 1,
  cutoff: 0,
  sigmaFloor: 0.005,
  sigmaTop: 1,
  spatialDim: 3,
};

function settle(options: EgnnOptions, lengths?: NetworkLengths): Settings {
  checkOptions("egnn", options, Object.keys(defaults));
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const { scale = defaults.scale, particles } = lengths ?? {};
  const spatialDim = particles?.spatialDim ?? defaults.spatialDim;
  const settings: Settings = { ...defaults, scale, spatialDim, ...given };
  checkInteger("egnn", "width", settings.width, 4, 65_536);
  if (settings.width % 4 !== 0) throw new RangeError(`egnn: width must be a multiple of 4, got ${settings.width}`);
  checkInteger("egnn", "depth", settings.depth, 1, 1_000);
  checkInteger("egnn", "spatialDim", settings.spatialDim, 1, 3);
  for (const name of ["range", "scale", "sigmaFloor", "sigmaTop"] as const) checkPositive("egnn", name, settings[name]);
  checkNumber("egnn", "cutoff", settings.cutoff, 0, Number.MAX_VALUE);
  if (!(settings.sigmaFloor < settings.sigmaTop))
    throw new RangeError(`egnn: sigmaFloor must be below sigmaTop = ${settings.sigmaTop}, got ${settings.sigmaFloor}`);
  return settings;
}

/** Number of particles of a target. @throws RangeError where coordinates and particles do not agree */
function countOf(dim: number, { spatialDim }: Settings, lengths?: NetworkLengths): number {
  checkInteger("egnn", "dim", dim, 1);
  const count = dim / spatialDim;
  if (!Number.isInteger(count) || count < 2) {
    throw new RangeError(
      `egnn: ${dim} coordinates are not two or more particles in ${spatialDim} dimensions; set spatialDim, or use mlp() for a target without particles`,
    );
  }
  const known = lengths?.particles;
  if (known && (known.spatialDim !== spatialDim || known.count !== count)) {
    throw new RangeError(
      `egnn: the target has ${known.count} particles in ${known.spatialDim} dimensions, spatialDim ${spatialDim} makes them ${count}`,
    );
  }
  return count;
}

/** One piece of the parameter vector. */
interface Piece {
  readonly shape: readonly number[];
  /** Starting values are uniform within this. */
  readonly bound: number;
}

/** Matrix and bias as PyTorch starts them: uniform in +-1 / sqrt(fan in). */
function linear(inputs: number, outputs: number): Piece[] {
  const bound = 1 / Math.sqrt(inputs);
  return [
    { shape: [inputs, outputs], bound },
    { shape: [outputs], bound },
  ];
}

/** Pieces of one round (egnn-layers.ts): edges, attention, coordinates and, where someone looks at the nodes afterwards, nodes. */
function roundPieces(width: number, withNodes: boolean): Piece[] {
  const bound = 1 / Math.sqrt(2 * width + 2);
  return [
    { shape: [width, width], bound },
    { shape: [width, width], bound },
    { shape: [2, width], bound },
    { shape: [width], bound },
    ...linear(width, width),
    ...linear(width, 1),
    ...linear(width, width),
    // Xavier's bound times .001: an untrained network moves nothing.
    { shape: [width, 1], bound: 0.001 * Math.sqrt(6 / (width + 1)) },
    ...(withNodes ? [...linear(2 * width, width), ...linear(width, width)] : []),
  ];
}

function piecesOf({ width, depth }: Settings, output: NetworkOutput): Piece[] {
  const pieces = linear(1, width);
  for (let round = 1; round <= depth; round++) pieces.push(...roundPieces(width, output === "energy" || round < depth));
  if (output === "energy") pieces.push(...linear(width, 1));
  return pieces;
}

function initialValues(key: Key, pieces: readonly Piece[]): Float32Array {
  const flat = new Float32Array(countParameters(pieces.map(({ shape }) => shape)));
  let begin = 0;
  pieces.forEach(({ shape, bound }, at) => {
    const own = derive(key, "piece", at);
    const size = sizeOf(shape);
    for (let i = 0; i < size; i++) flat[begin + i] = bound * (2 * uniformAt(own, i) - 1);
    begin += size;
  });
  return flat;
}

/** Bytes of one layer of a block's edges: LJ-13 trains as fast in blocks of 4 to 16 rows, 1.2 to 1.6 times slower in 1, 2 or 32. */
const BLOCK_BYTES = 700_000;

function rowsOfBlock(count: number, { width }: Settings): number {
  const bytes = 4 * width * count * (count - 1);
  return Math.max(1, Math.min(128, 2 ** Math.floor(Math.log2(BLOCK_BYTES / bytes))));
}

/**
 * Network factory: an equivariant graph network over all particles, energy or score. With u = x / scale, h_i at first the embedding of the time
 * input (log sigma - log sigmaFloor) / (log sigmaTop - log sigmaFloor), and in each round
 *
 *   m_ij = silu(W silu(W_1 h_i + W_2 h_j + w_3 |u_i - u_j|^2 + w_4 |u_i - u_j|_start^2 + b) + b'),   m_ij *= sigmoid(a . m_ij + a_0)
 *   u_i += (range / depth) sum_j tanh(c . silu(C m_ij + d)) (u_i - u_j) / (|u_i - u_j| + 1),   h_i += N [h_i, sum_j m_ij]
 *
 * v_i is the way u_i has gone, without that of the center of mass. Score: v / scale, which turns and permutes with the particles. Energy:
 * sum_i sqrt(|v_i|^2 + 1e-6) - .001 - p . h_i - p_0 (the root is smooth where the papers' |v_i| has no gradient), which does not change.
 * No Gaussian base and no scaling with sigma, as in the papers.
 *
 * 347,908 parameters for an energy of width 128 and depth 3, 579,590 of depth 5, as published; a score leaves out the last update of the nodes
 * (298,371 and 530,053), which the published one carries idle. Time and memory grow with count (count - 1). This package's
 * kernels of it have first derivatives only: training an energy on scores is refused with BnemError("unsupported"), and products with the Hessian
 * go through operations that take longer.
 *
 * @throws TypeError, RangeError for options of the wrong kind or value, or coordinates that are no particles
 */
export function egnn(options: EgnnOptions = {}): NetworkFactory {
  settle(options);
  return (dim: number, output: NetworkOutput, lengths?: NetworkLengths): Network => {
    const settings = settle(options, lengths);
    checkOneOf("egnn", "output", output, ["energy", "score"]);
    const count = countOf(dim, settings, lengths);
    const { width, depth, range, scale, cutoff, spatialDim } = settings;
    const pieces = piecesOf(settings, output);
    const shapes = pieces.map(({ shape }) => shape);
    const [logFloor, logTop] = [log(settings.sigmaFloor), log(settings.sigmaTop)];
    const shape: EgnnShape = { count, spatialDim, width, depth, range, scale, cutoff, logFloor, logTop };
    return {
      name: "egnn",
      options: { ...settings },
      output,
      dim,
      shapes,
      parameterCount: countParameters(shapes),
      blockRows: rowsOfBlock(count, settings),
      initialize: (key) => initialValues(key, pieces),
      forward: (parameters, x, variance) =>
        output === "energy" ? egnnEnergy(shape, parameters, x, variance) : egnnScore(shape, parameters, x, variance),
    };
  };
}
