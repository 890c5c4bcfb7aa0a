/** A job that does nothing: what a round trip to a worker costs. */
import type { TaskResult } from "../kernels/pool-protocol.js";

export function emptyTask(): TaskResult {
  return { value: undefined };
}
