/** The noised density of many rows on the threads of a pool: blocks of rows, same bits as one call on one thread. */

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

/** Draws per block: 0.5 to 2 ms of GMM-40. */
const BLOCK_DRAWS = 2 ** 15;
/** Milliseconds of a block where the cost of a draw is known and would make it longer than that. */
const BLOCK_TIME = 2;
/** Milliseconds from which on a call is cut into blocks: less is not worth waking workers for. */
const WORTH_SHARING = 10;
/** Milliseconds a draw is taken to cost until one was timed: those of GMM-40. */
const ASSUMED_COST = 20e-6;

let installs = 0;

function drawsOf({ x, mcSamples }: NoisedRequest): number {
  return x.n * mcSamples;
}

function blocksOf(request: NoisedRequest, draws: number): NoisedRequest[] {
  const { x, variance, firstRow = 0 } = request;
  const rows = Math.max(1, Math.floor(draws / request.mcSamples));
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

export interface SharedOptions {
  readonly signal?: AbortSignal;
}

/**
 * `noised` of one energy on all threads of a pool: same result, bit for bit, whatever their number. An energy known only as JavaScript
 * functions cannot be sent to a worker; the calling thread then does all rows, giving the host a turn every 16 ms. The threads keep the
 * energy until `dispose`.
 */
export class SharedNoised {
  private readonly key = `energy ${++installs}`;
  private installed = false;
  /** No other thread can make this energy. */
  private alone: boolean;
  /** Milliseconds a draw took at least in a call on this thread. */
  private cost: number | undefined;

  constructor(
    private readonly pool: WorkerPool,
    private readonly energy: Energy,
  ) {
    this.alone = energy.options === null;
  }

  /** A plain call would take 10 ms or more, judging by those before. False for other energies. */
  isLarge(energy: Energy, request: NoisedRequest): boolean {
    return energy === this.energy && drawsOf(request) * (this.cost ?? ASSUMED_COST) >= WORTH_SHARING;
  }

  /** `inBlocks` where the request is large, else a plain call. */
  async noised(energy: Energy, request: NoisedRequest, options: SharedOptions = {}): Promise<NoisedResult> {
    if (this.isLarge(energy, request)) return this.inBlocks(request, options);
    const began = performance.now();
    const result = noised(energy, request);
    this.cost = Math.min(this.cost ?? Infinity, (performance.now() - began) / drawsOf(request));
    return result;
  }

  /** @throws as `noised`; the signal's reason, within 100 ms */
  async inBlocks(request: NoisedRequest, { signal }: SharedOptions = {}): Promise<NoisedResult> {
    checkRequest("noised", request, this.energy.dim);
    const blocks = blocksOf(request, Math.min(BLOCK_DRAWS, BLOCK_TIME / (this.cost ?? ASSUMED_COST)));
    if (this.alone) return onThisThread(this.energy, blocks, signal);
    this.install();
    const payloads = blocks.map((block): NoisedBlock => ({ energy: this.key, request: block }));
    try {
      return merge(await this.pool.share<NoisedResult>("noised", payloads, { signal }));
    } catch (error) {
      if (!(error instanceof BnemError && error.code === "bad-energy")) throw error;
      // Not an energy of this package's: its name and options do not make it again.
      this.alone = true;
      this.dispose();
      return onThisThread(this.energy, blocks, signal);
    }
  }

  dispose(): void {
    if (this.installed) this.pool.uninstall(this.key);
    this.installed = false;
  }

  private install(): void {
    if (this.installed) return;
    const { name, options, check } = this.energy;
    this.pool.install(this.key, "energy", { name, options, check });
    this.installed = true;
  }
}

/**
 * One call of `SharedNoised.inBlocks`. Cost: as `noised`, divided by the threads from about 10 ms on.
 * @throws as `noised`; the signal's reason, within 100 ms
 */
export async function noisedShared(
  pool: WorkerPool,
  energy: Energy,
  request: NoisedRequest,
  options: SharedOptions = {},
): Promise<NoisedResult> {
  const shared = new SharedNoised(pool, energy);
  try {
    return await shared.inBlocks(request, options);
  } finally {
    shared.dispose();
  }
}
