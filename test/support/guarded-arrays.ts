/** Runs a kernel on arrays that stand between guards, so that a read or a write beside one of them shows. */
import { type Kernels, kernels } from "../../src/kernels/load.js";

/** A NaN of its own: read by mistake it spoils a sum, overwritten it has other bits. */
const GUARD = 0x7fa5c3e1;
/** Words before and after each array; odd, so that no array starts at a multiple of 16 bytes. */
const GUARD_WORDS = 17;

export type Words = Float32Array | Int32Array;

function bitsOf(array: Words): Int32Array {
  return new Int32Array(array.buffer, array.byteOffset, array.length);
}

/** The arrays' contents after `run`, which gets their pointers. Throws where a guard was changed. */
export function onGuarded(
  exact: boolean,
  arrays: readonly Words[],
  run: (kernel: Kernels["exports"], pointers: readonly number[]) => void,
): Float32Array[] {
  const { exports, arena } = kernels("test", exact);
  const sizes = arrays.map((array) => 4 * (array.length + 2 * GUARD_WORDS));
  return arena.lease(sizes, (lease) => {
    const starts = arrays.map((array) => {
      const block = new Int32Array(array.length + 2 * GUARD_WORDS).fill(GUARD);
      block.set(bitsOf(array), GUARD_WORDS);
      return lease.putWords(block);
    });
    run(
      exports,
      starts.map((start) => start + 4 * GUARD_WORDS),
    );
    return arrays.map((array, i) => {
      const block = lease.words(starts[i], array.length + 2 * GUARD_WORDS);
      const guards = [...block.subarray(0, GUARD_WORDS), ...block.subarray(GUARD_WORDS + array.length)];
      if (guards.some((word) => word !== GUARD)) throw new Error(`array ${i}: something was written beside it`);
      return new Float32Array(block.buffer, 4 * GUARD_WORDS, array.length).slice();
    });
  });
}

/** Distance of neighbouring f32 numbers at |x|. */
export function ulp(x: number): number {
  return 2 ** (Math.floor(Math.log2(Math.max(Math.abs(x), 2 ** -126))) - 23);
}

/** Same number, where all NaN are one and -0 is not 0. */
export function same(a: number, b: number): boolean {
  return Object.is(a, b);
}
