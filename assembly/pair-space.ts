/**
 * Pairs of one row of particles as records in scratch: what a radial spline and the directions need, and room for the channels' values.
 *
 * With d = y_i - y_j and r = sqrt(|d|^2 + EPSILON^2), everything is a smooth function of d, coincident particles included: u = d / r (0 there),
 * t = u u^T - I |u|^2 / dims (traceless), and the four cubic B-splines that are not zero in r's cell of the uniform grid of `radial` cells on
 * [0, cutoff). The spline k stands at (k - 1) cells; those that would reach beyond the cut-off are left out, so that all vanish there with two
 * derivatives. Pairs beyond it have no record. A NaN coordinate makes NaN of every number of its pairs.
 */
import { madd } from "./simd";

/** Softens r at coincidence; 5e-5 off at r = 1. */
const EPSILON_SQUARED: f32 = 1.0e-4;

/** Bytes into a record: splines, their slopes, [u, 1 / r], [-u, weights], t as xx yy zz xy xz yz, both particles, the channels. */
export const SLOPES: usize = 16;
export const DIRECTION: usize = 32;
const OPPOSITE: usize = 48;
export const WEIGHTS: usize = 60;
export const TENSOR: usize = 64;
export const FIRST: usize = 88;
export const SECOND: usize = 92;
export const CHANNELS: usize = 96;

/** Overlay on scratch: the sizes of a call and where its parts lie. */
export class PairSpace {
  count: i32;
  dims: i32;
  radial: i32;
  scalars: i32;
  vectors: i32;
  tensors: i32;
  cutoffSquared: f32;
  /** Cells per unit of r. */
  density: f32;
  /** Radial weights [radial + 3, channels] of the row, the last three rows zero. */
  weights: usize;
  /** Their gradient, as large. */
  slopes: usize;
  /** Three rows of coordinates, four zeros after each. */
  positions: usize;
  /** [count, 4]: gradient in the positions. */
  forces: usize;
  /** Per particle [count - 1] of (record, its direction as this particle sees it). */
  lists: usize;
  lengths: usize;
  moments: usize;
  records: usize;
  /** After the last record of the row. */
  end: usize;

  get channelBytes(): usize {
    return (<usize>(this.scalars + this.vectors + this.tensors)) << 2;
  }

  get recordBytes(): usize {
    return CHANNELS + this.channelBytes;
  }

  /** Three sums of four channels for four vectors, six for four tensors. */
  get momentBytes(): usize {
    return (<usize>(3 * this.vectors + 6 * this.tensors)) << 2;
  }

  get weightBytes(): usize {
    return <usize>(this.radial + 3) * this.channelBytes;
  }

  /** Of a row of coordinates. */
  get axisBytes(): usize {
    return (<usize>(this.count + 4)) << 2;
  }

  get listBytes(): usize {
    return (<usize>this.count) << 3;
  }

  list(particle: usize): usize {
    return this.lists + particle * this.listBytes;
  }

  length(particle: usize): usize {
    return load<u32>(this.lengths + (particle << 2));
  }
}

const HEADER: usize = 128;

/** Bytes of scratch of a call. */
export function pairScratch(count: i32, radial: i32, scalars: i32, vectors: i32, tensors: i32): i32 {
  const channels = scalars + vectors + tensors;
  // Four records more than there are pairs: they are written four at a time.
  const records = ((count * (count - 1)) >> 1) + 4;
  const perParticle = 12 + 16 + 8 * count + 4 + 4 * (3 * vectors + 6 * tensors);
  const weights = 2 * 4 * channels * (radial + 3);
  return <i32>HEADER + 128 + weights + count * perParticle + records * (<i32>CHANNELS + 4 * channels);
}

/** Lays a call out in its scratch. */
export function openPairs(
  scratch: usize,
  count: i32,
  dims: i32,
  cutoff: f32,
  radial: i32,
  scalars: i32,
  vectors: i32,
  tensors: i32,
): PairSpace {
  const start = (scratch + 15) & ~15;
  const space = changetype<PairSpace>(start);
  space.count = count;
  space.dims = dims;
  space.radial = radial;
  space.scalars = scalars;
  space.vectors = vectors;
  space.tensors = tensors;
  space.cutoffSquared = cutoff * cutoff;
  space.density = <f32>radial / cutoff;
  const n = <usize>count;
  space.weights = start + HEADER;
  space.slopes = space.weights + space.weightBytes;
  space.positions = space.slopes + space.weightBytes;
  space.forces = (space.positions + 3 * space.axisBytes + 15) & ~15;
  space.moments = space.forces + (n << 4);
  space.records = space.moments + n * space.momentBytes;
  space.lists = space.records + (((n * (n - 1)) >> 1) + 4) * space.recordBytes;
  space.lengths = space.lists + n * space.listBytes;
  return space;
}

/** The row's weights [radial, channels] with three rows of zeros after them. */
export function takeWeights(space: PairSpace, from: usize): void {
  const bytes = <usize>space.radial * space.channelBytes;
  memory.copy(space.weights, from, bytes);
  memory.fill(space.weights + bytes, 0, 3 * space.channelBytes);
}

function takePositions(space: PairSpace, y: usize): void {
  const stride = space.axisBytes;
  const positions = space.positions;
  memory.fill(positions, 0, 3 * stride);
  const axes = <usize>space.dims;
  for (let to = positions; to < positions + stride - 16; to += 4) {
    for (let a: usize = 0; a < axes; a++, y += 4) store<f32>(to + a * stride, load<f32>(y));
  }
}

/** Lane l of a, b, c and d side by side at the l-th address. */
function putTurned(at0: usize, at1: usize, at2: usize, at3: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  v128.store(at0, v128.shuffle<f64>(ab, cd, 0, 2));
  v128.store(at1, v128.shuffle<f64>(ab, cd, 1, 3));
  const ef = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const gh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(at2, v128.shuffle<f64>(ef, gh, 0, 2));
  v128.store(at3, v128.shuffle<f64>(ef, gh, 1, 3));
}

/** The four splines at t within the cell, and their slopes in r. */
function putSplines(at0: usize, at1: usize, at2: usize, at3: usize, t: v128, density: f32): void {
  const half = f32x4.splat(0.5);
  const sixth = f32x4.splat(<f32>(1.0 / 6.0));
  const left = f32x4.sub(f32x4.splat(1), t);
  const square = f32x4.mul(t, t);
  const cube = f32x4.mul(square, t);
  const p0 = f32x4.mul(f32x4.mul(f32x4.mul(left, left), left), sixth);
  const p1 = f32x4.add(f32x4.sub(f32x4.mul(half, cube), square), f32x4.splat(<f32>(2.0 / 3.0)));
  const p2 = madd(half, f32x4.sub(f32x4.add(square, t), cube), sixth);
  putTurned(at0, at1, at2, at3, p0, p1, p2, f32x4.mul(cube, sixth));
  const rate = f32x4.splat(density);
  const rate2 = f32x4.splat(<f32>0.5 * density);
  const s0 = f32x4.mul(f32x4.mul(left, left), f32x4.neg(rate2));
  const s1 = f32x4.mul(f32x4.sub(f32x4.mul(f32x4.splat(1.5), square), f32x4.add(t, t)), rate);
  const s2 = f32x4.mul(f32x4.sub(f32x4.add(half, t), f32x4.mul(f32x4.splat(1.5), square)), rate);
  putTurned(at0 + SLOPES, at1 + SLOPES, at2 + SLOPES, at3 + SLOPES, s0, s1, s2, f32x4.mul(square, rate2));
}

/** u, 1 / r, -u, the place of the weights, t, and the particles. */
function putDirections(
  space: PairSpace,
  at0: usize,
  at1: usize,
  at2: usize,
  at3: usize,
  x: v128,
  y: v128,
  z: v128,
  inverse: v128,
  weights: v128,
  particles: v128,
): void {
  putTurned(at0 + DIRECTION, at1 + DIRECTION, at2 + DIRECTION, at3 + DIRECTION, x, y, z, inverse);
  const o: usize = OPPOSITE;
  putTurned(at0 + o, at1 + o, at2 + o, at3 + o, f32x4.neg(x), f32x4.neg(y), f32x4.neg(z), weights);
  const xx = f32x4.mul(x, x);
  const yy = f32x4.mul(y, y);
  const zz = f32x4.mul(z, z);
  const flat = space.dims == 2;
  const trace = f32x4.mul(f32x4.add(f32x4.add(xx, yy), zz), f32x4.splat(flat ? <f32>0.5 : <f32>(1.0 / 3.0)));
  // In the plane there is no third axis to take the trace from.
  const last = flat ? f32x4.splat(0) : f32x4.sub(zz, trace);
  const m: usize = TENSOR;
  putTurned(at0 + m, at1 + m, at2 + m, at3 + m, f32x4.sub(xx, trace), f32x4.sub(yy, trace), last, f32x4.mul(x, y));
  const n: usize = TENSOR + 16;
  const first = i32x4.shr_u(particles, 16);
  const second = v128.and(particles, i32x4.splat(0xffff));
  putTurned(at0 + n, at1 + n, at2 + n, at3 + n, f32x4.mul(x, z), f32x4.mul(y, z), first, second);
}

/** Records of particle i with j .. j + 3, those of them within the cut-off, from `record` on. @returns the address after the last one */
function fourPairs(space: PairSpace, record: usize, i: i32, j: i32): usize {
  const own = space.positions + ((<usize>i) << 2);
  const other = space.positions + ((<usize>j) << 2);
  const stride = space.axisBytes;
  const x = f32x4.sub(v128.load32_splat(own), v128.load(other));
  const y = f32x4.sub(v128.load32_splat(own + stride), v128.load(other + stride));
  const z = f32x4.sub(v128.load32_splat(own + 2 * stride), v128.load(other + 2 * stride));
  const squared = madd(z, z, madd(y, y, madd(x, x, f32x4.splat(EPSILON_SQUARED))));
  // Not "below": pairs with NaN stay.
  const beyond = i32x4.bitmask(f32x4.ge(squared, f32x4.splat(space.cutoffSquared)));
  const seen = ~beyond & ((1 << min(4, space.count - j)) - 1);
  if (seen == 0) return record;
  const bytes = space.recordBytes;
  const at1 = record + <usize>(seen & 1) * bytes;
  const at2 = at1 + <usize>((seen >> 1) & 1) * bytes;
  const at3 = at2 + <usize>((seen >> 2) & 1) * bytes;
  const r = f32x4.sqrt(squared);
  const inverse = f32x4.div(f32x4.splat(1), r);
  const place = f32x4.mul(r, f32x4.splat(space.density));
  // Held below the number of cells: rounding may bring a pair just within the cut-off to it.
  const cell = i32x4.min_s(i32x4.trunc_sat_f32x4_s(place), i32x4.splat(space.radial - 1));
  putSplines(record, at1, at2, at3, f32x4.sub(place, f32x4.convert_i32x4_s(cell)), space.density);
  const weights = i32x4.mul(cell, i32x4.splat(<i32>space.channelBytes));
  const particles = i32x4.add(i32x4.splat((i << 16) + j), i32x4(0, 1, 2, 3));
  const ux = f32x4.mul(x, inverse);
  const uy = f32x4.mul(y, inverse);
  const uz = f32x4.mul(z, inverse);
  putDirections(space, record, at1, at2, at3, ux, uy, uz, inverse, weights, particles);
  return at3 + <usize>((seen >> 3) & 1) * bytes;
}

/** Records of one row y [count, dims]. */
export function makePairs(space: PairSpace, y: usize): void {
  takePositions(space, y);
  let record = space.records;
  for (let i = 0; i < space.count; i++) {
    for (let j = i + 1; j < space.count; j += 4) record = fourPairs(space, record, i, j);
  }
  space.end = record;
}

function enlist(space: PairSpace, particle: usize, record: usize, direction: usize): void {
  const at = space.lengths + (particle << 2);
  const length = load<u32>(at);
  const entry = space.list(particle) + ((<usize>length) << 3);
  store<u32>(entry, <u32>record);
  store<u32>(entry, <u32>(record + direction), 4);
  store<u32>(at, length + 1);
}

/** Every particle's list of its records. */
export function listPairs(space: PairSpace): void {
  memory.fill(space.lengths, 0, (<usize>space.count) << 2);
  for (let record = space.records; record < space.end; record += space.recordBytes) {
    enlist(space, load<u32>(record, FIRST), record, DIRECTION);
    enlist(space, load<u32>(record, SECOND), record, OPPOSITE);
  }
}

/** The channels' values in every record: splines times weights. */
export function putChannels(space: PairSpace): void {
  for (let record = space.records; record < space.end; record += space.recordBytes) putValues(space, record);
}

/** Four channels of what four splines or slopes make of the weights, whose rows are `stride` apart: f or f'. */
export function mixed(w: usize, stride: usize, p0: v128, p1: v128, p2: v128, p3: v128): v128 {
  let sum = f32x4.mul(p0, v128.load(w));
  w += stride;
  sum = madd(p1, v128.load(w), sum);
  w += stride;
  sum = madd(p2, v128.load(w), sum);
  w += stride;
  return madd(p3, v128.load(w), sum);
}

function putValues(space: PairSpace, record: usize): void {
  const stride = space.channelBytes;
  const p0 = v128.load32_splat(record);
  const p1 = v128.load32_splat(record, 4);
  const p2 = v128.load32_splat(record, 8);
  const p3 = v128.load32_splat(record, 12);
  let w = space.weights + <usize>load<u32>(record, WEIGHTS);
  for (const end = w + stride; w < end; w += 16, record += 16) {
    v128.store(record, mixed(w, stride, p0, p1, p2, p3), CHANNELS);
  }
}
