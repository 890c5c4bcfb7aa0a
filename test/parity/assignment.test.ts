/** The assignment kernel against brute force, against a plain f64 twin, and against the proof of optimality: its own prices. */
import { beforeAll, describe, expect, it } from "vitest";
import { derive, keyOf, uniformAt } from "../../src/core/random.js";
import type { Batch } from "../../src/core/types.js";
import { assignment, matchRows, pricedAssignment } from "../../src/kernels/assignment.js";
import { squaredDistances } from "../../src/kernels/distance.js";
import { initKernels } from "../../src/kernels/load.js";
import { bruteForceCost, referenceAssignment } from "../reference/assignment.js";
import { gmm40, mixtureDraws } from "../reference/mixture.js";
import { referenceNormals } from "../reference/normals.js";

beforeAll(() => initKernels());

function uniformMatrix(n: number, seed: number, levels = 0): Float32Array {
  const key = derive(keyOf(seed), n);
  return Float32Array.from({ length: n * n }, (_, i) => {
    const u = uniformAt(key, i);
    return levels ? Math.floor(u * levels) : u;
  });
}

function total(cost: Float32Array, n: number, columns: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += cost[i * n + columns[i]];
  return sum;
}

/** n points around one mode far from most of the others: what a sampler that lost its modes hands in. */
function collapsed(n: number, seed: number): Batch {
  const x = referenceNormals(keyOf(seed), 0, 0, n, 2);
  return { ...x, data: x.data.map((v) => 20 + 1.3 * v) };
}

/**
 * The permutation is one, every reduced cost is >= -slack and every assigned one is <= slack: together they prove optimality to
 * n * 2 slack. f64 prices are sums of at most a few n terms of size max(c): slack 1e-10 max(c) is far above their rounding.
 */
function checkProof(cost: Float32Array, n: number): void {
  const { columns, rowPrices, columnPrices } = pricedAssignment(cost, n);
  expect(new Set(columns).size).toBe(n);
  const slack = 1e-10 * cost.reduce((a, b) => Math.max(a, b), 0);
  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) least = Math.min(least, cost[i * n + j] - rowPrices[i] - columnPrices[j]);
    most = Math.max(most, cost[i * n + columns[i]] - rowPrices[i] - columnPrices[columns[i]]);
  }
  expect(least).toBeGreaterThanOrEqual(-slack);
  expect(most).toBeLessThanOrEqual(slack);
}

describe("assignment", () => {
  it.each([1, 2, 3, 4, 5, 6, 7])("equals brute force over all permutations, n = %i", (n) => {
    for (let seed = 0; seed < 20; seed++) {
      for (const levels of [0, 3]) {
        const cost = uniformMatrix(n, seed, levels);
        // Sums of at most 7 f32 numbers are exact in f64 up to 1e-15.
        expect(Math.abs(total(cost, n, assignment(cost, n)) - bruteForceCost(cost, n))).toBeLessThan(1e-14);
      }
    }
  });

  it.each([
    ["uniform costs", 200, () => uniformMatrix(200, 1)],
    ["costs with many ties", 200, () => uniformMatrix(200, 2, 5)],
    [
      "two samples of GMM-40",
      200,
      () => squaredDistances(mixtureDraws(gmm40(), 200, keyOf(3)), mixtureDraws(gmm40(), 200, keyOf(4))),
    ],
    ["a collapsed sample", 301, () => squaredDistances(collapsed(301, 5), mixtureDraws(gmm40(), 301, keyOf(6)))],
    ["negative costs", 97, () => uniformMatrix(97, 7).map((c) => c - 0.5)],
  ])("equals the f64 twin: %s", (_, n, make) => {
    const cost = make();
    const expected = total(cost, n, referenceAssignment(cost, n));
    expect(Math.abs(total(cost, n, assignment(cost, n)) - expected)).toBeLessThanOrEqual(1e-12 * Math.abs(expected));
  });

  it("proves itself optimal at n = 2000 on two samples of one law", () => {
    checkProof(squaredDistances(mixtureDraws(gmm40(), 2000, keyOf(11)), mixtureDraws(gmm40(), 2000, keyOf(12))), 2000);
  });

  it("proves itself optimal from the coarse start, n = 1999", () => {
    checkProof(squaredDistances(collapsed(1999, 13), mixtureDraws(gmm40(), 1999, keyOf(14))), 1999);
  });

  it("proves itself optimal where all costs are equal, and where points repeat", () => {
    checkProof(new Float32Array(500 * 500).fill(3), 500);
    const few = mixtureDraws(gmm40(), 25, keyOf(15));
    const repeated = { data: Float32Array.from({ length: 1200 }, (_, i) => few.data[i % 50]), n: 600, dim: 2 };
    checkProof(squaredDistances(repeated, mixtureDraws(gmm40(), 600, keyOf(16))), 600);
  });

  it("control: a swapped pair is dearer than the optimum", () => {
    const cost = uniformMatrix(200, 1);
    const columns = assignment(cost, 200);
    const best = total(cost, 200, columns);
    [columns[0], columns[1]] = [columns[1], columns[0]];
    expect(total(cost, 200, columns)).toBeGreaterThan(best + 1e-9);
  });

  it("gives the same bits each time", () => {
    const cost = uniformMatrix(150, 9);
    expect(assignment(cost, 150)).toEqual(assignment(cost, 150));
  });

  it("refuses bad input", () => {
    expect(() => assignment(new Float32Array(5), 2)).toThrow(RangeError);
    expect(() => assignment(new Float32Array(0), 0)).toThrow(RangeError);
    expect(() => assignment(Float32Array.of(1, 2, Number.NaN, 4), 2)).toThrow(/row 1, column 0/);
    expect(() => assignment([1] as unknown as Float32Array, 1)).toThrow(TypeError);
  });
});

describe("matchRows", () => {
  it("finds the partners of the assignment of the cost matrix, both powers from one call", () => {
    const a = mixtureDraws(gmm40(), 150, keyOf(21));
    const b = mixtureDraws(gmm40(), 150, keyOf(22));
    const squared = squaredDistances(a, b);
    const [two, one] = matchRows(a, b, [2, 1]);
    expect(two).toEqual(assignment(squared, 150));
    expect(one).toEqual(assignment(squared.map(Math.sqrt), 150));
    expect(matchRows(a, b, [1])[0]).toEqual(one);
  });

  it("refuses unequal sizes, other dims, NaN and squares beyond f32", () => {
    const a = mixtureDraws(gmm40(), 4, keyOf(1));
    const b = mixtureDraws(gmm40(), 5, keyOf(1));
    expect(() => matchRows(a, b, [2])).toThrow(/same n/);
    expect(() => matchRows(a, { data: new Float32Array(4), n: 4, dim: 1 }, [2])).toThrow(/dim must be 2/);
    expect(() => matchRows(a, { ...a, data: a.data.map(() => Number.NaN) }, [2])).toThrow(RangeError);
    expect(() => matchRows(a, { ...a, data: a.data.map(() => 1e20) }, [2])).toThrow(/fit f32/);
  });
});

describe("squaredDistances", () => {
  it.each([
    [3, 5, 1],
    [17, 16, 2],
    [5, 33, 39],
  ])("equals f64 to dim + 2 roundings, [%i, %i] in %i dimensions", (na, nb, dim) => {
    const a = referenceNormals(keyOf(1), 0, 0, na, dim);
    const b = referenceNormals(keyOf(2), 0, 0, nb, dim);
    const got = squaredDistances(a, b);
    for (let i = 0; i < na; i++) {
      for (let j = 0; j < nb; j++) {
        let exact = 0;
        for (let d = 0; d < dim; d++) exact += (a.data[i * dim + d] - b.data[j * dim + d]) ** 2;
        expect(Math.abs(got[i * nb + j] - exact)).toBeLessThanOrEqual((dim + 3) * 2 ** -24 * exact);
      }
    }
  });
});
