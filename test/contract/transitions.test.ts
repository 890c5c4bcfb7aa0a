/** Every reverse transition obeys the interface, and each check rejects a transition that was broken for it. */
import {
  bridge,
  cosineSchedule,
  eulerMaruyama,
  exponential,
  geometricSchedule,
  linearSchedule,
  type NoiseSchedule,
  powerSchedule,
  quadraticSchedule,
  type Transition,
} from "bnem";
import { describe, expect, test } from "vitest";
import { type Checks, Problems } from "../support/contract.js";

const schedules: readonly NoiseSchedule[] = [
  geometricSchedule({ sigmaMin: 0.2, sigmaMax: 40 }),
  linearSchedule({ sigmaMax: 5 }),
  quadraticSchedule({ sigmaMax: 5 }),
  powerSchedule({ sigmaMax: 5, exponent: 6 }),
  cosineSchedule({ sigmaMax: 5 }),
];
const table: readonly (readonly [string, Transition])[] = [
  ["bridge, c = 0", bridge()],
  ["bridge, c = 1.7", bridge({ dataVariance: 1.7 })],
  ["bridge, c = 1e6", bridge({ dataVariance: 1e6 })],
  ["exponential", exponential()],
  ["Euler-Maruyama", eulerMaruyama()],
];

interface Place {
  readonly schedule: NoiseSchedule;
  readonly from: number;
  readonly to: number;
}

/** Steps of every length between levels of every schedule, to h = 0 among them. */
const places: readonly Place[] = schedules.flatMap((schedule) =>
  [0.1, 0.35, 0.6, 0.85, 1].flatMap((t) =>
    [0, 1e-6, 0.3, 0.9, 0.999].map((share) => ({ schedule, from: schedule.variance(t), to: share * schedule.variance(t) })),
  ),
);
const at = ({ schedule, from, to }: Place) => `${schedule.name}, ${from} to ${to}`;

function coefficients(transition: Transition): string[] {
  const p = new Problems();
  p.say(transition.name.length > 0, "no name");
  for (const place of places) {
    const { drift, variance } = transition.coefficients(place);
    p.say(drift > 0 && drift < Infinity, `${at(place)}: drift ${drift}`);
    p.say(variance >= 0 && variance < Infinity, `${at(place)}: variance ${variance}`);
    p.say(variance > 0 || place.to === 0, `${at(place)}: no noise, hence no density, above h = 0`);
  }
  return p.list.slice(0, 3);
}

function pure(transition: Transition): string[] {
  const p = new Problems();
  const first = places.map((place) => transition.coefficients(place));
  const again = places
    .slice()
    .reverse()
    .map((place) => transition.coefficients(place))
    .reverse();
  first.forEach((one, i) => {
    p.say(one.drift === again[i].drift && one.variance === again[i].variance, `${at(places[i])}: another value when asked again`);
  });
  return p.list.slice(0, 3);
}

/**
 * To first order a step of Delta = h(t) - h(u) has drift and variance Delta. The relative error is Delta / (c + h) for the bridge and
 * h'' Delta / (2 h'^2) <= Delta / 2 h for Euler-Maruyama on these schedules; 3 Delta / h is the bound, and it halves with the step.
 */
function smallSteps(transition: Transition): string[] {
  const p = new Problems();
  for (const schedule of schedules) {
    for (const t of [0.2, 0.4, 0.6]) {
      const from = schedule.variance(t);
      const errors = [1e-3, 5e-4].map((share) => {
        const delta = from * share;
        const { drift, variance } = transition.coefficients({ schedule, from, to: from - delta });
        return [drift / delta - 1, variance / delta - 1];
      });
      (["drift", "variance"] as const).forEach((name, i) => {
        const [long, short] = [Math.abs(errors[0][i]), Math.abs(errors[1][i])];
        const where = `${schedule.name}, t = ${t}: ${name}`;
        p.say(long <= 3e-3, `${where} is off by ${errors[0][i]} at Delta / h = 1e-3`);
        // 1e-10: roundings of h and of timeOf, 1e-16 over Delta / h.
        p.say(short <= 0.6 * long + 1e-10, `${where}: halving the step takes its error from ${long} to ${short} only`);
      });
    }
  }
  return p.list.slice(0, 3);
}

/**
 * A change of units by 2^k changes both coefficients by 4^k exactly (powers of two lose no bits); the geometric schedule goes through
 * logarithms and may differ by roundings.
 */
function units(make: (scale: number) => Transition): string[] {
  const p = new Problems();
  for (const [one, eight] of [
    [geometricSchedule({ sigmaMin: 0.2, sigmaMax: 40 }), geometricSchedule({ sigmaMin: 1.6, sigmaMax: 320 })],
    [quadraticSchedule({ sigmaMax: 5 }), quadraticSchedule({ sigmaMax: 40 })],
  ]) {
    for (const share of [0, 0.3, 0.9]) {
      const from = one.variance(0.7);
      const small = make(1).coefficients({ schedule: one, from, to: share * from });
      const large = make(8).coefficients({ schedule: eight, from: 64 * from, to: 64 * share * from });
      p.say(Math.abs(large.drift / (64 * small.drift) - 1) < 1e-12, `${one.name}: drift ${small.drift} becomes ${large.drift}`);
      const variances = Math.abs(large.variance - 64 * small.variance) <= 1e-12 * large.variance;
      p.say(variances, `${one.name}: variance ${small.variance} becomes ${large.variance}`);
    }
  }
  return p.list;
}

const checks = { coefficients, pure, "small steps": smallSteps } satisfies Checks<Transition>;
const names = Object.keys(checks) as (keyof typeof checks)[];

describe.each(table)("%s", (_name, transition) => {
  test.each(names)("%s", (name) => {
    expect(checks[name](transition)).toEqual([]);
  });
});

const scaled: readonly (readonly [string, (scale: number) => Transition])[] = [
  ["bridge", (scale) => bridge({ dataVariance: 1.7 * scale * scale })],
  ["exponential", () => exponential()],
  ["Euler-Maruyama", () => eulerMaruyama()],
];

describe("units", () => {
  test.each(scaled)("%s follows a change of units", (_name, make) => {
    expect(units(make)).toEqual([]);
  });

  test("control: a bridge whose data variance stays behind", () => {
    expect(units(() => bridge({ dataVariance: 1.7 }))).not.toEqual([]);
  });
});

/** A transition with its coefficients altered. */
const altered = (
  change: (c: { drift: number; variance: number }, place: Place) => Partial<{ drift: number; variance: number }>,
  base: Transition = exponential(),
): Transition => ({
  name: "altered",
  coefficients: (place) => {
    const sound = base.coefficients(place);
    return { ...sound, ...change(sound, place) };
  },
});

let asked = 0;
const controls: readonly (readonly [string, keyof typeof checks, Transition])[] = [
  ["a drift away from the data", "coefficients", altered(({ drift }) => ({ drift: -drift }))],
  ["the standard deviation squared away to below 0", "coefficients", altered((_, { from, to }) => ({ variance: to - from / 2 }))],
  ["no noise at all", "coefficients", altered(() => ({ variance: 0 }))],
  ["no name", "coefficients", { ...exponential(), name: "" }],
  ["a step that grows with every call", "pure", altered(({ drift }) => ({ drift: drift * (1 + 1e-9 * asked++) }))],
  ["the drift of the probability flow", "small steps", altered(({ drift }) => ({ drift: drift / 2 }))],
  ["the standard deviation for the variance", "small steps", altered(({ variance }) => ({ variance: Math.sqrt(variance) }))],
  ["1 % more noise whatever the step", "small steps", altered(({ variance }) => ({ variance: 1.01 * variance }))],
  ["the rate taken at time 1", "small steps", altered(({ drift }, { schedule }) => ({ drift: drift * schedule.diffusion(1) }))],
  ["an error that does not shrink", "small steps", altered(({ drift }) => ({ drift: 1.001 * drift }))],
];

describe("controls: broken transitions are rejected", () => {
  test.each(controls)('%s fails "%s"', (_what, name, transition) => {
    expect(checks[name](transition)).not.toEqual([]);
  });

  test("every check has one", () => {
    expect(names.filter((name) => !controls.some(([, checked]) => checked === name))).toEqual([]);
  });
});

test("bridge goes from the posterior step to the exponential one as c grows", () => {
  const schedule = schedules[0];
  const step = { schedule, from: 9, to: 4 };
  const variances = [0, 0.5, 5, 500].map((dataVariance) => bridge({ dataVariance }).coefficients(step).variance);
  expect(variances[0]).toBe((5 * 4) / 9);
  variances.slice(1).forEach((v, i) => {
    expect(v).toBeGreaterThan(variances[i]);
  });
  expect(Math.abs(variances[3] / exponential().coefficients(step).variance - 1)).toBeLessThan(0.011);
});
