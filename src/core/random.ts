/**
 * From the user's seed to stream handles. Integer arithmetic only, so every runtime gives the same bits. Bulk numbers come
 * from the kernels, addressed by (key, step, row); this file only names streams and draws the few scalars JavaScript needs.
 */
import { checkInteger, checkKey, checkSeed } from "./check.js";
import type { Key } from "./types.js";

function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function absorb(key: Key, word: number): Key {
  const a = mix(key.a ^ Math.imul(word, 0x9e3779b1) ^ 0x6a09e667);
  const b = mix(((key.b + word) | 0) ^ Math.imul(a, 0x85157af5));
  return { a: (a + Math.imul(b, 0x2c1b3c6d)) >>> 0, b };
}

/**
 * Stream handle of a seed, an integer in [0, 2^53). Cost: nanoseconds.
 * @throws TypeError / RangeError for any other seed: -1, 1.5 and "1" would else share the streams of other seeds
 */
export function keyOf(seed: number): Key {
  checkSeed("keyOf", seed);
  const low = seed >>> 0;
  const high = Math.floor(seed / 4294967296) >>> 0;
  return absorb(absorb({ a: 0x243f6a88, b: 0x85a308d3 }, low), high);
}

/**
 * Child stream: every word (integer, or a label hashed character by character) changes all bits of the handle.
 * @throws TypeError for what is no key or no word, RangeError for a number that is no integer
 */
export function derive(key: Key, ...words: readonly (number | string)[]): Key {
  checkKey("derive", key);
  let child = key;
  for (const word of words) {
    if (typeof word !== "string") {
      checkInteger("derive", "word", word, Number.MIN_SAFE_INTEGER);
      child = absorb(absorb(child, word >>> 0), Math.floor(word / 4294967296) >>> 0);
    } else {
      for (let i = 0; i < word.length; i++) child = absorb(child, word.charCodeAt(i) + 0x10000);
      child = absorb(child, word.length);
    }
  }
  return child;
}

/** The index-th uniform of a stream, in [0, 1), 53 bits. */
export function uniformAt(key: Key, index: number): number {
  const at = derive(key, index);
  return ((at.a >>> 5) * 67108864 + (at.b >>> 6)) / 9007199254740992;
}

/** A fresh seed of 32 bits (short enough to retype) for calls that were given none; the only place that asks the system for entropy. Returned in results. */
export function freshSeed(): number {
  return globalThis.crypto.getRandomValues(new Uint32Array(1))[0];
}
