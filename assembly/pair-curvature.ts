/**
 * Second derivatives of the pair descriptors (pair-descriptors.ts) in the positions: how the descriptors and their gradient change along v.
 *
 * Of a pair with d' = v_i - v_j: r' = u . d', u' = (d' - u r') / r, t' = u' u^T + u u'^T - 2 I (u . u') / dims, and f', f'' by the splines. Two passes over
 * the pairs, the first for the sums that are squared, the second for the forces; the conventions are those of pair-descriptors.ts.
 */
import { sumsOf, tensorPull, valueOf, vectorPull, weighMoments } from "./pair-descriptors";
import {
  DIRECTION,
  FIRST,
  makePairs,
  mixed,
  openPairs,
  PairSpace,
  pairScratch,
  SECOND,
  SLOPES,
  TENSOR,
  takeWeights,
  WEIGHTS,
} from "./pair-space";
import { madd, nmadd } from "./simd";

/** Overlay on what a call needs beyond `PairSpace`, followed by the rates of the moments. */
class Along {
  /** u' and t' of the pair at hand, where a record has u and t. */
  pair0: v128;
  pair1: v128;
  pair2: v128;
  pair3: v128;
  pair4: v128;
  pair5: v128;
  /** Splines' second derivatives by r, four lanes alike each. */
  b0: v128;
  b1: v128;
  b2: v128;
  b3: v128;
  /** Gradient of the pair in u and r by channel lanes, and its rate. */
  x: v128;
  y: v128;
  z: v128;
  r: v128;
  xRate: v128;
  yRate: v128;
  zRate: v128;
  rRate: v128;
  /** r'. */
  stretch: f32;
  reserved0: f32;
  reserved1: f32;
  reserved2: f32;

  get pair(): usize {
    return changetype<usize>(this);
  }

  get rates(): usize {
    return changetype<usize>(this) + ALONG;
  }
}

const ALONG: usize = 304;

/** Bytes of scratch of `pairDescriptorsCurvature`. */
export function pairCurvatureScratch(count: i32, radial: i32, scalars: i32, vectors: i32, tensors: i32): i32 {
  return pairScratch(count, radial, scalars, vectors, tensors) + 32 + <i32>ALONG + 4 * count * (3 * vectors + 6 * tensors);
}

/** r', u' and t' of a pair. */
function moveAlong(space: PairSpace, along: Along, record: usize, v: usize): void {
  const dims = <usize>space.dims;
  const first = v + ((<usize>load<u32>(record, FIRST) * dims) << 2);
  const second = v + ((<usize>load<u32>(record, SECOND) * dims) << 2);
  const flat = dims == 2;
  const dx = load<f32>(first) - load<f32>(second);
  const dy = load<f32>(first, 4) - load<f32>(second, 4);
  const dz = flat ? <f32>0 : load<f32>(first, 8) - load<f32>(second, 8);
  const x = load<f32>(record, DIRECTION);
  const y = load<f32>(record, DIRECTION + 4);
  const z = load<f32>(record, DIRECTION + 8);
  const inverse = load<f32>(record, DIRECTION + 12);
  const stretch = x * dx + y * dy + z * dz;
  const a = (dx - x * stretch) * inverse;
  const b = (dy - y * stretch) * inverse;
  const c = (dz - z * stretch) * inverse;
  along.stretch = stretch;
  const to = along.pair;
  v128.store(to + DIRECTION, f32x4(0, 0, 0, 0));
  store<f32>(to + DIRECTION, a);
  store<f32>(to + DIRECTION, b, 4);
  store<f32>(to + DIRECTION, c, 8);
  const trace = <f32>2 * (x * a + y * b + z * c) * (flat ? <f32>0.5 : <f32>(1.0 / 3.0));
  store<f32>(to + TENSOR, <f32>2 * x * a - trace);
  store<f32>(to + TENSOR, <f32>2 * y * b - trace, 4);
  store<f32>(to + TENSOR, flat ? <f32>0 : <f32>2 * z * c - trace, 8);
  store<f32>(to + TENSOR, a * y + x * b, 12);
  store<f32>(to + TENSOR, a * z + x * c, 16);
  store<f32>(to + TENSOR, b * z + y * c, 20);
}

/** f' of four channels. */
function slopeOf(record: usize, w: usize, stride: usize): v128 {
  const s0 = v128.load32_splat(record, SLOPES);
  const s1 = v128.load32_splat(record, SLOPES + 4);
  return mixed(w, stride, s0, s1, v128.load32_splat(record, SLOPES + 8), v128.load32_splat(record, SLOPES + 12));
}

function addTo(at: usize, value: v128): void {
  v128.store(at, f32x4.add(v128.load(at), value));
}

/** Rates of one pair's part in the scalar sums (out) and in the moments of its two particles. */
function pushMoments(space: PairSpace, along: Along, record: usize, out: usize): void {
  const stride = space.channelBytes;
  const i = <usize>load<u32>(record, FIRST);
  const j = <usize>load<u32>(record, SECOND);
  const stretch = f32x4.splat(along.stretch);
  const pair = along.pair;
  let oi = out + i * stride;
  let oj = out + j * stride;
  let a = along.rates + i * space.momentBytes;
  let b = along.rates + j * space.momentBytes;
  let w = space.weights + <usize>load<u32>(record, WEIGHTS);
  for (let left = space.scalars; left > 0; left -= 4, w += 16, oi += 16, oj += 16) {
    const rate = f32x4.mul(slopeOf(record, w, stride), stretch);
    addTo(oi, rate);
    addTo(oj, rate);
  }
  for (let left = space.vectors; left > 0; left -= 4, w += 16, a += 48, b += 48) {
    const rate = f32x4.mul(slopeOf(record, w, stride), stretch);
    const f = valueOf(record, w, stride);
    for (let axis: usize = 0; axis < 3; axis++) {
      const u = v128.load32_splat(record + (axis << 2), DIRECTION);
      const part = madd(f, v128.load32_splat(pair + (axis << 2), DIRECTION), f32x4.mul(rate, u));
      addTo(a + (axis << 4), part);
      const to = b + (axis << 4);
      v128.store(to, f32x4.sub(v128.load(to), part));
    }
  }
  for (let left = space.tensors; left > 0; left -= 4, w += 16, a += 96, b += 96) {
    const rate = f32x4.mul(slopeOf(record, w, stride), stretch);
    const f = valueOf(record, w, stride);
    for (let entry: usize = 0; entry < 6; entry++) {
      const t = v128.load32_splat(record + (entry << 2), TENSOR);
      const part = madd(f, v128.load32_splat(pair + (entry << 2), TENSOR), f32x4.mul(rate, t));
      addTo(a + (entry << 4), part);
      addTo(b + (entry << 4), part);
    }
  }
}

/** Rates of the squares of one particle's sums. */
function putSquareRates(space: PairSpace, sums: usize, rates: usize, out: usize): void {
  for (let left = space.vectors; left > 0; left -= 4, sums += 48, rates += 48, out += 16) {
    let half = f32x4.mul(v128.load(sums), v128.load(rates));
    half = madd(v128.load(sums, 16), v128.load(rates, 16), half);
    half = madd(v128.load(sums, 32), v128.load(rates, 32), half);
    v128.store(out, f32x4.add(half, half));
  }
  for (let left = space.tensors; left > 0; left -= 4, sums += 96, rates += 96, out += 16) {
    let same = f32x4.splat(0);
    let cross = same;
    for (let a: usize = 0; a < 48; a += 16) {
      same = madd(v128.load(sums + a), v128.load(rates + a), same);
      cross = madd(v128.load(sums + a, 48), v128.load(rates + a, 48), cross);
    }
    const half = f32x4.add(same, f32x4.add(cross, cross));
    v128.store(out, f32x4.add(half, half));
  }
}

/** Second derivatives of the four splines at a pair: linear within the cell. */
function bendSplines(space: PairSpace, along: Along, record: usize): void {
  const cell = <f32>(load<u32>(record, WEIGHTS) / <u32>space.channelBytes);
  const t = space.density / load<f32>(record, DIRECTION + 12) - cell;
  const scale = space.density * space.density;
  along.b0 = f32x4.splat((<f32>1 - t) * scale);
  along.b1 = f32x4.splat((<f32>3 * t - 2) * scale);
  along.b2 = f32x4.splat((<f32>1 - <f32>3 * t) * scale);
  along.b3 = f32x4.splat(t * scale);
}

/** Rate of f' of four channels. */
function slopeRate(along: Along, w: usize, stride: usize): v128 {
  return f32x4.mul(mixed(w, stride, along.b0, along.b1, along.b2, along.b3), f32x4.splat(along.stretch));
}

function scalarPulls(space: PairSpace, along: Along, record: usize, w: usize, gi: usize, gj: usize): void {
  const stride = space.channelBytes;
  let r = f32x4.splat(0);
  let rate = r;
  for (let left = space.scalars; left > 0; left -= 4, w += 16, gi += 16, gj += 16) {
    const pull = f32x4.add(v128.load(gi), v128.load(gj));
    r = madd(pull, slopeOf(record, w, stride), r);
    rate = madd(pull, slopeRate(along, w, stride), rate);
  }
  along.r = r;
  along.rRate = rate;
  along.x = along.y = along.z = along.xRate = along.yRate = along.zRate = f32x4.splat(0);
}

/** @param a, b gradients in the sums of both particles @param c, d their rates */
function vectorPulls(space: PairSpace, along: Along, record: usize, w: usize, a: usize, b: usize, c: usize, d: usize): void {
  const stride = space.channelBytes;
  const stretch = f32x4.splat(along.stretch);
  for (let left = space.vectors; left > 0; left -= 4, w += 16, a += 48, b += 48, c += 48, d += 48) {
    const slope = slopeOf(record, w, stride);
    const f = valueOf(record, w, stride);
    const rate = f32x4.mul(slope, stretch);
    const pull = vectorPull(record, a, b);
    const pullRate = f32x4.add(vectorPull(record, c, d), vectorPull(along.pair, a, b));
    along.r = madd(pull, slope, along.r);
    along.rRate = madd(pull, slopeRate(along, w, stride), madd(pullRate, slope, along.rRate));
    const x = f32x4.sub(v128.load(a), v128.load(b));
    const y = f32x4.sub(v128.load(a, 16), v128.load(b, 16));
    const z = f32x4.sub(v128.load(a, 32), v128.load(b, 32));
    along.x = madd(f, x, along.x);
    along.y = madd(f, y, along.y);
    along.z = madd(f, z, along.z);
    along.xRate = madd(rate, x, madd(f, f32x4.sub(v128.load(c), v128.load(d)), along.xRate));
    along.yRate = madd(rate, y, madd(f, f32x4.sub(v128.load(c, 16), v128.load(d, 16)), along.yRate));
    along.zRate = madd(rate, z, madd(f, f32x4.sub(v128.load(c, 32), v128.load(d, 32)), along.zRate));
  }
}

/** One row of N u: 2 on u + p v + q w, of four channels. */
function rowOf(on: v128, u: v128, p: v128, v: v128, q: v128, w: v128, sum: v128): v128 {
  return madd(f32x4.add(on, on), u, madd(p, v, madd(q, w, sum)));
}

/** Adds what four tensor channels do to u: their N times f and u, and the rate of that. */
function turnTensors(along: Along, record: usize, f: v128, rate: v128, a: usize, b: usize, c: usize, d: usize): void {
  const ux = v128.load32_splat(record, DIRECTION);
  const uy = v128.load32_splat(record, DIRECTION + 4);
  const uz = v128.load32_splat(record, DIRECTION + 8);
  const pair = along.pair;
  const vx = v128.load32_splat(pair, DIRECTION);
  const vy = v128.load32_splat(pair, DIRECTION + 4);
  const vz = v128.load32_splat(pair, DIRECTION + 8);
  const n0 = f32x4.add(v128.load(a), v128.load(b));
  const n1 = f32x4.add(v128.load(a, 16), v128.load(b, 16));
  const n2 = f32x4.add(v128.load(a, 32), v128.load(b, 32));
  const n3 = f32x4.add(v128.load(a, 48), v128.load(b, 48));
  const n4 = f32x4.add(v128.load(a, 64), v128.load(b, 64));
  const n5 = f32x4.add(v128.load(a, 80), v128.load(b, 80));
  const m0 = madd(rate, n0, f32x4.mul(f, f32x4.add(v128.load(c), v128.load(d))));
  const m1 = madd(rate, n1, f32x4.mul(f, f32x4.add(v128.load(c, 16), v128.load(d, 16))));
  const m2 = madd(rate, n2, f32x4.mul(f, f32x4.add(v128.load(c, 32), v128.load(d, 32))));
  const m3 = madd(rate, n3, f32x4.mul(f, f32x4.add(v128.load(c, 48), v128.load(d, 48))));
  const m4 = madd(rate, n4, f32x4.mul(f, f32x4.add(v128.load(c, 64), v128.load(d, 64))));
  const m5 = madd(rate, n5, f32x4.mul(f, f32x4.add(v128.load(c, 80), v128.load(d, 80))));
  const zero = f32x4.splat(0);
  along.x = madd(f, rowOf(n0, ux, n3, uy, n4, uz, zero), along.x);
  along.y = madd(f, rowOf(n1, uy, n3, ux, n5, uz, zero), along.y);
  along.z = madd(f, rowOf(n2, uz, n4, ux, n5, uy, zero), along.z);
  along.xRate = madd(f, rowOf(n0, vx, n3, vy, n4, vz, zero), rowOf(m0, ux, m3, uy, m4, uz, along.xRate));
  along.yRate = madd(f, rowOf(n1, vy, n3, vx, n5, vz, zero), rowOf(m1, uy, m3, ux, m5, uz, along.yRate));
  along.zRate = madd(f, rowOf(n2, vz, n4, vx, n5, vy, zero), rowOf(m2, uz, m4, ux, m5, uy, along.zRate));
}

/** As `vectorPulls`. */
function tensorPulls(space: PairSpace, along: Along, record: usize, w: usize, a: usize, b: usize, c: usize, d: usize): void {
  const stride = space.channelBytes;
  const stretch = f32x4.splat(along.stretch);
  for (let left = space.tensors; left > 0; left -= 4, w += 16, a += 96, b += 96, c += 96, d += 96) {
    const slope = slopeOf(record, w, stride);
    const pull = tensorPull(record, a, b);
    const pullRate = f32x4.add(tensorPull(record, c, d), tensorPull(along.pair, a, b));
    along.r = madd(pull, slope, along.r);
    along.rRate = madd(pull, slopeRate(along, w, stride), madd(pullRate, slope, along.rRate));
    turnTensors(along, record, valueOf(record, w, stride), f32x4.mul(slope, stretch), a, b, c, d);
  }
}

/** u . p over three lanes. */
function dot3(a: v128, b: v128): f32 {
  const product = f32x4.mul(a, b);
  return f32x4.extract_lane(product, 0) + f32x4.extract_lane(product, 1) + f32x4.extract_lane(product, 2);
}

/** Rate of a pair's force u p_r + (p_u - u (u . p_u)) / r; added to the first particle, taken from the second. */
function putForceRates(space: PairSpace, along: Along, record: usize, i: usize, j: usize): void {
  const u = v128.load(record, DIRECTION);
  const moved = v128.load(along.pair, DIRECTION);
  const p = sumsOf(along.x, along.y, along.z, along.r);
  const q = sumsOf(along.xRate, along.yRate, along.zRate, along.rRate);
  const inverse = v128.shuffle<f32>(u, u, 3, 3, 3, 3);
  const radial = v128.shuffle<f32>(p, p, 3, 3, 3, 3);
  const radialRate = v128.shuffle<f32>(q, q, 3, 3, 3, 3);
  const dot = f32x4.splat(dot3(u, p));
  const dotRate = f32x4.splat(dot3(moved, p) + dot3(u, q));
  const across = f32x4.mul(nmadd(u, dot, p), inverse);
  const acrossRate = f32x4.mul(nmadd(u, dotRate, nmadd(moved, dot, q)), inverse);
  const shrink = f32x4.mul(f32x4.splat(along.stretch), inverse);
  const force = nmadd(across, shrink, madd(moved, radial, madd(u, radialRate, acrossRate)));
  addTo(space.forces + (i << 4), force);
  const second = space.forces + (j << 4);
  v128.store(second, f32x4.sub(v128.load(second), force));
}

function pullCurvature(space: PairSpace, along: Along, record: usize, g: usize): void {
  const i = <usize>load<u32>(record, FIRST);
  const j = <usize>load<u32>(record, SECOND);
  const size = space.momentBytes;
  const a = space.moments + i * size;
  const b = space.moments + j * size;
  const c = along.rates + i * size;
  const d = along.rates + j * size;
  let w = space.weights + <usize>load<u32>(record, WEIGHTS);
  bendSplines(space, along, record);
  scalarPulls(space, along, record, w, g + i * space.channelBytes, g + j * space.channelBytes);
  w += (<usize>space.scalars) << 2;
  vectorPulls(space, along, record, w, a, b, c, d);
  w += (<usize>space.vectors) << 2;
  const skip = <usize>space.vectors * 12;
  tensorPulls(space, along, record, w, a + skip, b + skip, c + skip, d + skip);
  putForceRates(space, along, record, i, j);
}

/** First pass over a row: out of the descriptors, the gradients in the sums, and their rates. */
function openCurvature(space: PairSpace, along: Along, y: usize, moments: usize, g: usize, v: usize, out: usize): void {
  const stride = space.channelBytes;
  const size = space.momentBytes;
  const scalarBytes = (<usize>space.scalars) << 2;
  const count = <usize>space.count;
  makePairs(space, y);
  memory.fill(out, 0, count * stride);
  memory.fill(along.rates, 0, count * size);
  for (let record = space.records; record < space.end; record += space.recordBytes) {
    moveAlong(space, along, record, v);
    pushMoments(space, along, record, out);
  }
  for (let i: usize = 0; i < count; i++) {
    const rates = along.rates + i * size;
    const own = g + i * stride + scalarBytes;
    putSquareRates(space, moments + i * size, rates, out + i * stride + scalarBytes);
    weighMoments(space, moments + i * size, own, space.moments + i * size);
    weighMoments(space, rates, own, rates);
  }
}

/**
 * along [rows, count, channels] = derivative of the descriptors, and out [rows, count, dims] = derivative of their gradient in y for g [rows, count,
 * channels], both in y along v [rows, count, dims]. moments as `pairDescriptors` leaves them.
 */
export function pairDescriptorsCurvature(
  y: usize,
  w: usize,
  wStep: i32,
  moments: usize,
  g: usize,
  v: usize,
  along: usize,
  out: usize,
  rows: i32,
  count: i32,
  dims: i32,
  cutoff: f32,
  radial: i32,
  scalars: i32,
  vectors: i32,
  tensors: i32,
  scratch: usize,
): void {
  const space = openPairs(scratch, count, dims, cutoff, radial, scalars, vectors, tensors);
  const used = pairScratch(count, radial, scalars, vectors, tensors);
  const state = changetype<Along>((scratch + <usize>used + 15) & ~15);
  const particleBytes = (<usize>dims) << 2;
  const rowBytes = <usize>count * particleBytes;
  const weightStep = <usize>wStep * <usize>radial * space.channelBytes;
  for (let row = 0; row < rows; row++, w += weightStep, y += rowBytes, v += rowBytes) {
    if (row == 0 || wStep != 0) takeWeights(space, w);
    openCurvature(space, state, y, moments, g, v, along);
    memory.fill(space.forces, 0, (<usize>count) << 4);
    for (let record = space.records; record < space.end; record += space.recordBytes) {
      moveAlong(space, state, record, v);
      pullCurvature(space, state, record, g);
    }
    let force = space.forces;
    for (let i = 0; i < count; i++, force += 16, out += particleBytes) {
      for (let a: usize = 0; a < particleBytes; a += 4) store<f32>(out + a, load<f32>(force + a));
    }
    moments += <usize>count * space.momentBytes;
    g += <usize>count * space.channelBytes;
    along += <usize>count * space.channelBytes;
  }
}
