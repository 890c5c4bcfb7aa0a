/** The Gaussian that paths start from: its draws have the law whose density it states. */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import { factorOf, referenceLogDensity, referenceRows } from "../../src/correction/reference.js";
import { normalRows } from "../../src/kernels/normal.js";
import { init } from "../../src/pipeline/init.js";

beforeAll(() => init());

const covariance = [
  [4, 1.2],
  [1.2, 0.9],
];

describe("a reference with a covariance", () => {
  const reference = {
    dim: 2,
    priorVariance: 1,
    priorMean: Float64Array.of(3, -1),
    priorFactor: factorOf("test", covariance, 2, undefined),
  };

  test("draws have its mean and covariance; control: not those of another", () => {
    const n = 40_000;
    const { data } = referenceRows(reference, normalRows(keyOf(4), 0, 0, n, 2).data);
    const z = (of: (a: number, b: number) => number, mean: number, variance: number) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += of(data[2 * i] - 3, data[2 * i + 1] + 1);
      return (sum / n - mean) / Math.sqrt(variance / n);
    };
    expect(Math.abs(z((a) => a, 0, 4))).toBeLessThan(6);
    expect(Math.abs(z((_, b) => b, 0, 0.9))).toBeLessThan(6);
    // Var(ab) = c11 c22 + c12^2 of a normal law.
    expect(Math.abs(z((a, b) => a * b, 1.2, 4 * 0.9 + 1.2 ** 2))).toBeLessThan(6);
    expect(Math.abs(z((a, b) => a * b, 0, 4 * 0.9))).toBeGreaterThan(11);
  });

  test("its density is that of the closed form, every constant kept", () => {
    const x = { data: Float32Array.of(4, -2, 3, -1), n: 2, dim: 2 };
    const determinant = 4 * 0.9 - 1.2 ** 2;
    const square = (1 * 1 * 0.9 - 2 * 1.2 * 1 * -1 + 4 * 1) / determinant;
    const constant = -Math.log(2 * Math.PI) - 0.5 * Math.log(determinant);
    const [first, second] = referenceLogDensity(reference, x);
    expect(first).toBeCloseTo(constant - square / 2, 12);
    expect(second).toBeCloseTo(constant, 12);
    // v I is the same law by either door.
    const isotropic = { dim: 2, priorVariance: 2.5 };
    const factor = factorOf(
      "test",
      [
        [2.5, 0],
        [0, 2.5],
      ],
      2,
      undefined,
    );
    expect(referenceLogDensity({ ...isotropic, priorFactor: factor }, x)[0]).toBeCloseTo(
      referenceLogDensity(isotropic, x)[0],
      12,
    );
  });
});

test.each([
  ["no array", 3, TypeError, /must be an array of 2 rows/],
  ["another size", [[1]], RangeError, /2 rows of 2 numbers/],
  [
    "not symmetric",
    [
      [1, 0.5],
      [0, 1],
    ],
    RangeError,
    /must be symmetric, got 0 and 0.5/,
  ],
  [
    "not positive",
    [
      [1, 2],
      [2, 1],
    ],
    RangeError,
    /positive definite/,
  ],
])("a covariance that is %s is refused", (_, value, kind, text) => {
  expect(() => factorOf("annealed", value, 2, undefined)).toThrow(kind);
  expect(() => factorOf("annealed", value, 2, undefined)).toThrow(text);
});

test("particles keep an isotropic reference", () => {
  const particles = { count: 2, spatialDim: 1 };
  expect(() => factorOf("annealed", covariance, 2, particles)).toThrow(/not for particles/);
});
