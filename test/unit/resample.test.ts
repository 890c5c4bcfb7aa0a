/** Copies by resampling: exact bounds for every uniform, means and variances over many. */
import { describe, expect, test } from "vitest";
import { keyOf, uniformAt } from "../../src/core/random.js";
import {
  type ResamplerName,
  resamplers,
  residualResample,
  systematicResample,
  uniformSource,
} from "../../src/correction/resample.js";

describe("systematic resampling", () => {
  const weights = Float64Array.of(0, 0.05, 0.4, 0, 0.3, 0.25, 0);

  test("every row appears floor(count W) or one more times, and zero weight never", () => {
    for (const count of [1, 3, 10, 97]) {
      for (let u = 0; u < 1; u += 0.0625) {
        const counts = new Array(weights.length).fill(0);
        for (const row of systematicResample(weights, count, u)) counts[row]++;
        counts.forEach((c, i) => {
          expect(Math.abs(c - count * weights[i])).toBeLessThan(1 + 1e-9);
          if (weights[i] === 0) expect(c).toBe(0);
        });
      }
    }
  });

  test("count W times on average over u", () => {
    const counts = new Array(weights.length).fill(0);
    const turns = 1000;
    for (let i = 0; i < turns; i++) for (const row of systematicResample(weights, 7, (i + 0.5) / turns)) counts[row]++;
    // u on a grid of 1000: each of the two edges of a row's interval is found to one grid point.
    counts.forEach((c, i) => {
      expect(Math.abs(c / turns - 7 * weights[i])).toBeLessThanOrEqual(2.001 / turns);
    });
  });

  test("the last row with weight takes what rounding leaves, and bad uniforms are refused", () => {
    const tenths = new Float64Array(10).fill(0.1);
    const rows = systematicResample(tenths, 10, 1 - 2 ** -53);
    expect(rows[9]).toBe(9);
    expect(rows.every((row, i) => row === i || row === i + 1)).toBe(true);
    for (const u of [-0.1, 1, Number.NaN]) expect(() => systematicResample(tenths, 10, u)).toThrow(RangeError);
    expect(() => systematicResample(tenths, 0, 0.5)).toThrow(RangeError);
  });
});

const names = Object.keys(resamplers) as ResamplerName[];

/** Copies of each of n rows. */
function copiesOf(rows: Int32Array, n: number): Float64Array {
  const copies = new Float64Array(n);
  for (const row of rows) copies[row]++;
  return copies;
}

describe.each(names)("%s", (name) => {
  const weights = Float64Array.of(0, 0.05, 0.4, 0, 0.3, 0.25, 0);
  const { length } = weights;

  test("count rows, ascending, at least floor(count W) of each, none of weight zero", () => {
    const uniforms = uniformSource(keyOf(1));
    for (const count of [1, 3, 10, 97, 1000]) {
      for (let turn = 0; turn < 50; turn++) {
        const rows = resamplers[name](weights, count, uniforms);
        expect(rows).toHaveLength(count);
        expect(rows.every((row, i) => i === 0 || row >= rows[i - 1])).toBe(true);
        copiesOf(rows, length).forEach((copies, i) => {
          // count W itself is rounded: 0.29 * 100 is just below 29.
          expect(copies).toBeGreaterThanOrEqual(Math.floor(count * weights[i] - 1e-9));
          if (weights[i] === 0) expect(copies).toBe(0);
        });
      }
    }
  });

  // 20,000 turns: z = 6 is a shift of .03 copies where the variance of a count is 1/2. The control moves .1 copies.
  test("count W copies on average, with no more variance than multinomial draws", () => {
    const count = 7;
    const turns = 20_000;
    const uniforms = uniformSource(keyOf(2));
    const sums = new Float64Array(length);
    const squares = new Float64Array(length);
    for (let turn = 0; turn < turns; turn++) {
      copiesOf(resamplers[name](weights, count, uniforms), length).forEach((copies, i) => {
        sums[i] += copies;
        squares[i] += copies * copies;
      });
    }
    const worst = (expected: (i: number) => number) => {
      let z = 0;
      for (let i = 0; i < length; i++) {
        if (weights[i] === 0) continue;
        const mean = sums[i] / turns;
        const variance = squares[i] / turns - mean * mean;
        z = Math.max(z, Math.abs(mean - expected(i)) / Math.sqrt(variance / turns));
        // The sample variance of 20,000 counts is within 5 % of its own.
        expect(variance).toBeLessThan(1.05 * count * weights[i] * (1 - weights[i]));
      }
      return z;
    };
    expect(worst((i) => count * weights[i])).toBeLessThan(6);
    expect(worst((i) => count * weights[i] + (i === 2 ? 0.1 : 0))).toBeGreaterThan(6);
  });

  test("one row, and all the weight on one row", () => {
    expect([...resamplers[name](Float64Array.of(1), 3, () => 0.7)]).toEqual([0, 0, 0]);
    expect([...resamplers[name](Float64Array.of(0, 1, 0), 3, () => 1 - 2 ** -53)]).toEqual([1, 1, 1]);
  });

  test("bad weights, counts and uniforms are refused", () => {
    expect(() => resamplers[name](Float64Array.of(5, 5), 3, () => 0.5)).toThrow(/must sum to 1, got 10/);
    expect(() => resamplers[name](Float64Array.of(0.5, 0.5), 0, () => 0.5)).toThrow(RangeError);
    for (const u of [-0.1, 1, Number.NaN])
      expect(() => resamplers[name](Float64Array.of(0.5, 0.5), 1, () => u)).toThrow(RangeError);
  });
});

describe("residual resampling", () => {
  test("whole counts need no random number; of equal weights only the places left are drawn", () => {
    const never = () => {
      throw new Error("a uniform was asked for");
    };
    expect([...residualResample(Float64Array.of(0.25, 0.5, 0.25), 4, never)]).toEqual([0, 1, 1, 2]);
    let asked = 0;
    const counted = () => {
      asked++;
      return 0.999;
    };
    expect([...residualResample(Float64Array.of(0.25, 0.25, 0.25, 0.25), 6, counted)]).toEqual([0, 1, 2, 3, 3, 3]);
    expect(asked).toBe(2);
  });

  // Alternating values in equal weights: systematic draws of half the rows take all even or all odd ones.
  test("its mean varies less than that of multinomial draws in any order; systematic draws do not", () => {
    const n = 8;
    const weights = new Float64Array(n).fill(1 / n);
    const variance = (name: ResamplerName) => {
      const uniforms = uniformSource(keyOf(3));
      let sum = 0;
      for (let turn = 0; turn < 4000; turn++) {
        let mean = 0;
        for (const row of resamplers[name](weights, n / 2, uniforms)) mean += row % 2 ? 0.25 : -0.25;
        sum += mean * mean;
      }
      return sum / 4000;
    };
    const multinomial = 1 / 4;
    expect(variance("residual")).toBeLessThan(1.1 * multinomial);
    expect(variance("systematic")).toBeGreaterThan(3.9 * multinomial);
  });

  test("a source gives the uniforms of its key in order", () => {
    const next = uniformSource(keyOf(4));
    expect([next(), next(), next()]).toEqual([0, 1, 2].map((i) => uniformAt(keyOf(4), i)));
    expect(() => residualResample(Float64Array.of(1), 1, 0.5 as never)).toThrow(TypeError);
  });
});
