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
  /** [count, 4], the last ones zero. */
  positions: usize;
  /** As large: gradient in the positions. */
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
  const pairs = (count * (count - 1)) >> 1;
  const perParticle = 16 + 16 + 8 * count + 4 + 4 * (3 * vectors + 6 * tensors);
  const weights = 2 * 4 * channels * (radial + 3);
  return <i32>HEADER + 64 + weights + count * perParticle + pairs * (<i32>CHANNELS + 4 * channels);
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
  space.forces = space.positions + (n << 4);
  space.moments = space.forces + (n << 4);
  space.records = space.moments + n * space.momentBytes;
  space.lists = space.records + ((n * (n - 1)) >> 1) * space.recordBytes;
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
  const bytes = (<usize>space.dims) << 2;
  let to = space.positions;
  for (let i = 0; i < space.count; i++, to += 16, y += bytes) {
    v128.store(to, f32x4.splat(0));
    for (let a: usize = 0; a < bytes; a += 4) store<f32>(to + a, load<f32>(y + a));
  }
}

/** Splines and slopes at s cells. */
function putSplines(record: usize, space: PairSpace, s: f32): void {
  // Not "s >= radial": NaN must not be cast to an integer.
  const cell: i32 = s < <f32>space.radial ? <i32>s : 0;
  const t = s - <f32>cell;
  const left = <f32>1 - t;
  const square = t * t;
  const cube = square * t;
  const sixth = <f32>(1.0 / 6.0);
  store<f32>(record, left * left * left * sixth);
  store<f32>(record, <f32>0.5 * cube - square + <f32>(2.0 / 3.0), 4);
  store<f32>(record, <f32>0.5 * (square + t - cube) + sixth, 8);
  store<f32>(record, cube * sixth, 12);
  const density = space.density;
  store<f32>(record, <f32>-0.5 * left * left * density, SLOPES);
  store<f32>(record, (<f32>1.5 * square - t - t) * density, SLOPES + 4);
  store<f32>(record, (<f32>0.5 + t - <f32>1.5 * square) * density, SLOPES + 8);
  store<f32>(record, <f32>0.5 * square * density, SLOPES + 12);
  store<u32>(record, <u32>(<usize>cell * space.channelBytes), WEIGHTS);
}

function putRecord(record: usize, space: PairSpace, d: v128, squared: f32): void {
  const r = sqrt<f32>(squared);
  const inverse = <f32>1 / r;
  const x = f32x4.extract_lane(d, 0) * inverse;
  const y = f32x4.extract_lane(d, 1) * inverse;
  const z = f32x4.extract_lane(d, 2) * inverse;
  store<f32>(record, x, DIRECTION);
  store<f32>(record, y, DIRECTION + 4);
  store<f32>(record, z, DIRECTION + 8);
  store<f32>(record, inverse, DIRECTION + 12);
  store<f32>(record, -x, OPPOSITE);
  store<f32>(record, -y, OPPOSITE + 4);
  store<f32>(record, -z, OPPOSITE + 8);
  const trace = (x * x + y * y + z * z) / <f32>space.dims;
  store<f32>(record, x * x - trace, TENSOR);
  store<f32>(record, y * y - trace, TENSOR + 4);
  store<f32>(record, space.dims == 3 ? z * z - trace : 0, TENSOR + 8);
  store<f32>(record, x * y, TENSOR + 12);
  store<f32>(record, x * z, TENSOR + 16);
  store<f32>(record, y * z, TENSOR + 20);
  putSplines(record, space, r * space.density);
}

function enlist(space: PairSpace, particle: usize, record: usize, direction: usize): void {
  const at = space.lengths + (particle << 2);
  const length = load<u32>(at);
  const entry = space.list(particle) + ((<usize>length) << 3);
  store<u32>(entry, <u32>record);
  store<u32>(entry, <u32>(record + direction), 4);
  store<u32>(at, length + 1);
}

/** The channels' values: splines times weights. */
function putChannels(record: usize, space: PairSpace): void {
  const stride = space.channelBytes;
  const p0 = v128.load32_splat(record);
  const p1 = v128.load32_splat(record, 4);
  const p2 = v128.load32_splat(record, 8);
  const p3 = v128.load32_splat(record, 12);
  let w0 = space.weights + <usize>load<u32>(record, WEIGHTS);
  let w1 = w0 + stride;
  let w2 = w1 + stride;
  let w3 = w2 + stride;
  for (const end = w1; w0 < end; w0 += 16, w1 += 16, w2 += 16, w3 += 16, record += 16) {
    const low = madd(p1, v128.load(w1), f32x4.mul(p0, v128.load(w0)));
    v128.store(record, madd(p3, v128.load(w3), madd(p2, v128.load(w2), low)), CHANNELS);
  }
}

/** Records and lists of one row y [count, dims]. */
export function makePairs(space: PairSpace, y: usize): void {
  takePositions(space, y);
  memory.fill(space.lengths, 0, (<usize>space.count) << 2);
  const positions = space.positions;
  let record = space.records;
  for (let i = 0; i < space.count; i++) {
    const own = v128.load(positions + ((<usize>i) << 4));
    for (let j = i + 1; j < space.count; j++) {
      const d = f32x4.sub(own, v128.load(positions + ((<usize>j) << 4)));
      const squares = f32x4.mul(d, d);
      const squared =
        f32x4.extract_lane(squares, 0) + f32x4.extract_lane(squares, 1) + f32x4.extract_lane(squares, 2) + EPSILON_SQUARED;
      if (squared >= space.cutoffSquared) continue;
      putRecord(record, space, d, squared);
      putChannels(record, space);
      store<u32>(record, i, FIRST);
      store<u32>(record, j, SECOND);
      enlist(space, i, record, DIRECTION);
      enlist(space, j, record, OPPOSITE);
      record += space.recordBytes;
    }
  }
  space.end = record;
}
