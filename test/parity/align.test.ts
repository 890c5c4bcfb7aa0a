/** The aligned distances of the kernel against all permutations, and on copies, where they are 0. */
import { beforeAll, describe, expect, it } from "vitest";
import { derive, keyOf, uniformAt } from "../../src/core/random.js";
import type { Batch, Particles } from "../../src/core/types.js";
import { alignedSquares } from "../../src/kernels/align.js";
import { initKernels } from "../../src/kernels/load.js";
import { alignedSquare } from "../reference/align.js";
import { referenceNormals } from "../reference/normals.js";

beforeAll(() => initKernels());

const EVERY_START = { anchors: 12, tries: 32 };
const SHAPES: readonly Particles[] = [
  { count: 2, spatialDim: 1 },
  { count: 3, spatialDim: 2 },
  { count: 4, spatialDim: 2 },
  { count: 3, spatialDim: 3 },
  { count: 4, spatialDim: 3 },
];

function draws(stream: number, n: number, { count, spatialDim }: Particles): Batch {
  return referenceNormals(keyOf(31), stream, 0, n, count * spatialDim);
}

function pointsOf(x: Batch, row: number, { count, spatialDim }: Particles): number[][] {
  const at = row * x.dim;
  return Array.from({ length: count }, (_, i) => Array.from(x.data.slice(at + i * spatialDim, at + (i + 1) * spatialDim)));
}

/** An orthogonal matrix [d][d] with a reflection in every second one, by Gram-Schmidt on normals. */
function turn(stream: number, d: number): number[][] {
  const rows = Array.from({ length: d }, (_, i) => Array.from(referenceNormals(keyOf(5), stream, i, 1, d).data));
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < i; j++) {
      const along = rows[i].reduce((sum, v, k) => sum + v * rows[j][k], 0);
      rows[i] = rows[i].map((v, k) => v - along * rows[j][k]);
    }
    const length = Math.hypot(...rows[i]);
    rows[i] = rows[i].map((v) => v / length);
  }
  return rows;
}

/** Each row turned, moved and its particles reordered. */
function copies(x: Batch, { count, spatialDim }: Particles): Batch {
  const data = new Float32Array(x.data.length);
  for (let row = 0; row < x.n; row++) {
    const q = turn(row, spatialDim);
    const order = Array.from({ length: count }, (_, i) => i).sort(
      (i, j) => uniformAt(derive(keyOf(6), row), i) - uniformAt(derive(keyOf(6), row), j),
    );
    pointsOf(x, row, { count, spatialDim }).forEach((point, i) => {
      const image = q.map((axis) => axis.reduce((sum, v, k) => sum + v * point[k], 3));
      data.set(image, row * x.dim + order[i] * spatialDim);
    });
  }
  return { ...x, data };
}

describe.each(SHAPES)("$count particles in $spatialDim-d", (particles) => {
  const n = 40;
  const a = draws(1, n, particles);
  const b = draws(2, n, particles);

  it("the search from every start is the minimum over all permutations, or above it in a few pairs", () => {
    const found = alignedSquares(a, b, particles, EVERY_START);
    let equal = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const wanted = alignedSquare(pointsOf(a, i, particles), pointsOf(b, j, particles));
        // The twin is a difference of sums of some ten: 1e-14, its singular values the square root of that where they vanish.
        expect(found[i * n + j]).toBeGreaterThan(wanted - 1e-5);
        if (found[i * n + j] < wanted + 1e-5) equal++;
      }
    }
    expect(equal).toBeGreaterThan(0.98 * n * n);
  });
});

it.each(SHAPES.filter(({ count }) => count === 4))("control: one start alone misses the minimum, $spatialDim-d", (particles) => {
  const n = 40;
  const [a, b] = [draws(1, n, particles), draws(2, n, particles)];
  const found = alignedSquares(a, b, particles, { anchors: 1, tries: 1 });
  const best = alignedSquares(a, b, particles, EVERY_START);
  expect(found.filter((v, k) => v > best[k] + 1e-3).length).toBeGreaterThan(0.1 * n * n);
});

describe.each([...SHAPES, { count: 13, spatialDim: 3 }, { count: 55, spatialDim: 3 }])(
  "$count particles in $spatialDim-d",
  (particles) => {
    it("a turned, reflected, moved and reordered copy is at distance 0", () => {
      const n = 12;
      const a = draws(3, n, particles);
      const b = copies(a, particles);
      const found = alignedSquares(a, b, particles, { anchors: 8, tries: 2 });
      for (let i = 0; i < n; i++) {
        // Coordinates up to 6 are rounded to f32: 2.4e-7 each.
        expect(found[i * n + i]).toBeLessThan(particles.count * particles.spatialDim * 1e-12);
        const other = alignedSquares({ ...a, data: a.data.slice(0, a.dim), n: 1 }, b, particles, { anchors: 8, tries: 2 });
        expect(found[i]).toBe(other[i]);
      }
      expect(Math.max(...found)).toBeGreaterThan(0.01);
    });
  },
);

it("an icosahedron, whose axes are any, and a square are found in their turned copies", () => {
  const golden = (1 + Math.sqrt(5)) / 2;
  const corners = [0, 1, 2].flatMap((d) =>
    [-1, 1].flatMap((s) => [-golden, golden].map((g) => [0, 1, 2].map((k) => (k === d ? 0 : k === (d + 1) % 3 ? s : g)))),
  );
  const icosahedron = { count: 13, spatialDim: 3 };
  const x = { data: Float32Array.from([0, 0, 0, ...corners.flat()]), n: 1, dim: 39 };
  expect(alignedSquares(x, copies(x, icosahedron), icosahedron, { anchors: 8, tries: 2 })[0]).toBeLessThan(1e-10);
  const square = { count: 4, spatialDim: 2 };
  const y = { data: Float32Array.of(1, 0, 0, 1, -1, 0, 0, -1), n: 1, dim: 8 };
  expect(alignedSquares(y, copies(y, square), square, { anchors: 8, tries: 2 })[0]).toBeLessThan(1e-10);
});

it("coincident particles and a single row give numbers", () => {
  const particles = { count: 4, spatialDim: 3 };
  const x = { data: new Float32Array(12), n: 1, dim: 12 };
  expect([...alignedSquares(x, x, particles, EVERY_START)]).toEqual([0]);
  const line = { data: Float32Array.of(-1, 0, 0, -1, 0, 0, 1, 0, 0, 1, 0, 0), n: 1, dim: 12 };
  expect(alignedSquares(x, line, particles, EVERY_START)[0]).toBeCloseTo(4, 6);
  expect(alignedSquares(line, line, particles, EVERY_START)[0]).toBeLessThan(1e-12);
});
