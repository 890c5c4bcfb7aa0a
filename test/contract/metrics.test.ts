/** Every metric keeps the promises of `evaluate`'s results, and each check rejects a metric that was broken for it. */
import { type Batch, type Energy, evaluate, gaussianMixture, init, type MetricName, type MetricResult } from "bnem";
import { beforeAll, describe, expect, test } from "vitest";
import { type Checks, Problems, sameBits } from "../support/contract.js";
import { trappedParticles } from "../support/trapped-particles.js";

beforeAll(() => init());

const N = 300;
const target = gaussianMixture();
const cluster = trappedParticles({ count: 3, spatialDim: 2 });
const drawsOf = (energy: Energy) => (energy.exact as NonNullable<Energy["exact"]>).sample;
const sample = drawsOf(target);

interface MetricSubject {
  readonly score: (x: Batch, seed: number) => Promise<MetricResult>;
  /** Exact draws of the target it is scored on. */
  readonly sample: (n: number, seed: number) => Batch;
  /** A sample that this metric must not pass. */
  readonly bad: () => Batch;
  readonly better: "lower" | "higher";
}

const moved = (x: Batch, change: (value: number, i: number) => number): Batch => ({ ...x, data: x.data.map(change) });
const shifted = (by: number) => () => moved(sample(N, 70), (v) => v + by);
const half = () => {
  const { modes } = target;
  const weights = Array.from({ length: 40 }, (_, k) => (k < 20 ? 1 : 0));
  const means = modes?.means as Batch;
  return (gaussianMixture({ means, weights }).exact as NonNullable<Energy["exact"]>).sample(N, 71);
};
const hot = () => {
  const { modes } = target;
  return (gaussianMixture({ means: modes?.means, std: 2.6 }).exact as NonNullable<Energy["exact"]>).sample(N, 72);
};
const strays = () => moved(sample(N, 73), (v, i) => (i < 6 ? 300 : v));
const swollen = () => moved(drawsOf(cluster)(N, 74), (v) => 1.5 * v);

interface Row extends Pick<MetricSubject, "bad" | "better"> {
  /** The mixture unless said otherwise. */
  readonly on?: Energy;
}

const table: { readonly [name in MetricName]: Row } = {
  positionW2: { bad: shifted(20), better: "lower" },
  alignedW2: { bad: swollen, better: "lower", on: cluster },
  positionW1: { bad: shifted(20), better: "lower" },
  slicedW2: { bad: shifted(20), better: "lower" },
  energyW2: { bad: hot, better: "lower" },
  energyW2Paper: { bad: strays, better: "lower" },
  energyW2Trimmed: { bad: hot, better: "lower" },
  meanEnergyError: { bad: hot, better: "lower" },
  heatCapacityError: { bad: hot, better: "lower" },
  pairDistanceTv: { bad: swollen, better: "lower", on: cluster },
  pairDistanceW2: { bad: swollen, better: "lower", on: cluster },
  totalVariation: { bad: shifted(20), better: "lower" },
  modeWeightTv: { bad: half, better: "lower" },
  modesCovered: { bad: half, better: "higher" },
  stragglers: { bad: strays, better: "lower" },
  virialError: { bad: swollen, better: "lower", on: cluster },
  pairKsd: { bad: swollen, better: "lower", on: cluster },
  ksd: { bad: shifted(1), better: "lower" },
};
const metricNames = Object.keys(table) as MetricName[];

const one =
  (name: MetricName): MetricSubject["score"] =>
  async (x, seed) =>
    (await evaluate(x, table[name].on ?? target, { seed, floorPairs: 10, metrics: [name] })).metrics[name] as MetricResult;
const subjectOf = (name: MetricName): MetricSubject => ({
  bad: table[name].bad,
  better: table[name].better,
  sample: drawsOf(table[name].on ?? target),
  score: one(name),
});

async function wellFormed({ score, sample }: MetricSubject): Promise<string[]> {
  const p = new Problems();
  const result = await score(sample(N, 1), 5);
  p.say(result.label.trim().length > 2, `label "${result.label}"`);
  p.say(result.value >= 0 && result.value < Infinity, `value ${result.value}`);
  const { floor, floorStandardError, floorLimit } = result;
  p.say(
    [floor, floorStandardError, floorLimit].every((v) => v >= 0 && v < Infinity),
    "the floor is not finite",
  );
  p.say(Number.isInteger(result.n) && result.n > 1 && result.n <= N, `n ${result.n}`);
  p.say(result.total === undefined || result.value <= result.total, `value ${result.value} of ${result.total}`);
  return p.list;
}

/** Six spreads of one pair; ten pairs stand behind the floor, three references behind the value. */
async function exactAtFloor({ score, sample }: MetricSubject): Promise<string[]> {
  const p = new Problems();
  const { value, floor, floorStandardError } = await score(sample(N, 2), 6);
  const spread = floorStandardError * Math.sqrt(10);
  p.say(Math.abs(value - floor) <= 6 * spread, `exact draws score ${value}, floor ${floor}, spread ${spread}`);
  return p.list;
}

async function badIsSeen({ score, sample, bad, better }: MetricSubject): Promise<string[]> {
  const p = new Problems();
  const good = await score(sample(N, 3), 7);
  const result = await score(bad(), 7);
  const worse = better === "lower" ? result.value > result.floorLimit : result.value < result.floorLimit;
  p.say(
    worse && !result.atFloor,
    `a bad sample scores ${result.value} at a limit of ${result.floorLimit}, atFloor ${result.atFloor}`,
  );
  p.say(
    better === "lower" ? result.value > good.value : result.value < good.value,
    "a bad sample scores better than an exact one",
  );
  return p.list;
}

async function seeds({ score, sample }: MetricSubject): Promise<string[]> {
  const p = new Problems();
  const first = await score(sample(N, 4), 8);
  p.say(JSON.stringify(first) === JSON.stringify(await score(sample(N, 4), 8)), "the same seed gives other numbers");
  const other = await score(sample(N, 4), 9);
  const moves = first.floorStandardError > 0;
  p.say(!moves || first.floor !== other.floor, "another seed has the same floor");
  return p.list;
}

async function input({ score, sample }: MetricSubject): Promise<string[]> {
  const x = sample(N, 5);
  const copy = x.data.slice();
  await score(x, 10);
  return sameBits(x.data, copy) ? [] : ["the sample was written to"];
}

const checks = {
  "well-formed": wellFormed,
  "exact draws sit at the floor": exactAtFloor,
  "a bad sample is seen": badIsSeen,
  "the seed decides": seeds,
  "the sample stays": input,
} satisfies Checks<MetricSubject>;
const names = Object.keys(checks) as (keyof typeof checks)[];

describe.each(metricNames)("%s", (name) => {
  test.each(names)("%s", async (check) => {
    expect(await checks[check](subjectOf(name))).toEqual([]);
  });
});

test("the table holds every metric, and each has the same numbers alone and among the others", async () => {
  const held = new Set<string>();
  for (const energy of [target, cluster]) {
    const x = drawsOf(energy)(N, 6);
    const all = await evaluate(x, energy, { seed: 11, floorPairs: 10 });
    for (const name of Object.keys(all.metrics)) held.add(name);
    for (const name of metricNames) {
      if ((table[name].on ?? target) === energy) expect(await one(name)(x, 11), name).toEqual(all.metrics[name]);
    }
  }
  expect([...held].sort()).toEqual([...metricNames].sort());
});

const sound = subjectOf("energyW2");
const answering = (change: (result: MetricResult, x: Batch) => Partial<MetricResult>, base = sound): MetricSubject => ({
  ...base,
  score: async (x, seed) => {
    const result = await base.score(x, seed);
    return { ...result, ...change(result, x) };
  },
});
let asked = 0;

const controls: readonly (readonly [string, keyof typeof checks, MetricSubject])[] = [
  ["NaN", "well-formed", answering(() => ({ value: Number.NaN }))],
  ["no floor", "well-formed", answering(() => ({ floorLimit: Infinity }))],
  [
    "half the distance",
    "exact draws sit at the floor",
    answering(({ value }) => ({ value: value / 2 }), subjectOf("totalVariation")),
  ],
  ["the floor of another n", "exact draws sit at the floor", answering(({ floor }) => ({ floor: floor * 10 }))],
  ["everything at the floor", "a bad sample is seen", answering(() => ({ atFloor: true }))],
  ["a metric deaf to what is wrong", "a bad sample is seen", { ...subjectOf("modeWeightTv"), bad: hot }],
  ["the wrong direction", "a bad sample is seen", { ...sound, better: "higher" }],
  ["a clock for a seed", "the seed decides", { ...sound, score: (x) => sound.score(x, asked++) }],
  ["the seed left out", "the seed decides", { ...sound, score: (x) => sound.score(x, 1) }],
  [
    "coordinates that are sorted in place",
    "the sample stays",
    answering((_, x) => {
      x.data.sort();
      return {};
    }),
  ],
];

describe("controls: broken metrics are rejected", () => {
  test.each(controls)('%s fails "%s"', async (_what, name, subject) => {
    expect(await checks[name](subject)).not.toEqual([]);
  });

  test("every check has one", () => {
    expect(names.filter((name) => !controls.some(([, checked]) => checked === name))).toEqual([]);
  });
});
