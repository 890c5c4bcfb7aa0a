/**
 * Kernels that add up, normalise or move rows, against f64 twins. Bounds: u = 2^-24 per rounding, as many roundings as the longest chain
 * of additions has. Moved numbers must keep their bits. Beside guards, every small shape.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { KernelExports } from "../../src/kernels/abi.js";
import { initKernels } from "../../src/kernels/load.js";
import { logSumExp, rowsOf, softmax, sum, sumAbs, transposed } from "../reference/sums.js";
import { onGuarded, type Words } from "../support/guarded-arrays.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";

beforeAll(async () => {
  allowRelaxedSimd();
  await initKernels();
});

/** Half a unit in the last place of f32, relative. */
const U = 2 ** -24;
const COUNTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 17, 33, 70];
const SHAPES = COUNTS.flatMap((rows) => COUNTS.map((cols) => [rows, cols] as const));

function numbers(count: number, shift = 0): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + shift) * 2 ** ((i * 5) % 9));
}

type RowsKernel = "rowSums" | "columnSums" | "softmaxRows" | "logSumExpRows" | "transposeMatrix";

function run(exact: boolean, name: RowsKernel, x: Float32Array, rows: number, cols: number, size: number): Float32Array {
  return onGuarded(exact, [x, new Float32Array(size)], (kernel, [from, to]) => kernel[name](from, to, rows, cols))[1];
}

/** Where the result is, and how far it may be from there: `truth` and `bound` per row or column. */
interface Row {
  readonly name: RowsKernel;
  readonly perColumn?: boolean;
  readonly truth: (values: number[]) => number[];
  readonly bound: (values: number[]) => number[];
}

const spread = (values: number[]) => {
  const largest = Math.max(...values);
  return sum(softmax(values).map((p, i) => p * (largest - values[i])));
};
/** Relative error of a sum of exponentials: the roundings of x - max, 2.2 of exp (1.1 ULP), those of the additions. */
const ofExponentials = (values: number[]) => U * (spread(values) + 2.2 + values.length / 4 + 4);

const SUMS: readonly Row[] = [
  { name: "rowSums", truth: (v) => [sum(v)], bound: (v) => [U * (v.length / 16 + 8) * sumAbs(v)] },
  { name: "columnSums", perColumn: true, truth: (v) => [sum(v)], bound: (v) => [U * (v.length / 2 + 3) * sumAbs(v)] },
  {
    name: "softmaxRows",
    truth: softmax,
    bound: (v) => {
      const largest = Math.max(...v);
      return softmax(v).map((p, i) => p * (U * (largest - v[i] + 2.2 + 2) + ofExponentials(v)) + 2 ** -126);
    },
  },
  {
    name: "logSumExpRows",
    truth: (v) => [logSumExp(v)],
    // 3.2 for log (1.6 ULP), one for the last addition.
    bound: (v) => [ofExponentials(v) + U * (3.2 * Math.log(v.length) + Math.abs(logSumExp(v)))],
  },
];

describe.each([
  ["plain", true],
  ["relaxed", false],
] as const)("%s build", (_, exact) => {
  test.each(SUMS)("$name is its f64 twin within the roundings, at every shape", ({ name, perColumn, truth, bound }) => {
    for (const [rows, cols] of SHAPES) {
      const x = numbers(rows * cols);
      const lists = rowsOf(perColumn ? transposed(x, cols) : x, perColumn ? rows : cols);
      const expected = lists.flatMap(truth);
      const bounds = lists.flatMap(bound);
      const out = run(exact, name, x, rows, cols, expected.length);
      out.forEach((value, i) => {
        expect(Math.abs(value - expected[i]), `${rows} x ${cols}, ${i}`).toBeLessThanOrEqual(bounds[i]);
      });
    }
  });

  test.each(["rowSums", "softmaxRows", "logSumExpRows"] as const)("%s gives a row the same bits alone", (name) => {
    for (const cols of [1, 3, 8, 21, 40]) {
      const x = numbers(11 * cols);
      const width = name === "softmaxRows" ? cols : 1;
      const all = run(exact, name, x, 11, cols, 11 * width);
      for (let r = 0; r < 11; r++) {
        const alone = run(exact, name, x.slice(r * cols, (r + 1) * cols), 1, cols, width);
        expect(alone).toEqual(all.slice(r * width, (r + 1) * width));
      }
    }
  });

  test("softmaxRows may write over its input", () => {
    const x = numbers(5 * 7);
    const [over] = onGuarded(exact, [x], (kernel, [at]) => kernel.softmaxRows(at, at, 5, 7));
    expect(over).toEqual(run(exact, "softmaxRows", x, 5, 7, 35));
  });

  test("NaN and infinities reach the sums, and stay in their row or column", () => {
    const [N, I] = [Number.NaN, Number.POSITIVE_INFINITY];
    const x = Float32Array.from([1, N, 2, 1, I, 2, 1, -I, 2, -I, -I, -I, I, -I, 1]);
    expect([...run(exact, "rowSums", x, 5, 3, 5)]).toEqual([N, I, -I, -I, N]);
    expect([...run(exact, "columnSums", x.subarray(0, 9), 3, 3, 3)]).toEqual([3, N, 6]);
    const logs = run(exact, "logSumExpRows", x, 5, 3, 5);
    expect(logs.map((v) => (Math.abs(v - Math.log(Math.E + Math.E ** 2)) < 1e-6 ? 0 : v))).toEqual(
      Float32Array.from([N, I, 0, -I, I]),
    );
    const p = run(exact, "softmaxRows", x, 5, 3, 15);
    expect(rowsOf(p, 3).map((row) => row.some(Number.isNaN))).toEqual([true, true, false, true, true]);
    expect(p[7]).toBe(0);
  });

  test("logSumExpRows and softmaxRows neither overflow nor underflow", () => {
    const x = Float32Array.from([1e30, 1e30, -1e30, -1000, -1001, -2000]);
    const [big, small] = run(exact, "logSumExpRows", x, 2, 3, 2);
    expect(big).toBe(Math.fround(1e30));
    expect(Math.abs(small + 1000 - Math.log1p(Math.exp(-1)))).toBeLessThan(1e-4);
    expect([...run(exact, "softmaxRows", x.subarray(0, 3), 1, 3, 3)]).toEqual([0.5, 0.5, 0]);
  });

  test.each(COUNTS)("sumOfSquares of %i numbers is exact to f64, beyond the range of f32 too", (count) => {
    for (const scale of [1, 1e-25, 1e25]) {
      const x = numbers(count).map((v) => v * scale);
      let total = 0;
      onGuarded(exact, [x], (kernel, [at]) => {
        total = kernel.sumOfSquares(at, count);
      });
      const truth = sum(Array.from(x, (v) => v * v));
      expect(Math.abs(total - truth)).toBeLessThanOrEqual(count * 2 ** -52 * truth);
    }
  });
});

interface Move {
  readonly name: string;
  readonly arrays: (rows: number, cols: number) => Words[];
  readonly call: (kernel: KernelExports, at: readonly number[], rows: number, cols: number) => void;
  /** The last array afterwards. */
  readonly expected: (arrays: Words[], rows: number, cols: number) => number[];
}

const blank = (count: number) => new Float32Array(count).fill(-7);

/** Ids with repetitions, a negative one and one too large. */
function ids(count: number, limit: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => (i % 5 === 4 ? (i % 2 ? -1 : limit) : (i * 7) % limit));
}

const MOVES: readonly Move[] = [
  {
    name: "transposeMatrix",
    arrays: (rows, cols) => [numbers(rows * cols), blank(rows * cols)],
    call: (kernel, [x, out], rows, cols) => kernel.transposeMatrix(x, out, rows, cols),
    expected: ([x], _, cols) => [...transposed(x as Float32Array, cols)],
  },
  {
    name: "copyRows from a wider matrix",
    arrays: (rows, cols) => [numbers(rows * (cols + 3)), blank(rows * cols)],
    call: (kernel, [x, out], rows, cols) => kernel.copyRows(x, cols + 3, out, cols, rows, cols),
    expected: ([x], _, cols) => rowsOf(x as Float32Array, cols + 3).flatMap((row) => row.slice(0, cols)),
  },
  {
    name: "copyRows into a wider matrix",
    arrays: (rows, cols) => [numbers(rows * cols), blank(rows * (cols + 2))],
    call: (kernel, [x, out], rows, cols) => kernel.copyRows(x, cols, out, cols + 2, rows, cols),
    expected: ([x], _, cols) => rowsOf(x as Float32Array, cols).flatMap((row) => [...row, -7, -7]),
  },
  {
    name: "copyRows of one row",
    arrays: (rows, cols) => [numbers(cols), blank(rows * cols)],
    call: (kernel, [x, out], rows, cols) => kernel.copyRows(x, 0, out, cols, rows, cols),
    expected: ([x], rows) => Array.from({ length: rows }, () => [...x]).flat(),
  },
  {
    name: "copyRows of a whole matrix",
    arrays: (rows, cols) => [numbers(rows * cols), blank(rows * cols)],
    call: (kernel, [x, out], rows, cols) => kernel.copyRows(x, cols, out, cols, rows, cols),
    expected: ([x]) => [...x],
  },
  {
    name: "fillArray",
    arrays: (rows, cols) => [blank(rows * cols)],
    call: (kernel, [out], rows, cols) => kernel.fillArray(out, 1.5, rows * cols),
    expected: ([out]) => Array.from(out, () => 1.5),
  },
  {
    name: "gatherRows",
    arrays: (rows, cols) => [numbers(6 * cols), ids(rows, 6), blank(rows * cols)],
    call: (kernel, [x, id, out], rows, cols) => kernel.gatherRows(x, id, out, rows, cols, 6),
    expected: ([x, id], _, cols) => {
      const source = rowsOf(x as Float32Array, cols);
      return Array.from(id).flatMap((i) => source[i] ?? new Array(cols).fill(Number.NaN));
    },
  },
  {
    name: "segmentSum",
    // Small integers: their sums are exact in any order.
    arrays: (rows, cols) => [numbers(rows * cols).map(Math.round), ids(rows, 4), blank(4 * cols)],
    call: (kernel, [x, id, out], rows, cols) => kernel.segmentSum(x, id, out, rows, cols, 4),
    expected: ([x, id], _, cols) => {
      const source = rowsOf(x as Float32Array, cols);
      return [0, 1, 2, 3].flatMap((segment) =>
        Array.from({ length: cols }, (_, c) => sum(source.filter((_, r) => id[r] === segment).map((row) => row[c] + 0))),
      );
    },
  },
];

describe.each([
  ["plain", true],
  ["relaxed", false],
] as const)("%s build", (_, exact) => {
  test.each(MOVES)("$name, at every shape", ({ arrays, call, expected }) => {
    for (const [rows, cols] of [...SHAPES, [3, 300] as const]) {
      const given = arrays(rows, cols);
      const after = onGuarded(exact, given, (kernel, at) => call(kernel, at, rows, cols));
      const out = after[after.length - 1].map((v) => v + 0);
      expect(out, `${rows} x ${cols}`).toEqual(Float32Array.from(expected(given, rows, cols), (v) => v + 0));
    }
  });
});
