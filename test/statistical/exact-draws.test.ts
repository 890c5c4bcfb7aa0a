/**
 * The law of the exact draws: moments that are known, and the identity E[x . grad E] = dim, which integration by parts gives for every density. Draws are
 * independent; fixed seeds, |z| < 6, and controls that fail.
 */
import { type Batch, type Energy, energyByName, init } from "bnem";
import { beforeAll, describe, expect, test } from "vitest";
import { zOfMean } from "../support/z-scores.js";

const N = 20_000;

beforeAll(() => init());

const drawsOf = (energy: Energy): Batch => (energy.exact as NonNullable<Energy["exact"]>).sample(N, 41);

/** z of the mean over rows of f(row). */
function zOf(x: Batch, expected: number, f: (row: Float32Array) => number): number {
  const values = Array.from({ length: x.n }, (_, r) => f(x.data.subarray(r * x.dim, (r + 1) * x.dim)));
  return zOfMean(values, expected);
}

/** z of E[x . grad E] - dim. */
function virial(energy: Energy, x: Batch): number {
  const { gradient } = energy.energyAndGradient(x);
  const sums = Array.from({ length: x.n }, (_, r) => {
    let sum = 0;
    for (let i = r * x.dim; i < (r + 1) * x.dim; i++) sum += x.data[i] * gradient[i];
    return sum;
  });
  return zOfMean(sums, x.dim);
}

/** Draws 3 % wider: power of the identity at 20,000 draws, z = 8 (the funnel) to 60. */
const wider = (x: Batch): Batch => ({ ...x, data: x.data.map((v) => 1.03 * v) });

describe.each(["gmm40", "gmm16", "manywell32", "funnel", "rings"])("%s", (name) => {
  const energy = energyByName(name);

  test("E[x . grad E] = dim", () => {
    expect(Math.abs(virial(energy, drawsOf(energy)))).toBeLessThan(6);
  });

  test("control: draws 3 % wider fail it", () => {
    expect(Math.abs(virial(energy, wider(drawsOf(energy))))).toBeGreaterThan(6);
  });
});

const mean = (of: (v: number, d: number) => number) => (row: Float32Array) => row.reduce((sum, v, d) => sum + of(v, d), 0);
const inner = (of: (v: number) => number) => mean((v, d) => (d % 2 ? 0 : of(v) / 16));

/** What is known, per target: a name, the expected mean, and the function of a row; a factor makes the control. */
const moments: readonly (readonly [string, string, number, (row: Float32Array) => number])[] = [
  ["manywell32", "mean of the wells' coordinates", 1.18796, inner((v) => v)],
  ["manywell32", "their mean square", 2.95981, inner((v) => v * v)],
  ["manywell32", "share of right wells", 0.8443071, inner((v) => (v > 0 ? 1 : 0))],
  ["manywell32", "no correlation of wells", 1.18796 ** 2, (row) => row[0] * row[2]],
  ["manywell32", "variance of the others", 1, mean((v, d) => (d % 2 ? (v * v) / 16 : 0))],
  ["funnel", "variance of the neck", 9, (row) => row[0] ** 2],
  ["funnel", "variance across", 1, (row) => (row[3] ** 2 + row[9] ** 2) / 2 / Math.exp(row[0])],
  ["rings", "share of the outer ring", 1 / 3, (row) => (Math.hypot(row[0], row[1]) > 3.75 ? 1 : 0)],
  // On a ring of radius R the mean of r is R + std^2 / R.
  ["rings", "mean radius", (1.5 + 3 + 4.5 + 0.0225 * (1 / 1.5 + 1 / 3 + 1 / 4.5)) / 3, (row) => Math.hypot(row[0], row[1])],
  ["rings", "share of the right half", 0.5, (row) => (row[0] > 0 ? 1 : 0)],
  ["rings", "share of a quarter", 0.25, (row) => (Math.abs(Math.atan2(row[1], row[0])) < Math.PI / 4 ? 1 : 0)],
];

describe("known means", () => {
  test.each(moments)("%s: %s", (name, _what, expected, of) => {
    expect(Math.abs(zOf(drawsOf(energyByName(name)), expected, of))).toBeLessThan(6);
  });

  test.each(moments)("control: %s: %s a tenth higher fails", (name, _what, expected, of) => {
    expect(Math.abs(zOf(drawsOf(energyByName(name)), 1.1 * expected, of))).toBeGreaterThan(6);
  });
});

test("ManyWell's mean energy is 16 times -8.5749, to which log Z belongs", () => {
  const energy = energyByName("manywell32");
  const values = energy.energy(drawsOf(energy));
  expect(Math.abs(zOfMean(values, 16 * -8.5749))).toBeLessThan(6);
  expect(energy.exact?.logZ).toBeCloseTo(164.6957, 4);
  expect(Math.abs(zOfMean(values, 16 * -8.5749 + 0.8))).toBeGreaterThan(6);
});
