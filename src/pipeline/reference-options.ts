/** The options of `reference` that a file can hold, and the moves they name. */
import * as v from "valibot";
import { hmc } from "../mcmc/hmc.js";
import { mala } from "../mcmc/mala.js";
import type { McMove } from "../mcmc/move.js";
import { nuts } from "../mcmc/nuts.js";
import { randomWalk } from "../mcmc/random-walk.js";
import { tempering } from "../mcmc/tempering.js";
import {
  choiceField,
  integerField,
  MAX_SEED,
  numberField,
  type OptionSchema,
  parseOptions,
  positiveField,
} from "./option-fields.js";

export const REFERENCE_MOVES = ["exact", "hmc", "mala", "nuts", "randomWalk", "tempering"] as const;
/** What makes a reference set; "exact" are the draws of the energy itself, where it has them. */
export type ReferenceMove = (typeof REFERENCE_MOVES)[number];
export type ChainMove = Exclude<ReferenceMove, "exact">;

/** Options of reference sets; what is absent comes from the recipe of the energy. */
export const referenceSchema = v.object({
  seed: v.optional(integerField(0, MAX_SEED, "seed of every random number; drawn once and returned when absent")),
  move: v.optional(choiceField(REFERENCE_MOVES, "what moves the chains; exact: independent draws, where the energy has them")),
  chains: v.optional(integerField(2, 1e6, "Markov chains at most; few rows take fewer")),
  warmup: v.optional(integerField(1, 1e8, "steps of each chain before the first that counts")),
  pilotSteps: v.optional(integerField(8, 1e8, "steps of the chains that measure the autocorrelation time")),
  thin: v.optional(integerField(1, 1e7, "steps between kept configurations; default: twice the autocorrelation time")),
  stepSize: v.optional(positiveField("length of a step; default: tuned in warm-up, then frozen")),
  targetAcceptance: v.optional(numberField(0.01, 0.99, "acceptance that the step is tuned to")),
  leapfrogs: v.optional(integerField(1, 100_000, "leapfrogs of a trajectory (hmc, tempering)")),
  leapfrogsOdd: v.optional(integerField(1, 100_000, "leapfrogs of every second trajectory (hmc, tempering)")),
  maxDepth: v.optional(integerField(1, 15, "doublings of a trajectory at most (nuts)")),
  replicas: v.optional(integerField(2, 1000, "temperatures (tempering)")),
  hottest: v.optional(positiveField("highest temperature, in units of the target's (tempering)")),
  swapEvery: v.optional(integerField(1, 1e6, "trajectories between two rounds of swaps (tempering)")),
});

/** Plain options of `reference` as given. */
export type ReferenceSettings = v.InferInput<typeof referenceSchema>;

type MoveKey = "stepSize" | "targetAcceptance" | "leapfrogs" | "leapfrogsOdd" | "maxDepth" | "replicas" | "hottest" | "swapEvery";
type MoveSettings = Pick<ReferenceSettings, MoveKey>;

interface MoveRow {
  readonly keys: readonly MoveKey[];
  readonly make: (settings: MoveSettings) => McMove;
}

const STEP = ["stepSize", "targetAcceptance"] as const;
const TRAJECTORY = [...STEP, "leapfrogs", "leapfrogsOdd"] as const;

/** What a move takes, and how it is made from that. */
const moves: { readonly [name in ChainMove]: MoveRow } = {
  hmc: { keys: TRAJECTORY, make: hmc },
  mala: { keys: STEP, make: mala },
  nuts: { keys: [...STEP, "maxDepth"], make: nuts },
  randomWalk: { keys: STEP, make: randomWalk },
  tempering: {
    keys: [...TRAJECTORY, "replicas", "hottest", "swapEvery"],
    make: ({ replicas, hottest, swapEvery, ...trajectory }) =>
      tempering(present({ move: hmc(trajectory), replicas, hottest, swapEvery })),
  },
};

const OF_CHAINS = ["chains", "warmup", "pilotSteps", "thin"] as const;
const OF_MOVES = [...new Set(Object.values(moves).flatMap(({ keys }) => keys))];

/** Without the entries that are undefined. */
function present<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** @throws TypeError / RangeError as the guards of core/check.ts, and for an option that the move named does not take */
export function parseReferenceOptions(call: string, options: unknown, values: readonly string[] = []): ReferenceSettings {
  const settings = parseOptions(call, referenceSchema as unknown as OptionSchema, options, values) as ReferenceSettings;
  if (settings.move !== undefined) checkKeys(call, settings, settings.move);
  return settings;
}

/** Refuses an option that says nothing to the move. */
export function checkKeys(call: string, settings: ReferenceSettings, move: ReferenceMove): void {
  const known: readonly string[] = move === "exact" ? [] : [...OF_CHAINS, ...moves[move].keys];
  const foreign = [...OF_CHAINS, ...OF_MOVES].find((key) => settings[key] !== undefined && !known.includes(key));
  if (foreign === undefined) return;
  const takes = known.length === 0 ? "takes no options" : `takes ${known.join(", ")}`;
  throw new RangeError(
    `${call}: ${foreign} says nothing to the move "${move}", which ${takes}; leave it out or name another move`,
  );
}

/** The move of the settings, from those of them that it takes. */
export function moveOf(name: ChainMove, settings: ReferenceSettings): McMove {
  const { keys, make } = moves[name];
  return make(present(Object.fromEntries(keys.map((key) => [key, settings[key]]))));
}
