/** What the interface `Estimator` promises, as checks that return problems. Every check goes through every draw mode. */
import {
  type Batch,
  type DrawMode,
  type Energy,
  type EstimateRequest,
  type EstimateResult,
  type Estimator,
  gaussianMixture,
  geometricSchedule,
  keyOf,
  noised,
  perturb,
  type ScoreModel,
} from "bnem";
import { type Checks, Problems, sameBits } from "../support/contract.js";

export interface EstimatorSubject {
  /** Made with `options`, mcSamples and mode among them. */
  readonly make: (options: { readonly mcSamples: number; readonly mode: DrawMode }) => Estimator;
  /** Asks the energy around x before it draws. */
  readonly probes?: boolean;
}

const MODES: readonly DrawMode[] = ["iid", "antithetic", "lattice"];
const ROWS = 24;
const K = 16;
const schedule = geometricSchedule({ sigmaMin: 0.25, sigmaMax: 10 });
const target = gaussianMixture({
  means: [
    [2, 1],
    [-2, 0],
    [0, -3],
  ],
  weights: [2, 1, 1],
  std: [0.8, 1, 1.2],
});
const closed = target.noisedExact as NonNullable<Energy["noisedExact"]>;

/** Variances from small to the largest, rows where the noised target is. */
function rows(): { x: Batch; variance: Float32Array } {
  const variance = Float32Array.from({ length: ROWS }, (_, i) => schedule.variance((i + 1) / ROWS));
  return { x: perturb((target.exact as NonNullable<Energy["exact"]>).sample(ROWS, 3), variance, keyOf(4), 0), variance };
}

interface Tally {
  rows: number;
  nan: number;
}

/** A teacher that is right, and counts what it is asked and how many NaN it answers. */
function teacherOf(tally: Tally, spoil = (_x: ArrayLike<number>, e: number) => e): ScoreModel {
  return {
    dim: 2,
    score: async (x, h) => closed(x, h).score,
    energy: async (x, h) => {
      tally.rows += x.n;
      return closed(x, h).energy.map((e, r) => {
        const spoiled = spoil(x.data.subarray(2 * r, 2 * r + 2), e);
        if (Number.isNaN(spoiled)) tally.nan++;
        return spoiled;
      });
    },
  };
}

/** The target as a function that counts its calls, with its gradient; `spoil` may replace an energy. */
function counted(tally: Tally, spoil = (_x: ArrayLike<number>, e: number) => e): Energy {
  const ask = (x: Batch, both: boolean) => {
    tally.rows += x.n;
    const { energy, gradient } = target.energyAndGradient(x);
    const spoiled = energy.map((e, r) => spoil(x.data.subarray(2 * r, 2 * r + 2), e));
    tally.nan += spoiled.reduce((sum, e) => sum + Number(Number.isNaN(e)), 0);
    return { energy: spoiled, gradient: both ? gradient : new Float32Array(0) };
  };
  return {
    name: "counted",
    dim: 2,
    convention: "kT",
    options: null,
    check: { x: [0, 0], energy: 0 },
    energy: (x) => ask(x, false).energy,
    energyAndGradient: (x) => ask(x, true),
  };
}

function requestOf(more: Partial<EstimateRequest> = {}): EstimateRequest {
  return {
    energy: target,
    schedule,
    ...rows(),
    key: keyOf(21),
    exact: true,
    progress: 0.9,
    memory: new Map(),
    teacher: teacherOf({ rows: 0, nan: 0 }),
    ...more,
  };
}

/** Problems of every mode, each named. */
async function inEveryMode(
  { make }: EstimatorSubject,
  check: (estimator: Estimator, p: Problems, mode: DrawMode) => Promise<void>,
): Promise<string[]> {
  const all: string[] = [];
  for (const mode of MODES) {
    const p = new Problems();
    await check(make({ mcSamples: K, mode }), p, mode);
    all.push(...p.list.map((text) => `${mode}: ${text}`));
  }
  return all;
}

const widthOf = (estimator: Estimator) => (estimator.kind === "energy" ? 1 : 2);

function shapes(subject: EstimatorSubject) {
  return inEveryMode(subject, async (estimator, p) => {
    const result = await estimator.estimate(requestOf());
    p.say(estimator.kind === "energy" || estimator.kind === "score", `kind ${estimator.kind}`);
    const { target: values } = result;
    p.say(values instanceof Float32Array && values.length === ROWS * widthOf(estimator), `target of ${values.length} numbers`);
    for (const flag of ["excluded", "plain"] as const) {
      const flags = result[flag];
      if (!flags) continue;
      p.say(
        flags instanceof Uint8Array && flags.length === ROWS && flags.every((f) => f <= 1),
        `${flag} is no Uint8Array [n] of 0, 1`,
      );
    }
    p.say(values.every(Number.isFinite), "a target of a finite energy is not finite");
    p.say(Object.values(result.notes).every(Number.isFinite), "a note is not finite");
  });
}

function calls(subject: EstimatorSubject) {
  return inEveryMode(subject, async (estimator, p) => {
    const asked = { rows: 0, nan: 0 };
    const taught = { rows: 0, nan: 0 };
    const slow = await estimator.estimate(requestOf({ energy: counted(asked), teacher: teacherOf(taught) }));
    p.say(slow.energyCalls === asked.rows, `energyCalls ${slow.energyCalls}, energies asked for ${asked.rows}`);
    p.say(slow.networkCalls === taught.rows, `networkCalls ${slow.networkCalls}, asked of the teacher ${taught.rows}`);
    const fast = await estimator.estimate(requestOf());
    p.say(fast.energyCalls === asked.rows, `energyCalls ${fast.energyCalls} on the fused path, ${asked.rows} on the slow one`);
    p.say(estimator.needsTeacher || slow.networkCalls === 0, "asks a teacher it does not declare");
    p.say(slow.nonFinite === 0 && fast.nonFinite === 0, "non-finite energies where there are none");
  });
}

async function withoutTeacher(subject: EstimatorSubject): Promise<string[]> {
  return inEveryMode(subject, async (estimator, p) => {
    if (estimator.needsTeacher) return;
    const with_ = await estimator.estimate(requestOf());
    const without = await estimator.estimate(requestOf({ teacher: undefined }));
    p.say(sameBits(with_.target, without.target), "a teacher it does not need changes the target");
  });
}

function givenNoised(subject: EstimatorSubject) {
  return inEveryMode(subject, async (estimator, p) => {
    let draws = 0;
    const given: EstimateRequest["noised"] = async (energy, request) => {
      draws += request.x.n * request.mcSamples;
      return noised(energy, request);
    };
    const plain = await estimator.estimate(requestOf());
    const result = await estimator.estimate(requestOf({ noised: given }));
    const allThere = subject.probes ? draws > 0 && draws < result.energyCalls : draws === result.energyCalls;
    p.say(allThere, `${draws} draws through the one given, energyCalls ${result.energyCalls}`);
    p.say(sameBits(plain.target, result.target), "the one given changes the target");
  });
}

function keys(subject: EstimatorSubject) {
  return inEveryMode(subject, async (estimator, p) => {
    const first = await estimator.estimate(requestOf());
    const again = await estimator.estimate(requestOf());
    const other = await estimator.estimate(requestOf({ key: keyOf(22) }));
    p.say(sameBits(first.target, again.target), "the same key gives other bits");
    p.say(JSON.stringify(first.notes) === JSON.stringify(again.notes), "the same key gives other notes");
    const differing = first.target.filter((value, i) => value !== other.target[i]).length;
    p.say(differing > 0.9 * first.target.length, `another key changes ${differing} of ${first.target.length} numbers only`);
  });
}

function modesDiffer({ make }: EstimatorSubject) {
  return (async () => {
    const targets: Float32Array[] = [];
    for (const mode of MODES) targets.push((await make({ mcSamples: K, mode }).estimate(requestOf())).target);
    const p = new Problems();
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ])
      p.say(!sameBits(targets[a], targets[b]), `${MODES[a]} and ${MODES[b]} draw the same`);
    return p.list;
  })();
}

function ownership(subject: EstimatorSubject) {
  return inEveryMode(subject, async (estimator, p) => {
    const request = requestOf();
    const { x, variance } = rows();
    const first = await estimator.estimate(request);
    const kept = first.target.slice();
    p.say(sameBits(request.x.data, x.data), "x was written to");
    p.say(sameBits(request.variance, variance), "variance was written to");
    p.say(JSON.stringify(request.key) === JSON.stringify(keyOf(21)), "the key was written to");
    await estimator.estimate(requestOf({ key: keyOf(23) }));
    p.say(sameBits(first.target, kept), "a later call wrote to an earlier result");
  });
}

/** NaN in one half of the plane, +inf in a strip of the other. */
const holes = (x: ArrayLike<number>, e: number) => (x[0] > 1 ? Number.NaN : x[0] < -6 ? Infinity : e);

function nonFinite(subject: EstimatorSubject) {
  return inEveryMode(subject, async (estimator, p) => {
    const tally = { rows: 0, nan: 0 };
    const result = await estimator.estimate(requestOf({ energy: counted(tally, holes), teacher: teacherOf(tally, holes) }));
    p.say(tally.nan > 0, "the test asked for no NaN");
    // Of probes only the draws are counted.
    const complete = subject.probes ? result.nonFinite > 0 && result.nonFinite < tally.nan : result.nonFinite === tally.nan;
    p.say(complete, `nonFinite ${result.nonFinite}, NaN answered ${tally.nan}`);
    const width = widthOf(estimator);
    result.target.forEach((value, i) => {
      p.say(!Number.isNaN(value), `row ${Math.floor(i / width)}: NaN reached the target`);
    });
    // Two rows that see nothing but NaN, and nothing but +inf.
    const lost = { data: Float32Array.of(40, 0, -40, 0), n: 2, dim: 2 };
    const variance = Float32Array.of(0.01, 0.01);
    const nothing = await estimator.estimate(requestOf({ x: lost, variance, energy: counted({ rows: 0, nan: 0 }, holes) }));
    p.say(nothing.nonFinite === K, `nonFinite ${nothing.nonFinite} where one of two rows of ${K} draws is all NaN`);
    for (const row of [0, 1]) {
      const out = nothing.excluded?.[row] === 1 || (estimator.kind === "energy" && nothing.target[row] === Infinity);
      p.say(out, `row ${row} has no finite energy, but a target of ${nothing.target[row]}`);
    }
  });
}

async function rebuilt({ make }: EstimatorSubject): Promise<string[]> {
  const p = new Problems();
  const estimator = make({ mcSamples: 8, mode: "antithetic" });
  p.say(estimator.name.length > 0, "no name");
  const again = make(JSON.parse(JSON.stringify(estimator.options)));
  p.say(JSON.stringify(again.options) === JSON.stringify(estimator.options), "options change when read back");
  const results: EstimateResult[] = [];
  for (const one of [estimator, again]) results.push(await one.estimate(requestOf()));
  p.say(sameBits(results[0].target, results[1].target), "options rebuild another estimator");
  p.refuses(
    () => make({ ...estimator.options, mcSample: 3 } as never),
    RangeError,
    /did you mean "mcSamples"/,
    "a misspelt option",
  );
  p.refuses(() => make({ mcSamples: 0, mode: "iid" }), RangeError, /mcSamples/, "mcSamples 0");
  p.refuses(() => make({ mcSamples: 12, mode: "lattice" }), RangeError, /power of two/, "12 lattice draws");
  p.refuses(() => make({ mcSamples: 8, mode: "sobol" as never }), RangeError, /did you mean/, "an unknown mode");
  p.refuses(() => make({ mcSamples: "8" as never, mode: "iid" }), TypeError, /mcSamples/, "mcSamples as text");
  return p.list;
}

/**
 * At K = 4096 the estimate is close to the closed form: .1 kT, or .1 per unit of length, root mean square over rows. Coarse on purpose: it
 * sees a sign, a factor, a wrong level; the law itself is test/statistical's.
 */
async function closeToTruth({ make }: EstimatorSubject): Promise<string[]> {
  const p = new Problems();
  const { x, variance } = rows();
  const truth = closed(x, variance);
  for (const mode of MODES) {
    const estimator = make({ mcSamples: 4096, mode });
    const { target: values } = await estimator.estimate(requestOf());
    const right = estimator.kind === "energy" ? truth.energy : truth.score;
    const off = values.map((v, i) => v - right[i]);
    const rms = Math.sqrt(off.reduce((sum, v) => sum + v * v, 0) / off.length);
    p.say(rms < 0.1, `${mode}: ${rms} from the closed form at K = 4096`);
  }
  return p.list;
}

export const estimatorChecks = {
  shapes,
  "calls are counted exactly": calls,
  "no teacher where none is declared": withoutTeacher,
  "a noised that is given": givenNoised,
  "the key decides": keys,
  "draw modes differ": modesDiffer,
  ownership,
  "NaN and +inf energies": nonFinite,
  "options rebuild it": rebuilt,
  "close to the closed form": closeToTruth,
} satisfies Checks<EstimatorSubject>;
