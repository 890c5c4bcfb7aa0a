/** What `evaluate` can be told, and the checks of it. */
import { checkBatch, checkInteger, checkOneOf, checkOptions, checkSeed, checkTask } from "../core/check.js";
import { freshSeed } from "../core/random.js";
import type { Batch, Energy, TaskOptions } from "../core/types.js";
import { type MetricName, metricNames } from "./table.js";
import { normalisedWeights } from "./weights.js";

/** Where an evaluation stands. */
export interface EvaluateProgress {
  readonly stage: "references" | "floor" | "weighted references" | "weighted floor";
  readonly done: number;
  readonly total: number;
}

/** Options of `evaluate`; all may be left out for targets with exact draws. */
export interface EvaluateOptions extends TaskOptions<EvaluateProgress> {
  /**
   * Rows from the target, one batch or several; needed where the energy has no exact draws (particles never have). Floors then come from
   * disjoint random parts of them, so give at least twice as many rows as the sample has.
   */
  readonly reference?: Batch | readonly Batch[];
  /** log importance weights of the rows, [n], up to a constant. */
  readonly logWeights?: Float32Array | Float64Array;
  /** Rows with equal numbers descend from one row, [n]: they count as one where errors over rows are given. */
  readonly ancestors?: Int32Array;
  /** Energies of the rows, [n], kT, if known already. */
  readonly energies?: Float32Array;
  /** Exact pairs behind each floor, at least 10; default 10, for particles 20. */
  readonly floorPairs?: number;
  /** Fresh references, at least 3; default 3. */
  readonly references?: number;
  /** Only these metrics; default all that the energy supports. */
  readonly metrics?: readonly MetricName[];
}

export const CALL = "evaluate";
const KEYS = [
  "reference",
  "logWeights",
  "ancestors",
  "energies",
  "floorPairs",
  "references",
  "metrics",
  "seed",
  "signal",
  "onProgress",
] as const;

/** The options with defaults filled in. */
export interface Settings {
  readonly seed: number;
  readonly pairs: number;
  readonly references: number;
  readonly given: readonly Batch[] | undefined;
  readonly wanted: readonly MetricName[];
  readonly weights: Float64Array | undefined;
}

/** @throws TypeError, RangeError as `evaluate` says */
export function checkedSettings(x: Batch, energy: Energy, options: EvaluateOptions): Settings {
  checkOptions(CALL, options, KEYS);
  checkTask(CALL, options);
  checkEnergy(energy);
  checkBatch(CALL, x, energy.dim);
  checkInteger(CALL, "x.n", x.n, 2);
  const seed = options.seed === undefined ? freshSeed() : checkSeed(CALL, options.seed);
  const pairs = checkInteger(CALL, "floorPairs", options.floorPairs ?? (energy.particles ? 20 : 10), 10, 10_000);
  const references = checkInteger(CALL, "references", options.references ?? 3, 3, 1000);
  const given = checkReferences(options.reference, energy.dim);
  const wanted = checkMetrics(options.metrics ?? metricNames);
  checkRows("energies", options.energies, x.n);
  checkRows("logWeights", options.logWeights, x.n);
  checkAncestors(options.ancestors, x.n);
  const weights = options.logWeights && normalisedWeights(CALL, options.logWeights);
  return { seed, pairs, references, given, wanted, weights };
}

function checkEnergy(energy: Energy): void {
  if (energy === null || typeof energy !== "object" || typeof energy.energyAndGradient !== "function") {
    throw new TypeError(`${CALL}: energy must be an Energy, such as gaussianMixture({ components: 40, seed: 0 })`);
  }
}

function checkReferences(reference: EvaluateOptions["reference"], dim: number): readonly Batch[] | undefined {
  if (reference === undefined) return undefined;
  const batches = Array.isArray(reference) ? (reference as readonly Batch[]) : [reference as Batch];
  if (batches.length === 0) throw new RangeError(`${CALL}: reference must hold at least one Batch, got an empty array`);
  for (const batch of batches) {
    checkBatch(`${CALL} (reference)`, batch, dim);
    checkInteger(`${CALL} (reference)`, "x.n", batch.n, 4);
  }
  return batches;
}

function checkMetrics(names: unknown): MetricName[] {
  if (!Array.isArray(names)) throw new TypeError(`${CALL}: metrics must be an array of names such as "positionW2"`);
  if (names.length === 0) throw new RangeError(`${CALL}: metrics must name at least one; leave it out for all`);
  return names.map((name) => checkOneOf(CALL, "metric", name, metricNames));
}

function checkRows(name: string, values: Float32Array | Float64Array | undefined, n: number): void {
  if (values === undefined) return;
  if (!(values instanceof Float32Array || values instanceof Float64Array)) {
    throw new TypeError(`${CALL}: ${name} must be a Float32Array or Float64Array of n = ${n} numbers`);
  }
  if (values.length !== n) throw new RangeError(`${CALL}: ${name} must hold n = ${n} numbers, got ${values.length}`);
}

function checkAncestors(ancestors: Int32Array | undefined, n: number): void {
  if (ancestors === undefined) return;
  if (!(ancestors instanceof Int32Array)) throw new TypeError(`${CALL}: ancestors must be an Int32Array of n = ${n} numbers`);
  if (ancestors.length !== n) throw new RangeError(`${CALL}: ancestors must hold n = ${n} numbers, got ${ancestors.length}`);
}
