/** The refills of a training buffer on all threads of a pool: the same rows as on one. */
import type { WorkerPool } from "../kernels/pool.js";
import { runHere } from "../samplers/run-rows.js";
import type { PathRunner } from "../training/loop-config.js";
import { describeModel } from "./describe-model.js";
import { SharedModel, sharePaths } from "./shared-paths.js";

export function pathsOn(pool: WorkerPool): PathRunner {
  return async (planned, teacher) => {
    const description = pool.threads > 1 ? describeModel(teacher, ["score"]) : undefined;
    if (!description) return runHere(planned, teacher, undefined);
    const model = new SharedModel();
    try {
      return await sharePaths(pool, { planned, model, description }, undefined);
    } finally {
      model.dispose();
    }
  };
}
