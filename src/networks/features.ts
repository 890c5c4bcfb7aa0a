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
  square,
  sub,
  sum,
  type Tensor1D,
  type Tensor2D,
  tensor2d,
  zeros,
} from "@tensorflow/tfjs-core";
import { cosTurns } from "./cosine.js";
import { type FeatureOptions, logScale, packFeatureTables, waveCount, waveTables } from "./feature-tables.js";
import { joinColumns } from "./ops/columns.js";
import { fusedInputs } from "./ops/features.js";
import { ownKernelsRun } from "./wasm/kernel-mode.js";

export { type FeatureOptions, frequencies, waveCount, waveTables } from "./feature-tables.js";

/** What the network and its heads see of a batch; [1, .] stands for all rows where only a shared noise enters. */
export interface Features {
  /**
   * [n, 2 features + 8 + dim + 1]: damped cosines and sines of x and of log s; x' / sqrt(v), v = (baseStd scale)^2 + variance, x' the coordinates
   * held at the horizon; log s / 4.
   */
  readonly inputs: Tensor2D;
  /** |x|^2 / v, [n, 1]. */
  readonly square: Tensor2D;
  /** v in raw units squared: [n or 1, 1]. */
  readonly total: Tensor2D;
}

/** Columns of `Features.inputs`. */
export function inputCount(dim: number, features: number): number {
  return waveCount(features) + dim + 1;
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
function holdAtHorizon(x: Tensor2D, squared: Tensor2D, horizon: number): Tensor2D {
  if (horizon === 0) return x;
  const u = minimum(mul(squared, 1 / (x.shape[1] * horizon * horizon)), highestU);
  const fourth = mul(mul(u, u), mul(u, u));
  return div(x, sqrt(sqrt(sqrt(add(fourth, 1))))) as Tensor2D;
}

/** The twin of the fused kernel (ops/features.ts) in tfjs's own operations. Constants are uploaded at each call: a few kilobytes, nothing to dispose. */
export function makePlainInputs(dim: number, options: FeatureOptions): (x: Tensor2D, variance: Tensor1D) => Tensor2D {
  const { width, space, noise, phase, decay } = waveTables(dim, options);
  const inverseSquare = 1 / (options.scale * options.scale);
  const floorSquared = options.sigmaFloor * options.sigmaFloor;
  return (x, variance) => {
    const s2 = mul(reshape(variance, [variance.shape[0], 1]), inverseSquare) as Tensor2D;
    const logS = mul(log(maximum(s2, floorSquared)), 0.5) as Tensor2D;
    const { square: squared, total } = base(x, variance, options);
    const held = holdAtHorizon(x, squared, options.horizon);
    const offset = add(mul(logS, tensor2d(noise, [1, width])), tensor2d(phase, [1, width]));
    const turns = add(matMul(held, tensor2d(space, [dim, width])), offset) as Tensor2D;
    const damping = expOfNegative(mul(s2, tensor2d(decay, [1, width])));
    const waves = mul(cosTurns(turns), damping) as Tensor2D;
    const logNoise = add(mul(logS, logScale), zeros([x.shape[0], 1])) as Tensor2D;
    return joinColumns([waves, div(held, sqrt(total)) as Tensor2D, logNoise]);
  };
}

function base(x: Tensor2D, variance: Tensor1D, options: FeatureOptions): { square: Tensor2D; total: Tensor2D } {
  const column = reshape(variance, [variance.shape[0], 1]) as Tensor2D;
  const total = add(column, (options.baseStd * options.scale) ** 2) as Tensor2D;
  return { square: div(sum(square(x), 1, true), total) as Tensor2D, total };
}

/** Makes the feature function of a network. */
export function makeFeatures(dim: number, options: FeatureOptions): (x: Tensor2D, variance: Tensor1D) => Features {
  const plain = makePlainInputs(dim, options);
  const tables = packFeatureTables(dim, options);
  const columns = inputCount(dim, options.features);
  return (x, variance) => ({
    inputs: ownKernelsRun() ? fusedInputs(x, variance, tables, columns) : plain(x, variance),
    ...base(x, variance, options),
  });
}
