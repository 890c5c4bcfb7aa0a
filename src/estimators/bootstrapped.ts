/**
 * BNEM: high noise levels learn from a frozen teacher at a lower level instead of from the target itself.
 *
 *   E_K(x_t; t, s) = -log (1/K) sum_k exp(-E_teacher(x_t + sqrt(h_t - h_s) eps_k, s)),  s < t
 *
 * exact when E_teacher(., s) is the noised energy at s (Gaussians form a semigroup), and of lower variance because the step
 * h_t - h_s is shorter than h_t. [0, h(1)] is cut into `levels` intervals of equal variance; a row in interval i >= 1 draws s uniformly
 * in time in interval i - 1, rows of interval 0 keep the plain estimate. Rejection: the plain estimate is kept with
 * probability min(1, l_{i-1} / l_i), l = running mean loss of interval i over earlier batches, so that the decision is independent
 * of the E_K it may select (deciding by the same E_K biases the target by .05 to .34 kT a level). `rejection` says which loss.
 *
 * @see OuYang et al. 2024, arXiv:2409.09787 (BNEM)
 */
import { checkInteger, checkNumber, checkOneOf, checkOptions } from "../core/check.js";
import { derive, uniformAt } from "../core/random.js";
import { removeMean } from "../core/subspace.js";
import type { Batch, EstimateRequest, EstimateResult, Estimator, ScoreModel } from "../core/types.js";
import { checkRequest, perturbations } from "../kernels/perturbations.js";
import { softmaxWeights } from "./log-mean-exp.js";
import { DRAW_OPTIONS, type DrawSettings, drawNoised, type MonteCarloOptions, monteCarlo } from "./monte-carlo.js";

/** Options of `bootstrapped`. A proposal serves the rows that keep the plain estimate; the teacher is asked around x. */
export interface BootstrappedOptions extends MonteCarloOptions {
  /** Intervals of equal variance on [0, h(1)]. Default 10 (the paper's step of 0.1 h(1) on GMM-40). */
  readonly levels?: number;
  /** Fraction of training after which bootstrapping begins; before it this is `noisedEnergy`. Default 0.3. */
  readonly bootstrapFrom?: number;
  /**
   * The loss that decides. "normalized" (default): the paper's (E_theta - E_K)^2 / h. "residual": (E_theta - E_K)^2. "none": nothing is
   * rejected. On GMM-40 the residual grows more slowly than h: "normalized" bootstraps .03 % of all rows of a run, "residual" 1.6 %.
   */
  readonly rejection?: Rejection;
}

export type Rejection = "normalized" | "residual" | "none";

/** Weight of a squared residual at variance h in the running loss; null: nothing is rejected. */
const rejections: { readonly [K in Rejection]: ((h: number) => number) | null } = {
  normalized: (h) => 1 / h,
  residual: () => 1,
  none: null,
};

/** Residuals beyond this many kT enter the running loss as this: one draw that missed must not decide for 100 steps. */
const RESIDUAL_LIMIT = 10;
/** Memory of the running loss: a level's mean forgets over about 1 / (1 - this) of its rows. */
const LOSS_DECAY = 0.999;

interface Settings extends DrawSettings {
  readonly levels: number;
  readonly bootstrapFrom: number;
  readonly rejection: Rejection;
}

function levelOf(h: number, top: number, levels: number): number {
  return Math.min(levels - 1, Math.floor((h / top) * levels));
}

function runningLoss(request: EstimateRequest, levels: number): Float64Array {
  let loss = request.memory.get("bootstrap.loss");
  if (!loss) {
    loss = new Float64Array(levels).fill(-1); // -1: no row of this level seen yet
    request.memory.set("bootstrap.loss", loss);
  }
  return loss;
}

/** Variance h_s of the teacher's level for each row, or 0 where the plain estimate is kept. */
function teacherVariances(request: EstimateRequest, settings: Settings): Float32Array {
  const { schedule, variance, x, key } = request;
  const chosen = new Float32Array(x.n);
  if (request.progress < settings.bootstrapFrom) return chosen;
  const loss = runningLoss(request, settings.levels);
  const always = rejections[settings.rejection] === null;
  const top = schedule.variance(1);
  const decide = derive(key, "decide");
  const edges = Array.from({ length: settings.levels + 1 }, (_, i) => schedule.timeOf((top * i) / settings.levels));
  for (let i = 0; i < x.n; i++) {
    const level = levelOf(variance[i], top, settings.levels);
    if (level === 0) continue;
    if (!always) {
      if (loss[level] <= 0 || loss[level - 1] < 0) continue;
      if (uniformAt(decide, 2 * i) < loss[level - 1] / loss[level]) continue;
    }
    const t = edges[level - 1] + (edges[level] - edges[level - 1]) * uniformAt(decide, 2 * i + 1);
    chosen[i] = Math.min(schedule.variance(t), variance[i]);
  }
  return chosen;
}

function pick(x: Batch, rows: readonly number[]): Batch {
  const data = new Float32Array(rows.length * x.dim);
  rows.forEach((row, i) => {
    data.set(x.data.subarray(row * x.dim, (row + 1) * x.dim), i * x.dim);
  });
  return { data, n: rows.length, dim: x.dim };
}

/** Teacher targets of the given rows, in their order; teacher energies that are NaN or -inf are counted and weigh nothing. */
async function fromTeacher(
  request: EstimateRequest,
  settings: Settings,
  rows: readonly number[],
  hs: Float32Array,
): Promise<{ values: Float32Array; nonFinite: number }> {
  const { x, variance, key, energy } = request;
  const K = settings.mcSamples;
  const gap = Float32Array.from(rows, (row) => variance[row] - hs[row]);
  const draws = { data: new Float32Array(rows.length * K * x.dim), n: rows.length * K, dim: x.dim };
  const ask = {
    x: pick(x, rows),
    variance: gap,
    mcSamples: K,
    mode: settings.mode,
    key: derive(key, "teacher"),
    quantity: "energy" as const,
  };
  const levels = new Float32Array(rows.length * K);
  for (let i = 0; i < rows.length; i++) {
    draws.data.set(perturbations(ask, i), i * K * x.dim);
    levels.fill(hs[rows[i]], i * K, (i + 1) * K);
  }
  // The teacher is trained on the subspace; away from it a network may say anything.
  if (energy.particles) removeMean(draws.data, draws.n, energy.particles);
  const teacher = request.teacher as ScoreModel & Required<Pick<ScoreModel, "energy">>;
  const energies = await teacher.energy(draws, levels);
  const weights = new Float64Array(K);
  let nonFinite = 0;
  const values = Float32Array.from(rows, (_, i) => {
    const row = softmaxWeights(energies.subarray(i * K, (i + 1) * K), weights);
    nonFinite += row.nonFinite;
    return row.energy;
  });
  return { values, nonFinite };
}

async function estimate(request: EstimateRequest, settings: Settings): Promise<EstimateResult> {
  const { x, variance, key, energy } = request;
  checkRequest("bootstrapped", { x, variance, key, quantity: "energy", ...settings }, energy.dim);
  if (!request.teacher?.energy) throw new TypeError("bootstrapped: request.teacher must be a ScoreModel with an energy");
  const hs = teacherVariances(request, settings);
  const all = Array.from({ length: x.n }, (_, i) => i);
  const bootstrappedRows = all.filter((i) => hs[i] > 0);
  const plainRows = all.filter((i) => hs[i] === 0);
  const target = new Float32Array(x.n);
  let energyCalls = 0;
  let nonFinite = 0;
  let notes: EstimateResult["notes"] = settings.proposal ? { fellBack: 0 } : {};
  if (plainRows.length > 0) {
    const ask = {
      x: pick(x, plainRows),
      variance: Float32Array.from(plainRows, (i) => variance[i]),
      quantity: "energy" as const,
    };
    const plain = await drawNoised(request, ask, settings);
    plainRows.forEach((row, i) => {
      target[row] = plain.energy[i];
    });
    energyCalls = plain.energyCalls;
    nonFinite = plain.nonFinite;
    notes = plain.notes;
  }
  if (bootstrappedRows.length > 0) {
    const teacher = await fromTeacher(request, settings, bootstrappedRows, hs);
    bootstrappedRows.forEach((row, i) => {
      target[row] = teacher.values[i];
    });
    nonFinite += teacher.nonFinite;
  }
  const fromPlain = new Uint8Array(x.n);
  for (const i of plainRows) fromPlain[i] = 1;
  return {
    target,
    energyCalls,
    networkCalls: bootstrappedRows.length * settings.mcSamples,
    nonFinite,
    notes: { ...notes, bootstrappedFraction: bootstrappedRows.length / x.n },
    plain: fromPlain,
  };
}

function observe(request: EstimateRequest, result: EstimateResult, prediction: Float32Array, settings: Settings): void {
  const weight = rejections[settings.rejection];
  if (!weight) return;
  const { levels } = settings;
  const loss = runningLoss(request, levels);
  const top = request.schedule.variance(1);
  for (let i = 0; i < prediction.length; i++) {
    if (!result.plain?.[i]) continue;
    const residual = prediction[i] - result.target[i];
    if (Number.isNaN(residual)) continue;
    const bounded = Math.min(Math.abs(residual), RESIDUAL_LIMIT);
    const level = levelOf(request.variance[i], top, levels);
    const weighted = bounded * bounded * weight(request.variance[i]);
    loss[level] = loss[level] < 0 ? weighted : LOSS_DECAY * loss[level] + (1 - LOSS_DECAY) * weighted;
  }
}

/**
 * Bootstrapped targets [n], kT. Cost: K energies for each row that keeps the plain estimate, K teacher evaluations for the others.
 * @throws RangeError for mcSamples < 1, levels < 2, bootstrapFrom outside [0, 1] or an unknown option
 */
export function bootstrapped(options: BootstrappedOptions = {}): Estimator {
  checkOptions("bootstrapped", options, [...DRAW_OPTIONS, "levels", "bootstrapFrom", "rejection"]);
  const settings: Settings = {
    ...monteCarlo("bootstrapped", options),
    levels: checkInteger("bootstrapped", "levels", options.levels ?? 10, 2, 10_000),
    bootstrapFrom: checkNumber("bootstrapped", "bootstrapFrom", options.bootstrapFrom ?? 0.3, 0, 1),
    rejection: checkOneOf("bootstrapped", "rejection", options.rejection ?? "normalized", Object.keys(rejections) as Rejection[]),
  };
  return {
    name: "bootstrapped",
    kind: "energy",
    options: { ...settings },
    needsTeacher: true,
    estimate: (request) => estimate(request, settings),
    observe: (request, result, prediction) => observe(request, result, prediction, settings),
  };
}
