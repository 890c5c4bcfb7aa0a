/** The noised density of many rows on the threads of a pool: fixed blocks of rows, same bits as one call on one thread. */

import { BnemError } from "../core/errors.js";
import { Pace } from "../core/task.js";
import type { Batch, Energy, NoisedRequest, NoisedResult } from "../core/types.js";
import { checkRequest } from "../kernels/perturbations.js";
import type { WorkerPool } from "../kernels/pool.js";
import { noised } from "./noised.js";

/** What another thread needs to make the same energy. */
export interface EnergyDescription {
  readonly name: string;
  readonly options: Energy["options"];
  readonly check: Energy["check"];
}

/** A block of rows for the task "noised"; `energy` is the key under which the energy is installed. */
export interface NoisedBlock {
  readonly energy: string;
  readonly request: NoisedRequest;
}

/** Energies per block: 0.5 to 2 ms of GMM-40. */
const BLOCK_CALLS = 2 ** 15;

let installs = 0;

function blocksOf(request: NoisedRequest): NoisedRequest[] {
  const { x, variance, firstRow = 0 } = request;
  const rows = Math.max(1, Math.floor(BLOCK_CALLS / request.mcSamples));
  const blocks: NoisedRequest[] = [];
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

function merge(parts: readonly NoisedResult[]): NoisedResult {
  const score = joined(parts.map((part) => part.score));
  const mean = joined(parts.map((part) => part.mean));
  return {
    energy: joined(parts.map((part) => part.energy)) ?? new Float32Array(0),
    nonFinite: parts.reduce((sum, part) => sum + part.nonFinite, 0),
    energyCalls: parts.reduce((sum, part) => sum + part.energyCalls, 0),
    ...(score && { score }),
    ...(mean && { mean }),
  };
}

async function onThisThread(energy: Energy, blocks: readonly NoisedRequest[], signal?: AbortSignal): Promise<NoisedResult> {
  const pace = new Pace(signal);
  const parts: NoisedResult[] = [];
  for (const block of blocks) {
    await pace.breathe();
    parts.push(noised(energy, block));
  }
  return merge(parts);
}

/**
 * `noised` on all threads of a pool: same result, bit for bit, whatever their number. An energy known only as JavaScript functions
 * cannot be sent to a worker; the calling thread then does all rows. Cost: as `noised`, divided by the threads from about 10 ms on.
 *
 * @throws as `noised`; the signal's reason, within 100 ms
 */
export async function noisedShared(
  pool: WorkerPool,
  energy: Energy,
  request: NoisedRequest,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<NoisedResult> {
  checkRequest("noised", request, energy.dim);
  const blocks = blocksOf(request);
  const { name, options, check } = energy;
  if (options === null) return onThisThread(energy, blocks, signal);
  const key = `energy ${++installs}`;
  pool.install(key, "energy", { name, options, check });
  try {
    const payloads = blocks.map((block): NoisedBlock => ({ energy: key, request: block }));
    return merge(await pool.share<NoisedResult>("noised", payloads, { signal }));
  } catch (error) {
    // Not an energy of this package's: its name and options do not make it again.
    if (error instanceof BnemError && error.code === "bad-energy") return onThisThread(energy, blocks, signal);
    throw error;
  } finally {
    pool.uninstall(key);
  }
}
