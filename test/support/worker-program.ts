/** Programs of a worker for tests: the table of the package and tasks that no product needs. */
import { bundleWorker } from "../../build/worker.mjs";

/** Text of a worker that serves test/support/worker-tasks.ts. */
export async function testWorkerSource(): Promise<string> {
  return (await bundleWorker("test/support/worker-entry.ts")).code;
}
