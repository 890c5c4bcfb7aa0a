/**
 * The memory of one kernel instance. Blocks are leased for one call: pointers die when the lease ends, and views are made anew
 * from a pointer whenever they are needed, because growing the memory detaches old ones. Nothing here outlives a call.
 */
import { BnemError } from "../core/errors.js";

/** A bump pointer over leased bytes; every part is 16-byte aligned. */
export class Lease {
  private used: number;
  constructor(
    private readonly memory: WebAssembly.Memory,
    start: number,
    private readonly end: number,
  ) {
    this.used = start;
  }

  /** Pointer to `bytes` fresh bytes, not cleared. */
  take(bytes: number): number {
    const at = this.used;
    this.used += padded(bytes);
    if (this.used > this.end) throw new BnemError("unsupported", "kernels: a lease was asked for more bytes than it reserved");
    return at;
  }

  /** Pointer to a copy of f32 values. */
  put(values: Float32Array): number {
    const at = this.take(values.byteLength);
    new Float32Array(this.memory.buffer, at, values.length).set(values);
    return at;
  }

  /** Pointer to a copy of 32-bit words. */
  putWords(words: Int32Array): number {
    const at = this.take(words.byteLength);
    new Int32Array(this.memory.buffer, at, words.length).set(words);
    return at;
  }

  /** Writes f32 values to bytes that were taken before. */
  write(pointer: number, values: Float32Array): void {
    new Float32Array(this.memory.buffer, pointer, values.length).set(values);
  }

  /** A copy of `count` f32 values, owned by the caller. */
  get(pointer: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, pointer, count).slice();
  }

  /** A copy of `count` 32-bit words. */
  words(pointer: number, count: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, pointer, count).slice();
  }
}

/** Bytes that a part of `bytes` takes inside a lease. */
export function padded(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

export interface ArenaExports {
  reserve(bytes: number): number;
  release(pointer: number): void;
}

/** Bytes that leases may hold in all: the maximum that load.ts gives the memory. */
const MOST_BYTES = 2 ** 31;

export class Arena {
  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly exports: ArenaExports,
  ) {}

  /**
   * Runs `fn` with the sum of `parts` bytes reserved; the bytes are given back when it returns or throws. Leases nest.
   * @throws BnemError("unsupported") when the memory cannot grow that far (2 GiB in all)
   */
  lease<T>(parts: readonly number[], fn: (lease: Lease) => T): T {
    let bytes = 0;
    for (const part of parts) bytes += padded(part);
    const start = bytes < MOST_BYTES ? this.exports.reserve(bytes) >>> 0 : 0;
    if (start === 0) {
      throw new BnemError(
        "unsupported",
        `kernels: no memory for ${bytes} bytes; a call has 2 GiB at most, less where the system gives less; use fewer rows or a smaller mcSamples`,
      );
    }
    try {
      return fn(new Lease(this.memory, start, start + bytes));
    } finally {
      this.exports.release(start);
    }
  }
}
