/**
 * Inputs of the networks: what a network sees of (x, variance), all of order one.
 *
 * Fourier features integrated over the noise. With u = x / scale, s = sqrt(variance) / scale and frequencies omega ~ N(0, featureScale^2 I):
 *
 *   E cos(omega . (u + s eps)) = cos(omega . u) exp(-|omega|^2 s^2 / 2),   the same for sin,
 *
 * so a frequency fades where the noised energy no longer has it: without the damping GMM-40 needs twice the steps (mip-NeRF's integrated
 * encoding, Barron et al. 2021, arXiv:2103.13415). The logarithm of s enters as itself and as four cosines and sines.
 */
import {
  add,
  div,
  log,
  matMul,
  maximum,
  minimum,
  mul,
  reshape,
  sigmoid,
  sqrt,
  sub,
  sum,
  type Tensor1D,
  type Tensor2D,
  tensor2d,
} from "@tensorflow/tfjs-core";
import { derive, keyOf, uniformAt } from "../core/random.js";
import { cosTurns } from "./cosine.js";

export interface FeatureOptions {
  /** Number of frequencies; each gives a cosine and a sine. */
  readonly features: number;
  /** Standard deviation of each component of omega, in radians per unit of x / scale. */
  readonly featureScale: number;
  /** Raw length by which coordinates are divided. */
  readonly scale: number;
  /** Standard deviation of the Gaussian base, in units of scale. */
  readonly baseStd: number;
  /**
   * Root-mean-square coordinate, in standard deviations of the base at that noise, beyond which the features stand still along each ray:
   * there the energy is the base's, and no ripple of the features can hold a sample far outside. 0 turns it off.
   */
  readonly horizon: number;
  /** Below this s (in units of scale) the log-noise embedding stands still: at variance 0 the network is not asked to extrapolate. */
  readonly sigmaFloor: number;
}

/** Radians per unit of log s: over the usual 5.3 of range the slowest makes under half a turn, the fastest about three. */
const noiseFrequencies = [0.5, 1, 2, 4];
/** Brings log s (0 to -5.3) to the size of the other inputs. */
const logScale = 0.25;
/** The frequencies belong to the architecture, not to a run: the same for every seed, so that options alone rebuild a network. */
const frequencySeed = 20240917;

/** Features of a batch, each [n, .] or [1, .] where only the shared noise enters. */
export interface Features {
  /** Damped cosines and sines of x, then those of log s: [n, 2 features + 8]. */
  readonly waves: Tensor2D;
  /** x' / sqrt(v), v = (baseStd scale)^2 + variance, x' the coordinates held at the horizon: [n, dim]. */
  readonly position: Tensor2D;
  /** |x|^2 / v, [n, 1]. */
  readonly square: Tensor2D;
  /** log s / 4: [n or 1, 1]. */
  readonly logNoise: Tensor2D;
  /** v in raw units squared: [n or 1, 1]. */
  readonly total: Tensor2D;
}

/** Width of `Features.waves`. */
export function waveCount(features: number): number {
  return 2 * (features + noiseFrequencies.length);
}

/**
 * omega [dim, features] from the fixed key. Sums of twelve uniforms (variance 1, |.| < 6): exact additions, so the same bits on every
 * runtime without a logarithm; random features need no exact Gaussian tail.
 */
export function frequencies(dim: number, features: number, featureScale: number): Float32Array {
  const key = derive(keyOf(frequencySeed), "fourier frequencies");
  return Float32Array.from({ length: dim * features }, (_, at) => {
    let sum = -6;
    for (let k = 0; k < 12; k++) sum += uniformAt(key, at * 12 + k);
    return featureScale * sum;
  });
}

/** The constant matrices, as plain arrays: turns = u space + log s noise + phase; damping exponent = s^2 decay. */
export function waveTables(dim: number, options: FeatureOptions) {
  const count = options.features;
  const width = waveCount(count);
  const omega = frequencies(dim, count, options.featureScale);
  const space = new Float32Array(dim * width);
  const noise = new Float32Array(width);
  const phase = new Float32Array(width);
  const decay = new Float32Array(width);
  const turn = 1 / (2 * Math.PI);
  for (let f = 0; f < count; f++) {
    let squared = 0;
    for (let i = 0; i < dim; i++) {
      const w = omega[i * count + f];
      squared += w * w;
      space[i * width + 2 * f] = (w * turn) / options.scale;
      space[i * width + 2 * f + 1] = (w * turn) / options.scale;
    }
    phase[2 * f + 1] = -0.25; // sin(2 pi t) = cos(2 pi (t - 1/4))
    decay[2 * f] = -squared / 2;
    decay[2 * f + 1] = -squared / 2;
  }
  noiseFrequencies.forEach((w, k) => {
    const at = 2 * (count + k);
    noise[at] = w * turn;
    noise[at + 1] = w * turn;
    phase[at + 1] = -0.25;
  });
  return { width, space, noise, phase, decay };
}

/** exp(a) for a <= 0 as sigmoid(a) / (1 - sigmoid(a)): 0.05 ms where tfjs-wasm's exp takes .23 to .8 ms (512 x 64), and no subnormals. */
function expOfNegative(a: Tensor2D): Tensor2D {
  const s = sigmoid(a);
  return div(s, sub(1, s));
}

/**
 * u is cut here: u^4, and 4 u^4 in the gradient's gradient, must not overflow f32 (|x| = 1e8 in the plane of GMM-40 gave NaN). (1 + u^4)^(-1/8)
 * is u^(-1/2) to the last bit from u = 64 on. Beyond the cut, 1e4 horizons out, where the base is above 1e8 kT, x' grows again, 1e-4 as
 * fast as x.
 */
const highestU = 1e8;

/**
 * x' = x (1 + u^4)^(-1/8), u = |x|^2 / (dim v horizon^2): x itself well inside (1e-4 off at half the horizon), of constant length well
 * outside. GMM-40 without it: 0.5 % of samples end 40 lengths outside the modes, where no training row ever was.
 */
function holdAtHorizon(x: Tensor2D, square: Tensor2D, horizon: number): Tensor2D {
  if (horizon === 0) return x;
  const u = minimum(mul(square, 1 / (x.shape[1] * horizon * horizon)), highestU);
  const fourth = mul(mul(u, u), mul(u, u));
  return div(x, sqrt(sqrt(sqrt(add(fourth, 1))))) as Tensor2D;
}

/** Makes the feature function of a network. Its constants are uploaded at each call: a few kilobytes, and nothing to dispose. */
export function makeFeatures(dim: number, options: FeatureOptions): (x: Tensor2D, variance: Tensor1D) => Features {
  const { width, space, noise, phase, decay } = waveTables(dim, options);
  const inverseSquare = 1 / (options.scale * options.scale);
  const baseVariance = (options.baseStd * options.scale) ** 2;
  const floorSquared = options.sigmaFloor * options.sigmaFloor;
  return (x, variance) => {
    const column = reshape(variance, [variance.shape[0], 1]) as Tensor2D;
    const s2 = mul(column, inverseSquare) as Tensor2D;
    const logS = mul(log(maximum(s2, floorSquared)), 0.5) as Tensor2D;
    const total = add(column, baseVariance) as Tensor2D;
    const squared = div(sum(mul(x, x), 1, true), total) as Tensor2D;
    const held = holdAtHorizon(x, squared, options.horizon);
    const offset = add(mul(logS, tensor2d(noise, [1, width])), tensor2d(phase, [1, width]));
    const turns = add(matMul(held, tensor2d(space, [dim, width])), offset) as Tensor2D;
    const damping = expOfNegative(mul(s2, tensor2d(decay, [1, width])));
    return {
      waves: mul(cosTurns(turns), damping) as Tensor2D,
      position: div(held, sqrt(total)) as Tensor2D,
      square: squared,
      logNoise: mul(logS, logScale) as Tensor2D,
      total,
    };
  };
}
