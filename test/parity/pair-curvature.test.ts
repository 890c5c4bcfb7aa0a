/** The pair descriptors' second derivatives as a kernel, in both builds: inside its memory, symmetric, the transpose of itself, a row alone or among others. */
import { beforeAll, describe, expect, test } from "vitest";
import { derive, keyOf, uniformAt } from "../../src/core/random.js";
import { initKernels, kernelReport } from "../../src/kernels/load.js";
import { FencedMemory } from "../support/fenced-memory.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";

beforeAll(async () => {
  allowRelaxedSimd();
  await initKernels();
});

const draw = (label: string, count: number) =>
  Float32Array.from({ length: count }, (_, i) => 2 * uniformAt(derive(keyOf(8), label), i) - 1);

/** The last one has pairs beyond the cut-off, and a number of particles that four does not divide. */
const CASES = [
  { rows: 3, count: 13, dims: 3, cutoff: 4, radial: 24, scalars: 24, vectors: 8, tensors: 8 },
  { rows: 2, count: 5, dims: 2, cutoff: 4, radial: 6, scalars: 4, vectors: 4, tensors: 8 },
  { rows: 2, count: 2, dims: 3, cutoff: 3, radial: 4, scalars: 8, vectors: 0, tensors: 0 },
  { rows: 2, count: 7, dims: 3, cutoff: 1.2, radial: 5, scalars: 4, vectors: 4, tensors: 4 },
];
type Case = (typeof CASES)[number];

const sizesOf = ({ count, dims, scalars, vectors, tensors }: Case) => ({
  coordinates: count * dims,
  columns: count * (scalars + vectors + tensors),
  sums: count * (3 * vectors + 6 * tensors),
});

interface Given {
  readonly y: Float32Array;
  readonly w: Float32Array;
  readonly g: Float32Array;
  readonly v: Float32Array;
}

function inputs(each: Case): Given {
  const { rows, radial, scalars, vectors, tensors } = each;
  const { coordinates, columns } = sizesOf(each);
  return {
    y: draw("y", rows * coordinates),
    w: draw("w", rows * radial * (scalars + vectors + tensors)),
    g: draw("g", rows * columns),
    v: draw("v", rows * coordinates),
  };
}

function run(exact: boolean, each: Case, { y, w, g, v }: Given, rows = each.rows) {
  const { count, dims, cutoff, radial, scalars, vectors, tensors } = each;
  const { coordinates, columns, sums } = sizesOf(each);
  const memory = new FencedMemory(exact);
  const { exports } = memory;
  const [atY, atW, atG, atV] = [y, w, g, v].map((values) => memory.put(values));
  const out = memory.take(rows * columns);
  const moments = memory.take(Math.max(1, rows * sums));
  const along = memory.take(rows * columns);
  const turned = memory.take(rows * coordinates);
  const first = memory.take(Math.ceil(exports.pairScratch(count, radial, scalars, vectors, tensors) / 4));
  const scratch = memory.take(Math.ceil(exports.pairCurvatureScratch(count, radial, scalars, vectors, tensors) / 4));
  const shape = [rows, count, dims, cutoff, radial, scalars, vectors, tensors] as const;
  exports.pairDescriptors(atY, atW, 1, out, moments, ...shape, first);
  exports.pairDescriptorsCurvature(atY, atW, 1, moments, atG, atV, along, turned, ...shape, scratch);
  expect(memory.intact()).toBe(true);
  return { along: memory.get(along, rows * columns), turned: memory.get(turned, rows * coordinates) };
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

describe.each([true, false])("exact %s", (exact) => {
  test.each(CASES)("$count particles in $dims dimensions, cut-off $cutoff", (each) => {
    expect(exact || kernelReport().relaxed).toBe(true);
    const given = inputs(each);
    const { coordinates, columns } = sizesOf(each);
    const whole = run(exact, each, given);
    expect([...whole.along, ...whole.turned].every(Number.isFinite)).toBe(true);
    const u = draw("u", given.v.length);
    const other = run(exact, each, { ...given, v: u });
    const size = Math.hypot(...whole.turned) * Math.hypot(...u);
    expect(size).toBeGreaterThan(0);
    expect(Math.abs(dot(u, whole.turned) - dot(given.v, other.turned))).toBeLessThan(3e-6 * size);
    const shift = run(exact, each, { ...given, v: u.map((_, i) => [1, -0.5, 2][i % each.dims]) });
    expect(Math.hypot(...shift.turned, ...shift.along)).toBeLessThan(3e-6 * Math.hypot(...whole.turned, ...whole.along));
    const last = each.rows - 1;
    const alone: Given = {
      y: given.y.slice(last * coordinates),
      w: given.w.slice((last * given.w.length) / each.rows),
      g: given.g.slice(last * columns),
      v: given.v.slice(last * coordinates),
    };
    expect(run(exact, each, alone, 1)).toEqual({
      along: whole.along.slice(last * columns),
      turned: whole.turned.slice(last * coordinates),
    });
  });

  test("a NaN coordinate makes NaN of its row and of no other; coincident particles are finite", () => {
    const each = CASES[0];
    const { coordinates } = sizesOf(each);
    const given = inputs(each);
    given.y[4] = Number.NaN;
    const { turned } = run(exact, each, given);
    expect(turned.slice(0, coordinates).some(Number.isNaN)).toBe(true);
    expect(turned.slice(coordinates).every(Number.isFinite)).toBe(true);
    given.y.fill(0);
    expect(run(exact, each, given).turned.every(Number.isFinite)).toBe(true);
  });
});
