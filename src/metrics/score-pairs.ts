/** The pairs behind metrics and floors, on the calling thread or on all of a pool's: same numbers. */
import { Pace } from "../core/task.js";
import type { Energy } from "../core/types.js";
import type { WorkerPool } from "../kernels/pool.js";
import { SharedEnergy } from "../kernels/shared-energy.js";
import { type PairRequest, scorePair } from "./score-pair.js";

/** Values of each request's metrics, in the order of the requests. `onDone` hears how many are done. */
export type ScorePairs = (requests: readonly PairRequest[], onDone: (done: number) => void) => Promise<number[][]>;

/** What the task "pair" is sent. */
export interface PairPayload {
  /** Key under which the energy is installed. */
  readonly energy: string;
  readonly request: PairRequest;
}

export function scorePairsHere(energy: Energy, signal?: AbortSignal): ScorePairs {
  const pace = new Pace(signal);
  return async (requests, onDone) => {
    const values: number[][] = [];
    for (const request of requests) {
      values.push(await scorePair(energy, request, () => pace.breathe()));
      onDone(values.length);
    }
    return values;
  };
}

/**
 * Runs `work` with pairs shared by the pool's threads. An energy that cannot be made again by name (JavaScript functions, or one that its name and
 * options do not make) has them all on the calling thread.
 */
export async function withPairsShared<T>(
  pool: WorkerPool,
  energy: Energy,
  signal: AbortSignal | undefined,
  work: (scorePairs: ScorePairs) => Promise<T>,
): Promise<T> {
  const here = () => work(scorePairsHere(energy, signal));
  const threads = new SharedEnergy(pool, energy);
  const share = (key: string) =>
    work((requests, onDone) => {
      const payloads = requests.map((request): PairPayload => ({ energy: key, request }));
      return pool.share<number[]>("pair", payloads, { signal, onProgress: onDone });
    });
  try {
    return await threads.run(share, here);
  } finally {
    threads.dispose();
  }
}
