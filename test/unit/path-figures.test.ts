/** Figures of path weights against closed forms, and the shape of their tail against weights of known shape. */
import { beforeAll, describe, expect, test } from "vitest";
import { BnemError } from "../../src/core/errors.js";
import { keyOf, uniformAt } from "../../src/core/random.js";
import { paretoTail } from "../../src/correction/pareto-tail.js";
import { forwardEss, pathFigures, unseenShare } from "../../src/correction/path-figures.js";
import { initKernels } from "../../src/kernels/load.js";
import { normals } from "../../src/kernels/normal.js";
import { zOfMean } from "../support/z-scores.js";

beforeAll(() => initKernels());

const near = (a: number | undefined, b: number) =>
  expect(Math.abs((a as number) - b)).toBeLessThanOrEqual(1e-13 * Math.max(1, Math.abs(b)));

describe("by hand", () => {
  test("weights 1, 2, 4 both ways", () => {
    const logWeights = Float64Array.of(0, Math.log(2), Math.log(4));
    const figures = pathFigures({ reverse: logWeights, forward: logWeights });
    near(figures.reverseEss.value, 49 / 21);
    near(figures.forwardEss?.value, 27 / (7 * 1.75));
    near(figures.forwardEss?.fraction, 9 / (7 * 1.75));
    near(figures.elbo.mean, Math.log(2));
    near(figures.elbo.error, Math.log(2) / Math.sqrt(3));
    near(figures.eubo?.mean, Math.log(2));
    near(figures.logZ, Math.log(7 / 3));
    near(figures.forwardLogZ?.mean, Math.log(3 / 1.75));
    near(figures.maxWeight, 4 / 7);
    expect(figures.kHat).toBeNaN();
    const moved = pathFigures({ reverse: logWeights.map((v) => v - 900), forward: logWeights.map((v) => v + 900) });
    expect(Math.abs((moved.forwardEss?.value as number) - 27 / 12.25)).toBeLessThan(1e-11);
    expect(Math.abs((moved.forwardLogZ?.mean as number) - 900 - Math.log(3 / 1.75))).toBeLessThan(1e-11);
  });

  test("a target draw of weight zero: forward size 0, bound -Infinity; no reverse weight is an error", () => {
    const zero = Float64Array.of(0, -Infinity);
    expect(forwardEss(zero)).toEqual({ value: 0, n: 2, fraction: 0 });
    expect(forwardEss(Float64Array.of(-Infinity)).value).toBe(0);
    expect(pathFigures({ reverse: zero, forward: zero })).toMatchObject({
      eubo: { mean: -Infinity },
      forwardLogZ: { mean: -Infinity },
    });
    expect(pathFigures({ reverse: zero }).elbo.mean).toBe(-Infinity);
    expect(() => pathFigures({ reverse: Float64Array.of(-Infinity) })).toThrow(BnemError);
    expect(() => pathFigures({ reverse: zero, forward: Float64Array.of(Number.NaN) })).toThrow(/forward must not be NaN/);
    expect(() => pathFigures({ revers: zero } as never)).toThrow(/did you mean "reverse"/);
    expect(() => forwardEss([0] as never)).toThrow(TypeError);
  });

  test("unseen: the share of forward weights above Z times the number of paths", () => {
    const logWeights = Float64Array.of(0, Math.log(2), Math.log(4), -Infinity);
    expect([1, 3, 4, 5].map((paths) => unseenShare(logWeights, { logZ: 0, paths }))).toEqual([0.5, 0.25, 0, 0]);
    expect(unseenShare(logWeights, { logZ: Math.log(2), paths: 1.5 })).toBe(0.25);
    // Three paths of weights 1, 1, 1: of draws at 1, 2, 4 one lies above 3 Z.
    expect(pathFigures({ reverse: new Float64Array(3), forward: logWeights.subarray(0, 3) }).unseen).toBe(1 / 3);
    expect(pathFigures({ reverse: new Float64Array(3) }).unseen).toBeUndefined();
    expect(() => unseenShare(logWeights, { logZ: 0, paths: 0 })).toThrow(/run\.paths/);
    expect(() => unseenShare(logWeights, { logZ: Number.NaN, paths: 1 })).toThrow(/run\.logZ/);
    expect(() => unseenShare(Float64Array.of(Number.NaN), { logZ: 0, paths: 1 })).toThrow(/NaN/);
  });

  test("one path", () => {
    const figures = pathFigures({ reverse: Float64Array.of(-2), forward: Float64Array.of(-2) });
    expect([figures.reverseEss.value, figures.forwardEss?.value, figures.elbo.mean, figures.eubo?.mean]).toEqual([1, 1, -2, -2]);
    expect(figures.elbo.error).toBeNaN();
  });
});

/**
 * q = N(0, 1), p = N(m, 1), Z = e^3: log w = 3 + m x - m^2 / 2 is normal of variance m^2 under both, of mean 3 - m^2/2 and 3 + m^2/2,
 * and both effective shares are exp(-m^2). 40 sets of 4,000 draws.
 */
describe("a shifted Gaussian", () => {
  const m = 0.7;
  const sets = () =>
    Array.from({ length: 40 }, (_, seed) => {
      const weightsOf = (row: number, shift: number) =>
        Float64Array.from(normals(keyOf(seed), 0, row, 4000), (x) => 3 + m * (x + shift) - (m * m) / 2);
      return pathFigures({ reverse: weightsOf(0, 0), forward: weightsOf(1, m) });
    });

  test("bounds, log Z and both sizes have their closed forms; log Z is not its upper bound", () => {
    const all = sets();
    const check = (values: (number | undefined)[], expected: number) =>
      expect(Math.abs(zOfMean(values as number[], expected))).toBeLessThan(6);
    check(
      all.map((f) => f.elbo.mean),
      3 - (m * m) / 2,
    );
    check(
      all.map((f) => f.eubo?.mean),
      3 + (m * m) / 2,
    );
    check(
      all.map((f) => f.logZ),
      3,
    );
    check(
      all.map((f) => f.forwardLogZ?.mean),
      3,
    );
    check(
      all.map((f) => f.reverseEss.fraction),
      Math.exp(-m * m),
    );
    check(
      all.map((f) => f.forwardEss?.fraction),
      Math.exp(-m * m),
    );
    for (const f of all) expect(f.elbo.mean < f.logZ && f.logZ < (f.eubo as { mean: number }).mean).toBe(true);
    const chi = all.map((f) => ((f.logZ - 3) / f.logZError) ** 2);
    expect(Math.abs(zOfMean(chi, 1))).toBeLessThan(6);
    expect(Math.abs(zOfMean(all.map((f) => f.eubo?.mean) as number[], 3))).toBeGreaterThan(6);
  });

  test("a mode that the sampler misses: the reverse size says all is well, the forward size does not", () => {
    // q knows the left half of p alone: w = Z / 2 wherever it samples, and is larger by e^8 on target draws of the other half.
    const reverse = new Float64Array(1000);
    const forward = Float64Array.from({ length: 1000 }, (_, i) => (i % 2 ? 8 : 0));
    const figures = pathFigures({ reverse, forward });
    near(figures.reverseEss.fraction, 1);
    expect(figures.forwardEss?.fraction).toBeLessThan(0.002);
  });
});

/** w = u^-k has the tail P(w > t) = t^(-1/k): shape k. Over 60 sets of 4,000 draws the tail holds 190 of each. */
describe("shape of the tail", () => {
  const shapes = (logWeight: (u: number) => number, n = 4000) =>
    Array.from({ length: 60 }, (_, seed) =>
      paretoTail(Float64Array.from({ length: n }, (_u, i) => logWeight(uniformAt(keyOf(seed), i)))),
    );
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

  test.each([0.3, 0.5, 0.7, 1])("of weights of shape %s", (k) => {
    // The prior pulls by (k - .5) 10 / 200; the fit's own bias at 190 values is below .01. A fit has a noise of (1 + k) / sqrt(190).
    const pulled = (k * 190 + 5) / 200;
    const found = shapes((u) => -k * Math.log1p(-u));
    expect(Math.abs(mean(found) - pulled)).toBeLessThan(0.01 + (5 * (1 + k)) / Math.sqrt(190 * 60));
    const deviation = Math.sqrt(mean(found.map((v) => (v - mean(found)) ** 2)));
    expect(deviation).toBeLessThan((1.5 * (1 + k)) / Math.sqrt(190));
    expect(Math.abs(mean(found) - (pulled + 0.2))).toBeGreaterThan(0.01 + (5 * (1 + k)) / Math.sqrt(190 * 60));
  });

  test("bounded weights have a shape below 0, exponential ones 0", () => {
    expect(mean(shapes((u) => Math.log(1 + u)))).toBeLessThan(-0.5);
    // Pulled to 5 / 200 by the prior.
    expect(Math.abs(mean(shapes((u) => Math.log(-Math.log1p(-u)))) - 0.025)).toBeLessThan(0.06);
  });

  test("nothing is said of flat tails and of few draws; zero weights and a common factor do not matter", () => {
    expect(paretoTail(new Float64Array(1000))).toBeNaN();
    expect(paretoTail(Float64Array.from({ length: 20 }, (_, i) => i))).toBeNaN();
    const logWeights = Float64Array.from({ length: 400 }, (_, i) => (i < 300 ? Math.sqrt(i) : -Infinity));
    const shape = paretoTail(logWeights);
    expect(shape).toBeGreaterThan(-2);
    expect(paretoTail(logWeights.map((v) => v + 512))).toBeCloseTo(shape, 9);
    expect(() => paretoTail(Float64Array.of(Number.NaN))).toThrow(RangeError);
  });
});
