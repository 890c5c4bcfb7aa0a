/**
 * A kernel instance with memory of its own, for tests of what a kernel touches: every block stands between fences of NaN, so that a number read
 * from beyond shows in the result and one written beyond in the fence; the first block ends where the memory ends, so that there a read traps.
 */
import type { KernelExports } from "../../src/kernels/abi.js";
import { kernels } from "../../src/kernels/load.js";

const FENCE = 16;
const MARK = 0x7fc0beef;

export class FencedMemory {
  readonly exports: KernelExports;
  private readonly memory: WebAssembly.Memory;
  private top: number;
  private readonly fences: number[] = [];

  constructor(exact: boolean, bytes = 16 << 20) {
    this.memory = new WebAssembly.Memory({ initial: bytes / 65536, maximum: 32768 });
    const instance = new WebAssembly.Instance(kernels("test", exact).module, { env: { memory: this.memory } });
    this.exports = instance.exports as unknown as KernelExports;
    this.top = bytes;
  }

  /** A block of `count` numbers, NaN at first. */
  take(count: number): number {
    this.top -= 4 * count;
    const at = this.top;
    new Uint32Array(this.memory.buffer, at, count).fill(MARK);
    this.top -= 4 * FENCE;
    new Uint32Array(this.memory.buffer, this.top, FENCE).fill(MARK);
    this.fences.push(this.top);
    return at;
  }

  put(values: ArrayLike<number>): number {
    const at = this.take(values.length);
    new Float32Array(this.memory.buffer, at, values.length).set(values);
    return at;
  }

  putWords(words: readonly number[]): number {
    const at = this.take(words.length);
    new Uint32Array(this.memory.buffer, at, words.length).set(words);
    return at;
  }

  get(pointer: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, pointer, count).slice();
  }

  /** Whether every fence is as it was put up. */
  intact(): boolean {
    return this.fences.every((at) => new Uint32Array(this.memory.buffer, at, FENCE).every((word) => word === MARK));
  }
}
