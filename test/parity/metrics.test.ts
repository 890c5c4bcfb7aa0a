/** The kernels behind the metrics against their slow f64 twins. */
import { beforeAll, describe, expect, it } from "vitest";
import { derive, keyOf, uniformAt } from "../../src/core/random.js";
import type { Batch } from "../../src/core/types.js";
import { initKernels } from "../../src/kernels/load.js";
import { medianSquare, slicedSquares, sorted } from "../../src/kernels/sorted.js";
import { steinForms } from "../../src/kernels/stein.js";
import * as twin from "../reference/metrics.js";
import { referenceNormals } from "../reference/normals.js";

const key = keyOf(17);
const SHAPES = [
  { n: 2, dim: 1 },
  { n: 5, dim: 2 },
  { n: 64, dim: 2 },
  { n: 203, dim: 2 },
  { n: 101, dim: 3 },
  { n: 42, dim: 13 },
];

beforeAll(() => initKernels());

function rows(n: number, dim: number, stream: number): Batch {
  const x = referenceNormals(key, stream, 0, n, dim);
  return { ...x, data: x.data.map((value) => 3 * value) };
}

function numbers(count: number, f: (u: number) => number): Float64Array {
  const stream = derive(key, "numbers", count);
  return Float64Array.from({ length: count }, (_, i) => f(uniformAt(stream, i)));
}

describe("sorted", () => {
  it.each([
    ["none", 0, (u: number) => u],
    ["one", 1, (u: number) => u],
    ["both signs", 3000, (u: number) => u - 0.5],
    ["all sizes", 3000, (u: number) => (u - 0.5) * 10 ** (600 * u - 300)],
    ["f32 values", 3000, (u: number) => Math.fround(40 * u)],
    ["many equal", 3000, (u: number) => Math.floor(7 * u) - 3],
    ["all equal", 50, () => -2],
    ["infinities and zeros", 300, (u: number) => [Infinity, -Infinity, 0, -0, 1, Number.NaN][Math.floor(6 * u)]],
  ])("%s: as the engine's own", (_, count, f) => {
    const values = numbers(count, f);
    const kept = values.slice();
    expect(sorted(values)).toEqual(kept.slice().sort());
    expect(values, "the input is not touched").toEqual(kept);
  });

  it("takes f32 arrays and plain ones", () => {
    expect([...sorted(Float32Array.of(2, -1.5, 0.25))]).toEqual([-1.5, 0.25, 2]);
    expect([...sorted([3, 1, 2])]).toEqual([1, 2, 3]);
  });
});

describe.each(SHAPES)("$n rows in $dim-d", ({ n, dim }) => {
  const x = rows(n, dim, 1);
  const other = rows(n, dim, 2);
  const gradient = rows(n, dim, 3).data;

  it("the median of the squared distances is the twin's", () => {
    expect(medianSquare(x)).toBe(twin.medianSquare(x));
  });

  it("the sums over projections are the twin's, bit for bit", () => {
    const directions = numbers(7 * dim, (u) => 2 * u - 1);
    expect(slicedSquares(x, other, directions)).toBe(twin.slicedSquares(x, other, directions));
  });

  it("the Stein forms are the twin's: ones, weights and signs at once", () => {
    const vectors = [numbers(n, () => 1), numbers(n, (u) => u / n), numbers(n, (u) => (u < 0.5 ? -1 : 1)), numbers(n, () => 0)];
    const l = 2.5;
    const forms = steinForms(x, gradient, l, vectors);
    const far = steinForms(x, gradient, l * (1 + 1e-9), vectors);
    vectors.forEach((v, k) => {
      const { total, size } = twin.steinForm(x, gradient, l, v);
      // A term: dim sums of three kinds, which may cancel against each other, and 12 operations; then n + n sums.
      const slopes = gradient.reduce((largest, g) => Math.max(largest, Math.abs(g)), 1);
      const inner = dim * (slopes + 1) ** 2 * v.reduce((sum, w) => sum + Math.abs(w), 0) ** 2;
      const bound = 2 ** -53 * ((dim + 12) * (size + inner) + 2 * n * size);
      expect(Math.abs(forms[k] - total), `vector ${k}`).toBeLessThanOrEqual(bound);
      if (size > 0) expect(Math.abs(far[k] - total), "control: l off by 1e-9").toBeGreaterThan(bound);
    });
    expect(forms).toEqual(Float64Array.from(vectors, (v) => steinForms(x, gradient, l, [v])[0]));
  });
});

it("a NaN in one gradient makes every form NaN", () => {
  const x = rows(9, 2, 1);
  for (const at of [0, 9, 17]) {
    const gradient = rows(9, 2, 3).data;
    gradient[at] = Number.NaN;
    const forms = steinForms(x, gradient, 1, [numbers(9, () => 1), numbers(9, (u) => (u < 0.5 ? -1 : 1))]);
    expect([...forms]).toEqual([Number.NaN, Number.NaN]);
  }
});
