/** Gaussian mixtures in their own units: the one target whose density, noised density, modes and draws are all known exactly. */
import { checkBatch, checkInteger, checkSeed } from "../core/check.js";
import { exp, log } from "../core/elementary.js";
import type { HasMixture, NormalMixture } from "../core/normal-mixture.js";
import { derive, keyOf } from "../core/random.js";
import type { Batch, Energy, ModeSet } from "../core/types.js";
import { checkVariance } from "../kernels/check-variance.js";
import { mixtureKernel } from "../kernels/mixture-kernel.js";
import { normalRows, uniforms } from "../kernels/normal.js";
import { kernelMethods } from "./kernel-methods.js";
import { defineMixture, type GaussianMixtureOptions, type MixtureDefinition } from "./mixture-options.js";

export type { GaussianMixtureOptions } from "./mixture-options.js";

/** E_h and score of one row in f64: E_h(x) = -log sum_k w_k N(x; mean_k, (std_k^2 + h) I). */
class NoisedMixture {
  private readonly exponents: Float64Array;
  private readonly variances: Float64Array;
  private readonly offsets: Float64Array;
  private noise = Number.NaN;

  constructor(private readonly mixture: MixtureDefinition) {
    this.exponents = new Float64Array(mixture.count);
    this.variances = new Float64Array(mixture.count);
    this.offsets = new Float64Array(mixture.count);
  }

  private setNoise(h: number): void {
    if (h === this.noise) return;
    const { count, dim, std, weights } = this.mixture;
    for (let k = 0; k < count; k++) {
      const v = std[k] * std[k] + h;
      this.variances[k] = v;
      this.offsets[k] = log(weights[k]) - 0.5 * dim * log(2 * Math.PI * v);
    }
    this.noise = h;
  }

  /** Energy of the row at `from` in x; adds nothing to `score` [dim] unless given. */
  at(x: ArrayLike<number>, from: number, h: number, score?: Float64Array): number {
    const { count, dim, means } = this.mixture;
    const { exponents, variances, offsets } = this;
    this.setNoise(h);
    let top = -Infinity;
    for (let k = 0; k < count; k++) {
      let square = 0;
      for (let d = 0; d < dim; d++) {
        const delta = x[from + d] - means[k * dim + d];
        square += delta * delta;
      }
      exponents[k] = offsets[k] - square / (2 * variances[k]);
      if (exponents[k] > top) top = exponents[k];
    }
    let sum = 0;
    score?.fill(0);
    for (let k = 0; k < count; k++) {
      const share = exp(exponents[k] - top);
      sum += share;
      if (!score || share === 0) continue;
      for (let d = 0; d < dim; d++) score[d] += (share * (means[k * dim + d] - x[from + d])) / variances[k];
    }
    if (score) for (let d = 0; d < dim; d++) score[d] /= sum;
    return -top - log(sum);
  }
}

/** Draws: the component from one uniform per row, then mean + std * normals of the row's own stream. */
function drawExact(mixture: MixtureDefinition, n: number, seed: number): Batch {
  checkInteger("exact.sample", "n", n, 1, 2 ** 28);
  const key = derive(keyOf(checkSeed("exact.sample", seed)), "gaussian-mixture");
  const { dim, means, weights, std } = mixture;
  const cumulative = weights.slice();
  for (let k = 1; k < cumulative.length; k++) cumulative[k] += cumulative[k - 1];
  const pick = uniforms(key, 1, 0, n);
  const { data } = normalRows(key, 0, 0, n, dim);
  for (let r = 0; r < n; r++) {
    let low = 0;
    for (let high = cumulative.length - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if (pick[r] < cumulative[middle]) high = middle;
      else low = middle + 1;
    }
    for (let d = 0; d < dim; d++) data[r * dim + d] = means[low * dim + d] + std[low] * data[r * dim + d];
  }
  return { data, n, dim };
}

function noisedExact(
  mixture: MixtureDefinition,
  x: Batch,
  variance: Float32Array,
): { energy: Float32Array; score: Float32Array } {
  checkBatch("noisedExact", x, mixture.dim);
  checkVariance("noisedExact", variance, x.n);
  const { dim } = mixture;
  const noised = new NoisedMixture(mixture);
  const energy = new Float32Array(x.n);
  const score = new Float32Array(x.n * dim);
  const row = new Float64Array(dim);
  for (let r = 0; r < x.n; r++) {
    energy[r] = noised.at(x.data, r * dim, variance[r], row);
    score.set(row, r * dim);
  }
  return { energy, score };
}

/** Where nobody would put a mode by accident: 0.7, -1.3, 0.7, -1.3 ... around the first mean. */
function checkPoint(mixture: MixtureDefinition): { x: number[]; energy: number } {
  const x = Array.from({ length: mixture.dim }, (_, d) => Math.fround(mixture.means[d] + (d % 2 ? -1.3 : 0.7)));
  // Of the means as the kernels hold them: far from the origin their rounding to f32 would make a checkpoint disown its own energy.
  const rounded = { ...mixture, means: mixture.means.map(Math.fround) };
  return { x, energy: new NoisedMixture(rounded).at(x, 0, 0) };
}

function modesOf({ count, dim, means, weights, std }: MixtureDefinition): ModeSet {
  return { means: { data: Float32Array.from(means), n: count, dim }, std: Float32Array.from(std), weights };
}

/** Its definition as a plain value; made when it is asked for, because it holds a variance per coordinate. */
function plainOf({ count, dim, means, weights, std }: MixtureDefinition): NormalMixture {
  const variances = new Float64Array(count * dim);
  for (let k = 0; k < count; k++) variances.fill(std[k] * std[k], k * dim, (k + 1) * dim);
  return { count, dim, weights, means, variances };
}

/**
 * Mixture of isotropic Gaussians, normalised, in its own units:
 *
 *   E(x) = -log sum_k w_k N(x; mean_k, std_k^2 I),  log Z = 0,  kT
 *
 * `gaussianMixture({ components: 40, seed: 0 })`, also the default, is GMM-40: 40 equal components in the plane, means uniform on
 * [-40, 40]^2 (the very numbers of the published benchmark), std log(1 + e). Energies and gradients come from the SIMD kernels in
 * f32, means rounded to f32: the error of E is below 2^-24 ((dim + 6) (|E| + |c| + 4) + components + 16), c the largest constant of
 * a component, on GMM-40 about 1e-5 where samples are; a coordinate whose square overflows f32 gives +inf. Exact draws, log Z, the noised density and its score (f64) and the fused estimator are all there.
 *
 * @throws TypeError / RangeError for wrong or unknown options
 * @see Midgley et al. 2023, arXiv:2208.01893 (the benchmark)
 */
export function gaussianMixture(options: GaussianMixtureOptions = {}): Energy & HasMixture {
  const mixture = defineMixture(options);
  const kernel = mixtureKernel(mixture.means, mixture.dim, mixture.weights, mixture.std);
  return {
    name: mixture.isGmm40 ? "gmm40" : "gaussian-mixture",
    dim: mixture.dim,
    convention: "E = -log of the normalised mixture density (log Z = 0), in kT; coordinates in the mixture's own units",
    options: mixture.options,
    check: checkPoint(mixture),
    exact: { logZ: 0, sample: (n, seed) => drawExact(mixture, n, seed) },
    modes: modesOf(mixture),
    get mixture() {
      return plainOf(mixture);
    },
    noisedExact: (x, variance) => noisedExact(mixture, x, variance),
    ...kernelMethods(kernel),
  };
}
