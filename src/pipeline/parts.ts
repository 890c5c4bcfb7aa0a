/**
 * Tables from names to parts: what a checkpoint or a flag says, as the value that training takes. A new schedule, estimator, network
 * or method is one row here and its own file.
 */
import { nearest } from "../core/check.js";
import { BnemError } from "../core/errors.js";
import type { Energy, Estimator, Json, NoiseSchedule, Prior } from "../core/types.js";
import { bootstrapped } from "../estimators/bootstrapped.js";
import { noisedEnergy } from "../estimators/noised-energy.js";
import { noisedScore } from "../estimators/noised-score.js";
import { posterior } from "../estimators/posterior.js";
import { tweedie } from "../estimators/tweedie.js";
import { additive } from "../networks/additive.js";
import { descriptor } from "../networks/descriptor.js";
import { egnn } from "../networks/egnn.js";
import { mlp } from "../networks/mlp.js";
import type { NetworkFactory } from "../networks/network.js";
import { priorByName, priorNames } from "../priors/registry.js";
import { cosineSchedule } from "../schedules/cosine.js";
import { geometricSchedule } from "../schedules/geometric.js";
import { linearSchedule } from "../schedules/linear.js";
import { powerSchedule } from "../schedules/power.js";
import { quadraticSchedule } from "../schedules/quadratic.js";
import type { ResolvedTrainSettings } from "./options.js";

/** A part as checkpoints hold it. */
export interface PartRecord {
  readonly name: string;
  readonly options: { readonly [name: string]: Json };
}

type Maker<T> = (options: never) => T;

const estimators: { readonly [name: string]: Maker<Estimator> } = { noisedEnergy, noisedScore, tweedie, bootstrapped, posterior };
const networks: { readonly [name: string]: Maker<NetworkFactory> } = { additive, descriptor, egnn, mlp };
const schedules: { readonly [name: string]: Maker<NoiseSchedule> } = {
  geometric: geometricSchedule,
  linear: linearSchedule,
  quadratic: quadraticSchedule,
  power: powerSchedule,
  cosine: cosineSchedule,
};

function rebuild<T>(kind: string, table: { readonly [name: string]: Maker<T> }, record: PartRecord): T {
  const make = Object.hasOwn(table, record.name) ? table[record.name] : undefined;
  if (!make) {
    const known = Object.keys(table);
    throw new BnemError(
      "bad-checkpoint",
      `loadSampler: this checkpoint needs the ${kind} "${record.name}", which this version does not have (nearest: "${nearest(record.name, known)}"); pass it again as a value`,
    );
  }
  try {
    return make(record.options as never);
  } catch (cause) {
    const why = (cause as Error).message;
    throw new BnemError("bad-checkpoint", `loadSampler: the ${kind} of this checkpoint cannot be made: ${why}`, { cause });
  }
}

export const rebuildEstimator = (record: PartRecord): Estimator => rebuild("estimator", estimators, record);
export const rebuildNetwork = (record: PartRecord): NetworkFactory => rebuild("network", networks, record);
export const rebuildSchedule = (record: PartRecord): NoiseSchedule => rebuild("schedule", schedules, record);

/** @throws BnemError("bad-checkpoint") for a prior that this version does not have, or that the energy cannot have */
export function rebuildPrior(record: PartRecord, energy: Energy): Prior {
  const byName: Maker<Prior> = (options) => priorByName(record.name, options, energy);
  const known = Object.fromEntries(priorNames.map((name) => [name, byName]));
  return rebuild("prior", known, record);
}

const inWords = ({ name, options }: PartRecord) => `${name} ${JSON.stringify(options)}`;

/**
 * A part given again must be the one of the checkpoint: another network of the same size, or another schedule, gives other numbers
 * without a word.
 *
 * @throws BnemError("bad-checkpoint") when name or options differ
 */
export function checkSamePart(kind: string, recorded: PartRecord, given: PartRecord): void {
  if (inWords(given) === inWords(recorded)) return;
  throw new BnemError(
    "bad-checkpoint",
    `checkpoint: it was made with the ${kind} ${inWords(recorded)}, got ${inWords(given)}; pass the same one`,
  );
}

/** What a method is: its estimator, and how its samples are drawn. */
export interface Method {
  readonly estimator: (settings: ResolvedTrainSettings) => Estimator;
  /** "gradient": -grad of the learned energy, or the learned score. "tweedie": from learned energies alone (ME-NEM). */
  readonly scoreFrom: "gradient" | "tweedie";
  /** What belongs beside its results. */
  readonly label?: string;
}

const draws = ({ mcSamples, mode, proposal, defensive }: ResolvedTrainSettings) => ({ mcSamples, mode, proposal, defensive });

/** The methods of the papers by the names of the `method` option. */
export const methods: { readonly [K in ResolvedTrainSettings["method"]]: Method } = {
  idem: { estimator: (s) => noisedScore({ ...draws(s), scoreClip: s.scoreClip }), scoreFrom: "gradient" },
  nem: { estimator: (s) => noisedEnergy({ ...draws(s), perParticle: s.perParticle }), scoreFrom: "gradient" },
  bnem: {
    estimator: (s) => bootstrapped({ ...draws(s), levels: s.levels, bootstrapFrom: s.bootstrapFrom, rejection: s.rejection }),
    scoreFrom: "gradient",
  },
  tweedem: { estimator: (s) => tweedie({ ...draws(s), scoreClip: s.scoreClip }), scoreFrom: "gradient" },
  "me-nem": { estimator: (s) => noisedEnergy(draws(s)), scoreFrom: "tweedie" },
  posterior: {
    estimator: (s) => posterior({ moves: s.posteriorMoves, chains: s.chains, rowsPerLevel: s.rowsPerLevel, reach: s.reach }),
    scoreFrom: "gradient",
    label: "learns from MCMC chains; discovers no modes of its own",
  },
};

/** The schedule of the settings; sigmas are settled by then. */
export function scheduleOf(settings: ResolvedTrainSettings, sigmaMin: number, sigmaMax: number): NoiseSchedule {
  const options: { readonly [K in ResolvedTrainSettings["schedule"]]: PartRecord["options"] } = {
    geometric: { sigmaMin, sigmaMax },
    linear: { sigmaMax },
    quadratic: { sigmaMax },
    power: { sigmaMax, exponent: settings.schedulePower },
    cosine: { sigmaMax },
  };
  return schedules[settings.schedule](options[settings.schedule] as never);
}
