/** What threads a program can have here: started and timed, for diagnoses. */
import { checkOptions } from "../core/check.js";
import { hardwareThreads } from "../kernels/worker-count.js";
import { threadsOf, type Workers } from "./threads.js";

/** What `threadReport` found. */
export interface ThreadReport {
  /** Threads the machine runs at once, as far as the runtime tells. */
  readonly cores: number;
  /** Threads that compute, the calling one included. */
  readonly threads: number;
  /** Milliseconds that an empty job takes to a worker and back, the median of 25; absent where no worker computes. */
  readonly roundTrip?: number;
  /** One line where fewer threads compute than were asked for. */
  readonly notice?: string;
}

const ROUNDS = 25;

/**
 * Starts the workers that calls would use and times an empty job. Takes some 50 ms; 5 s where workers neither start nor refuse.
 *
 * @param options.workers as in `init`, whose choice is the default
 * @throws TypeError / RangeError for workers that is neither "auto" nor an integer from 1
 */
export async function threadReport(options: { readonly workers?: Workers } = {}): Promise<ThreadReport> {
  const call = "threadReport";
  checkOptions(call, options, ["workers"]);
  const { pool, notice } = threadsOf(call, options.workers);
  // One for each worker: a pool starts as many as there are jobs that wait.
  await Promise.all(Array.from({ length: pool.threads - 1 }, () => pool.run("empty", undefined)));
  const threads = 1 + pool.liveWorkers;
  const cores = hardwareThreads();
  if (threads === 1) return { cores, threads, notice: notice() };
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    await pool.run("empty", undefined);
    times.push(performance.now() - started);
  }
  return { cores, threads, roundTrip: times.sort((a, b) => a - b)[ROUNDS >> 1], notice: notice() };
}
