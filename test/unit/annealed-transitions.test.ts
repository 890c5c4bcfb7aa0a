/**
 * Every annealed transition on paths of either kind, plain and for particles: its ratio is that of its own densities (an independent f64 twin), the same
 * pair weighs the same both ways, draws follow the law, and nothing is repaired. Broken transitions fail the same checks.
 */
import { describe, expect, test } from "vitest";
import type { AnnealedTransition } from "../../src/correction/transition.js";
import { makeTransition, transitionNames } from "../../src/correction/transitions/table.js";
import type { AnalyticModel } from "../reference/analytic-models.js";
import { scoreModel } from "../reference/analytic-models.js";
import { clampOf, type LawOptions, laws, logRatioOf, termsAt } from "../reference/backward-laws.js";
import { affine, dot, eigen, freeAxes, times } from "../reference/dense.js";
import {
  intervals,
  mixture1,
  mixture2,
  models,
  noiseOf,
  pairs4,
  randomOf,
  rowOf,
  rowsOf,
  Stepper,
} from "../support/transition-cases.js";
import { meanOf, zOfMean } from "../support/z-scores.js";

/** Cuts at both ends in every place. */
const NARROW = [0.8, 1.02] as const;

/** Row of the table: name and options. "given" takes its numbers from a plan and is the exponential step's twin; "map" has tests of its own. */
const table: readonly (readonly [string, string, LawOptions])[] = [
  ["bridge", "bridge", {}],
  ["bridge with c = .3", "bridge", { dataVariance: 0.3 }],
  ["exponential", "exponential", {}],
  ["tuned", "tuned", {}],
  ["diagonal", "diagonal", {}],
  ["low-rank of 1", "low-rank", { rank: 1 }],
  ["low-rank of 3", "low-rank", { rank: 3 }],
  ["full", "full", {}],
  ["diagonal, clamped", "diagonal", { clamp: NARROW }],
  ["low-rank of 3, clamped", "low-rank", { rank: 3, clamp: NARROW }],
  ["full, clamped", "full", { clamp: NARROW }],
];

const places = Object.entries(models).flatMap(([what, model]) =>
  Object.entries(intervals).map(([path, interval]) => [`${what}, ${path}`, model, interval] as const),
);
const n = 16;
/** Scores are f32: 2^-24 of |s| moves the mean by q / a times that, which the ratio sees over a standard deviation. Measured: 1.2e-6. */
const BOUND = 1e-5;
/** Remainders of f32 products after orthogonalization are small, and their directions that much worse. Measured: 1.4e-5. */
const LANCZOS_BOUND = 1e-4;

/** Largest |ratio - twin|, down from x and up from the same rows. */
async function ratioErrors(stepper: Stepper, law: ReturnType<(typeof laws)[string]>): Promise<readonly number[]> {
  const x = rowsOf(stepper.analytic, n);
  const frozen = await stepper.frozen();
  const errors: number[] = [];
  for (const way of ["down", "up"] as const) {
    const moved = await stepper.go(way, x);
    const off = Array.from(moved.logRatio, (value, row) => {
      const [from, to] = way === "down" ? [x, moved.x] : [moved.x, x];
      const twin = logRatioOf(stepper.analytic, law, stepper.interval, frozen, rowOf(from, row), rowOf(to, row));
      return Math.abs(way === "down" ? value - twin : value + twin);
    });
    errors.push(Math.max(...off));
  }
  return errors;
}

describe.each(table)("%s", (_title, name, options) => {
  const transition = makeTransition(name, { ...options });

  test.each(places)("%s: ratios are those of the twin's densities, down and up", async (_place, model, interval) => {
    const stepper = new Stepper(transition, model, interval, scoreModel(model, "products"));
    for (const error of await ratioErrors(stepper, laws[name](options)))
      expect(error).toBeLessThan(name === "low-rank" ? LANCZOS_BOUND : BOUND);
  });

  test.each(places)("%s: draws have the mean and the covariance of the law", async (_place, model, interval) => {
    expect(await worstMoment(transition, laws[name](options), model, interval)).toBeLessThan(6);
  });

  test.each(places)("%s: a row alone has the bits it has among others", async (_place, model, interval) => {
    const stepper = new Stepper(transition, model, interval, scoreModel(model, "products"));
    const x = rowsOf(model, 5);
    const random = randomOf(5, model.dim);
    for (const way of ["down", "up"] as const) {
      const whole = await stepper.go(way, x, random);
      for (let row = 0; row < 5; row++) {
        const part = (data: Float32Array) => data.slice(row * model.dim, (row + 1) * model.dim);
        const alone = await stepper.go(way, { data: part(x.data), n: 1, dim: model.dim }, noiseOf(part(random.normals())));
        expect(alone.logRatio[0]).toBe(whole.logRatio[row]);
        expect(alone.x.data).toEqual(part(whole.x.data));
      }
    }
  });

  test("NaN in a score or a Hessian makes its row NaN and no other", async () => {
    for (const [, model, interval] of places) {
      for (const what of ["score", "hessian"] as const) {
        if (what === "hessian" && transition.needs === "score") continue;
        const sound = scoreModel(model, "products");
        const broken = new Stepper(transition, model, interval, scoreModel(model, "products", { row: 2, what }), sound);
        const expected = new Stepper(transition, model, interval, sound);
        for (const way of ["down", "up"] as const) {
          const [got, want] = [await broken.go(way, rowsOf(model, 4)), await expected.go(way, rowsOf(model, 4))];
          want.logRatio[2] = Number.NaN;
          expect(got.logRatio).toEqual(want.logRatio);
        }
      }
    }
  });

  test.each(Object.entries(intervals))("%s: B integrates to 1 in one and two dimensions", async (_path, interval) => {
    expect(Math.abs((await integral(transition, mixture1, interval, [0.4])) - 1)).toBeLessThan(1e-4);
    expect(Math.abs((await integral(transition, mixture2, interval, [0.2, -0.6])) - 1)).toBeLessThan(1e-4);
  });

  test("particles keep their center of mass at 0, also when the noise does not", async () => {
    const interval = intervals.VP;
    const stepper = new Stepper(transition, pairs4, interval, scoreModel(pairs4, "products"));
    const random = randomOf(n, 8).normals();
    const shifted = random.map((value, i) => value + (i % 2 === 0 ? 5 : -3));
    for (const way of ["down", "up"] as const) {
      const { x, logRatio } = await stepper.go(way, rowsOf(pairs4, n), noiseOf(random));
      for (let row = 0; row < n; row++) {
        const own = rowOf(x, row);
        for (const axis of [0, 1]) expect(Math.abs(own[axis] + own[axis + 2] + own[axis + 4] + own[axis + 6])).toBeLessThan(1e-6);
      }
      const again = await stepper.go(way, rowsOf(pairs4, n), noiseOf(shifted));
      again.logRatio.forEach((value, row) => {
        expect(Math.abs(value - logRatio[row])).toBeLessThan(1e-4);
      });
    }
  });
});

/** Largest |z| of means and of second moments of 4,000 draws from one row. */
async function worstMoment(
  transition: AnnealedTransition,
  law: ReturnType<(typeof laws)[string]>,
  model: AnalyticModel,
  interval: (typeof intervals)[string],
): Promise<number> {
  const draws = 4000;
  const [one] = [rowOf(rowsOf(model, 1, 5), 0)];
  // One row repeated: the model answers once.
  const at = model.terms(
    one.map((value) => value / interval.from.scale),
    interval.from.variance / interval.from.scale ** 2,
  );
  const frozenModel: AnalyticModel = { ...model, terms: () => at };
  const same = { data: Float32Array.from({ length: draws * model.dim }, (_, i) => one[i % model.dim]), n: draws, dim: model.dim };
  const pilot = scoreModel(model, "products");
  const stepper = new Stepper(transition, model, interval, scoreModel(frozenModel, "products"), pilot);
  const { x } = await stepper.go("down", same);
  const { mean, covariance } = law(termsAt(model, interval.from, one), interval, await stepper.frozen());
  const axes = freeAxes(model.dim, model.particles);
  const free = Array.from({ length: draws }, (_, row) => times(axes, rowOf(x, row)).map((value, i) => value - mean[i]));
  const scores = mean.flatMap((_, i) => [
    zOfMean(
      free.map((row) => row[i]),
      0,
    ),
    ...mean.map((__, j) =>
      zOfMean(
        free.map((row) => row[i] * row[j]),
        covariance[i][j],
      ),
    ),
  ]);
  return Math.max(...scores.map(Math.abs));
}

/** Of B(y | x) over y around x, as the way up reports it for the pair: noise is chosen so that the way up ends in x. */
async function integral(
  transition: AnnealedTransition,
  model: AnalyticModel,
  interval: (typeof intervals)[string],
  x: readonly number[],
): Promise<number> {
  const { pull, noise } = interval;
  const { dim } = model;
  const points = dim === 1 ? 200 : 60;
  const [low, width] = [-6 / pull, 12 / pull / points];
  const count = points ** dim;
  const y = Float32Array.from({ length: count * dim }, (_, i) => {
    const cell = Math.floor(i / dim);
    const index = i % dim === 0 ? cell % points : Math.floor(cell / points);
    return low + (index + 0.5) * width;
  });
  const z = y.map((value, i) => (x[i % dim] - pull * value) / Math.sqrt(noise));
  const at = model.terms(
    x.map((value) => value / interval.from.scale),
    interval.from.variance / interval.from.scale ** 2,
  );
  const stepper = new Stepper(
    transition,
    model,
    interval,
    scoreModel({ ...model, terms: () => at }, "products"),
    scoreModel(model, "products"),
  );
  const moved = await stepper.go("up", { data: y, n: count, dim }, noiseOf(z));
  let sum = 0;
  for (let row = 0; row < count; row++) {
    const off = rowOf(moved.x, row).map((value, i) => value - pull * y[row * dim + i]);
    const forward = -0.5 * (dot(off, off) / noise + dim * Math.log(2 * Math.PI * noise));
    sum += Math.exp(moved.logRatio[row] + forward) * width ** dim;
  }
  return sum;
}

describe("controls: broken transitions are rejected", () => {
  const sound = makeTransition("full", {});
  const altered = (change: (ratio: number, row: number) => number): AnnealedTransition => ({
    ...sound,
    down: async (request) => {
      const moved = await sound.down(request);
      return { ...moved, logRatio: moved.logRatio.map(change) };
    },
    up: async (request) => {
      const moved = await sound.up(request);
      return { ...moved, logRatio: moved.logRatio.map(change) };
    },
  });
  const stepper = (transition: AnnealedTransition) =>
    new Stepper(transition, mixture2, intervals.VE, scoreModel(mixture2, "products"));

  test("a dropped constant, the wrong sign up, and the law of another step", async () => {
    const dropped = await ratioErrors(stepper(altered((ratio) => ratio + 0.01)), laws.full({}));
    expect(Math.min(...dropped)).toBeGreaterThan(BOUND);
    const signed = await ratioErrors(stepper({ ...sound, up: altered((ratio) => -ratio).up }), laws.full({}));
    expect([signed[0] < BOUND, signed[1] > BOUND]).toEqual([true, true]);
    const other = await ratioErrors(stepper(makeTransition("diagonal", {})), laws.full({}));
    expect(Math.min(...other)).toBeGreaterThan(BOUND);
  });

  test("noise that is 5 % too wide, and a density that does not integrate to 1", async () => {
    const wide: AnnealedTransition = {
      ...sound,
      down: (request) => sound.down({ ...request, random: noiseOf(request.random.normals().map((z) => 1.05 * z)) }),
    };
    // 4,000 draws: 10 % of a variance are 4.5 standard errors in each of two coordinates and one product; a z above 6 needs more, so it is asked of 20 %.
    const wider: AnnealedTransition = {
      ...sound,
      down: (request) => sound.down({ ...request, random: noiseOf(request.random.normals().map((z) => 1.1 * z)) }),
    };
    expect(await worstMoment(wide, laws.full({}), mixture2, intervals.VE)).toBeGreaterThan(3);
    expect(await worstMoment(wider, laws.full({}), mixture2, intervals.VE)).toBeGreaterThan(6);
    expect(
      Math.abs(
        (await integral(
          altered((ratio) => ratio - 0.01),
          mixture1,
          intervals.VE,
          [0.4],
        )) - 1,
      ),
    ).toBeGreaterThan(1e-3);
  });
});

describe("Hessians", () => {
  test.each(["diagonal", "full"])("%s: whole ones and products give the same step", async (name) => {
    for (const [, model, interval] of places) {
      const x = rowsOf(model, 10);
      const whole = await new Stepper(makeTransition(name, {}), model, interval, scoreModel(model, "whole")).go("down", x);
      const products = await new Stepper(makeTransition(name, {}), model, interval, scoreModel(model, "products")).go("down", x);
      for (let row = 0; row < 10; row++) expect(Math.abs(whole.logRatio[row] - products.logRatio[row])).toBeLessThan(BOUND);
    }
  });

  test("low-rank of at least the free dimension is full", async () => {
    for (const [, model, interval] of places) {
      const x = rowsOf(model, 10);
      const sound = scoreModel(model, "products");
      const up = await new Stepper(makeTransition("low-rank", { rank: 20 }), model, interval, sound).go("up", x);
      const full = await new Stepper(makeTransition("full", {}), model, interval, sound).go("up", x);
      // Krylov spaces of 6 dimensions from f32 products: the last directions are small remainders.
      for (let row = 0; row < 10; row++) expect(Math.abs(up.logRatio[row] - full.logRatio[row])).toBeLessThan(1e-3);
    }
  });

  test("rows of every place are within the narrow clamp, below it and above it", () => {
    for (const [, model, interval] of places) {
      const x = rowsOf(model, n);
      const seen = Array.from({ length: n }, (_, row) =>
        eigen(affine(termsAt(model, interval.from, rowOf(x, row)).hessian, interval.noise, 1)).values.map((value) =>
          Math.sign(clampOf(interval, NARROW)(value) - value),
        ),
      ).flat();
      expect(new Set(seen)).toEqual(new Set([-1, 0, 1]));
    }
  });

  test.each(["diagonal", "low-rank", "full", "map"])("%s refuses a model without any", async (name) => {
    const stepper = new Stepper(makeTransition(name, {}), mixture2, intervals.VE, scoreModel(mixture2, "none"));
    await expect(stepper.go("down", rowsOf(mixture2, 2))).rejects.toThrow(/Hessian/);
  });
});

describe("names and options", () => {
  test("every transition is in a table of tests", () => {
    const tested = new Set([...table.map(([, name]) => name), "map", "given"]);
    expect(transitionNames.filter((name) => !tested.has(name))).toEqual([]);
  });

  test.each([
    ["bridges", {}, RangeError, /did you mean "bridge"/],
    ["bridge", { dataVariance: -1 }, RangeError, /dataVariance/],
    ["exponential", { nu: 1 }, RangeError, /unknown option "nu"/],
    ["tuned", { rank: 1 }, RangeError, /unknown option "rank"/],
    ["low-rank", { rank: 0 }, RangeError, /rank/],
    ["low-rank", { rank: 1.5 }, RangeError, /rank/],
    ["full", { clamp: 3 }, TypeError, /clamp must be \[least, most\]/],
    ["full", { clamp: [0, 4] }, RangeError, /clamp\[0\]/],
    ["full", { clamp: [2, 4] }, RangeError, /clamp\[0\]/],
    ["diagonal", { clamp: [0.1, 0.5] }, RangeError, /clamp\[1\]/],
    ["map", { clamp: [0.1, 4] }, RangeError, /unknown option "clamp"/],
  ])("%s refuses %j", (name, options, kind, text) => {
    expect(() => makeTransition(name, { ...options })).toThrow(kind);
    expect(() => makeTransition(name, { ...options })).toThrow(text);
  });

  test.each(["tuned", "low-rank"])("%s says that a pilot is missing", async (name) => {
    const stepper = new Stepper(
      { ...makeTransition(name, {}), measure: undefined },
      mixture2,
      intervals.VE,
      scoreModel(mixture2, "products"),
    );
    await expect(stepper.go("down", rowsOf(mixture2, 2))).rejects.toMatchObject({ code: "not-initialized" });
  });
});

test("tuned measures the mean of the exact covariance", async () => {
  // One normal of variance .7 in 2 dimensions: 1 + q H = 1 - q / (a^2 .7 + g^2) exactly; 64 pilot rows know E|s|^2 to 12 %.
  const c = 0.7;
  const measured: number[] = [];
  for (const { from, pull, noise } of Object.values(intervals)) {
    const V = from.scale ** 2 * c + from.variance;
    const x = rowsOf(mixture2, 4000, 3, Math.sqrt(V));
    const score = x.data.map((value) => -value / V);
    const model = { dim: 2, freeDim: 2 } as never;
    const interval = Object.values(intervals)[measured.length];
    const [nu] = (await makeTransition("tuned", {}).measure?.({ interval, x, score, model })) ?? [Number.NaN];
    // Relative error of the mean of 8,000 squares: 1.6 %.
    measured.push((1 - nu) / (noise / V) - 1);
    expect(pull).toBeGreaterThan(0);
  }
  expect(Math.max(...measured.map(Math.abs))).toBeLessThan(6 * 0.016);
  expect(meanOf(measured)).not.toBe(0);
});
