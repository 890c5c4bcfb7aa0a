/** What leaving out weights does to means: by hand, by exact reweighting, and what is not looked at. */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import type { Batch } from "../../src/core/types.js";
import { rawShift } from "../../src/correction/raw-shift.js";
import { initKernels } from "../../src/kernels/load.js";
import { normalRows } from "../../src/kernels/normal.js";

beforeAll(() => initKernels());

const batch = (data: readonly number[], dim: number): Batch => ({ data: Float32Array.from(data), n: data.length / dim, dim });

describe("rawShift", () => {
  test("by hand: two rows at 0 and 1 of weights 3 to 1", () => {
    // Mean .5 without weights, .25 with, weighted variance 3/16.
    const rows = { x: batch([0, 1], 1), energy: [5, 5], logWeights: Float64Array.of(Math.log(3), 0) };
    const found = rawShift(rows);
    expect(found?.of).toBe("coordinate");
    expect(found?.value).toBeCloseTo(0.25 / Math.sqrt(3 / 16), 12);
    expect(rawShift({ ...rows, energy: [100, 101], x: batch([2, 2], 1) })).toEqual({ value: found?.value, of: "energy" });
  });

  test("normal rows weighed to a mean of m are off by m standard deviations, in their own coordinate", () => {
    const n = 20_000;
    const x = normalRows(keyOf(3), 0, 0, n, 3);
    const energy = Float64Array.from({ length: n }, (_, row) => x.data[3 * row] ** 2 / 2);
    const logWeights = Float64Array.from({ length: n }, (_, row) => 0.3 * x.data[3 * row + 1]);
    const found = rawShift({ x, energy, logWeights });
    expect(found?.of).toBe("coordinate");
    // Standard error of the difference: sqrt(CV^2 / n) = .0022.
    expect(Math.abs((found?.value ?? 0) - 0.3)).toBeLessThan(6 * 0.0022);
    // The sum of squares hardly knows of it: E|x|^2 moves by .09, its deviation is sqrt(6).
    expect(rawShift({ x, energy, logWeights, particles: true })?.value).toBeLessThan(0.09 / Math.sqrt(6) + 6 * 0.0022);
  });

  test("equal weights move nothing; failed rows count in neither mean; infinite energies have no mean", () => {
    const rows = {
      x: batch([0, 1, 2, Number.NaN], 1),
      energy: [0, 1, 2, Number.NaN],
      logWeights: Float64Array.of(1, 1, 1, -Infinity),
    };
    expect(rawShift(rows)?.value).toBeLessThan(1e-15);
    expect(rawShift({ ...rows, x: batch([0, 1, 2, 3], 1), energy: [0, 1, 2, Infinity] })).toEqual({
      value: Infinity,
      of: "energy",
    });
    expect(
      rawShift({ x: batch([1, Number.NaN], 1), energy: [1, Number.NaN], logWeights: Float64Array.of(0, -Infinity) }),
    ).toBeUndefined();
    expect(rawShift({ x: batch([7, 7, 7], 1), energy: [1, 1, 1], logWeights: Float64Array.of(0, 1, 2) })?.value).toBe(0);
  });

  test("bad input", () => {
    const rows = { x: batch([0, 1], 1), energy: [0, 1], logWeights: Float64Array.of(0, 0) };
    expect(() => rawShift(undefined as never)).toThrow(/^rawShift: rows must be/);
    expect(() => rawShift({ ...rows, energy: [0] })).toThrow(/energy must have 2 entries/);
    expect(() => rawShift({ ...rows, logWeights: new Float64Array(3) })).toThrow(/logWeights must have 2 entries/);
    expect(() => rawShift({ ...rows, x: [[1]] as never })).toThrow(TypeError);
    expect(() => rawShift({ ...rows, logWeights: Float64Array.of(-Infinity, -Infinity) })).toThrow(/all 2 weights are zero/);
    expect(() => rawShift({ ...rows, other: 1 } as never)).toThrow(/other/);
  });
});
