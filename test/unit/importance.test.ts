/** Importance weights against values found by hand. */
import { describe, expect, test } from "vitest";
import { BnemError } from "../../src/core/errors.js";
import { expectation, importance } from "../../src/correction/importance.js";

const logs = (...weights: number[]) => Float64Array.from(weights, Math.log);
const near = (a: number, b: number) => expect(Math.abs(a - b)).toBeLessThanOrEqual(4e-15 * Math.max(1, Math.abs(b)));

describe("importance", () => {
  test("weights 1, 2, 3, 4: by hand", () => {
    const s = importance(logs(1, 2, 3, 4));
    expect(s.n).toBe(4);
    [0.1, 0.2, 0.3, 0.4].forEach((w, i) => {
      near(s.weights[i], w);
    });
    near(s.ess, 100 / 30);
    near(s.essFraction, 25 / 30);
    near(s.logZ, Math.log(2.5));
    near(s.maxWeight, 0.4);
    // Sample variance of w is 5/3, so the standard error of the mean over the mean is sqrt(5/12) / 2.5.
    near(s.logZError, Math.sqrt(5 / 12) / 2.5);
    expect(s.zeros).toBe(0);
  });

  test("a common factor moves log Z only, however large", () => {
    const s = importance(logs(1, 2, 3, 4).map((v) => v - 5000));
    near(s.logZ, Math.log(2.5) - 5000);
    // Near 5000 a log weight is rounded by up to 4.5e-13, and each weight by as much of itself.
    expect(Math.abs(s.ess - 100 / 30)).toBeLessThan(2e-12);
  });

  test("zero weights count in n", () => {
    const s = importance(Float64Array.of(0, -Infinity, 0, -Infinity));
    expect([s.n, s.ess, s.essFraction, s.zeros]).toEqual([4, 2, 0.5, 2]);
    near(s.logZ, Math.log(0.5));
  });

  test("one draw", () => {
    const s = importance(Float64Array.of(-3));
    expect([s.ess, s.maxWeight, s.logZ]).toEqual([1, 1, -3]);
    expect(s.logZError).toBeNaN();
  });

  test("all zero is degenerate-weights; NaN, +Infinity, nothing and the wrong kind are refused", () => {
    const call = () => importance(Float64Array.of(-Infinity, -Infinity));
    expect(call).toThrow(BnemError);
    expect(call).toThrow(expect.objectContaining({ code: "degenerate-weights" }));
    expect(() => importance(Float64Array.of(0, Number.NaN))).toThrow(/NaN at row 1/);
    expect(() => importance(Float64Array.of(Infinity))).toThrow(RangeError);
    expect(() => importance(new Float64Array(0))).toThrow(RangeError);
    expect(() => importance([0, 1] as never)).toThrow(TypeError);
  });

  test("expectation and its error by hand; f where the weight is zero does not matter", () => {
    const { weights } = importance(Float64Array.of(0, Math.log(3), -Infinity));
    const e = expectation([1, 2, Number.NaN], weights);
    near(e.mean, 1.75);
    near(e.error, Math.sqrt((0.25 * 0.75) ** 2 + (0.75 * 0.25) ** 2));
    expect(() => expectation([1], weights)).toThrow(RangeError);
  });
});
