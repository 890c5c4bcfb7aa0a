/** Paths on all threads of a pool: blocks of rows, each a pure function of plan, model and row numbers, so that the threads leave no trace in the result. */
import { Pace } from "../core/task.js";
import type { Energy } from "../core/types.js";
import type { WorkerPool } from "../kernels/pool.js";
import type { ModelDescription } from "../kernels/program-model.js";
import { PathCollector } from "../samplers/path-collector.js";
import type { PathBlock } from "../samplers/path-plan.js";
import type { Path } from "../samplers/path-result.js";
import type { PlannedRun } from "../samplers/run-rows.js";
import type { PathPayload, PathReport, TweediePart } from "../worker/path-task.js";

let models = 0;

/** A model as pools know it: installed once in each, until `dispose`. */
export class SharedModel {
  private readonly number = ++models;
  private readonly installed = new Map<WorkerPool, Set<string>>();

  /** @returns the key of the model on the threads of this pool */
  install(pool: WorkerPool, description: ModelDescription): string {
    // Blocks that are computed later, or again, must find the build they were planned for.
    const key = `model ${this.number}${description.exact ? ", exact" : ""}`;
    const keys = this.installed.get(pool) ?? new Set();
    this.installed.set(pool, keys);
    if (!keys.has(key)) pool.install(key, "model", description);
    keys.add(key);
    return key;
  }

  dispose(): void {
    for (const [pool, keys] of this.installed) for (const key of keys) pool.uninstall(key);
    this.installed.clear();
  }
}

export interface SharedRun {
  readonly planned: PlannedRun;
  /** Key under which the model is installed. */
  readonly model: string;
  readonly tweedie?: TweediePart;
  /** Rows of a block; the result does not depend on it. */
  readonly rows: number;
  /** Known to take long enough to share. */
  readonly heavy: boolean;
}

/**
 * As `runHere`, on every thread of the pool. The energy is asked on the calling thread, so that it can be any JavaScript.
 *
 * @param energy closes the weights; needed where the plan has them
 * @throws BnemError("diverged"), BnemError("disposed"), the signal's reason within 100 ms, what the energy and `onProgress` throw
 */
export async function sharePaths(pool: WorkerPool, run: SharedRun, energy: Energy | undefined): Promise<Path> {
  const { planned, model, tweedie, rows, heavy } = run;
  const { plan, settings } = planned;
  const { n, chunk, signal } = settings;
  const collector = new PathCollector(plan, settings);
  const payloads: PathPayload[] = [];
  for (let first = 0; first < n; first += rows) {
    payloads.push({ model, plan, first, count: Math.min(rows, n - first), tweedie });
  }
  const onReport = (index: number, value: unknown) => {
    const { level, lost } = value as PathReport;
    collector.atLevel(payloads[index].first, payloads[index].count, level, lost);
  };
  const onResult = (_index: number, value: unknown) => collector.put(value as PathBlock);
  await pool.share("path", payloads, { signal, onReport, onResult, heavy });
  const pace = new Pace(signal);
  return collector.finish(energy, chunk, () => pace.breathe());
}
