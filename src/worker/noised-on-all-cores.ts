/** The noised density of many rows on every core. */
import { checkOptions, checkTask, hasMethods } from "../core/check.js";
import type { Energy, NoisedRequest, NoisedResult } from "../core/types.js";
import { noisedShared } from "../estimators/noised-shared.js";
import { resolveWorkers } from "../kernels/worker-count.js";
import { sharedPool } from "./shared-pool.js";

/** Options of a call that can use every core. */
export interface WorkerOptions {
  /** Threads that compute, the calling one included: "auto" (default) is one per core, at most 8. The result does not depend on it. */
  readonly workers?: number | "auto";
  readonly signal?: AbortSignal;
}

/**
 * `noised` on every core: same result, bit for bit, whatever the number of threads. An energy known only as JavaScript functions cannot
 * be sent to a worker; the calling thread then does all rows, giving the host a turn every 16 ms. Work of less than about 10 ms stays on
 * the calling thread too.
 *
 * @returns as `noised`, with `notice`, one line, where fewer threads computed than were asked for
 * @throws as `noised`; TypeError / RangeError for workers that is neither "auto" nor a number from 1; the signal's reason, within 100 ms
 */
export async function noisedOnAllCores(
  energy: Energy,
  request: NoisedRequest,
  options: WorkerOptions = {},
): Promise<NoisedResult & { readonly notice?: string }> {
  const call = "noisedOnAllCores";
  if (!hasMethods(energy, ["energy"])) throw new TypeError(`${call}: energy must be an Energy, such as gaussianMixture()`);
  checkOptions(call, options, ["workers", "signal"]);
  checkTask(call, options);
  const count = resolveWorkers(call, options.workers);
  const pool = sharedPool(count.threads);
  const result = await noisedShared(pool, energy, request, { signal: options.signal });
  const notice = count.notice ?? pool.notice;
  return notice === undefined ? result : { ...result, notice };
}
