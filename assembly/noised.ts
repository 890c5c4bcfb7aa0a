/**
 * Fused Monte-Carlo estimates of the noised density: perturb, evaluate, streaming log-mean-exp, eight draws at a time; no
 * buffer grows with K.
 *
 *   E_K = -log (1/K) sum_k exp(-E(y_k))      S_K = -sum_k p_k grad E(y_k)      D_K = x + sigma sum_k p_k eps_k
 *
 * with p = softmax(-E). Every lane keeps its least energy m, sum of exp(m - E) and weighted vectors; when a lane finds a lower
 * energy they are rescaled, which after the first draws almost never happens. The lanes are joined in f64 at the end of a row.
 * A NaN or -inf energy is counted and has no weight; +inf has no weight. A row without any weight gives E_K = +inf, S_K = 0,
 * D_K = x.
 */
import { configurationsOf, drawsScratch, epsOf, lanes, MEAN, perturbBlock, Request, startRow } from "./draws";
import { exp, log, madd } from "./simd";

export const ENERGY: i32 = 0;
export const SCORE: i32 = 1;

/** Least energy of a lane that has seen none: finite, so that no infinity is subtracted from another. */
const NONE: f32 = 3.0e38;

/** Bytes of scratch of `noisedRows`: energies, least, sums (3 x 32), accumulators and gradients [dim][8], then the draws' own. */
export function noisedScratch(dim: i32): usize {
  return 96 + ((<usize>dim) << 6) + drawsScratch(dim);
}

/** Multiplies the accumulators by exp(new least - old least), lane by lane. */
function lower(scratch: usize, least0: v128, least1: v128, vectorBytes: usize): void {
  const factor0 = exp(f32x4.sub(least0, v128.load(scratch, 32)));
  const factor1 = exp(f32x4.sub(least1, v128.load(scratch, 48)));
  v128.store(scratch, least0, 32);
  v128.store(scratch, least1, 48);
  v128.store(scratch, f32x4.mul(v128.load(scratch, 64), factor0), 64);
  v128.store(scratch, f32x4.mul(v128.load(scratch, 80), factor1), 80);
  const end = scratch + vectorBytes;
  for (let at = scratch; at < end; at += 32) {
    v128.store(at, f32x4.mul(v128.load(at, 96), factor0), 96);
    v128.store(at, f32x4.mul(v128.load(at, 112), factor1), 112);
  }
}

/** Energies without a weight become +inf; returns how many of the valid ones were NaN or -inf. */
function exclude(scratch: usize, valid: i32): i32 {
  const infinite = f32x4.splat(f32.MAX_VALUE * 2);
  const e0 = v128.load(scratch);
  const e1 = v128.load(scratch, 16);
  const good0 = f32x4.gt(e0, f32x4.neg(infinite));
  const good1 = f32x4.gt(e1, f32x4.neg(infinite));
  if (valid == 255 && i32x4.all_true(v128.and(good0, good1))) return 0;
  const bits = i32x4(1, 2, 4, 8);
  const in0 = i32x4.ne(v128.and(i32x4.splat(valid), bits), i32x4.splat(0));
  const in1 = i32x4.ne(v128.and(i32x4.splat(valid >> 4), bits), i32x4.splat(0));
  v128.store(scratch, v128.bitselect(e0, infinite, v128.and(good0, in0)));
  v128.store(scratch, v128.bitselect(e1, infinite, v128.and(good1, in1)), 16);
  const bad = i32x4.bitmask(v128.andnot(in0, good0)) | (i32x4.bitmask(v128.andnot(in1, good1)) << 4);
  return popcnt<i32>(bad);
}

/** Adds eight energies (and their vectors) to the accumulators. */
function accumulate(scratch: usize, vectors: usize, vectorBytes: usize): void {
  const e0 = v128.load(scratch);
  const e1 = v128.load(scratch, 16);
  const least0 = v128.load(scratch, 32);
  const least1 = v128.load(scratch, 48);
  const next0 = f32x4.pmin(least0, e0);
  const next1 = f32x4.pmin(least1, e1);
  if (v128.any_true(v128.or(f32x4.lt(e0, least0), f32x4.lt(e1, least1)))) lower(scratch, next0, next1, vectorBytes);
  const w0 = exp(f32x4.sub(next0, e0));
  const w1 = exp(f32x4.sub(next1, e1));
  v128.store(scratch, f32x4.add(v128.load(scratch, 64), w0), 64);
  v128.store(scratch, f32x4.add(v128.load(scratch, 80), w1), 80);
  if (vectorBytes == 0) return;
  // A vector without weight may be infinite: 0 * inf must not enter.
  const some0 = f32x4.gt(w0, f32x4.splat(0));
  const some1 = f32x4.gt(w1, f32x4.splat(0));
  const end = scratch + vectorBytes;
  for (let at = scratch; at < end; at += 32, vectors += 32) {
    v128.store(at, madd(w0, v128.and(v128.load(vectors), some0), v128.load(at, 96)), 96);
    v128.store(at, madd(w1, v128.and(v128.load(vectors, 16), some1), v128.load(at, 112)), 112);
  }
}

/** Sum of a block row's eight lanes in f64. */
function total(at: usize): f64 {
  let sum: f64 = 0;
  for (let lane: usize = 0; lane < 32; lane += 4) sum += <f64>load<f32>(at + lane);
  return sum;
}

/** Joins the lanes: E_K, and `scale` times the weighted mean vector plus `origin` (0 for none). */
function finishRow(scratch: usize, mcSamples: i32, energy: usize, vector: usize, dim: i32, scale: f32, origin: usize): void {
  let least = NONE;
  for (let lane: usize = 32; lane < 64; lane += 4) least = min(least, load<f32>(scratch + lane));
  lower(scratch, f32x4.splat(least), f32x4.splat(least), vector == 0 ? 0 : (<usize>dim) << 5);
  const sum = total(scratch + 64);
  const some = sum > 0;
  const mean = <f32>(sum / <f64>mcSamples);
  store<f32>(energy, some ? least - f32x4.extract_lane(log(f32x4.splat(mean)), 0) : f32.MAX_VALUE * 2);
  if (vector == 0) return;
  for (let d: usize = 0; d < <usize>dim; d++) {
    const value = some ? <f64>scale * (total(scratch + 96 + (d << 5)) / sum) : 0;
    const from: f64 = origin != 0 ? <f64>load<f32>(origin + (d << 2)) : 0;
    store<f32>(vector + (d << 2), <f32>(from + value));
  }
}

/**
 * The estimator over n rows: x [n, dim], variance [n] -> energy [n] and, for SCORE and MEAN, vector [n, dim]. Returns the
 * number of NaN or -inf energies. `E` as in blocks.ts; one copy of this loop is compiled per energy.
 */
export function noisedRows<E>(
  target: E,
  request: usize,
  x: usize,
  variance: usize,
  n: i32,
  energy: usize,
  vector: usize,
  scratch: usize,
): f64 {
  const ask = changetype<Request>(request);
  const dim = target.dim;
  const rowBytes = (<usize>dim) << 2;
  const blockBytes = (<usize>dim) << 5;
  const gradients = scratch + 96 + blockBytes;
  const draws = gradients + blockBytes;
  const y = configurationsOf(draws);
  const quantity = ask.quantity;
  const vectorBytes: usize = quantity == ENERGY ? 0 : blockBytes;
  let nonFinite: f64 = 0;
  for (let r = 0; r < n; r++) {
    const sigma = sqrt<f32>(load<f32>(variance + ((<usize>r) << 2)));
    const row = ask.firstRow + <u32>r;
    v128.store(scratch, f32x4.splat(NONE), 32);
    v128.store(scratch, f32x4.splat(NONE), 48);
    memory.fill(scratch + 64, 0, 32 + vectorBytes);
    startRow(ask, row, dim, draws);
    for (let first = 0; first < ask.mcSamples; first += 8) {
      perturbBlock(ask, row, x, sigma, first, dim, draws);
      if (quantity == SCORE) target.gradientBlock(y, scratch, gradients);
      else target.energyBlock(y, scratch);
      nonFinite += <f64>exclude(scratch, lanes(ask.mode, ask.mcSamples - first));
      accumulate(scratch, quantity == MEAN ? epsOf(ask, first, dim, draws) : gradients, vectorBytes);
    }
    const scale: f32 = quantity == SCORE ? -1 : sigma;
    finishRow(scratch, ask.mcSamples, energy, quantity == ENERGY ? 0 : vector, dim, scale, quantity == MEAN ? x : 0);
    energy += 4;
    x += rowBytes;
    vector += rowBytes;
  }
  return nonFinite;
}
