/** Pools of threads that serve test/support/worker-tasks.ts; those that are left end with the tests of the file. */
import { afterAll } from "vitest";
import { bundleWorker } from "../../build/worker.mjs";
import { type PoolOptions, WorkerPool } from "../../src/kernels/pool.js";
import { tasks } from "../../src/worker/tasks.js";
import { testTasks } from "./worker-tasks.js";

const { code: source } = await bundleWorker("test/support/worker-entry.ts");
const pools: WorkerPool[] = [];

export function poolOf(threads: number, options: Partial<PoolOptions> = {}, Kind = WorkerPool): WorkerPool {
  const pool = new Kind({ threads, source, tasks: testTasks, ...options });
  pools.push(pool);
  return pool;
}

export function disposePools(): void {
  for (const pool of pools.splice(0)) pool.dispose();
}
afterAll(disposePools);

/** Has every worker run before it goes on: little work is done before they start. */
export async function startWorkers(pool: WorkerPool): Promise<void> {
  await Promise.all(Array.from({ length: pool.threads - 1 }, () => pool.run("where", 0)));
}

/** Shares everything at once, however little it is. */
export class EagerPool extends WorkerPool {
  override share<T>(task: string, payloads: readonly unknown[], options: object = {}): Promise<T[]> {
    return super.share<T>(task, payloads, { ...options, heavy: true });
  }
}

/** Blocks of paths and islands of annealed runs that the calling thread computed for pools of `countingPool`, since the last one was made. */
export const pathsHere = { blocks: 0 };

export function countingPool(threads: number, Kind: typeof WorkerPool = EagerPool): WorkerPool {
  const counted =
    (task: typeof tasks.path): typeof tasks.path =>
    (payload, context) => {
      pathsHere.blocks++;
      return task(payload, context);
    };
  pathsHere.blocks = 0;
  return poolOf(threads, { tasks: { ...testTasks, path: counted(tasks.path), island: counted(tasks.island) } }, Kind);
}
