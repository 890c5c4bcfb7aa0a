/** One request of an estimator in blocks of rows, and their results as one. */
import { joined, rowsBetween } from "../core/row-blocks.js";
import type { NoisedRequest, NoisedResult } from "../core/types.js";
import type { ProposedResult } from "./proposals/noised-proposed.js";

/** Blocks of about `draws` draws, at least one row each. */
export function blocksOf<R extends NoisedRequest>(request: R, draws: number): R[] {
  const { x, variance, firstRow = 0 } = request;
  const rows = Math.max(1, Math.floor(draws / request.mcSamples));
  const blocks: R[] = [];
  for (let from = 0; from < x.n; from += rows) {
    const to = Math.min(x.n, from + rows);
    blocks.push({ ...request, x: rowsBetween(x, from, to), variance: variance.slice(from, to), firstRow: firstRow + from });
  }
  return blocks;
}

function joinedOf(parts: readonly (Float32Array | undefined)[]): Float32Array | undefined {
  const present = parts.filter((part) => part !== undefined);
  return present.length === 0 ? undefined : joined(present);
}

/** The result of the whole request. */
export function merge(parts: readonly (NoisedResult & Partial<ProposedResult>)[]): NoisedResult & Partial<ProposedResult> {
  const score = joinedOf(parts.map((part) => part.score));
  const mean = joinedOf(parts.map((part) => part.mean));
  const total = (of: (part: NoisedResult & Partial<ProposedResult>) => number) => parts.reduce((sum, part) => sum + of(part), 0);
  return {
    energy: joined(parts.map((part) => part.energy)),
    nonFinite: total((part) => part.nonFinite),
    energyCalls: total((part) => part.energyCalls),
    ...(score && { score }),
    ...(mean && { mean }),
    ...(parts[0]?.fellBack !== undefined && { fellBack: total((part) => part.fellBack ?? 0) }),
  };
}
