/** The refills of a training buffer on all threads of a pool: the same rows as on one. */
import type { WorkerPool } from "../kernels/pool.js";
import { blockRows } from "../networks/record.js";
import { runHere } from "../samplers/run-rows.js";
import type { PathRunner } from "../training/loop-config.js";
import { SharedModel, sharePaths } from "./shared-paths.js";

/** Rows times levels times parameters from which a refill is shared at once, without timing a first block: about 20 ms on one thread. */
const HEAVY = 2e8;

export function pathsOn(pool: WorkerPool): PathRunner {
  return async (planned, model) => {
    const description = pool.threads > 1 ? model.describe("score") : undefined;
    if (!description) return runHere(planned, model, undefined);
    const { plan, settings } = planned;
    const heavy = settings.n * plan.grid.length * description.parameters.length >= HEAVY;
    const shared = new SharedModel();
    try {
      return await sharePaths(pool, { planned, model: shared.install(pool, description), rows: blockRows, heavy }, undefined);
    } finally {
      shared.dispose();
    }
  };
}
