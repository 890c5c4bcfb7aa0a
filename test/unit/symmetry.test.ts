/** Shuffled rows keep what belongs to them; random images keep the energy. That images are uniform is tested in pair-images.test.ts. */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import { randomSymmetry, shuffleRows } from "../../src/correction/symmetry.js";
import { doubleWell } from "../../src/energies/double-well.js";
import { lennardJones } from "../../src/energies/lennard-jones.js";
import { initKernels } from "../../src/kernels/load.js";
import { normalRows } from "../../src/kernels/normal.js";

beforeAll(() => initKernels());

describe("shuffleRows", () => {
  const n = 50;
  const x = { data: Float32Array.from({ length: 2 * n }, (_, i) => i), n, dim: 2 };
  const columns = {
    energy: Float32Array.from({ length: n }, (_, i) => 10 * i),
    logWeights: Float64Array.from({ length: n }, (_, i) => -i),
  };

  test("every row once, with its columns; nothing changed in place; the same key gives the same order", () => {
    const before = x.data.slice();
    const shuffled = shuffleRows(x, columns, keyOf(1));
    expect([...shuffled.order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    expect([...shuffled.order]).not.toEqual(Array.from({ length: n }, (_, i) => i));
    shuffled.order.forEach((row, i) => {
      expect([...shuffled.x.data.subarray(2 * i, 2 * i + 2)]).toEqual([2 * row, 2 * row + 1]);
      expect(shuffled.columns.energy[i]).toBe(10 * row);
      expect(shuffled.columns.logWeights[i]).toBe(-row);
    });
    expect(shuffled.columns.logWeights).toBeInstanceOf(Float64Array);
    expect(x.data).toEqual(before);
    expect(shuffleRows(x, {}, keyOf(1)).order).toEqual(shuffled.order);
    expect(shuffleRows(x, {}, keyOf(2)).order).not.toEqual(shuffled.order);
  });

  // 24,000 shuffles of 4 rows: chi^2 with 23 degrees has mean 23 and deviation 6.8. A walk that may swap any two places is not uniform.
  test("all 24 orders of four rows are equally likely; the naive shuffle's are not", () => {
    const four = { data: new Float32Array(4), n: 4, dim: 1 };
    const turns = 24_000;
    const chiSquare = (order: (seed: number) => ArrayLike<number>) => {
      const counts = new Map<string, number>();
      for (let seed = 0; seed < turns; seed++) {
        const name = Array.from(order(seed)).join("");
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      let sum = 24 - counts.size;
      for (const count of counts.values()) sum += (count - turns / 24) ** 2 / (turns / 24);
      return sum;
    };
    const limit = 23 + 6 * Math.sqrt(46);
    expect(chiSquare((seed) => shuffleRows(four, {}, keyOf(seed)).order)).toBeLessThan(limit);
    const naive = (seed: number) => {
      const order = [0, 1, 2, 3];
      for (let i = 0; i < 4; i++) {
        const j = Math.floor(seed / 4 ** i) % 4;
        [order[i], order[j]] = [order[j], order[i]];
      }
      return order;
    };
    expect(chiSquare(naive)).toBeGreaterThan(limit);
  });

  test("what does not fit is refused", () => {
    expect(() => shuffleRows(x, { energy: new Float32Array(3) }, keyOf(1))).toThrow(/columns.energy must have 50 entries, got 3/);
    expect(() => shuffleRows(x, { energy: [1] as never }, keyOf(1))).toThrow(TypeError);
    expect(() => shuffleRows(x, {}, 3 as never)).toThrow(TypeError);
  });
});

describe("randomSymmetry", () => {
  // Energies of f32 sums over pairs: the coordinates' rounding, 6e-8 of lengths near 2, times the gradient.
  test.each([
    ["DW-4", doubleWell(), 1],
    ["LJ-13", lennardJones({ count: 13 }), 1.2],
  ])("energies of %s stay, copies become different configurations", (_, energy, spread) => {
    const { particles } = energy;
    if (!particles) throw new Error("no particles");
    const one = normalRows(keyOf(3), 0, 0, 1, energy.dim).data.map((v) => spread * v);
    const n = 64;
    const data = new Float32Array(n * energy.dim);
    for (let row = 0; row < n; row++) data.set(one, row * energy.dim);
    const x = { data, n, dim: energy.dim };
    const images = randomSymmetry(x, particles, keyOf(4));
    const { energy: before, gradient } = energy.energyAndGradient(x);
    const steep = gradient.subarray(0, energy.dim).reduce((sum, g) => sum + Math.abs(g), 0);
    for (const value of energy.energy(images)) {
      expect(Math.abs(value - before[0])).toBeLessThan(1e-6 * steep * spread + 1e-6 * Math.abs(before[0]) + 1e-5);
    }
    const rows = new Set(
      Array.from({ length: n }, (_, row) => images.data.subarray(row * energy.dim, (row + 1) * energy.dim).join()),
    );
    expect(rows.size).toBe(n);
  });

  test("a row of NaN stays one, its neighbors do not notice; what does not fit is refused", () => {
    const x = normalRows(keyOf(5), 0, 0, 3, 6);
    const holed = x.data.slice().fill(Number.NaN, 6, 12);
    const particles = { count: 3, spatialDim: 2 };
    const whole = randomSymmetry(x, particles, keyOf(6)).data;
    const images = randomSymmetry({ ...x, data: holed }, particles, keyOf(6)).data;
    expect(images.subarray(6, 12).every(Number.isNaN)).toBe(true);
    expect(images.subarray(0, 6)).toEqual(whole.subarray(0, 6));
    expect(images.subarray(12)).toEqual(whole.subarray(12));
    expect(() => randomSymmetry(x, { count: 2, spatialDim: 2 }, keyOf(1))).toThrow(RangeError);
    expect(() => randomSymmetry(x, particles, undefined as never)).toThrow(TypeError);
  });
});
