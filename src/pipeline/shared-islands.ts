/** Islands of an annealed run on all threads of a pool: each a pure function of plan, model and number, so that the threads leave no trace in the result. */
import { Pace } from "../core/task.js";
import type { Energy } from "../core/types.js";
import { AnnealedCollector, type AnnealedRun, type PlannedAnnealed } from "../correction/annealed.js";
import type { IslandResult } from "../correction/island.js";
import type { WorkerPool } from "../kernels/pool.js";
import type { ModelDescription } from "../kernels/program-model.js";
import type { IslandPayload } from "../worker/island-task.js";
import type { PathReport } from "../worker/path-task.js";
import type { SharedModel } from "./shared-paths.js";

/** Network rows times parameters from which a run is spread over the threads at once: some 20 ms. Below, its first island is timed. */
const HEAVY = 2e8;

export interface SharedIslands {
  readonly planned: PlannedAnnealed;
  readonly model: SharedModel;
  readonly description: ModelDescription;
  readonly transition: IslandPayload["transition"];
  readonly tweedie?: IslandPayload["tweedie"];
}

/**
 * As `annealed`, on every thread of the pool, from its plan on. The energy is asked on the calling thread, so that it can be any JavaScript.
 *
 * @throws BnemError("diverged"), BnemError("disposed"), the signal's reason within 100 ms, what the energy and `onProgress` throw
 */
export async function shareIslands(pool: WorkerPool, run: SharedIslands, energy: Energy): Promise<AnnealedRun> {
  const { planned, model, description, transition, tweedie } = run;
  const { plan, options } = planned;
  const { signal } = options;
  const collector = new AnnealedCollector(planned);
  const key = model.install(pool, description);
  const islands = Array.from({ length: plan.starts.length - 1 }, (_, island): IslandPayload => {
    return { model: key, plan, transition, island, tweedie };
  });
  const rows = options.n * plan.levels.length * (tweedie?.mcSamples ?? 1);
  const onReport = (island: number, value: unknown) => {
    const { level, lost } = value as PathReport;
    collector.atLevel(island, level, lost);
  };
  const onResult = (_index: number, value: unknown) => collector.put(value as IslandResult);
  await pool.share("island", islands, { signal, onReport, onResult, heavy: rows * description.parameters.length >= HEAVY });
  const pace = new Pace(signal);
  return collector.finish(energy, () => pace.breathe());
}
