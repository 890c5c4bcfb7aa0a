/** What every sampler promises, as checks that return problems; a sampler is any call that takes `RunOptions` and returns a `Path`. */
import {
  BnemError,
  type Energy,
  edmGrid,
  gaussianMixture,
  keyOf,
  normalRows,
  type Path,
  type SamplerProgress,
  type ScoreModel,
} from "bnem";
import { type Checks, Problems, sameBits } from "../support/contract.js";

/** The options that every sampler has. */
export interface CommonOptions {
  readonly n: number;
  readonly key: ReturnType<typeof keyOf>;
  readonly draws: typeof normalRows;
  readonly grid: Float64Array;
  readonly chunk?: number;
  readonly maxNonFinite?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SamplerProgress) => void;
}

export interface SamplerSubject {
  readonly run: (model: ScoreModel, energy: Energy, options: CommonOptions) => Promise<Path>;
  /** Whether paths have weights. */
  readonly weighted: boolean;
}

const N = 60;
const target = gaussianMixture({
  means: [
    [2, 1, 0],
    [-2, 0, 1],
  ],
  weights: [2, 1],
  std: [0.8, 1.2],
});
const closed = target.noisedExact as NonNullable<Energy["noisedExact"]>;
const grid = edmGrid({ steps: 8, sigmaMin: 0.2, sigmaMax: 10 });
const base: CommonOptions = { n: N, key: keyOf(5), draws: normalRows, grid };

/** The exact score; counts rows and keeps what it was given. */
function modelOf() {
  const seen = { rows: 0, largest: 0, given: [] as { data: Float32Array; copy: Float32Array }[] };
  const model: ScoreModel = {
    dim: 3,
    score: async (x, variance) => {
      seen.rows += x.n;
      seen.largest = Math.max(seen.largest, x.n);
      seen.given.push({ data: x.data, copy: x.data.slice() }, { data: variance, copy: variance.slice() });
      return closed(x, variance).score;
    },
  };
  return { model, seen };
}

function countedEnergy() {
  const seen = { rows: 0 };
  const energy: Energy = {
    ...target,
    energy: (x) => {
      seen.rows += x.n;
      return target.energy(x);
    },
  };
  return { energy, seen };
}

const go = (subject: SamplerSubject, more: Partial<CommonOptions> = {}) =>
  subject.run(modelOf().model, target, { ...base, ...more });

/** Same coordinates, energies and weights, bit for bit. */
function samePath(a: Path, b: Path): boolean {
  return (
    sameBits(a.x.data, b.x.data) && sameBits(a.energy ?? [], b.energy ?? []) && sameBits(a.logWeights ?? [], b.logWeights ?? [])
  );
}

async function shapes(subject: SamplerSubject): Promise<string[]> {
  const p = new Problems();
  const { x, energy, logWeights, nonFinite } = await go(subject);
  p.say(x.n === N && x.dim === 3 && x.data instanceof Float32Array && x.data.length === 3 * N, "x is no Batch [n, dim]");
  p.say(x.data.every(Number.isFinite) && nonFinite === 0, "an exact score loses rows");
  p.say(
    (energy !== undefined) === subject.weighted && (logWeights !== undefined) === subject.weighted,
    "weights asked for and given",
  );
  if (!energy || !logWeights) return p.list;
  p.say(energy instanceof Float32Array && sameBits(energy, target.energy(x)), "energy is not the energy at x");
  p.say(logWeights instanceof Float64Array && logWeights.length === N, "logWeights is no Float64Array [n]");
  p.say(Array.from(logWeights).every(Number.isFinite), "an exact score gives a weight of zero");
  return p.list;
}

async function counts(subject: SamplerSubject): Promise<string[]> {
  const p = new Problems();
  const { model, seen } = modelOf();
  const counted = countedEnergy();
  const path = await subject.run(model, counted.energy, { ...base, chunk: 25 });
  p.say(path.scoreCalls === seen.rows, `scoreCalls ${path.scoreCalls}, asked of the model ${seen.rows}`);
  p.say(path.energyCalls === counted.seen.rows, `energyCalls ${path.energyCalls}, energies asked for ${counted.seen.rows}`);
  p.say(seen.largest <= 25, `the model saw ${seen.largest} rows at once, chunk is 25`);
  const kept = seen.given.every(({ data, copy }) => sameBits(data, copy));
  p.say(kept, "what the model was given was written to afterwards");
  return p.list;
}

async function keys(subject: SamplerSubject): Promise<string[]> {
  const p = new Problems();
  const first = await go(subject);
  p.say(samePath(first, await go(subject)), "the same key gives other bits");
  const other = await go(subject, { key: keyOf(6) });
  p.say(!other.x.data.some((value, i) => value === first.x.data[i]), "another key shares coordinates");
  return p.list;
}

async function chunks(subject: SamplerSubject): Promise<string[]> {
  const p = new Problems();
  const whole = await go(subject);
  for (const chunk of [1, 7, 1000]) p.say(samePath(whole, await go(subject, { chunk })), `chunk ${chunk} gives other bits`);
  const fewer = await go(subject, { n: 11 });
  p.say(sameBits(fewer.x.data, whole.x.data.subarray(0, 33)), "11 rows are not the first 11 of 60");
  return p.list;
}

async function inputs(subject: SamplerSubject): Promise<string[]> {
  const p = new Problems();
  const levels = grid.slice();
  const key = keyOf(5);
  const first = await go(subject, { grid: levels, key });
  const copy = first.x.data.slice();
  p.say(sameBits(levels, grid), "the grid was written to");
  p.say(JSON.stringify(key) === JSON.stringify(keyOf(5)), "the key was written to");
  await go(subject, { key: keyOf(7) });
  p.say(sameBits(first.x.data, copy), "a later run wrote to an earlier result");
  return p.list;
}

async function lostRows(subject: SamplerSubject): Promise<string[]> {
  const p = new Problems();
  // NaN scores for the rows that lie right of 9 at the top level; how many, the model counts, in the last call there: a pilot batch comes first.
  let lost = 0;
  const spoiled: ScoreModel = {
    dim: 3,
    score: async (x, variance) => {
      const { score } = closed(x, variance);
      if (variance[0] !== Math.fround(grid[8])) return score;
      lost = 0;
      for (let r = 0; r < x.n; r++) {
        if (!(x.data[3 * r] > 9)) continue;
        lost++;
        score[3 * r + 1] = Number.NaN;
      }
      return score;
    },
  };
  const path = await subject.run(spoiled, target, { ...base, maxNonFinite: 1 });
  p.say(lost > 1 && lost < N / 2, `the test spoils ${lost} rows`);
  const gone = Array.from({ length: N }, (_, r) => path.x.data.subarray(3 * r, 3 * r + 3).every(Number.isNaN));
  p.say(path.nonFinite === lost, `nonFinite ${path.nonFinite}, spoiled ${lost}`);
  p.say(gone.filter(Boolean).length === lost, `${gone.filter(Boolean).length} rows are NaN, spoiled ${lost}`);
  gone.forEach((isGone, r) => {
    const partly = path.x.data.subarray(3 * r, 3 * r + 3).some(Number.isNaN);
    p.say(partly === isGone, `row ${r} is NaN in part`);
    if (path.logWeights) p.say((path.logWeights[r] === -Infinity) === isGone, `row ${r} weighs ${path.logWeights[r]}`);
  });
  let ended: unknown;
  await subject.run(spoiled, target, { ...base, maxNonFinite: 0 }).catch((error: unknown) => {
    ended = error;
  });
  p.say(ended instanceof BnemError && ended.code === "diverged", `above the limit: ${String(ended)}`);
  return p.list;
}

async function abort(subject: SamplerSubject): Promise<string[]> {
  const p = new Problems();
  const reason = { why: "enough" };
  const early = new AbortController();
  early.abort(reason);
  const late = new AbortController();
  const outcomes: unknown[] = [];
  for (const options of [{ signal: early.signal }, { signal: late.signal, onProgress: () => late.abort(reason) }]) {
    await go(subject, options).then(
      () => outcomes.push("finished"),
      (error: unknown) => outcomes.push(error),
    );
  }
  p.say(outcomes[0] === reason, `aborted before the start: ${JSON.stringify(outcomes[0])}`);
  p.say(outcomes[1] === reason, `aborted by the first report: ${JSON.stringify(outcomes[1])}`);
  return p.list;
}

async function progress(subject: SamplerSubject): Promise<string[]> {
  const p = new Problems();
  const reports: SamplerProgress[] = [];
  await go(subject, { chunk: 20, onProgress: (report) => reports.push(report) });
  const fractions = reports.map(({ fraction }) => fraction);
  p.say(reports.length >= 3 * 8, `${reports.length} reports of 3 chunks and 8 steps`);
  p.say(
    fractions.every((f, i) => f <= 1 && f >= (fractions[i - 1] ?? 0)),
    "progress goes back, or beyond 1",
  );
  p.say(fractions.at(-1) === 1 && reports.at(-1)?.rows === N, "the last report is not the end");
  return p.list;
}

async function refusals(subject: SamplerSubject): Promise<string[]> {
  const p = new Problems();
  const wrong: [string, Record<string, unknown>, new (text: string) => Error, RegExp][] = [
    ["no rows", { n: 0 }, RangeError, /: n must/],
    ["n as text", { n: "5" }, TypeError, /: n must/],
    ["a grid of numbers", { grid: [1, 2] }, TypeError, /: grid must/],
    ["a descending grid", { grid: Float64Array.of(4, 1) }, RangeError, /: grid must/],
    ["one level", { grid: Float64Array.of(4) }, RangeError, /: grid must/],
    ["chunk 0", { chunk: 0 }, RangeError, /: chunk must/],
    ["a limit above 1", { maxNonFinite: 2 }, RangeError, /: maxNonFinite must/],
    ["a misspelt option", { chunks: 3 }, RangeError, /did you mean "chunk"/],
  ];
  for (const [what, change, kind, text] of wrong) await p.rejects(() => go(subject, change), kind, text, what);
  return p.list;
}

export const samplerChecks = {
  shapes,
  "calls are counted exactly": counts,
  "the key decides": keys,
  "rows do not depend on chunk or n": chunks,
  "inputs and results stay": inputs,
  "lost rows": lostRows,
  abort,
  progress,
  refusals,
} satisfies Checks<SamplerSubject>;
