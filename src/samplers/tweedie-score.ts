/** ME-NEM: a score from the values of a learned energy, without back-propagation. */
import { checkInteger, checkKey, checkNumber, checkOptions } from "../core/check.js";
import { exp } from "../core/elementary.js";
import { derive } from "../core/random.js";
import { checkParticles, removeMean } from "../core/subspace.js";
import type { Batch, Key, Particles, ScoreModel } from "../core/types.js";
import type { NormalSource } from "./normal-source.js";

/** Options of `memoryEfficientScore`. */
export interface TweedieScoreOptions {
  /** K, even, >= 2: draws per score, in antithetic pairs. */
  readonly mcSamples: number;
  readonly key: Key;
  readonly draws: NormalSource;
  /** h_min: level at which the energy is read, raw units squared; every level asked for must lie above. */
  readonly minVariance: number;
  /** Where given, the draws are on the subspace with center of mass 0, and so is the score. */
  readonly particles?: Particles;
  /** Rows times K sent to the energy at a time, default 16384. */
  readonly block?: number;
}

const words = new DataView(new ArrayBuffer(4));

/** Stream of a row, from the bits of its coordinates and level: the score becomes a function of x, whatever batch x comes in. */
function rowKey(key: Key, x: Float32Array, variance: number): Key {
  let child = key;
  for (const value of [variance, ...x]) {
    words.setFloat32(0, value);
    child = derive(child, words.getUint32(0));
  }
  return child;
}

/** Offsets y - x of the K draws, [K, dim]: pairs +-sqrt(excess) eps. */
function fillOffsets(offsets: Float32Array, noise: Float32Array, excess: number): void {
  const deviation = Math.sqrt(excess);
  for (let i = 0; i < noise.length; i++) {
    offsets[i] = deviation * noise[i];
    offsets[i + noise.length] = -offsets[i];
  }
}

/** sum_k softmax(-energy)_k offset_k / excess into `score`; NaN and -inf energies weigh zero. NaN when no energy is finite. f64 inside. */
function reduceRow(energy: Float32Array, offsets: Float32Array, excess: number, score: Float32Array): void {
  const dim = score.length;
  let least = Infinity;
  for (const e of energy) if (e > -Infinity && e < least) least = e;
  if (least === Infinity) {
    score.fill(Number.NaN);
    return;
  }
  const sum = new Float64Array(dim);
  let total = 0;
  for (let k = 0; k < energy.length; k++) {
    if (!(energy[k] > -Infinity)) continue;
    const weight = exp(least - energy[k]);
    total += weight;
    for (let i = 0; i < dim; i++) sum[i] += weight * offsets[k * dim + i];
  }
  for (let i = 0; i < dim; i++) score[i] = sum[i] / (total * excess);
}

/**
 * Score of the noised target by Tweedie's formula from the energy at one low level (memory-efficient NEM):
 *
 *   s_h(x) = (D(x) - x) / (h - h_min),   D(x) = sum_k softmax_k(-E_theta(y_k, h_min)) y_k,   y_k = x + sqrt(h - h_min) eps_k
 *
 * p_h is p_{h_min} convolved with N(0, (h - h_min) I), so Tweedie's formula between those two levels has exactly this variance
 * and the posterior mean of the level h_min configuration; the paper's form with h and level 0 is the case h_min = 0.
 * The self-normalised mean has bias O(1/K). The pairs +-eps cancel the 1/sqrt(h - h_min) growth of the noise near h_min.
 * The draws are a function of (key, x, h): the same x has the same score in any batch, which also keeps path weights exact.
 *
 * x [n, dim], variance [n] -> [n, dim], raw units. Cost: n K energies, no gradient; memory for `block` rows.
 * Rows without a finite energy come out NaN.
 *
 * @throws TypeError when the model has no energy or options are of the wrong kind; RangeError for odd or small mcSamples, and from
 *   `score` for a variance <= minVariance
 * @see OuYang et al. 2024, arXiv:2409.09787 (memory-efficient NEM)
 */
export function memoryEfficientScore(model: ScoreModel, options: TweedieScoreOptions): ScoreModel {
  const call = "memoryEfficientScore";
  checkOptions(call, options, ["mcSamples", "key", "draws", "minVariance", "particles", "block"]);
  if (!model?.energy) throw new TypeError(`${call}: the model has no energy; train one with an energy head`);
  checkKey(call, options?.key);
  if (typeof options.draws !== "function") throw new TypeError(`${call}: draws must be a NormalSource, such as normalRows`);
  const k = checkInteger(call, "mcSamples", options.mcSamples, 2, 1 << 20);
  if (k % 2) throw new RangeError(`${call}: mcSamples must be even (draws come in pairs), got ${k}`);
  const minVariance = checkNumber(call, "minVariance", options.minVariance, 0, Number.MAX_VALUE);
  const block = checkInteger(call, "block", options.block ?? 16384, 1);
  const { dim } = model;
  const { particles } = options;
  if (particles !== undefined) checkParticles(call, particles, dim);
  const rowsAtOnce = Math.max(1, Math.floor(block / k));
  const blockScore = async (x: Float32Array, variance: Float32Array, score: Float32Array) => {
    const n = variance.length;
    const offsets = new Float32Array(n * k * dim);
    const data = new Float32Array(n * k * dim);
    for (let row = 0; row < n; row++) {
      const own = x.subarray(row * dim, (row + 1) * dim);
      const part = offsets.subarray(row * k * dim, (row + 1) * k * dim);
      const noise = options.draws(rowKey(options.key, own, variance[row]), 0, 0, k / 2, dim).data.slice();
      if (particles) removeMean(noise, k / 2, particles);
      fillOffsets(part, noise, variance[row] - minVariance);
      for (let i = 0; i < part.length; i++) data[row * k * dim + i] = own[i % dim] + part[i];
    }
    const y: Batch = { data, n: n * k, dim };
    const energy = await (model.energy as NonNullable<ScoreModel["energy"]>)(y, new Float32Array(n * k).fill(minVariance));
    for (let row = 0; row < n; row++) {
      const at = row * k;
      const part = offsets.subarray(at * dim, (at + k) * dim);
      reduceRow(energy.subarray(at, at + k), part, variance[row] - minVariance, score.subarray(row * dim, (row + 1) * dim));
    }
  };
  return {
    dim,
    energy: (x, variance) => (model.energy as NonNullable<ScoreModel["energy"]>)(x, variance),
    score: async (x, variance) => {
      for (const h of variance) {
        // 1e-6: levels come as f32, and one that was meant to equal minVariance may be rounded up.
        if (!(h > minVariance * (1 + 1e-6)))
          throw new RangeError(`${call}: variance must be above minVariance = ${minVariance}, got ${h}`);
      }
      const score = new Float32Array(x.n * dim);
      for (let first = 0; first < x.n; first += rowsAtOnce) {
        const last = Math.min(x.n, first + rowsAtOnce);
        const part = score.subarray(first * dim, last * dim);
        await blockScore(x.data.subarray(first * dim, last * dim), variance.subarray(first, last), part);
      }
      return score;
    },
  };
}
