/** Which threads a call uses: its own `workers`, else the process's, which `init` sets. */
import type { WorkerPool } from "../kernels/pool.js";
import { resolveWorkers } from "../kernels/worker-count.js";
import { sharedPool } from "../worker/shared-pool.js";

/** Threads that compute, the calling one included: "auto" is one per core, at most 8; 1 starts no worker. Results do not depend on it. */
export type Workers = number | "auto";

let standard: Workers = "auto";

/** @throws TypeError / RangeError for what is neither "auto" nor an integer from 1 */
export function setStandardWorkers(call: string, workers: Workers): void {
  resolveWorkers(call, workers);
  standard = workers;
}

export interface Threads {
  readonly pool: WorkerPool;
  /** One line where fewer threads compute than were asked for. */
  notice(): string | undefined;
}

/** @throws TypeError / RangeError for what is neither "auto" nor an integer from 1 */
export function threadsOf(call: string, workers: Workers = standard): Threads {
  const count = resolveWorkers(call, workers);
  const pool = sharedPool(count.threads);
  return { pool, notice: () => count.notice ?? pool.notice };
}
