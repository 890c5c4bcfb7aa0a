/**
 * Counter-addressed random numbers. hash(key, step, row, block) seeds four xoshiro128++ lanes, so any block of any row can be
 * made alone, by any worker, with the same bits. Integer arithmetic is 32-bit only, so that a WGSL twin can follow.
 *
 * One block is one stream of 4-lane words; the top two bits of `block` name its use, so streams of different uses never meet.
 */
import { cosQuarter, log, madd, sinQuarter } from "./simd";

/** Uses of a stream, in the top bits of the block number. */
export const USE_NORMAL: u32 = 0;
export const USE_BITS: u32 = 0x40000000;
export const USE_DRAWS: u32 = 0x80000000;
export const USE_LATTICE: u32 = 0xc0000000;

/** Bytes of a generator: four words of four lanes. */
export const STATE_BYTES: usize = 64;
/** Numbers per block in the row streams; a new block is seeded afresh (about 25 ns). */
export const BLOCK: i32 = 1024;

function absorb(h: v128, word: u32): v128 {
  h = i32x4.mul(v128.xor(h, i32x4.splat(<i32>word)), i32x4.splat(<i32>0x9e3779b1));
  return v128.xor(h, i32x4.shr_u(h, 15));
}

function mix(h: v128): v128 {
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(<i32>0x85ebca6b));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 13)), i32x4.splat(<i32>0xc2b2ae35));
  return v128.xor(h, i32x4.shr_u(h, 16));
}

function hash(salt: v128, a: u32, b: u32, step: u32, row: u32, block: u32): v128 {
  let h = mix(v128.xor(salt, i32x4.splat(<i32>a)));
  h = absorb(h, b);
  h = absorb(h, step);
  h = absorb(h, row);
  h = absorb(h, block);
  return mix(h);
}

/** Seeds the generator at `state`. An all-zero lane (the one state xoshiro cannot leave) has probability 2^-128. */
export function seed(state: usize, a: u32, b: u32, step: u32, row: u32, block: u32): void {
  v128.store(state, hash(i32x4(0x243f6a88, 0x13198a2e, 0x299f31d0, 0x452821e6), a, b, step, row, block));
  v128.store(state, hash(i32x4(0x38d01377, 0x34e90c6c, 0x29b7c97c, 0x3f84d5b5), a, b, step, row, block), 16);
  v128.store(state, hash(i32x4(0x1216d5d9, 0x0979fb1b, 0x1310ba69, 0x24a19947), a, b, step, row, block), 32);
  v128.store(state, hash(i32x4(0x2858efc1, 0x3a9234f1, 0x71574e69, 0x55c1b9a4), a, b, step, row, block), 48);
}

function rotate(x: v128, k: i32): v128 {
  return v128.or(i32x4.shl(x, k), i32x4.shr_u(x, 32 - k));
}

/** 4 * quads words of 32 random bits. */
export function fillBits(state: usize, out: usize, quads: i32): void {
  let s0 = v128.load(state);
  let s1 = v128.load(state, 16);
  let s2 = v128.load(state, 32);
  let s3 = v128.load(state, 48);
  for (let i = 0; i < quads; i++) {
    v128.store(out, i32x4.add(rotate(i32x4.add(s0, s3), 7), s0));
    out += 16;
    const t = i32x4.shl(s1, 9);
    s2 = v128.xor(s2, s0);
    s3 = v128.xor(s3, s1);
    s1 = v128.xor(s1, s2);
    s0 = v128.xor(s0, s3);
    s2 = v128.xor(s2, t);
    s3 = rotate(s3, 11);
  }
  v128.store(state, s0);
  v128.store(state, s1, 16);
  v128.store(state, s2, 32);
  v128.store(state, s3, 48);
}

/** Eight normals as they are. */
class Plain {
  put(out: usize, first: v128, second: v128, center: usize, scale: v128): void {
    v128.store(out, first);
    v128.store(out, second, 16);
  }
}

/** Eight normals times scale about the number at `center`. */
class Around {
  put(out: usize, first: v128, second: v128, center: usize, scale: v128): void {
    const middle = v128.load32_splat(center);
    v128.store(out, madd(first, scale, middle));
    v128.store(out, madd(second, scale, middle), 16);
  }
}

/**
 * 8 * octets standard normals (Box and Muller 1958): four with the cosine, four with the sine. The radius uses 30 bits at odd
 * multiples of 2^-31, so |normal| <= 6.56; the bit it drops picks the half circle. At least one octet: a loop that tests at its end
 * gets its 26 constants made once by V8 (7 % of the time). Tried and no faster: two octets a turn (35 % slower), words and normals in loops of
 * their own (12 % slower relaxed, 4 % faster plain), polynomials by Estrin's scheme.
 */
function octetsOf<Keep>(state: usize, out: usize, octets: i32, center: usize, scale: v128): void {
  const keep = changetype<Keep>(0);
  let s0 = v128.load(state);
  let s1 = v128.load(state, 16);
  let s2 = v128.load(state, 32);
  let s3 = v128.load(state, 48);
  const ulp = f32x4.splat(4.656612873077393e-10); // 2^-31
  const end = out + ((<usize>octets) << 5);
  do {
    const first = i32x4.add(rotate(i32x4.add(s0, s3), 7), s0);
    let t = i32x4.shl(s1, 9);
    s2 = v128.xor(s2, s0);
    s3 = v128.xor(s3, s1);
    s1 = v128.xor(s1, s2);
    s0 = v128.xor(s0, s3);
    s2 = v128.xor(s2, t);
    s3 = rotate(s3, 11);
    const second = i32x4.add(rotate(i32x4.add(s0, s3), 7), s0);
    t = i32x4.shl(s1, 9);
    s2 = v128.xor(s2, s0);
    s3 = v128.xor(s3, s1);
    s1 = v128.xor(s1, s2);
    s0 = v128.xor(s0, s3);
    s2 = v128.xor(s2, t);
    s3 = rotate(s3, 11);

    const uniform = f32x4.mul(f32x4.convert_i32x4_s(v128.or(i32x4.shr_u(first, 1), i32x4.splat(1))), ulp);
    const radius = f32x4.sqrt(f32x4.mul(log(uniform), f32x4.splat(-2.0)));
    const signed = v128.xor(radius, i32x4.shl(first, 31));
    const angle = f32x4.mul(f32x4.convert_i32x4_s(second), ulp);
    const square = f32x4.mul(angle, angle);
    keep.put(out, f32x4.mul(signed, cosQuarter(square)), f32x4.mul(signed, sinQuarter(angle, square)), center, scale);
    out += 32;
    center += 4;
  } while (out < end);
  v128.store(state, s0);
  v128.store(state, s1, 16);
  v128.store(state, s2, 32);
  v128.store(state, s3, 48);
}

/** 8 * octets standard normals. */
export function fillNormals(state: usize, out: usize, octets: i32): void {
  octetsOf<Plain>(state, out, octets, 0, f32x4.splat(0));
}

/** The same numbers times scale, eight about each of the f32 at `centers`: saves the trip through memory (3 % of LJ-13's estimator). */
export function fillAround(state: usize, out: usize, octets: i32, centers: usize, scale: v128): void {
  octetsOf<Around>(state, out, octets, centers, scale);
}

/** `count` words of row (key, step, row), in blocks; writes up to 3 words more. */
export function bits(state: usize, out: usize, a: u32, b: u32, step: u32, row: u32, count: i32): void {
  for (let first = 0, block: u32 = 0; first < count; first += BLOCK, block++) {
    seed(state, a, b, step, row, USE_BITS | block);
    fillBits(state, out + ((<usize>first) << 2), (min(count - first, BLOCK) + 3) >> 2);
  }
}

/** `count` uniforms in [0, 1): the upper 24 of each word's bits times 2^-24, exact; writes up to 3 more. */
export function uniforms(state: usize, out: usize, a: u32, b: u32, step: u32, row: u32, count: i32): void {
  bits(state, out, a, b, step, row, count);
  for (let i = 0; i < count; i += 4, out += 16) {
    const word = i32x4.shr_u(v128.load(out), 8);
    v128.store(out, f32x4.mul(f32x4.convert_i32x4_s(word), f32x4.splat(5.960464477539063e-8)));
  }
}

/** [n, dim] normals, row r from the stream (key, step, firstRow + r); writes up to 7 floats more. */
export function normals(state: usize, out: usize, a: u32, b: u32, step: u32, firstRow: u32, n: i32, dim: i32): void {
  for (let r = 0; r < n; r++) {
    // The tail of a row spills into the next one, which is written afterwards.
    for (let first = 0, block: u32 = 0; first < dim; first += BLOCK, block++) {
      seed(state, a, b, step, firstRow + <u32>r, USE_NORMAL | block);
      fillNormals(state, out + ((<usize>first) << 2), (min(dim - first, BLOCK) + 7) >> 3);
    }
    out += (<usize>dim) << 2;
  }
}

/** x [n, dim] += sqrt(variance[r]) * noise, in place, noise [n, dim] from `normals`. */
export function perturb(x: usize, noise: usize, variance: usize, n: i32, dim: i32): void {
  for (let r = 0; r < n; r++) {
    const sigma = sqrt<f32>(load<f32>(variance + ((<usize>r) << 2)));
    for (let d = 0; d < dim; d++) {
      store<f32>(x, load<f32>(x) + sigma * load<f32>(noise));
      x += 4;
      noise += 4;
    }
  }
}
