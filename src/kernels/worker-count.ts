/** How many threads compute. */
import { builtinModule } from "./pool-spawn.js";

/** Above this, "auto" adds none: memory bandwidth and the calling thread's own share are used up. */
const MOST_AUTOMATIC = 8;

/** Threads the machine runs at once, as far as the runtime tells; at least 1. */
export function hardwareThreads(): number {
  const os = builtinModule("os") as { availableParallelism?(): number } | undefined;
  return Math.max(1, os?.availableParallelism?.() ?? globalThis.navigator?.hardwareConcurrency ?? 1);
}

export interface WorkerCount {
  /** Threads that compute, the calling one included; 1: no worker. */
  readonly threads: number;
  /** One line for the user, where fewer are used than were asked for. */
  readonly notice?: string;
}

/**
 * The option `workers`: "auto" is one thread per core, at most 8; more than the machine runs at once are cut to that, with a notice.
 * Results do not depend on it.
 *
 * @throws TypeError for what is neither "auto" nor a number, RangeError below 1 or for a fraction
 */
export function resolveWorkers(call: string, workers: unknown = "auto"): WorkerCount {
  const cores = hardwareThreads();
  if (workers === "auto") return { threads: Math.min(cores, MOST_AUTOMATIC) };
  const allowed = `${call}: workers must be "auto" or an integer from 1 (the calling thread alone)`;
  if (typeof workers !== "number") {
    throw new TypeError(`${allowed}, got ${typeof workers === "string" ? JSON.stringify(workers) : String(workers)}`);
  }
  if (!Number.isInteger(workers) || workers < 1) throw new RangeError(`${allowed}, got ${workers}`);
  if (workers <= cores) return { threads: workers };
  return {
    threads: cores,
    notice: `${call}: workers ${workers} is more than the ${cores} this machine runs at once; ${cores} are used`,
  };
}
