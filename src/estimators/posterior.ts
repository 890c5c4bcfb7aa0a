/**
 * Stationary posterior targets: score and slope of the noised energy from chains that are at the target.
 *
 * A configuration y_0 of a buffer at the target and x = y_0 + sigma z make y_0 an exact draw of the posterior p(y | x) proportional to
 * exp(-E(y) - |y - x|^2 / (2 h)). J Hamiltonian moves that leave this posterior invariant are therefore stationary from the first on, and
 *
 *   score(x) = (E[y | x] - x) / h          dE_h / d log sigma (x) = D - E[|y - x|^2 | x] / h,    D the free dimension
 *
 * hold for their averages without burn-in and without bias, at any noise. The last state replaces y_0 in the buffer: the pair (y, x) is at
 * its joint law and stays there, so the buffer stays at the target. Score alone fixes the energy up to a function of sigma; the slope fixes
 * that too, so the learned log-density is right where the energy network ends at the target itself as sigma goes to 0.
 *
 * This learns from Markov chains: what they do not reach it does not discover.
 *
 * @see Robbins 1956 (Tweedie's formula); Lee, Shen and Tian 2021, arXiv:2010.03106 (the proximal sampler)
 */
import { checkInteger, checkOptions, checkPositive } from "../core/check.js";
import { exp, log } from "../core/elementary.js";
import { derive, uniformAt } from "../core/random.js";
import { freeDimension, removeMean } from "../core/subspace.js";
import { Pace } from "../core/task.js";
import type { Batch, DrawRequest, DrawResult, Energy, Estimator, HamiltonianResult, Key } from "../core/types.js";
import { normalRows } from "../kernels/normal.js";

/** Options of `posterior`; lengths in raw units. */
export interface PosteriorOptions {
  /** Hamiltonian moves per target (J). Default 8. */
  readonly moves?: number;
  /** Chains of the buffer. Default 1000. */
  readonly chains?: number;
  /** Rows that share a noise level, so that their moves have trajectories of one length. Default 8. */
  readonly rowsPerLevel?: number;
  /**
   * Length over which the target decorrelates: trajectories last pi / sqrt(1 / h + 1 / reach^2), every second one half as long. Default 0.22,
   * measured on LJ-13.
   */
  readonly reach?: number;
}

type Settings = Required<PosteriorOptions>;

/** Names in the trainer's memory. */
const CHAINS = "posterior.chains";
const STEP_SIZE = "posterior.stepSize";

/** Leapfrogs of one trajectory at most: a chain whose step collapsed must not stop training. */
const LONGEST = 200;
/** And at least, see `trajectory`. */
const SHORTEST = 8;

/** The buffer as it is in memory, equilibrated on first use. @returns energy calls and non-finite energies that took */
async function ensureChains(request: DrawRequest, { chains }: Settings): Promise<{ energyCalls: number; nonFinite: number }> {
  const { memory } = request;
  if (memory.has(CHAINS)) return { energyCalls: 0, nonFinite: 0 };
  const { x, stepSize, energyCalls, nonFinite } = await request.chains.equilibrate(
    chains,
    derive(request.key, "equilibrate"),
    request.signal,
  );
  memory.set(STEP_SIZE, Float64Array.of(stepSize));
  memory.set(CHAINS, Float64Array.from(x.data));
  return { energyCalls, nonFinite };
}

/** `count` different numbers below `total` (all of them, repeated in turn, where there are fewer), by a partial shuffle. */
function choose(key: Key, count: number, total: number): Int32Array {
  const order = Int32Array.from({ length: total }, (_, i) => i);
  const chosen = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const from = i % total;
    const other = from + Math.floor(uniformAt(key, i) * (total - from));
    [order[from], order[other]] = [order[other], order[from]];
    chosen[i] = order[from];
  }
  return chosen;
}

/** Variances, log-uniform and stratified: one per level. */
function levelVariances({ low, high, key }: DrawRequest, levels: number): Float64Array {
  const draw = derive(key, "levels");
  return Float64Array.from({ length: levels }, (_, i) => low * exp(log(high / low) * ((i + uniformAt(draw, i)) / levels)));
}

function rowsOf(chains: Float64Array, rows: Int32Array, dim: number): Batch {
  const data = new Float32Array(rows.length * dim);
  rows.forEach((row, i) => {
    data.set(chains.subarray(row * dim, (row + 1) * dim), i * dim);
  });
  return { data, n: rows.length, dim };
}

/** start + sigma z, on the free subspace. */
function noisedFrom(start: Batch, energy: Energy, h: number, key: Key, firstRow: number): Batch {
  const z = normalRows(derive(key, "noise"), 0, firstRow, start.n, start.dim).data;
  if (energy.particles) removeMean(z, start.n, energy.particles);
  const sigma = Math.sqrt(h);
  return { ...start, data: z.map((value, i) => start.data[i] + sigma * value) };
}

/**
 * Leapfrogs and step of a trajectory that lasts `duration`, half a period of the tether, in steps no longer than `longest`. Eight steps at
 * least: with two a chain in 39 dimensions refused nearly every move below sigma .03.
 */
function trajectory(duration: number, longest: number): { leapfrogs: number; stepSize: number } {
  const half = Math.min(LONGEST / 2, Math.max(SHORTEST / 2, Math.ceil(duration / 2 / longest)));
  return { leapfrogs: 2 * half, stepSize: Math.min(longest, duration / (2 * half)) };
}

/** Moves of the rows of one level from their buffer states. */
function moveLevel(request: DrawRequest, settings: Settings, start: Batch, center: Batch, h: number, firstRow: number) {
  const duration = Math.PI / Math.sqrt(1 / h + 1 / settings.reach ** 2);
  const longest = (request.memory.get(STEP_SIZE) as Float64Array)[0];
  const { leapfrogs, stepSize } = trajectory(duration, longest);
  return request.chains.hamiltonian({
    x: start,
    key: derive(request.key, "moves"),
    moves: settings.moves,
    leapfrogs,
    leapfrogsOdd: Math.max(1, leapfrogs / 2),
    stepSize: new Float32Array(start.n).fill(stepSize),
    center,
    tether: new Float32Array(start.n).fill(h),
    firstRow,
    exact: request.exact,
  });
}

/** Score and slope targets of one level's rows. */
function targetsOf(result: HamiltonianResult, center: Batch, h: number, freedom: number) {
  const mean = result.mean as Float32Array;
  const square = result.square as Float32Array;
  return { score: mean.map((value, i) => (value - center.data[i]) / h), slope: square.map((value) => freedom - value / h) };
}

async function draw(request: DrawRequest, settings: Settings): Promise<DrawResult> {
  const { energy, n, key, memory } = request;
  const { dim } = energy;
  let { energyCalls, nonFinite } = await ensureChains(request, settings);
  // A copy: a draw that is aborted leaves the chains as they were.
  const chains = (memory.get(CHAINS) as Float64Array).slice();
  const chosen = choose(derive(key, "rows"), n, chains.length / dim);
  const levels = Math.ceil(n / settings.rowsPerLevel);
  const variances = levelVariances(request, levels);
  const x = { data: new Float32Array(n * dim), n, dim };
  const variance = new Float32Array(n);
  const target = new Float32Array(n * dim);
  const slope = new Float32Array(n);
  let acceptance = 0;
  let refused = 0;
  const pace = new Pace(request.signal);
  for (let level = 0; level < levels; level++) {
    await pace.breathe();
    const first = level * settings.rowsPerLevel;
    const rows = chosen.subarray(first, Math.min(n, first + settings.rowsPerLevel));
    const h = Math.fround(variances[level]);
    const start = rowsOf(chains, rows, dim);
    const center = noisedFrom(start, energy, h, key, first);
    const result = await moveLevel(request, settings, start, center, h, first);
    const made = targetsOf(result, center, h, freeDimension(energy));
    x.data.set(center.data, first * dim);
    variance.fill(h, first, first + rows.length);
    target.set(made.score, first * dim);
    slope.set(made.slope, first);
    rows.forEach((row, i) => {
      chains.set(result.x.data.subarray(i * dim, (i + 1) * dim), row * dim);
    });
    acceptance += result.acceptance.reduce((sum, value) => sum + value, 0) / n;
    energyCalls += result.energyCalls;
    refused += result.nonFinite;
  }
  memory.set(CHAINS, chains);
  // Not one energy was finite: chains that stand still say nothing, and the step must not count as one that learned.
  const excluded = refused === n * settings.moves ? new Uint8Array(n).fill(1) : undefined;
  nonFinite += refused;
  return {
    x,
    variance,
    target,
    slope,
    ...(excluded && { excluded }),
    energyCalls,
    networkCalls: 0,
    nonFinite,
    notes: { acceptance },
  };
}

/**
 * Estimator of kind "gradient" that draws its own inputs; see the head of this file. Cost: about moves x 10 gradients a row.
 * @throws TypeError / RangeError for moves, chains or rowsPerLevel below 1, reach <= 0 or an unknown option
 */
export function posterior(options: PosteriorOptions = {}): Estimator {
  const call = "posterior";
  checkOptions(call, options, ["moves", "chains", "rowsPerLevel", "reach"]);
  const settings: Settings = {
    moves: checkInteger(call, "moves", options.moves ?? 8, 1, 10_000),
    chains: checkInteger(call, "chains", options.chains ?? 1000, 1, 1e7),
    rowsPerLevel: checkInteger(call, "rowsPerLevel", options.rowsPerLevel ?? 8, 1, 1e6),
    reach: checkPositive(call, "reach", options.reach ?? 0.22),
  };
  return {
    name: "posterior",
    kind: "gradient",
    options: { ...settings },
    needsTeacher: false,
    draw: (request) => draw(request, settings),
    estimate: async () => {
      throw new TypeError("posterior: its inputs are its own; call draw");
    },
  };
}
