/** What the waves of features.ts are made of, as plain arrays: the frequencies, and the tables of the kernels in assembly/features.ts. */
import { derive, keyOf, uniformAt } from "../core/random.js";

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
export const logScale = 0.25;
/** Numbers before the arrays in `packFeatureTables`. */
const featureHeader = 8;
/** The frequencies belong to the architecture, not to a run: the same for every seed, so that options alone rebuild a network. */
const frequencySeed = 20240917;

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

/**
 * `waveTables` as the kernels read them, one array: eight numbers
 *
 *   dim, pairs, stride, 1 / scale^2, (baseStd scale)^2, sigmaFloor^2, 1 / (dim horizon^2) or 0 without a horizon, logScale
 *
 * and then space [dim][stride], noise [stride], decay [stride]. A wave's cosine and sine share their column, pairs = W / 2 of them, filled up
 * with zeros to stride, a multiple of 4. space and noise are in half turns, where the cosine's and the sine's period are a change of sign.
 */
export function packFeatureTables(dim: number, options: FeatureOptions): Float32Array {
  const { width, space, noise, decay } = waveTables(dim, options);
  const pairs = width / 2;
  const stride = Math.ceil(pairs / 4) * 4;
  const { scale, baseStd, sigmaFloor, horizon } = options;
  const reach = horizon === 0 ? 0 : 1 / (dim * horizon * horizon);
  const tables = new Float32Array(featureHeader + (dim + 2) * stride);
  tables.set([dim, pairs, stride, 1 / (scale * scale), (baseStd * scale) ** 2, sigmaFloor * sigmaFloor, reach, logScale]);
  const copy = (from: Float32Array, begin: number, row: number, factor: number) => {
    for (let p = 0; p < pairs; p++) tables[featureHeader + row * stride + p] = factor * from[begin + 2 * p];
  };
  for (let i = 0; i < dim; i++) copy(space, i * width, i, 2);
  copy(noise, 0, dim, 2);
  copy(decay, 0, dim + 1, 1);
  return tables;
}

/** Columns of a row in tables of so many numbers. */
export function tableStride(numbers: number, dim: number): number {
  return (numbers - featureHeader) / (dim + 2);
}
