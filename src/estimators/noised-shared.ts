/** The noised density of many rows on the threads of a pool: blocks of rows, same bits as one call on one thread. */

import { inTurns } from "../core/row-blocks.js";
import type { Energy, NoisedRequest, NoisedResult } from "../core/types.js";
import { checkRequest } from "../kernels/perturbations.js";
import type { WorkerPool } from "../kernels/pool.js";
import { SharedEnergy } from "../kernels/shared-energy.js";
import { noised } from "./noised.js";
import type { ProposedRequest } from "./proposals/noised-proposed.js";
import { blocksOf, merge } from "./request-blocks.js";

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
/** The same for draws from a proposal: those of LJ-13 by Laplace's. */
const ASSUMED_PROPOSED_COST = 5e-3;

function assumedCost(request: NoisedRequest & Partial<ProposedRequest>): number {
  return (request.proposal ?? "prior") === "prior" ? ASSUMED_COST : ASSUMED_PROPOSED_COST;
}

function drawsOf({ x, mcSamples }: NoisedRequest): number {
  return x.n * mcSamples;
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
  private readonly threads: SharedEnergy;
  /** Milliseconds a draw took at least in a call on this thread. */
  private cost: number | undefined;

  constructor(
    private readonly pool: WorkerPool,
    private readonly energy: Energy,
  ) {
    this.threads = new SharedEnergy(pool, energy);
  }

  /** A plain call would take 10 ms or more, judging by those before. False for other energies. */
  isLarge(energy: Energy, request: NoisedRequest): boolean {
    return energy === this.energy && drawsOf(request) * (this.cost ?? assumedCost(request)) >= WORTH_SHARING;
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
    const blocks = blocksOf(request, Math.min(BLOCK_DRAWS, BLOCK_TIME / (this.cost ?? assumedCost(request))));
    const share = (energy: string) => {
      const payloads = blocks.map((block): NoisedBlock => ({ energy, request: block }));
      return this.pool.share<NoisedResult>("noised", payloads, { signal });
    };
    const here = () => inTurns((block) => noised(this.energy, block), blocks, signal);
    return merge(await this.threads.run(share, here));
  }

  dispose(): void {
    this.threads.dispose();
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
