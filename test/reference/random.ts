/** Plain twin of assembly/random.ts: the same hash and xoshiro128++ (Blackman and Vigna 2021), one lane at a time. */
import type { Key } from "../../src/core/types.js";

export const USE_NORMAL = 0;
export const USE_BITS = 0x40000000;
export const USE_DRAWS = 0x80000000;
/** Words (or normals) made from one seeding. */
export const BLOCK = 1024;

/** Leading bits of pi, as in the kernel: one salt per state word and lane. */
const SALTS = [
  [0x243f6a88, 0x13198a2e, 0x299f31d0, 0x452821e6],
  [0x38d01377, 0x34e90c6c, 0x29b7c97c, 0x3f84d5b5],
  [0x1216d5d9, 0x0979fb1b, 0x1310ba69, 0x24a19947],
  [0x2858efc1, 0x3a9234f1, 0x71574e69, 0x55c1b9a4],
];

function absorb(h: number, word: number): number {
  const product = Math.imul(h ^ word, 0x9e3779b1);
  return product ^ (product >>> 15);
}

function mix(value: number): number {
  let h = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The four state words of one lane. */
export function seedLane(key: Key, step: number, row: number, block: number, lane: number): number[] {
  return SALTS.map((salts) => {
    let h = mix(salts[lane] ^ key.a);
    for (const word of [key.b, step, row, block]) h = absorb(h, word | 0);
    return mix(h) >>> 0;
  });
}

const rotate = (x: number, k: number) => (x << k) | (x >>> (32 - k));

function nextWord(s: number[]): number {
  const result = (rotate((s[0] + s[3]) | 0, 7) + s[0]) >>> 0;
  const t = s[1] << 9;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate(s[3], 11);
  return result;
}

/** `quads` times four words of one block: word 4 i + l is the i-th of lane l. */
export function blockWords(key: Key, step: number, row: number, block: number, quads: number): Uint32Array {
  const out = new Uint32Array(4 * quads);
  for (let lane = 0; lane < 4; lane++) {
    const state = seedLane(key, step, row, block, lane);
    for (let i = 0; i < quads; i++) out[4 * i + lane] = nextWord(state);
  }
  return out;
}

/** 8 * octets normals of one block in f64: words 8 i .. 8 i + 3 give the radius, the next four the angle. */
export function blockNormals(key: Key, step: number, row: number, block: number, octets: number): Float64Array {
  const words = blockWords(key, step, row, block, 2 * octets);
  const out = new Float64Array(8 * octets);
  for (let i = 0; i < out.length; i += 8) {
    for (let lane = 0; lane < 4; lane++) {
      const first = words[i + lane];
      const uniform = ((first >>> 1) | 1) / 2147483648;
      const radius = Math.sqrt(-2 * Math.log(uniform)) * (first & 1 ? -1 : 1);
      const angle = ((Math.PI / 2) * (words[i + 4 + lane] | 0)) / 2147483648;
      out[i + lane] = radius * Math.cos(angle);
      out[i + 4 + lane] = radius * Math.sin(angle);
    }
  }
  return out;
}
