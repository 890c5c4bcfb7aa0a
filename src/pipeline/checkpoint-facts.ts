/** The plain facts of a checkpoint, and the check that a file's metadata are such facts: a checksum says "as written", not "by us". */
import * as v from "valibot";
import type { Json } from "../core/types.js";
import type { LoopCounts } from "../training/loop-state.js";
import type { SettledSettings } from "./configure.js";
import { BACKENDS, parseTrainOptions } from "./options.js";
import type { PartRecord } from "./parts.js";

/** Plain facts of a checkpoint, readable without its energy. */
export interface CheckpointFacts {
  readonly format: number;
  readonly version: string;
  readonly method: string;
  readonly step: number;
  readonly steps: number;
  readonly options: SettledSettings;
  readonly estimator: PartRecord;
  readonly network: PartRecord & { readonly output: "energy" | "score" };
  readonly schedule: PartRecord;
  /** What the network is added to; absent in files of versions without priors. */
  readonly prior?: PartRecord | null;
  readonly loss:
    | { readonly name: "squared" }
    | { readonly name: "linex"; readonly cap: number }
    | { readonly name: "gradient"; readonly slopeWeight: number; readonly residualClip: number };
  readonly energy: {
    readonly name: string;
    readonly dim: number;
    readonly convention: string;
    readonly options: { readonly [name: string]: Json } | null;
    readonly check: { readonly x: readonly number[]; readonly energy: number };
  };
  readonly backend: string;
  /** Adam's step count, the buffer's next slot and the running totals. */
  readonly progress: { readonly adamStep: number; readonly bufferHead: number; readonly counts: LoopCounts };
}

const finite = v.pipe(v.number(), v.finite());
const positive = v.pipe(finite, v.gtValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const optionsOf = v.record(v.string(), v.unknown());
const part = { name: v.string(), options: optionsOf };

const factsSchema = v.object({
  format: count,
  version: v.string(),
  method: v.string(),
  step: count,
  steps: v.pipe(count, v.minValue(1)),
  options: v.looseObject({
    seed: count,
    sigmaMin: positive,
    sigmaMax: positive,
    scale: positive,
    baseStd: positive,
    priorWidth: positive,
  }),
  estimator: v.object(part),
  network: v.object({ ...part, output: v.picklist(["energy", "score"]) }),
  schedule: v.object(part),
  prior: v.optional(v.nullable(v.object(part))),
  loss: v.variant("name", [
    v.object({ name: v.literal("squared") }),
    v.object({ name: v.literal("linex"), cap: positive }),
    v.object({ name: v.literal("gradient"), slopeWeight: v.pipe(v.number(), v.minValue(0)), residualClip: positive }),
  ]),
  energy: v.object({
    name: v.string(),
    dim: v.pipe(count, v.minValue(1)),
    convention: v.string(),
    options: v.nullable(optionsOf),
    check: v.object({ x: v.array(finite), energy: finite }),
  }),
  backend: v.picklist(BACKENDS),
  progress: v.object({
    adamStep: count,
    bufferHead: count,
    counts: v.object({
      nonFinite: count,
      skipped: count,
      inARow: count,
      energyCalls: count,
      networkCalls: count,
      seconds: v.pipe(finite, v.minValue(0)),
    }),
  }),
});

/**
 * Metadata as facts. Options that this version knows and the file does not are filled with their defaults; nothing else is changed, so
 * that saving again gives the same bytes.
 *
 * @throws Error in the words of the first thing that is wrong
 */
export function checkFacts(value: unknown): CheckpointFacts {
  const result = v.safeParse(factsSchema, value);
  if (!result.success) {
    const [issue] = result.issues;
    throw new TypeError(`${v.getDotPath(issue) ?? "metadata"}: ${issue.message}`);
  }
  const facts = value as CheckpointFacts;
  if (facts.energy.check.x.length !== facts.energy.dim)
    throw new RangeError("energy.check.x: it does not have energy.dim numbers");
  const known = parseTrainOptions("options", facts.options);
  return { ...facts, options: { ...facts.options, ...missingOf(facts.options, known) } };
}

function missingOf(given: object, known: object): object {
  return Object.fromEntries(Object.entries(known).filter(([key]) => !Object.hasOwn(given, key)));
}
