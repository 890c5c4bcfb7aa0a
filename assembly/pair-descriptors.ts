/**
 * Descriptors of particles from radial channels of their pairs, and their gradients in positions and in radial weights. Row i of out,
 * [scalars + vectors + tensors], with f_c(r) = sum_k w_kc B_k(r), u and t of pair-space.ts:
 *
 *   sum_j f_c,   |sum_j f_c u|^2,   |sum_j f_c t|_F^2
 *
 * Four channels in a vector everywhere; every number of channels is a multiple of four. A row of the batch has the same bits alone or among
 * others. y [rows, count, dims], w [rows, radial, channels] (wStep 1) or one for all rows (wStep 0); scratch of `pairScratch` bytes.
 */
import {
  CHANNELS,
  DIRECTION,
  FIRST,
  listPairs,
  makePairs,
  mixed,
  openPairs,
  PairSpace,
  putChannels,
  SECOND,
  SLOPES,
  TENSOR,
  takeWeights,
  WEIGHTS,
} from "./pair-space";
import { madd, nmadd } from "./simd";

/** out[c] = sum over the pairs of one particle of f_c, its scalar channels. */
function sumScalars(space: PairSpace, particle: usize, out: usize): void {
  const from = space.list(particle);
  const to = from + (space.length(particle) << 3);
  const bytes = (<usize>space.scalars) << 2;
  for (let c: usize = 0; c < bytes; c += 16) {
    let sum = f32x4.splat(0);
    for (let entry = from; entry < to; entry += 8) {
      sum = f32x4.add(sum, v128.load(<usize>load<u32>(entry) + c, CHANNELS));
    }
    v128.store(out + c, sum);
  }
}

/** sum f_c u of four vector channels: three vectors of sums at `at`. */
function sumVectors(from: usize, to: usize, channel: usize, at: usize): void {
  let x = f32x4.splat(0);
  let y = x;
  let z = x;
  for (let entry = from; entry < to; entry += 8) {
    const f = v128.load(<usize>load<u32>(entry) + channel, CHANNELS);
    const u = <usize>load<u32>(entry, 4);
    x = madd(f, v128.load32_splat(u), x);
    y = madd(f, v128.load32_splat(u, 4), y);
    z = madd(f, v128.load32_splat(u, 8), z);
  }
  v128.store(at, x);
  v128.store(at, y, 16);
  v128.store(at, z, 32);
}

/** sum f_c t of four tensor channels: six vectors of sums at `at`. */
function sumTensors(from: usize, to: usize, channel: usize, at: usize): void {
  let xx = f32x4.splat(0);
  let yy = xx;
  let zz = xx;
  let xy = xx;
  let xz = xx;
  let yz = xx;
  for (let entry = from; entry < to; entry += 8) {
    const record = <usize>load<u32>(entry);
    const f = v128.load(record + channel, CHANNELS);
    xx = madd(f, v128.load32_splat(record, TENSOR), xx);
    yy = madd(f, v128.load32_splat(record, TENSOR + 4), yy);
    zz = madd(f, v128.load32_splat(record, TENSOR + 8), zz);
    xy = madd(f, v128.load32_splat(record, TENSOR + 12), xy);
    xz = madd(f, v128.load32_splat(record, TENSOR + 16), xz);
    yz = madd(f, v128.load32_splat(record, TENSOR + 20), yz);
  }
  v128.store(at, xx);
  v128.store(at, yy, 16);
  v128.store(at, zz, 32);
  v128.store(at, xy, 48);
  v128.store(at, xz, 64);
  v128.store(at, yz, 80);
}

/** All vector and tensor sums of one particle, one group of four channels after the other. */
function sumMoments(space: PairSpace, particle: usize, at: usize): void {
  const from = space.list(particle);
  const to = from + (space.length(particle) << 3);
  let channel = (<usize>space.scalars) << 2;
  const tensors = channel + ((<usize>space.vectors) << 2);
  for (; channel < tensors; channel += 16, at += 48) sumVectors(from, to, channel, at);
  for (const end = space.channelBytes; channel < end; channel += 16, at += 96) sumTensors(from, to, channel, at);
}

/** Squares of the sums at `at`. */
function putSquares(space: PairSpace, at: usize, out: usize): void {
  for (let left = space.vectors; left > 0; left -= 4, at += 48, out += 16) {
    const x = v128.load(at);
    const y = v128.load(at, 16);
    const z = v128.load(at, 32);
    v128.store(out, madd(z, z, madd(y, y, f32x4.mul(x, x))));
  }
  for (let left = space.tensors; left > 0; left -= 4, at += 96, out += 16) {
    const xx = v128.load(at);
    const yy = v128.load(at, 16);
    const zz = v128.load(at, 32);
    const xy = v128.load(at, 48);
    const xz = v128.load(at, 64);
    const yz = v128.load(at, 80);
    const mixed = madd(yz, yz, madd(xz, xz, f32x4.mul(xy, xy)));
    v128.store(out, madd(zz, zz, madd(yy, yy, madd(xx, xx, f32x4.add(mixed, mixed)))));
  }
}

/** out [rows, count, channels]; moments [rows, count, 3 vectors + 6 tensors], the sums that are squared, for the gradients. */
export function pairDescriptors(
  y: usize,
  w: usize,
  wStep: i32,
  out: usize,
  moments: usize,
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
  const rowBytes = (<usize>(count * dims)) << 2;
  const weightStep = <usize>wStep * <usize>radial * space.channelBytes;
  for (let row = 0; row < rows; row++, y += rowBytes, w += weightStep) {
    if (row == 0 || wStep != 0) takeWeights(space, w);
    makePairs(space, y);
    listPairs(space);
    putChannels(space);
    for (let i = 0; i < count; i++, out += space.channelBytes, moments += space.momentBytes) {
      sumScalars(space, i, out);
      sumMoments(space, i, moments);
      putSquares(space, moments, out + ((<usize>scalars) << 2));
    }
  }
}

/** The gradient in the sums of one particle, 2 g sum; in the mixed ones of a tensor twice that, as they stand for two entries. */
export function weighMoments(space: PairSpace, sums: usize, g: usize, to: usize): void {
  for (let left = space.vectors; left > 0; left -= 4, sums += 48, to += 48, g += 16) {
    const one = v128.load(g);
    const twice = f32x4.add(one, one);
    for (let a: usize = 0; a < 48; a += 16) v128.store(to + a, f32x4.mul(v128.load(sums + a), twice));
  }
  for (let left = space.tensors; left > 0; left -= 4, sums += 96, to += 96, g += 16) {
    const one = v128.load(g);
    const twice = f32x4.add(one, one);
    const again = f32x4.add(twice, twice);
    for (let a: usize = 0; a < 48; a += 16) v128.store(to + a, f32x4.mul(v128.load(sums + a), twice));
    for (let a: usize = 48; a < 96; a += 16) v128.store(to + a, f32x4.mul(v128.load(sums + a), again));
  }
}

/** Pairs and gradients in the sums of one row; g [count, channels]. */
function openGradient(space: PairSpace, y: usize, moments: usize, g: usize): void {
  makePairs(space, y);
  let at = space.moments;
  g += (<usize>space.scalars) << 2;
  for (let i = 0; i < space.count; i++, at += space.momentBytes, moments += space.momentBytes, g += space.channelBytes) {
    weighMoments(space, moments, g, at);
  }
}

/** Gradient in f of four vector channels. */
export function vectorPull(record: usize, a: usize, b: usize): v128 {
  const x = f32x4.sub(v128.load(a), v128.load(b));
  const y = f32x4.sub(v128.load(a, 16), v128.load(b, 16));
  const z = f32x4.sub(v128.load(a, 32), v128.load(b, 32));
  const low = madd(y, v128.load32_splat(record, DIRECTION + 4), f32x4.mul(x, v128.load32_splat(record, DIRECTION)));
  return madd(z, v128.load32_splat(record, DIRECTION + 8), low);
}

/** Gradient in f of four tensor channels. */
export function tensorPull(record: usize, a: usize, b: usize): v128 {
  let sum = f32x4.mul(f32x4.add(v128.load(a), v128.load(b)), v128.load32_splat(record, TENSOR));
  sum = madd(f32x4.add(v128.load(a, 16), v128.load(b, 16)), v128.load32_splat(record, TENSOR + 4), sum);
  sum = madd(f32x4.add(v128.load(a, 32), v128.load(b, 32)), v128.load32_splat(record, TENSOR + 8), sum);
  sum = madd(f32x4.add(v128.load(a, 48), v128.load(b, 48)), v128.load32_splat(record, TENSOR + 12), sum);
  sum = madd(f32x4.add(v128.load(a, 64), v128.load(b, 64)), v128.load32_splat(record, TENSOR + 16), sum);
  return madd(f32x4.add(v128.load(a, 80), v128.load(b, 80)), v128.load32_splat(record, TENSOR + 20), sum);
}

/** to += p pull for the four splines p of a pair, in rows `stride` apart. */
function spread(to: usize, stride: usize, p0: v128, p1: v128, p2: v128, p3: v128, pull: v128): void {
  v128.store(to, madd(p0, pull, v128.load(to)));
  to += stride;
  v128.store(to, madd(p1, pull, v128.load(to)));
  to += stride;
  v128.store(to, madd(p2, pull, v128.load(to)));
  to += stride;
  v128.store(to, madd(p3, pull, v128.load(to)));
}

/** Adds the gradient in f of one pair, times its four splines, to their rows of the weights' gradient. */
function pullWeights(space: PairSpace, record: usize, g: usize): void {
  const stride = space.channelBytes;
  const i = <usize>load<u32>(record, FIRST);
  const j = <usize>load<u32>(record, SECOND);
  let gi = g + i * stride;
  let gj = g + j * stride;
  let a = space.moments + i * space.momentBytes;
  let b = space.moments + j * space.momentBytes;
  let to = space.slopes + <usize>load<u32>(record, WEIGHTS);
  const p0 = v128.load32_splat(record);
  const p1 = v128.load32_splat(record, 4);
  const p2 = v128.load32_splat(record, 8);
  const p3 = v128.load32_splat(record, 12);
  for (let left = space.scalars; left > 0; left -= 4, to += 16, gi += 16, gj += 16) {
    spread(to, stride, p0, p1, p2, p3, f32x4.add(v128.load(gi), v128.load(gj)));
  }
  for (let left = space.vectors; left > 0; left -= 4, to += 16, a += 48, b += 48) {
    spread(to, stride, p0, p1, p2, p3, vectorPull(record, a, b));
  }
  for (let left = space.tensors; left > 0; left -= 4, to += 16, a += 96, b += 96) {
    spread(to, stride, p0, p1, p2, p3, tensorPull(record, a, b));
  }
}

/** out [rows or 1, radial, channels] = gradient in w for g [rows, count, channels]; w itself is not read. */
export function pairDescriptorsInW(
  y: usize,
  _w: usize,
  wStep: i32,
  moments: usize,
  g: usize,
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
  const rowBytes = (<usize>(count * dims)) << 2;
  const weightBytes = <usize>radial * space.channelBytes;
  memory.fill(space.slopes, 0, space.weightBytes);
  for (let row = 0; row < rows; row++, y += rowBytes, moments += <usize>count * space.momentBytes) {
    openGradient(space, y, moments, g);
    for (let record = space.records; record < space.end; record += space.recordBytes) pullWeights(space, record, g);
    g += <usize>count * space.channelBytes;
    if (wStep == 0) continue;
    memory.copy(out, space.slopes, weightBytes);
    memory.fill(space.slopes, 0, space.weightBytes);
    out += weightBytes;
  }
  if (wStep == 0) memory.copy(out, space.slopes, weightBytes);
}

/** f of four channels. */
export function valueOf(record: usize, w: usize, stride: usize): v128 {
  const p0 = v128.load32_splat(record);
  const p1 = v128.load32_splat(record, 4);
  return mixed(w, stride, p0, p1, v128.load32_splat(record, 8), v128.load32_splat(record, 12));
}

/** Sums of four vectors' lanes as one vector. */
export function sumsOf(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** Gradient of one pair in d: by way of r, u p_r + (p_u - u (u . p_u)) / r; added to the first particle, taken from the second. */
function putForces(space: PairSpace, record: usize, pulls: v128, i: usize, j: usize): void {
  const u = v128.load(record, DIRECTION);
  const inverse = v128.shuffle<f32>(u, u, 3, 3, 3, 3);
  const along = f32x4.mul(u, pulls);
  const dot = f32x4.extract_lane(along, 0) + f32x4.extract_lane(along, 1) + f32x4.extract_lane(along, 2);
  const radial = v128.shuffle<f32>(pulls, pulls, 3, 3, 3, 3);
  const across = f32x4.mul(nmadd(u, f32x4.splat(dot), pulls), inverse);
  const force = madd(u, radial, across);
  const first = space.forces + (i << 4);
  const second = space.forces + (j << 4);
  v128.store(first, f32x4.add(v128.load(first), force));
  v128.store(second, f32x4.sub(v128.load(second), force));
}

/** Gradient of one pair in its u and r, put on its two particles. */
function pullPositions(space: PairSpace, record: usize, g: usize): void {
  const stride = space.channelBytes;
  const i = <usize>load<u32>(record, FIRST);
  const j = <usize>load<u32>(record, SECOND);
  let gi = g + i * stride;
  let gj = g + j * stride;
  let a = space.moments + i * space.momentBytes;
  let b = space.moments + j * space.momentBytes;
  let w = space.weights + <usize>load<u32>(record, WEIGHTS);
  const s0 = v128.load32_splat(record, SLOPES);
  const s1 = v128.load32_splat(record, SLOPES + 4);
  const s2 = v128.load32_splat(record, SLOPES + 8);
  const s3 = v128.load32_splat(record, SLOPES + 12);
  let r = f32x4.splat(0);
  let x = r;
  let y = r;
  let z = r;
  for (let left = space.scalars; left > 0; left -= 4, w += 16, gi += 16, gj += 16) {
    r = madd(f32x4.add(v128.load(gi), v128.load(gj)), mixed(w, stride, s0, s1, s2, s3), r);
  }
  for (let left = space.vectors; left > 0; left -= 4, w += 16, a += 48, b += 48) {
    r = madd(vectorPull(record, a, b), mixed(w, stride, s0, s1, s2, s3), r);
    const value = valueOf(record, w, stride);
    x = madd(value, f32x4.sub(v128.load(a), v128.load(b)), x);
    y = madd(value, f32x4.sub(v128.load(a, 16), v128.load(b, 16)), y);
    z = madd(value, f32x4.sub(v128.load(a, 32), v128.load(b, 32)), z);
  }
  const ux = v128.load32_splat(record, DIRECTION);
  const uy = v128.load32_splat(record, DIRECTION + 4);
  const uz = v128.load32_splat(record, DIRECTION + 8);
  for (let left = space.tensors; left > 0; left -= 4, w += 16, a += 96, b += 96) {
    r = madd(tensorPull(record, a, b), mixed(w, stride, s0, s1, s2, s3), r);
    const value = valueOf(record, w, stride);
    const twice = f32x4.add(value, value);
    const xy = f32x4.mul(value, f32x4.add(v128.load(a, 48), v128.load(b, 48)));
    const xz = f32x4.mul(value, f32x4.add(v128.load(a, 64), v128.load(b, 64)));
    const yz = f32x4.mul(value, f32x4.add(v128.load(a, 80), v128.load(b, 80)));
    x = madd(f32x4.mul(twice, f32x4.add(v128.load(a), v128.load(b))), ux, madd(xy, uy, madd(xz, uz, x)));
    y = madd(f32x4.mul(twice, f32x4.add(v128.load(a, 16), v128.load(b, 16))), uy, madd(xy, ux, madd(yz, uz, y)));
    z = madd(f32x4.mul(twice, f32x4.add(v128.load(a, 32), v128.load(b, 32))), uz, madd(xz, ux, madd(yz, uy, z)));
  }
  putForces(space, record, sumsOf(x, y, z, r), i, j);
}

/** out [rows, count, dims] = gradient in y for g [rows, count, channels]. */
export function pairDescriptorsInY(
  y: usize,
  w: usize,
  wStep: i32,
  moments: usize,
  g: usize,
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
  const particleBytes = (<usize>dims) << 2;
  const weightStep = <usize>wStep * <usize>radial * space.channelBytes;
  for (let row = 0; row < rows; row++, w += weightStep) {
    if (row == 0 || wStep != 0) takeWeights(space, w);
    openGradient(space, y, moments, g);
    memory.fill(space.forces, 0, (<usize>count) << 4);
    for (let record = space.records; record < space.end; record += space.recordBytes) pullPositions(space, record, g);
    let force = space.forces;
    for (let i = 0; i < count; i++, force += 16, out += particleBytes) {
      for (let a: usize = 0; a < particleBytes; a += 4) store<f32>(out + a, load<f32>(force + a));
    }
    y += <usize>count * particleBytes;
    moments += <usize>count * space.momentBytes;
    g += <usize>count * space.channelBytes;
  }
}
