/** Images of configurations: the same pair distances, uniform over rotations, reflections and permutations. */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import type { Batch } from "../../src/core/types.js";
import { initKernels } from "../../src/kernels/load.js";
import { normalRows } from "../../src/kernels/normal.js";
import { pairImages, randomOrder } from "../../src/mcmc/pair-images.js";

beforeAll(() => initKernels());

function sortedDistances({ data, dim }: Batch, row: number, d: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < dim; i += d) {
    for (let j = 0; j < i; j += d) {
      let square = 0;
      for (let k = 0; k < d; k++) square += (data[row * dim + i + k] - data[row * dim + j + k]) ** 2;
      found.push(Math.sqrt(square));
    }
  }
  return found.sort((a, b) => a - b);
}

describe("pairImages", () => {
  test.each([1, 2, 3])("keep all pair distances in %i dimensions, center of mass 0, rows alone as in a batch", (d) => {
    const x = normalRows(keyOf(1), 0, 0, 40, 5 * d);
    const particles = { count: 5, spatialDim: d };
    const images = pairImages(x, particles, keyOf(2));
    for (let row = 0; row < x.n; row++) {
      const before = sortedDistances(x, row, d);
      sortedDistances(images, row, d).forEach((distance, i) => {
        expect(Math.abs(distance - before[i])).toBeLessThan(4e-6);
      });
      for (let k = 0; k < d; k++) {
        let sum = 0;
        for (let i = k; i < x.dim; i += d) sum += images.data[row * x.dim + i];
        expect(Math.abs(sum)).toBeLessThan(1e-5);
      }
    }
    const first = pairImages({ data: x.data.slice(0, 3 * x.dim), n: 3, dim: x.dim }, particles, keyOf(2));
    expect(first.data).toEqual(images.data.slice(0, 3 * x.dim));
  });

  // The image of one point e_1 / 2 beside its mirror image: y_0 = +-Q e_1 / 2. Means of 4 y_a y_b: the unit matrix / 3, fourth moment 1 / 5.
  test("turn a direction uniformly; 20,000 rows see a share of 3 % that stay", () => {
    const n = 20_000;
    const data = new Float32Array(6 * n);
    for (let row = 0; row < n; row++) [data[6 * row], data[6 * row + 3]] = [0.5, -0.5];
    const zs = (images: Batch) => {
      const u = (row: number, k: number) => 2 * images.data[6 * row + k];
      const score = (values: (row: number) => number, mean: number, variance: number) => {
        let sum = 0;
        for (let row = 0; row < n; row++) sum += values(row) - mean;
        return sum / Math.sqrt(n * variance);
      };
      return [
        ...[0, 1, 2].map((k) => score((row) => u(row, k), 0, 1 / 3)),
        ...[0, 1, 2].map((k) => score((row) => u(row, k) ** 2, 1 / 3, 1 / 5 - 1 / 9)),
        score((row) => u(row, 0) * u(row, 1), 0, 1 / 15),
      ];
    };
    const images = pairImages({ data, n, dim: 6 }, { count: 2, spatialDim: 3 }, keyOf(3));
    for (const z of zs(images)) expect(Math.abs(z)).toBeLessThan(6);
    const lazy = images.data.slice();
    lazy.set(data.subarray(0, 6 * 0.06 * n));
    expect(Math.max(...zs({ ...images, data: lazy }).map(Math.abs))).toBeGreaterThan(6);
  });
});

test("randomOrder is a permutation, uniform over the six of three", () => {
  expect([...randomOrder(keyOf(1), 1000)].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 6000; seed++) {
    const order = randomOrder(keyOf(seed), 3).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  for (const count of counts.values()) expect(Math.abs(count - 1000) / Math.sqrt(6000 * (1 / 6) * (5 / 6))).toBeLessThan(6);
});
