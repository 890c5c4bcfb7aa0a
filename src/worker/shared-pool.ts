/** The pools of this process: made when first needed, kept, and no obstacle to the end of the program. */
import source from "../../dist/worker.txt";
import { WorkerPool } from "../kernels/pool.js";
import { resolveWorkers } from "../kernels/worker-count.js";
import { tasks } from "./tasks.js";

const pools = new Map<number, WorkerPool>();

/** One pool for each number of threads; see `resolveWorkers`. Nobody disposes it. */
export function sharedPool(threads = resolveWorkers("sharedPool").threads): WorkerPool {
  let pool = pools.get(threads);
  if (!pool) {
    pool = new WorkerPool({ threads, source, tasks });
    pools.set(threads, pool);
  }
  return pool;
}
