/** A long call on rows in blocks of them: the same bits, and the host has its turn between two blocks. */
import { Pace } from "./task.js";
import type { Batch } from "./types.js";

/** A copy of the rows from .. to - 1. */
export function rowsBetween({ data, dim }: Batch, from: number, to: number): Batch {
  return { data: data.slice(from * dim, to * dim), n: to - from, dim };
}

/** Numbers of blocks, one after the other. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The blocks one after the other on this thread. @throws what `compute` throws; the signal's reason */
export async function inTurns<B, R>(compute: (block: B) => R, blocks: readonly B[], signal?: AbortSignal): Promise<R[]> {
  const pace = new Pace(signal);
  const results: R[] = [];
  for (const block of blocks) {
    await pace.breathe();
    results.push(compute(block));
  }
  return results;
}
