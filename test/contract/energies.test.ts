/** Every energy obeys the interface, and each check rejects an energy that was broken for it. */
import { type Batch, customEnergy, type Energy, gaussianMixture, gmm16, init, keyOf, normalRows, twoModes } from "bnem";
import { beforeAll, describe, expect, test } from "vitest";
import { anisotropicSubjects } from "./anisotropic-subjects.js";
import { type EnergySubject, energyChecks } from "./energy-checks.js";
import { kernelSubjects } from "./energy-subjects.js";

beforeAll(() => init());

/** The stated f32 bound of mixtures; the largest constant of a component is below 16 in this table. */
const mixtureRoundoff = (dim: number, components: number) => (e: number) =>
  2 ** -24 * ((dim + 6) * (Math.abs(e) + 16 + 4) + components + 16);
/** One rounding of an f64 value. */
const oneRounding = (e: number) => 2 ** -23 * Math.abs(e) + 1e-12;

/** Exact draws moved by half a unit: between the modes as well as on them. */
function aroundDraws(energy: Energy, n = 24): Batch {
  const { data } = (energy.exact as NonNullable<Energy["exact"]>).sample(n, 2);
  const noise = normalRows(keyOf(1), 0, 0, n, energy.dim).data;
  return { data: data.map((v, i) => v + 0.5 * noise[i]), n, dim: energy.dim };
}

function mixture(energy: Energy): EnergySubject {
  const components = energy.modes?.means.n as number;
  return { energy, points: aroundDraws(energy), roundoff: mixtureRoundoff(energy.dim, components) };
}

const quartic = (x: Float64Array) => 0.1 * x[0] ** 4 - x[0] ** 2 + 0.3 * x[0] * x[1] + 0.5 * x[1] ** 2;
const analytic = () =>
  customEnergy({
    name: "quartic",
    dim: 2,
    evaluate(x, gradientOut) {
      gradientOut[0] = 0.4 * x[0] ** 3 - 2 * x[0] + 0.3 * x[1];
      gradientOut[1] = 0.3 * x[0] + x[1];
      return quartic(x);
    },
  });
const byDifferences = () => customEnergy({ name: "quartic by differences", dim: 2, evaluate: quartic });
const custom = (energy: Energy): EnergySubject => ({ energy, points: normalRows(keyOf(9), 0, 0, 24, 2), roundoff: oneRounding });

const inTen = () =>
  gaussianMixture({
    means: [0, 1, 2].map((k) => Array.from({ length: 10 }, (_, d) => ((3 * k + 2 * d) % 5) - 2)),
    weights: [3, 1, 6],
    std: [0.8, 1.1, 1.4],
  });

const table: readonly (readonly [string, () => EnergySubject])[] = [
  ["gmm40", () => mixture(gaussianMixture())],
  [
    "a mixture in 1 dimension",
    () => mixture(gaussianMixture({ means: [[-2], [1.5], [4]], weights: [1, 5, 2], std: [0.5, 1, 0.7] })),
  ],
  [
    "a mixture in 3 dimensions",
    () =>
      mixture(
        gaussianMixture({
          means: [
            [0, 0, 0],
            [3, -1, 2],
          ],
          weights: [0.8, 0.2],
          std: [1, 0.6],
        }),
      ),
  ],
  ["a mixture in 10 dimensions", () => mixture(inTen())],
  ["drawn means", () => mixture(gaussianMixture({ components: 5, seed: 3, dim: 2, range: 4, std: 0.9 }))],
  ["gmm16", () => mixture(gmm16())],
  ["two modes in 8 dimensions", () => mixture(twoModes({ dim: 8 }))],
  ...anisotropicSubjects,
  ...kernelSubjects,
  ["a custom energy with its gradient", () => custom(analytic())],
  ["a custom energy without gradient", () => custom(byDifferences())],
];

const names = Object.keys(energyChecks) as (keyof typeof energyChecks)[];

describe.each(table)("%s", (_name, make) => {
  test.each(names)("%s", (name) => {
    expect(energyChecks[name](make())).toEqual([]);
  });
});

test("the gradients of the two custom energies have the sources they claim", () => {
  const subjects = [analytic(), byDifferences()];
  for (const energy of subjects) energy.energyAndGradient({ data: Float32Array.of(1, 2), n: 1, dim: 2 });
  expect(subjects.map((energy) => [energy.gradientSource, energy.notice !== ""])).toEqual([
    ["analytic", false],
    ["differences", true],
  ]);
});

/** A sound energy with one member replaced. */
function broken(change: (energy: Energy) => Partial<Energy>, from = "a mixture in 10 dimensions"): EnergySubject {
  const subject = (table.find(([name]) => name === from) as (typeof table)[number])[1]();
  return { ...subject, energy: { ...subject.energy, ...change(subject.energy) } };
}

type Exact = NonNullable<Energy["exact"]>;
const exactOf = (energy: Energy) => energy.exact as Exact;
const gradientTimes = (factor: (d: number) => number) => (energy: Energy) => ({
  energyAndGradient: (x: Batch) => {
    const result = energy.energyAndGradient(x);
    return { energy: result.energy, gradient: result.gradient.map((g, i) => g * factor(i % energy.dim)) };
  },
});
const leaning = (extra: (row: Float32Array) => number) => (energy: Energy) => ({
  energyAndGradient: (x: Batch) => {
    const result = energy.energyAndGradient(x);
    const e = result.energy.map((v, r) => v + extra(x.data.subarray(r * x.dim, (r + 1) * x.dim)));
    return { ...result, energy: e };
  },
});
/** Draws with every tenth row turned over: the share of the right wells falls from .84 to .78. */
const mirrored = (energy: Energy) => ({
  exact: {
    logZ: exactOf(energy).logZ,
    sample: (n: number, seed: number) => {
      const x = exactOf(energy).sample(n, seed);
      return { ...x, data: x.data.map((v, i) => (Math.floor(i / x.dim) % 10 ? v : -v)) };
    },
  },
});
const shared = new Float32Array(24);

/** By default of the mixture in ten dimensions. */
type Control = readonly [string, keyof typeof energyChecks, (energy: Energy) => Partial<Energy>, from?: string];

const controls: readonly Control[] = [
  ["energies in f64", "shapes", (e) => ({ energy: (x) => Float64Array.from(e.energy(x)) as never })],
  ["a gradient per row only", "shapes", (e) => ({ energyAndGradient: (x) => ({ energy: e.energy(x), gradient: e.energy(x) }) })],
  ["no convention", "description", () => ({ convention: "" })],
  ["another check value", "check value", (e) => ({ check: { ...e.check, energy: e.check.energy + 1e-4 } })],
  [
    "energies of another rounding beside the gradient",
    "same energies everywhere",
    (e) => ({ energy: (x) => e.energy(x).map((v) => v * (1 + 2 ** -22)) }),
  ],
  [
    "rows that know their neighbours",
    "same energies everywhere",
    (e) => ({ energyAndGradient: (x) => ({ ...e.energyAndGradient(x), gradient: new Float32Array(x.n * x.dim).fill(x.n) }) }),
  ],
  ["the force for the gradient", "gradient by differences", gradientTimes(() => -1)],
  ["a gradient 1 % long", "gradient by differences", gradientTimes(() => 1.01)],
  ["a gradient without its last coordinate", "gradient by differences", gradientTimes((d) => (d === 9 ? 0 : 1))],
  [
    "NaN taken for 0",
    "refusals",
    (e) => ({ energy: (x) => e.energy({ ...x, data: x.data?.map((v) => (Number.isNaN(v) ? 0 : v)) }) }),
  ],
  [
    "errors that do not name the call",
    "refusals",
    (e) => ({
      energyAndGradient: (x) => {
        if (x?.dim !== e.dim) throw new RangeError("bad dim");
        return e.energyAndGradient(x);
      },
    }),
  ],
  [
    "an input that is centred in place",
    "ownership",
    (e) => ({
      energy: (x) => {
        x.data[0] = 0;
        return e.energy(x);
      },
    }),
  ],
  [
    "one array for all results",
    "ownership",
    (e) => ({
      energy: (x) => {
        shared.set(e.energy(x));
        return shared.subarray(0, x.n);
      },
    }),
  ],
  ["options of another mixture", "options rebuild it", (e) => ({ options: { ...e.options, weights: [1, 1, 1] } })],
  ["draws that ignore the seed", "exact draws", (e) => ({ exact: { logZ: 0, sample: (n) => exactOf(e).sample(n, 5) } })],
  ["seeds cut to 32 bits", "exact draws", (e) => ({ exact: { logZ: 0, sample: (n, seed) => exactOf(e).sample(n, seed >>> 0) } })],
  ["log Z off by .1", "log Z", () => ({ exact: { logZ: 0.1, sample: () => ({ data: new Float32Array(10), n: 1, dim: 10 }) } })],
  ["an unnormalised energy", "log Z", (e) => ({ energy: (x) => e.energy(x).map((v) => v - 0.1) })],
  [
    "draws 5 % wide",
    "law of the exact draws",
    (e) => ({
      exact: {
        logZ: 0,
        sample: (n, seed) => {
          const x = exactOf(e).sample(n, seed);
          return { ...x, data: x.data.map((v) => 1.05 * v) };
        },
      },
    }),
  ],
  [
    "draws of equal mode weights",
    "law of the exact draws",
    (e) => ({ exact: exactOf(gaussianMixture({ ...(e.options as object), weights: [1, 1, 1] })) }),
  ],
  [
    "the variance for the standard deviation of the noise",
    "noised closed form",
    (e) => ({
      noisedExact: (x, h) =>
        (e.noisedExact as NonNullable<Energy["noisedExact"]>)(
          x,
          h.map((v) => v * v),
        ),
    }),
  ],
  [
    "a score of the wrong sign",
    "noised closed form",
    (e) => ({
      noisedExact: (x, h) => {
        const result = (e.noisedExact as NonNullable<Energy["noisedExact"]>)(x, h);
        return { ...result, score: result.score.map((s) => -s) };
      },
    }),
  ],
  [
    "a kernel that counts rows for calls",
    "fused kernel",
    (e) => ({ noised: (ask) => ({ ...(e.noised as NonNullable<Energy["noised"]>)(ask), energyCalls: ask.x.n }) }),
  ],
  [
    "a kernel that forgets the key",
    "fused kernel",
    (e) => ({ noised: (ask) => (e.noised as NonNullable<Energy["noised"]>)({ ...ask, key: keyOf(0) }) }),
  ],
  [
    "a trap about the origin",
    "symmetries of particles",
    leaning((row) => 0.005 * row.reduce((sum, v) => sum + v * v, 0)),
    "lj13",
  ],
  ["particles that are not alike", "symmetries of particles", leaning((row) => 0.01 * (row[0] - row[2]) ** 2), "dw4"],
  ["a gradient that does not turn", "symmetries of particles", gradientTimes((d) => (d % 3 ? 1 : 1.01)), "lj13"],
  ["a tenth of the draws turned over", "law of the exact draws", mirrored, "many wells in 6 dimensions"],
];

describe("controls: broken energies are rejected", () => {
  test.each(controls.map(([what, name, change, from]) => ({ what, name, change, from })))(
    "$what fails $name",
    ({ name, change, from }) => {
      expect(energyChecks[name](broken(change, from))).not.toEqual([]);
    },
  );

  test("every check has one", () => {
    expect(names.filter((name) => !controls.some(([, checked]) => checked === name))).toEqual([]);
  });
});
