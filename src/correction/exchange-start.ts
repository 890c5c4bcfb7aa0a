/** Where replicas begin: one pass from the reference down all levels, which also measures what the transition wants to know. */
import { BnemError } from "../core/errors.js";
import { derive } from "../core/random.js";
import type { Batch, Key } from "../core/types.js";
import { normalRows } from "../kernels/normal.js";
import type { ExchangeLadder, LadderPlan } from "./exchange-ladder.js";
import { stepRandom } from "./island.js";
import type { LevelState } from "./level-moves.js";
import { intervalOf } from "./levels.js";
import { referenceRows } from "./reference.js";
import type { Frozen } from "./transition.js";

/** Rows of the pass at least: what a transition measures (a variance over rows and directions) is then known to some percent. */
const PILOT_ROWS = 256;

function head({ data, dim }: Batch, n: number): Batch {
  return { data: data.slice(0, n * dim), n, dim };
}

/** Rows whose numbers are not finite become copies of others, in turn: where a chain begins may depend on anything. */
function mended(x: Batch, energy: Float64Array | undefined, k: number): Batch {
  const { data, n, dim } = x;
  const finite = (row: number) =>
    data.subarray(row * dim, (row + 1) * dim).every(Number.isFinite) && !Number.isNaN(energy?.[row] ?? 0);
  const isGood = Array.from({ length: n }, (_, row) => finite(row));
  const good = isGood.flatMap((is, row) => (is ? [row] : []));
  if (good.length === n) return x;
  if (good.length === 0) {
    throw new BnemError("diverged", `replicaExchange: none of ${n} starting rows is finite at level ${k}; check the model there`);
  }
  const rows = Array.from({ length: n }, (_, row) => (isGood[row] ? row : good[row % good.length]));
  const whole = new Float32Array(data.length);
  rows.forEach((row, i) => {
    whole.set(data.subarray(row * dim, (row + 1) * dim), i * dim);
  });
  return { data: whole, n, dim };
}

/** Configurations of every level, and what was measured on the way. */
export interface ExchangeStart {
  readonly x: readonly Batch[];
  readonly frozen: readonly (Frozen | undefined)[];
}

/** @throws BnemError("diverged") where no row is finite, what the model throws */
export async function startPass(plan: LadderPlan, key: Key, breathe: () => Promise<void>): Promise<ExchangeStart> {
  const { levels, transition, models, chains } = plan;
  const top = levels.length - 1;
  const n = Math.max(chains, PILOT_ROWS);
  const found: Batch[] = [];
  const frozen: (Frozen | undefined)[] = new Array(levels.length).fill(undefined);
  let x = referenceRows(plan, normalRows(derive(key, "reference"), 0, 0, n, plan.dim).data);
  for (let k = top; k > 0; k--) {
    await breathe();
    found[k] = head(x, chains);
    const model = models[k];
    const interval = intervalOf(levels[k], levels[k - 1]);
    const { score } = await model.evaluate(x, false);
    frozen[k] = (await transition.measure?.({ interval, x, score, model })) ?? transition.settle?.(interval);
    const request = { interval, x, score, model, frozen: frozen[k], random: stepRandom(derive(key, "down"), k, 0, n, plan.dim) };
    const moved = await transition.down(request);
    // A row that a map could not weigh can still begin somewhere.
    x = mended(moved.x, undefined, k - 1);
  }
  found[0] = head(x, chains);
  return { x: found, frozen };
}

/** Energies and scores where the replicas begin. @throws BnemError("diverged") where no energy is a number */
export async function startStates(ladder: ExchangeLadder, x: readonly Batch[]): Promise<LevelState[]> {
  const states: LevelState[] = [];
  for (let k = 0; k < x.length; k++) {
    const own = { ...x[k], data: x[k].data.slice() };
    const state = await ladder.stateOf(k, own);
    const whole = mended(own, state.energy, k);
    states.push(whole === own ? state : await ladder.stateOf(k, whole));
  }
  return states;
}
