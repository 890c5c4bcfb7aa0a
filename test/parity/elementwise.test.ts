/**
 * Elementwise kernels against f64 twins, every length and broadcast, in place and beside guards. What IEEE rounds correctly must have
 * exactly the bits of the rounded f64 value; the elementary functions get the bound in ULP that simd-full.ts states.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { KernelExports, StridedPair } from "../../src/kernels/abi.js";
import { initKernels } from "../../src/kernels/load.js";
import { binary, element, type Operand, unary } from "../reference/elementwise.js";
import { onGuarded, same, ulp } from "../support/guarded-arrays.js";
import { allowRelaxedSimd } from "../support/relaxed-simd.js";

beforeAll(async () => {
  allowRelaxedSimd();
  await initKernels();
});

const LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33, 100];
const SPECIAL = [0, -0, 1, -1, Infinity, -Infinity, NaN, 1e-40, -1e-40, 3.4e38, -3.4e38, 88.72283, 88.7229, -87.4, -104, 1e-45];
/** Where the results would be subnormal the kernels may give 0. */
const LEAST = 2 ** -126 * 1.0001;

/** Every `stride`-th f32 there is, both signs, subnormals, infinities and NaNs among them. */
function sweep(stride: number): Float32Array {
  const count = Math.floor(2 ** 32 / stride);
  const words = Uint32Array.from({ length: count }, (_, i) => i * stride);
  return new Float32Array(words.buffer);
}

/** Mixed sizes and signs, with the special values at the places that `shift` moves. */
function mixed(count: number, shift: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    const at = (i * 7 + shift) % 23;
    return at < SPECIAL.length && (i + shift) % 3 === 0 ? SPECIAL[at] : Math.sin(i + shift) * 2 ** (at - 11);
  });
}

type MapName = Extract<keyof KernelExports, `map${string}`>;

/** Bound in ULP; 0 where the operation is rounded correctly. */
const MAPS: readonly [MapName, number][] = [
  ["mapNeg", 0],
  ["mapSquare", 0],
  ["mapSqrt", 0],
  ["mapExp", 1.1],
  ["mapLog", 1.6],
  ["mapSigmoid", 2.5],
  ["mapTanh", 3],
  ["mapAbs", 0],
  ["mapFloor", 0],
  ["mapReciprocal", 0],
];

function runMap(exact: boolean, name: MapName, x: Float32Array, inPlace = false): Float32Array {
  if (inPlace) return onGuarded(exact, [x], (kernel, [at]) => kernel[name](at, at, x.length))[0];
  return onGuarded(exact, [x, new Float32Array(x.length)], (kernel, [at, out]) => kernel[name](at, out, x.length))[1];
}

/** How far a value is from f(x), in ULP; infinite where it is wrong. */
function errorOf(value: number, truth: number): number {
  const rounded = Math.fround(truth);
  if (same(value, rounded)) return 0;
  if (!Number.isFinite(rounded) || !Number.isFinite(value)) return Infinity;
  if (Math.abs(truth) < LEAST && value === 0) return 0;
  return Math.abs(value - truth) / ulp(truth);
}

describe.each([
  ["plain", true],
  ["relaxed", false],
] as const)("%s build", (_, exact) => {
  test.each(MAPS)("%s is within %f ULP over all of f32", (name, bound) => {
    const x = sweep(20011);
    const y = runMap(exact, name, x);
    let worst = { error: 0, at: 0 };
    x.forEach((value, i) => {
      const error = errorOf(y[i], unary[name](value));
      if (error > worst.error) worst = { error, at: value };
    });
    expect(worst.error, `at ${worst.at}`).toBeLessThanOrEqual(bound);
  });

  test.each(MAPS)("%s gives a number the same bits at any place, in place too, and for special values", (name, bound) => {
    for (const length of LENGTHS) {
      const x = mixed(length, length);
      const y = runMap(exact, name, x);
      expect(runMap(exact, name, x, true)).toEqual(y);
      x.forEach((value, i) => {
        expect(errorOf(y[i], unary[name](value)), `${name}(${value})`).toBeLessThanOrEqual(bound);
        expect(same(runMap(exact, name, x.subarray(i, i + 1))[0], y[i])).toBe(true);
      });
    }
  });
});

const SHAPES = ["matrix", "row", "column", "scalar", "padded", "spread"] as const;
type Shape = (typeof SHAPES)[number];

function operand(shape: Shape, rows: number, cols: number, shift: number): Operand {
  const [row, col] = { matrix: [cols, 1], row: [0, 1], column: [1, 0], scalar: [0, 0], padded: [cols + 3, 1], spread: [5, 0] }[
    shape
  ];
  return { data: mixed(row * (rows - 1) + col * (cols - 1) + 1, shift), row, col };
}

const SIZES = [1, 2, 3, 5].flatMap((rows) => [1, 2, 3, 4, 5, 7, 8, 9, 16, 21, 35].map((cols) => [rows, cols] as const));
const PAIRS = SHAPES.flatMap((a) => SHAPES.map((b) => [a, b] as const));

/** Whether a value is the f32 nearest to a sum whose f64 value is rounded itself, so that the neighbour may be nearest too. */
function roundedOnce(value: number, truth: number): boolean {
  return same(value, Math.fround(truth)) || Math.abs(value - truth) <= 0.5001 * ulp(truth);
}

function runZip(exact: boolean, name: keyof typeof binary, a: Operand, b: Operand, rows: number, cols: number): Float32Array {
  const out = new Float32Array(rows * cols);
  return onGuarded(exact, [a.data, b.data, out], (kernel, [pa, pb, po]) => {
    const zip = kernel[name as keyof KernelExports] as StridedPair;
    zip(pa, a.row, a.col, pb, b.row, b.col, po, rows, cols);
  })[2];
}

describe.each([
  ["plain", true],
  ["relaxed", false],
] as const)("%s build", (_, exact) => {
  test.each(Object.keys(binary))("%s has the bits of the rounded f64 value for every broadcast", (name) => {
    for (const [rows, cols] of SIZES) {
      for (const [shapeA, shapeB] of PAIRS) {
        const a = operand(shapeA, rows, cols, 1);
        const b = operand(shapeB, rows, cols, 2);
        const out = runZip(exact, name, a, b, rows, cols);
        const wrong = Array.from(out).findIndex((value, i) => {
          const [r, c] = [Math.floor(i / cols), i % cols];
          return !same(value, Math.fround(binary[name](element(a, r, c), element(b, r, c))));
        });
        expect(wrong, `${shapeA}, ${shapeB}, ${rows} x ${cols}`).toBe(-1);
      }
    }
  });

  test("zipMultiplyAdd is a b + c for every broadcast, rounded once or twice", () => {
    for (const [rows, cols] of SIZES) {
      for (const [shapeA, shapeB] of PAIRS) {
        for (const shapeC of SHAPES) {
          const operands = [operand(shapeA, rows, cols, 1), operand(shapeB, rows, cols, 2), operand(shapeC, rows, cols, 3)];
          const arrays = [...operands.map(({ data }) => data), new Float32Array(rows * cols)];
          const [a, b, c] = operands;
          const out = onGuarded(exact, arrays, (kernel, [pa, pb, pc, po]) => {
            kernel.zipMultiplyAdd(pa, a.row, a.col, pb, b.row, b.col, pc, c.row, c.col, po, rows, cols);
          })[3];
          const wrong = Array.from(out).findIndex((value, i) => {
            const [x, y, z] = operands.map((one) => element(one, Math.floor(i / cols), i % cols));
            return !same(value, Math.fround(Math.fround(x * y) + z)) && (exact || !roundedOnce(value, x * y + z));
          });
          expect(wrong, `${shapeA}, ${shapeB}, ${shapeC}, ${rows} x ${cols}`).toBe(-1);
        }
      }
    }
  });

  test("zipAdd and accumulate may write over an operand", () => {
    for (const length of LENGTHS) {
      const [a, b] = [mixed(length, 1), mixed(length, 2)];
      const expected = a.map((value, i) => value + b[i]);
      const over = onGuarded(exact, [a, b], (kernel, [pa, pb]) => kernel.zipAdd(pa, length, 1, pb, length, 1, pa, 1, length));
      expect(over[0]).toEqual(expected);
      expect(onGuarded(exact, [b, a], (kernel, [pb, pa]) => kernel.accumulate(pb, pa, length))[1]).toEqual(expected);
    }
  });
});

test("control: a kernel told of one number too many is caught by the guards", () => {
  const x = mixed(5, 0);
  const tooFar = () => onGuarded(true, [x, new Float32Array(5)], (kernel, [at, out]) => kernel.mapNeg(at, out, 6));
  expect(tooFar).toThrow("array 1: something was written beside it");
});
