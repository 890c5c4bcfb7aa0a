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
    const quantities = description.programs.map(({ quantity }) => quantity).join(" and ");
    const key = `model ${this.number}, ${quantities}${description.exact ? ", exact" : ""}`;
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

/** Rows of a block that one thread computes: a program's rows (all of a network's have as many), so that none is computed in vain. 64 levels of GMM-40 take 12 ms. */
function programRows({ dim, programs: [{ program }] }: ModelDescription): number {
  return program.buffers[program.names.x].bytes / 4 / dim;
}
/** The same where a score is made of many energies, as a row is many rows of the network then. */
const TWEEDIE_BLOCK_ROWS = 2;

/** Blocks of a run: of more, the waiting ones alone would take 100 ms to call off. */
const MOST_BLOCKS = 4096;

/** Network rows times parameters from which a run is spread over the threads at once: some 20 ms. Below, its first block is timed. */
const HEAVY = 2e8;

export interface SharedRun {
  readonly planned: PlannedRun;
  readonly model: SharedModel;
  readonly description: ModelDescription;
  readonly tweedie?: TweediePart;
}

function blocksOf({ planned, description, tweedie }: SharedRun, model: string): PathPayload[] {
  const { plan, settings } = planned;
  const { n, chunk } = settings;
  const least = tweedie ? TWEEDIE_BLOCK_ROWS : programRows(description);
  const rows = Math.min(chunk, Math.max(least, Math.ceil(n / MOST_BLOCKS)));
  return Array.from({ length: Math.ceil(n / rows) }, (_, block) => {
    const first = block * rows;
    return { model, plan, first, count: Math.min(rows, n - first), tweedie };
  });
}

/**
 * As `runHere`, on every thread of the pool. The energy is asked on the calling thread, so that it can be any JavaScript.
 *
 * @param energy closes the weights; needed where the plan has them
 * @throws BnemError("diverged"), BnemError("disposed"), the signal's reason within 100 ms, what the energy and `onProgress` throw
 */
export async function sharePaths(pool: WorkerPool, run: SharedRun, energy: Energy | undefined): Promise<Path> {
  const { planned, model, description, tweedie } = run;
  const { plan, settings } = planned;
  const { n, chunk, signal } = settings;
  const collector = new PathCollector(plan, settings);
  const blocks = blocksOf(run, model.install(pool, description));
  const networkRows = n * plan.grid.length * (tweedie?.mcSamples ?? 1);
  const heavy = networkRows * description.parameters.length >= HEAVY;
  const onReport = (index: number, value: unknown) => {
    const { level, lost } = value as PathReport;
    collector.atLevel(blocks[index].first, blocks[index].count, level, lost);
  };
  const onResult = (_index: number, value: unknown) => collector.put(value as PathBlock);
  await pool.share("path", blocks, { signal, onReport, onResult, heavy });
  const pace = new Pace(signal);
  return collector.finish(energy, chunk, () => pace.breathe());
}
