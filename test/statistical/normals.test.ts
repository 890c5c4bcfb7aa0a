/** The law of the kernel normals. Fixed seed; every statistic is a z-score of independent numbers, bound 6, with controls that fail. */
import { init, keyOf, normalRows, normals, uniforms } from "bnem";
import { beforeAll, describe, expect, test } from "vitest";

const key = keyOf(1);
const COUNT = 4_000_000;
let sample: Float32Array;

beforeAll(async () => {
  await init();
  sample = normals(key, 0, 0, COUNT);
});

/** z of the mean of x^power; the variance of x^p is E x^2p - (E x^p)^2 with E x^2m = (2m - 1)!!. */
function momentZ(x: Float32Array, power: number): number {
  const even = (p: number) => (p % 2 ? 0 : Array.from({ length: p / 2 }, (_, i) => 2 * i + 1).reduce((a, b) => a * b, 1));
  let sum = 0;
  for (const value of x) sum += value ** power;
  return (sum / x.length - even(power)) / Math.sqrt((even(2 * power) - even(power) ** 2) / x.length);
}

/** z of the number of |x| > c, probability p. */
function tailZ(x: Float32Array, c: number, p: number): number {
  let count = 0;
  for (const value of x) if (Math.abs(value) > c) count++;
  return (count - x.length * p) / Math.sqrt(x.length * p * (1 - p));
}

/** z of the correlation of two lists of independent standard normals. */
function correlationZ(x: Float32Array, y: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < y.length; i++) sum += x[i] * y[i];
  return sum / Math.sqrt(y.length);
}

/** The same of the squares: dependence of sizes without dependence of signs. */
function squareCorrelationZ(x: Float32Array, y: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < y.length; i++) sum += (x[i] ** 2 - 1) * (y[i] ** 2 - 1);
  return sum / Math.sqrt(4 * y.length);
}

/** Sums of 6 uniforms, centred and scaled: mean 0, variance 1, fourth moment 2.8 instead of 3. */
function controlSample(): Float32Array {
  const u = uniforms(key, 1, 0, 6 * 400_000);
  return Float32Array.from({ length: 400_000 }, (_, i) => Math.SQRT2 * u.subarray(6 * i, 6 * i + 6).reduce((a, b) => a + b, -3));
}

test.each([1, 2, 3, 4, 5, 6])("moment %i", (power) => {
  expect(Math.abs(momentZ(sample, power))).toBeLessThan(6);
});

// 2 (1 - Phi(c)).
const TAILS: [number, number][] = [
  [1, 0.31731050786291415],
  [2, 0.04550026389635839],
  [3, 0.002699796063260189],
  [4, 6.334248366623996e-5],
  [4.5, 6.795346249460194e-6],
];

test.each(TAILS)("tail beyond %f", (c, p) => {
  expect(Math.abs(tailZ(sample, c, p))).toBeLessThan(6);
});

test("control: sums of 6 uniforms fail the fourth moment (power: z = -0.2 / sqrt(96 / 400,000) = -12.9) and the tails", () => {
  const control = controlSample();
  expect(Math.abs(momentZ(control, 2))).toBeLessThan(6);
  expect(momentZ(control, 4)).toBeLessThan(-6);
  expect(tailZ(control, 3, TAILS[2][1])).toBeLessThan(-6);
});

describe("independence", () => {
  test.each([1, 2, 3, 4, 5, 7, 8, 9, 16, 64, 1024])("lag %i within a row", (lag) => {
    const late = sample.subarray(lag);
    expect(Math.abs(correlationZ(sample, late))).toBeLessThan(6);
    expect(Math.abs(squareCorrelationZ(sample, late))).toBeLessThan(6);
  });

  test("neighbouring rows, steps and keys", () => {
    const count = 1_000_000;
    const base = normals(key, 0, 0, count);
    const others = [
      normals(key, 0, 1, count),
      normals(key, 1, 0, count),
      normals({ a: key.a ^ 1, b: key.b }, 0, 0, count),
      normals({ a: key.a, b: key.b ^ 1 }, 0, 0, count),
      normals({ a: key.b, b: key.a }, 0, 0, count),
    ];
    for (const other of others) {
      expect(Math.abs(correlationZ(base, other))).toBeLessThan(6);
      expect(Math.abs(squareCorrelationZ(base, other))).toBeLessThan(6);
    }
  });

  test("short rows, one after the other: the same number of 500,000 rows is again a normal sample", () => {
    const { data } = normalRows(key, 2, 0, 500_000, 2);
    const first = data.filter((_, i) => i % 2 === 0);
    const second = data.filter((_, i) => i % 2 === 1);
    for (const column of [first, second]) {
      for (const power of [1, 2, 3, 4]) expect(Math.abs(momentZ(column, power))).toBeLessThan(6);
      for (const lag of [1, 2, 4, 256]) {
        expect(Math.abs(correlationZ(column, column.subarray(lag)))).toBeLessThan(6);
        expect(Math.abs(squareCorrelationZ(column, column.subarray(lag)))).toBeLessThan(6);
      }
    }
    expect(Math.abs(correlationZ(first, second))).toBeLessThan(6);
    expect(Math.abs(squareCorrelationZ(first, second))).toBeLessThan(6);
  });

  test("control: a correlation of 0.01 at one lag is seen (power: z = 20)", () => {
    const mixed = sample.map((value, i) => Math.sqrt(1 - 1e-4) * value + 0.01 * sample[(i + COUNT - 8) % COUNT]);
    expect(correlationZ(mixed, mixed.subarray(8))).toBeGreaterThan(6);
  });
});

test("uniforms: moments of the unit interval and 1,000 equal cells", () => {
  const u = uniforms(key, 5, 5, 1_000_000);
  const cells = new Float64Array(1000);
  let sum = 0;
  for (const value of u) {
    sum += value;
    cells[Math.floor(value * 1000)]++;
  }
  expect(Math.abs((sum / u.length - 0.5) / Math.sqrt(1 / 12 / u.length))).toBeLessThan(6);
  const chiSquare = cells.reduce((total, count) => total + (count - 1000) ** 2 / 1000, 0);
  expect(Math.abs((chiSquare - 999) / Math.sqrt(2 * 999))).toBeLessThan(6);
});
