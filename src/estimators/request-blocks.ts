/** One request of an estimator in blocks of rows: same bits, and the host has its turn between them. */
import { Pace } from "../core/task.js";
import type { Batch, NoisedRequest, NoisedResult } from "../core/types.js";
import type { ProposedResult } from "./proposals/noised-proposed.js";

/** Blocks of about `draws` draws, at least one row each. */
export function blocksOf<R extends NoisedRequest>(request: R, draws: number): R[] {
  const { x, variance, firstRow = 0 } = request;
  const rows = Math.max(1, Math.floor(draws / request.mcSamples));
  const blocks: R[] = [];
  for (let from = 0; from < x.n; from += rows) {
    const to = Math.min(x.n, from + rows);
    const part: Batch = { data: x.data.slice(from * x.dim, to * x.dim), n: to - from, dim: x.dim };
    blocks.push({ ...request, x: part, variance: variance.slice(from, to), firstRow: firstRow + from });
  }
  return blocks;
}

function joined(parts: readonly (Float32Array | undefined)[]): Float32Array | undefined {
  const present = parts.filter((part) => part !== undefined);
  if (present.length === 0) return undefined;
  const all = new Float32Array(present.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of present) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The result of the whole request. */
export function merge(parts: readonly (NoisedResult & Partial<ProposedResult>)[]): NoisedResult & Partial<ProposedResult> {
  const score = joined(parts.map((part) => part.score));
  const mean = joined(parts.map((part) => part.mean));
  const total = (of: (part: NoisedResult & Partial<ProposedResult>) => number) => parts.reduce((sum, part) => sum + of(part), 0);
  return {
    energy: joined(parts.map((part) => part.energy)) ?? new Float32Array(0),
    nonFinite: total((part) => part.nonFinite),
    energyCalls: total((part) => part.energyCalls),
    ...(score && { score }),
    ...(mean && { mean }),
    ...(parts[0]?.fellBack !== undefined && { fellBack: total((part) => part.fellBack ?? 0) }),
  };
}

/** The blocks one after the other on this thread. @throws what `compute` throws; the signal's reason */
export async function inTurns<R>(
  compute: (block: R) => NoisedResult,
  blocks: readonly R[],
  signal?: AbortSignal,
): Promise<NoisedResult & Partial<ProposedResult>> {
  const pace = new Pace(signal);
  const parts: NoisedResult[] = [];
  for (const block of blocks) {
    await pace.breathe();
    parts.push(compute(block));
  }
  return merge(parts);
}
