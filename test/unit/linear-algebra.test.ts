/** Factors and eigenvalues of small dense matrices, and the orthonormal basis of configurations with center of mass 0. */
import { describe, expect, test } from "vitest";
import { cholesky, multiplyLower, quadraticForm, solveLower, solveUpper } from "../../src/core/cholesky.js";
import { freeCoordinates, freeMatrices, fromFreeCoordinates } from "../../src/core/free-basis.js";
import { keyOf } from "../../src/core/random.js";
import { removeMean } from "../../src/core/subspace.js";
import { symmetricEigen, symmetricEigenvalues } from "../../src/core/symmetric-eigen.js";
import { referenceNormals } from "../reference/normals.js";

const dims = [1, 2, 3, 4, 5, 8, 13, 39, 64];
const normals = (rows: number, dim: number, seed = 1) => Float64Array.from(referenceNormals(keyOf(seed), 0, 0, rows, dim).data);

/** X^T X / rows + floor I. */
function gram(dim: number, rows: number, floor: number): Float64Array {
  const x = normals(rows, dim);
  const a = new Float64Array(dim * dim);
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < dim; i++) for (let j = 0; j < dim; j++) a[i * dim + j] += (x[r * dim + i] * x[r * dim + j]) / rows;
  for (let i = 0; i < dim; i++) a[i * dim + i] += floor;
  return a;
}

const largest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

describe.each(dims)("Cholesky in %i dimensions", (dim) => {
  const a = gram(dim, 2 * dim, 0.1);
  const factor = a.slice();

  test("L L^T = A, and only the lower triangle is touched", () => {
    expect(cholesky(factor, dim)).toBe(true);
    for (let i = 0; i < dim; i++) {
      for (let j = 0; j < dim; j++) {
        if (j > i) expect(factor[i * dim + j]).toBe(a[i * dim + j]);
        let sum = 0;
        for (let k = 0; k <= Math.min(i, j); k++) sum += factor[i * dim + k] * factor[j * dim + k];
        expect(Math.abs(sum - a[i * dim + j])).toBeLessThan(1e-13 * dim);
      }
    }
  });

  test("products and solutions belong together", () => {
    const v = normals(1, dim, 2);
    const w = v.slice();
    multiplyLower(factor, dim, w);
    const back = w.slice();
    solveLower(factor, dim, back);
    expect(largest(back, v)).toBeLessThan(1e-11);
    const solved = v.slice();
    solveLower(factor, dim, solved);
    solveUpper(factor, dim, solved);
    const product = solved.map((_, i) => solved.reduce((sum, value, j) => sum + a[i * dim + j] * value, 0));
    expect(largest(product, v)).toBeLessThan(1e-11);
    const square = v.reduce((sum, value, i) => sum + value * v.reduce((s, u, j) => s + a[i * dim + j] * u, 0), 0);
    expect(Math.abs(quadraticForm(factor, dim, v, new Float64Array(dim)) / square - 1)).toBeLessThan(1e-12);
  });

  test("refuses what is not positive definite or not finite, wherever that shows", () => {
    for (const at of new Set([0, Math.floor(dim / 2), dim - 1])) {
      const bad = a.slice();
      bad[at * dim + at] = -1e-3;
      expect(cholesky(bad, dim)).toBe(false);
      const broken = a.slice();
      broken[at * dim] = Number.NaN;
      expect(cholesky(broken, dim)).toBe(false);
    }
  });
});

describe.each(dims)("eigenvalues in %i dimensions", (dim) => {
  // Rank dim / 2: half of the eigenvalues coincide.
  const a = gram(dim, Math.ceil(dim / 2), 0.3);

  test("A v = lambda v, orthonormal vectors, the same values without them", () => {
    const { values, vectors } = symmetricEigen(a.slice(), dim);
    for (let i = 0; i < dim; i++) {
      const v = vectors.subarray(i * dim, (i + 1) * dim);
      const product = v.map((_, r) => v.reduce((sum, value, j) => sum + a[r * dim + j] * value, 0));
      expect(
        largest(
          product,
          v.map((value) => values[i] * value),
        ),
      ).toBeLessThan(2e-13 * dim);
      for (let j = 0; j <= i; j++) {
        const dot = v.reduce((sum, value, k) => sum + value * vectors[j * dim + k], 0);
        expect(Math.abs(dot - (i === j ? 1 : 0))).toBeLessThan(1e-13 * dim);
      }
    }
    expect(symmetricEigenvalues(a.slice(), dim)).toEqual(values);
  });
});

test("eigenvalues by hand: diagonal, indefinite, zero, tiny and huge", () => {
  const sorted = (a: number[], dim: number) => Array.from(symmetricEigenvalues(Float64Array.from(a), dim)).sort((x, y) => x - y);
  expect(sorted([3, 0, 0, 0, -2, 0, 0, 0, 5], 3)).toEqual([-2, 3, 5]);
  expect(sorted(new Array(16).fill(0), 4)).toEqual([0, 0, 0, 0]);
  for (const scale of [1e-140, 1, 1e140]) {
    const values = sorted([0, scale, scale, 0], 2);
    expect(Math.abs(values[0] / scale + 1) + Math.abs(values[1] / scale - 1)).toBeLessThan(1e-14);
  }
  const ones = sorted(new Array(25).fill(1), 5);
  expect(largest(ones, [0, 0, 0, 0, 5])).toBeLessThan(1e-14);
});

test("eigenvalues of what is not finite are NaN and come to an end", () => {
  const a = gram(6, 12, 0.1);
  a[8] = Number.NaN;
  expect(symmetricEigenvalues(a, 6).some(Number.isNaN)).toBe(true);
});

describe.each([
  { count: 2, spatialDim: 1 },
  { count: 4, spatialDim: 2 },
  { count: 13, spatialDim: 3 },
])("free basis of %o", (particles) => {
  const { count, spatialDim } = particles;
  const dim = count * spatialDim;
  const free = dim - spatialDim;
  const rows = 3;
  const x = normals(rows, dim);
  const projected = x.slice();
  removeMean(projected, rows, particles);

  test("keeps lengths, and projects rows that are elsewhere", () => {
    const c = freeCoordinates(x, rows, particles);
    expect(c.length).toBe(rows * free);
    expect(largest(fromFreeCoordinates(c, rows, particles), projected)).toBeLessThan(1e-14);
    for (let r = 0; r < rows; r++) {
      const norm = (v: Float64Array, n: number) => v.subarray(r * n, (r + 1) * n).reduce((sum, value) => sum + value * value, 0);
      expect(Math.abs(norm(c, free) - norm(projected, dim))).toBeLessThan(1e-13 * dim);
    }
  });

  test("is orthonormal, and takes matrices along", () => {
    const identity = new Float64Array(free * free);
    for (let i = 0; i < free; i++) identity[i * free + i] = 1;
    const basis = fromFreeCoordinates(identity, free, particles);
    const a = gram(dim, dim, 0.1);
    const turned = freeMatrices(a, 1, particles);
    for (let i = 0; i < free; i++) {
      const u = basis.subarray(i * dim, (i + 1) * dim);
      for (let j = 0; j < free; j++) {
        const v = basis.subarray(j * dim, (j + 1) * dim);
        const dot = u.reduce((sum, value, k) => sum + value * v[k], 0);
        expect(Math.abs(dot - (i === j ? 1 : 0))).toBeLessThan(1e-14);
        const form = u.reduce((sum, value, r) => sum + value * v.reduce((s, w, k) => s + a[r * dim + k] * w, 0), 0);
        expect(Math.abs(form - turned[i * free + j])).toBeLessThan(1e-13 * dim);
      }
    }
  });

  test("without particles nothing changes", () => {
    expect(freeCoordinates(x, rows, undefined)).toEqual(x);
    expect(fromFreeCoordinates(x, rows, undefined)).toEqual(x);
    expect(freeMatrices(x, 1, undefined)).toBe(x);
  });
});
