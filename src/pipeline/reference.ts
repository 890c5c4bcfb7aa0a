/** Reference sets: configurations of a target from exact draws or long Markov chains, with how they were made and how good they are. */
import { checkBatch, checkInteger, checkOptions, checkSeed, checkTask, hasMethods } from "../core/check.js";
import { derive, freshSeed, keyOf } from "../core/random.js";
import type { Batch, Energy, Json, Key, TaskOptions } from "../core/types.js";
import { initKernels } from "../kernels/load.js";
import { type ChainRun, moveChains } from "../mcmc/chains.js";
import { pairImages, randomOrder } from "../mcmc/pair-images.js";
import { SharedChains } from "../mcmc/shared-chains.js";
import { defaultStart } from "../mcmc/start.js";
import { underName } from "./call-names.js";
import { type ReferenceDiagnostics, referenceDiagnostics, type Watcher } from "./reference-diagnostics.js";
import { type ChainMove, checkKeys, moveOf, parseReferenceOptions, type ReferenceSettings } from "./reference-options.js";
import { generalRecipe, type ReferenceDefaults, referenceRecipes } from "./reference-recipes.js";
import { threadsOf, type Workers } from "./threads.js";
import { version } from "./version.js";

/** Where `reference` stands. */
export interface ReferenceProgress {
  /** "pilot" measures the autocorrelation time, "chains" makes the rows, "energies" looks at them. */
  readonly stage: "pilot" | "chains" | "energies";
  readonly done: number;
  readonly total: number;
  readonly energyCalls: number;
}

/** Options of `reference`; `n` is needed. */
export interface ReferenceOptions extends ReferenceSettings, TaskOptions<ReferenceProgress> {
  readonly seed?: number;
  /** Configurations wanted. */
  readonly n: number;
  /** [rows, dim]; chains begin at its rows in turn. Default: for particles compact pieces of a lattice, for anything else N(0, I). */
  readonly start?: Batch;
  /** Threads that compute; the result does not depend on it. */
  readonly workers?: Workers;
}

/** How a reference set was made: plain data, with which the same version makes the same bits again. */
export interface ReferenceRecipe {
  readonly version: string;
  readonly energy: { readonly name: string; readonly options: { readonly [name: string]: Json } | null; readonly dim: number };
  readonly n: number;
  readonly seed: number;
  /** "exact", or the name of the move. */
  readonly move: string;
  /** Of the chains; null for exact draws. */
  readonly chains: {
    readonly moveOptions: { readonly [name: string]: Json };
    /** Frozen after warm-up, at temperature 1. */
    readonly stepSize: number;
    readonly chains: number;
    readonly warmup: number;
    readonly draws: number;
    readonly thin: number;
    readonly pilot: { readonly chains: number; readonly steps: number; readonly autocorrelationTime: number } | null;
    readonly start: "lattice" | "normal" | "given";
    /** Whether every row is a random image under rotation, reflection and permutation, which pair energies allow. */
    readonly images: boolean;
  } | null;
}

/** What `reference` returns. */
export interface Reference {
  /** [n, dim], in random order. */
  readonly x: Batch;
  /** E of each row, kT. */
  readonly energy: Float32Array;
  readonly recipe: ReferenceRecipe;
  readonly diagnostics: ReferenceDiagnostics;
  /** One line where something should be changed. */
  readonly notice?: string;
}

const CALL = "reference";
const VALUES = ["n", "start", "signal", "onProgress", "workers"];
/** Kept numbers at most: 1 GiB of f32. */
const MOST = 2 ** 28;
/** Configurations a chain gives at least, so that chains of few rows can be compared with themselves. */
const LEAST_DRAWS = 16;
/** Chains at least, or split R-hat is above 1.05 by chance in 1 of 20 good runs (1.000 +- .023 of 8 chains, .011 of 32). */
const LEAST_CHAINS = 32;
/** Chains of a pilot, and its kept numbers at most: 256 MiB. */
const PILOT_CHAINS = 64;
const PILOT_NUMBERS = 2 ** 26;
/** Steps between rows in autocorrelation times: rows then are correlated by about exp(-4). */
const APART = 2;

/** One call's energy, random numbers and threads. */
interface Job {
  readonly energy: Energy;
  readonly options: ReferenceOptions;
  readonly settings: ReferenceSettings & ReferenceDefaults;
  readonly seed: number;
  readonly key: Key;
  readonly shared: SharedChains;
}

function startOf({ energy, options: { start } }: Job, chains: number, key: Key): Batch {
  if (!start) return defaultStart(energy, chains, key);
  const { dim } = energy;
  const data = new Float32Array(chains * dim);
  for (let c = 0; c < chains; c++) data.set(start.data.subarray((c % start.n) * dim, ((c % start.n) + 1) * dim), c * dim);
  return { data, n: chains, dim };
}

interface Length {
  readonly chains: number;
  readonly draws: number;
  readonly thin: number;
}

async function runOf(job: Job, stage: "pilot" | "chains", { chains, draws, thin }: Length): Promise<ChainRun> {
  const { energy, settings, shared, options } = job;
  const { signal, onProgress } = options;
  const key = derive(job.key, stage);
  const plan = {
    move: moveOf(settings.move as ChainMove, settings),
    start: startOf(job, chains, derive(key, "start")),
    warmup: settings.warmup,
    steps: draws * thin,
    thin,
    key: derive(key, "moves"),
  };
  try {
    return await moveChains(
      energy,
      plan,
      (task, request) => shared.run(task, request, signal),
      signal,
      ({ step: done, total, energyCalls }) => onProgress?.({ stage, done, total, energyCalls }),
    );
  } catch (error) {
    throw underName(CALL, error);
  }
}

/** Largest autocorrelation time that is known, in steps. */
function slowest(run: ChainRun): number {
  return Math.max(1, ...run.diagnostics.map(({ autocorrelationTime }) => autocorrelationTime).filter(Number.isFinite));
}

async function pilotOf(job: Job, chains: number): Promise<ChainRun | undefined> {
  const { settings, energy } = job;
  if (settings.thin !== undefined) return undefined;
  const most = Math.floor(PILOT_NUMBERS / (settings.pilotSteps * energy.dim));
  return runOf(job, "pilot", { chains: Math.max(2, Math.min(PILOT_CHAINS, chains, most)), draws: settings.pilotSteps, thin: 1 });
}

function watcherOf({ signal, onProgress }: ReferenceOptions): Watcher {
  return { signal, told: (done, total, energyCalls) => onProgress?.({ stage: "energies", done, total, energyCalls }) };
}

/** Rows `order` of a batch. */
function pick({ data, dim }: Batch, order: Uint32Array): Batch {
  const out = new Float32Array(order.length * dim);
  order.forEach((row, i) => {
    out.set(data.subarray(row * dim, (row + 1) * dim), i * dim);
  });
  return { data: out, n: order.length, dim };
}

async function fromChains(job: Job): Promise<Reference> {
  const { energy, settings, options, key } = job;
  const { n } = options;
  // A multiple of 8, the lanes of the kernels.
  const chains = Math.min(settings.chains, Math.max(LEAST_CHAINS, 8 * Math.ceil(n / LEAST_DRAWS / 8)));
  const draws = Math.max(LEAST_DRAWS, Math.ceil(n / chains));
  if (chains * draws * energy.dim > MOST) {
    throw new RangeError(
      `${CALL}: ${n} configurations of ${energy.dim} coordinates are more than 1 GiB; make several sets with other seeds`,
    );
  }
  const pilot = await pilotOf(job, chains);
  const thin = settings.thin ?? Math.ceil(APART * slowest(pilot as ChainRun));
  const run = await runOf(job, "chains", { chains, draws, thin });
  const { pairs, particles } = energy;
  const images = pairs !== undefined && particles !== undefined;
  const rows = images ? pairImages(run.x, particles, derive(key, "images")) : run.x;
  const { diagnostics, energies } = await referenceDiagnostics(energy, rows, { run, pilot }, watcherOf(options));
  const order = randomOrder(derive(key, "order"), rows.n).subarray(0, n);
  const recipe: ReferenceRecipe = {
    ...headOf(energy, options, job.seed, settings.move),
    chains: {
      moveOptions: moveOf(settings.move as ChainMove, settings).options,
      stepSize: run.stepSize,
      chains,
      warmup: settings.warmup,
      draws,
      thin,
      pilot: pilot ? { chains: pilot.chains, steps: settings.pilotSteps, autocorrelationTime: slowest(pilot) } : null,
      start: options.start ? "given" : particles ? "lattice" : "normal",
      images,
    },
  };
  const { notice } = diagnostics;
  return {
    x: pick(rows, order),
    energy: Float32Array.from(order, (row) => energies[row]),
    recipe,
    diagnostics,
    ...(notice && { notice }),
  };
}

function headOf(energy: Energy, { n }: ReferenceOptions, seed: number, move: string) {
  const { name, options, dim } = energy;
  return { version, energy: { name, options, dim }, n, seed, move };
}

async function fromExact(energy: Energy, options: ReferenceOptions, seed: number): Promise<Reference> {
  if (!energy.exact) {
    throw new RangeError(
      `${CALL}: ${energy.name} has no exact draws; leave out move, or name one of hmc, mala, nuts, randomWalk, tempering`,
    );
  }
  if (options.n * energy.dim > MOST)
    throw new RangeError(`${CALL}: ${options.n} configurations are more than 1 GiB; make several sets`);
  const x = energy.exact.sample(options.n, seed);
  const { diagnostics, energies } = await referenceDiagnostics(energy, x, undefined, watcherOf(options));
  return { x, energy: energies, recipe: { ...headOf(energy, options, seed, "exact"), chains: null }, diagnostics };
}

/** The recipe of an energy with what was asked for over it. */
function settled(energy: Energy, given: ReferenceSettings): ReferenceSettings & ReferenceDefaults {
  const known = Object.hasOwn(referenceRecipes, energy.name) ? referenceRecipes[energy.name] : generalRecipe;
  const usual: ReferenceDefaults = energy.exact && given.move === undefined ? { ...known, move: "exact" } : known;
  const settings = { ...usual, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
  checkKeys(CALL, given, settings.move);
  return settings as ReferenceSettings & ReferenceDefaults;
}

/**
 * n configurations of a target: exact draws where the energy has them, else rows of long Markov chains, in random order. The recipe of each
 * energy is data and comes with the result: chains of `move` are tuned in warm-up and frozen, a pilot measures the longest autocorrelation time
 * of energy, pair distance or coordinates, and rows are two of these times apart unless `thin` says otherwise. Rows of pair energies are
 * random images under rotation, reflection and permutation. The same seed and version give the same bits on every runtime and any number of
 * threads.
 *
 * Look at `diagnostics` before use: split R-hat, effective size, and the virial E[x . grad E], whose exact value needs no other reference.
 * `notice` says where chains disagree (R-hat above 1.05), never moved, or a ladder never swapped. Cost on one core: .08 ms a row for
 * DW-4, .07 ms for LJ-13, .8 ms for LJ-55, in sets of 100,000.
 *
 * @throws TypeError / RangeError naming the argument; BnemError("diverged") where a step size collapses in warm-up; the signal's reason
 */
export async function reference(energy: Energy, options: ReferenceOptions): Promise<Reference> {
  if (!hasMethods(energy, ["energy", "energyAndGradient"])) {
    throw new TypeError(`${CALL}: energy must be an Energy, such as lennardJones()`);
  }
  if (options === undefined) throw new TypeError(`${CALL}: options { n } are needed`);
  checkOptions(CALL, options, Object.keys(options ?? {}));
  const given = parseReferenceOptions(CALL, options, VALUES);
  checkTask(CALL, options);
  checkInteger(CALL, "n", options.n, 1, MOST);
  if (options.start !== undefined) checkBatch(`${CALL}: start`, options.start, energy.dim);
  const settings = settled(energy, given);
  const seed = given.seed === undefined ? freshSeed() : checkSeed(CALL, given.seed);
  const { pool, notice } = threadsOf(CALL, options.workers);
  await initKernels();
  if (settings.move === "exact") return fromExact(energy, options, seed);
  const shared = new SharedChains(pool, energy);
  try {
    const key = derive(keyOf(seed), "reference");
    const made = await fromChains({ energy, options, settings, seed, key, shared });
    const line = made.notice ?? notice();
    return line === undefined ? made : { ...made, notice: line };
  } finally {
    shared.dispose();
  }
}
