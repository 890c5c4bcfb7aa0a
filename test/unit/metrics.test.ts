/** Each metric on inputs whose answer is known by hand. */
import { beforeAll, describe, expect, it } from "vitest";
import { BnemError } from "../../src/core/errors.js";
import { keyOf } from "../../src/core/random.js";
import type { Batch, Energy, ModeSet } from "../../src/core/types.js";
import { initKernels } from "../../src/kernels/load.js";
import { chiSquareQuantile, chiSquareTail } from "../../src/metrics/chi-square.js";
import { splitDraws } from "../../src/metrics/draws.js";
import { energyDistance } from "../../src/metrics/energy-distance.js";
import { floorOf, isAtFloor } from "../../src/metrics/floor.js";
import { medianDistance, steinDiscrepancy, steinFloor } from "../../src/metrics/ksd.js";
import type { Cloud, MetricContext } from "../../src/metrics/metric.js";
import { coveredModes, stragglerFraction } from "../../src/metrics/mode-coverage.js";
import { modeWeights } from "../../src/metrics/mode-weights.js";
import type { GivenRows } from "../../src/metrics/score-pair.js";
import { metricNames, metricTable } from "../../src/metrics/table.js";
import { totalVariationDistance } from "../../src/metrics/total-variation.js";
import { slicedWasserstein, transportCosts } from "../../src/metrics/wasserstein.js";
import { effectiveSize, normalisedWeights, resampleRows } from "../../src/metrics/weights.js";
import { gmm40, mixtureDraws } from "../reference/mixture.js";
import { referenceNormals } from "../reference/normals.js";

beforeAll(() => initKernels());

function rows(...points: readonly (readonly number[])[]): Batch {
  return { data: Float32Array.from(points.flat()), n: points.length, dim: points[0].length };
}

function cloud(x: Batch, weights?: readonly number[]): Cloud {
  return { x, energies: new Float32Array(x.n), ...(weights && { weights: Float64Array.from(weights) }) };
}

describe("table", () => {
  it("lists every metric under its own name", () => {
    for (const name of metricNames) expect(metricTable[name].name).toBe(name);
  });
});

describe("energyDistance", () => {
  it("of delta 0 and delta 3 is 3, and its published flavour 9", () => {
    expect(energyDistance([0, 0, 0], [3, 3])).toBe(3);
    const sample: Cloud = { x: rows([0], [0]), energies: Float32Array.of(0, 0) };
    const reference: Cloud = { x: rows([0], [0]), energies: Float32Array.of(3, 3) };
    const context = {} as MetricContext;
    expect(metricTable.energyW2.compute(sample, reference, context)).toBe(3);
    expect(metricTable.energyW2Paper.compute(sample, reference, context)).toBe(9);
  });

  it("couples quantiles of unequal sizes: {0, 1} against {0, 1, 2}", () => {
    // Pieces of q: [0, 1/3] 0-0, [1/3, 1/2] 0-1, [1/2, 2/3] 1-1, [2/3, 1] 1-2.
    expect(energyDistance([1, 0], [2, 0, 1])).toBeCloseTo(Math.sqrt(1 / 6 + 1 / 3), 14);
  });

  it("reads a weight as so many copies", () => {
    const weighted = energyDistance([5, 1, 9], [2, 2, 3, 8], { aWeights: Float64Array.of(0.25, 0.5, 0.25) });
    expect(weighted).toBeCloseTo(energyDistance([5, 1, 1, 9], [2, 2, 3, 8]), 14);
  });

  it("trimmed is deaf to an outlier among 1,000, untrimmed is not", () => {
    const a = Float32Array.from({ length: 1000 }, (_, i) => i / 1000);
    const b = a.slice();
    b[999] = 1e6;
    expect(energyDistance(a, b, { trim: 0.01 })).toBe(0);
    expect(energyDistance(a, b)).toBeCloseTo((1e6 - a[999]) / Math.sqrt(1000), 4);
  });

  it("passes on NaN and infinity", () => {
    expect(energyDistance([0, Number.NaN], [0, 1])).toBeNaN();
    expect(energyDistance([0, Infinity], [0, 1])).toBe(Infinity);
  });
});

describe("transportCosts", () => {
  it("of a translated cloud is the translation", () => {
    const a = mixtureDraws(gmm40(), 400, keyOf(1));
    const b = { ...a, data: a.data.map((v, i) => v + (i & 1 ? 4 : 3)) };
    const [two, one] = transportCosts(a, b, [2, 1]);
    // Coordinates carry f32 rounding of 40 units: 4e-6 each.
    expect(Math.abs(Math.sqrt(two) - 5)).toBeLessThan(1e-5);
    expect(Math.abs(one - 5)).toBeLessThan(1e-5);
  });

  it("of a reversed copy is 0", () => {
    const a = mixtureDraws(gmm40(), 300, keyOf(2));
    const b = { ...a, data: a.data.map((_, i) => a.data[(299 - (i >> 1)) * 2 + (i & 1)]) };
    expect(transportCosts(a, b, [2, 1])).toEqual([0, 0]);
  });

  it("uses the first rows that both have", () => {
    expect(transportCosts(rows([0], [7], [100]), rows([7], [1]), [2])).toEqual([0.5]);
  });
});

describe("slicedWasserstein", () => {
  it("of a translated cloud is |m| times the mean square cosine of 50 directions", () => {
    const a = mixtureDraws(gmm40(), 200, keyOf(1));
    const b = { ...a, data: a.data.map((v, i) => (i & 1 ? v : v + 3)) };
    const value = slicedWasserstein(a, b, keyOf(4));
    // 9 * mean cos^2 over 50 directions: mean 1/2, standard error sqrt(1/8/50) = .05.
    expect(Math.abs(value ** 2 / 9 - 0.5)).toBeLessThan(6 * 0.05);
    expect(slicedWasserstein(a, b, keyOf(4))).toBe(value);
    expect(slicedWasserstein(a, a, keyOf(4))).toBe(0);
  });
});

describe("totalVariationDistance", () => {
  const a = cloud(mixtureDraws(gmm40(), 300, keyOf(1)));
  it("of identical samples is 0, of disjoint ones 1", () => {
    expect(totalVariationDistance(a, a)).toBe(0);
    const far = cloud({ ...a.x, data: a.x.data.map((v) => v + 500) });
    expect(Math.abs(totalVariationDistance(a, far) - 1)).toBeLessThan(1e-12);
  });

  it("counts weights", () => {
    const x = rows([0, 0], [1, 1]);
    expect(totalVariationDistance(cloud(x, [0.9, 0.1]), cloud(x))).toBeCloseTo(0.4, 14);
  });

  it("is offered in two dimensions only", () => {
    expect(metricTable.totalVariation.supports({ dim: 2 } as Energy)).toBe(true);
    expect(metricTable.totalVariation.supports({ dim: 3 } as Energy)).toBe(false);
  });
});

describe("chiSquareQuantile", () => {
  // Abramowitz and Stegun, table 26.8, and -2 ln(tail) for two degrees of freedom.
  it.each([
    [0.01, 1, 6.634897],
    [0.01, 2, 9.21034],
    [0.01, 3, 11.344867],
    [0.01, 10, 23.209251],
    [0.05, 30, 43.772972],
    [0.99, 4, 0.297109],
  ])("tail %f, d = %i is %f", (tail, d, expected) => {
    expect(Math.abs(chiSquareQuantile(tail, d) - expected)).toBeLessThan(1e-6);
  });

  it("is six standard deviations for the straggler tail in two dimensions", () => {
    expect(Math.abs(chiSquareQuantile(Math.exp(-18), 2) - 36)).toBeLessThan(1e-9);
  });

  it("inverts the tail", () => {
    for (const d of [1, 2, 39, 165]) {
      for (const tail of [0.5, 0.01, 1e-8]) {
        expect(Math.abs(chiSquareTail(chiSquareQuantile(tail, d), d) / tail - 1)).toBeLessThan(1e-9);
      }
    }
  });
});

describe("modes", () => {
  const modes: ModeSet = {
    means: rows([0, 0], [10, 0], [0, 10]),
    std: Float32Array.of(1, 2, 1),
    weights: Float64Array.of(0.5, 0.25, 0.25),
  };

  it("covers a mode within std * sqrt(9.21) = 3.035 std, and not beyond", () => {
    const sample = cloud(rows([3.03, 0], [10, 6.06], [0, 6.96]));
    expect([...coveredModes(sample, modes)]).toEqual([1, 1, 0]);
    expect([...coveredModes(cloud(rows([0, 3.04]), [1]), modes)]).toEqual([0, 0, 0]);
    expect([...coveredModes(cloud(rows([0, 0], [10, 0]), [1, 0]), modes)]).toEqual([1, 0, 0]);
  });

  it("calls a row a straggler beyond 6 std of every mode", () => {
    const sample = cloud(rows([-5.9, 0], [-6.1, 0], [10, 11.9], [30, 30]));
    expect(stragglerFraction(sample, modes)).toBe(0.5);
    expect(stragglerFraction(cloud(sample.x, [0.1, 0.2, 0.3, 0.4]), modes)).toBeCloseTo(0.6, 14);
  });

  it("weighs modes by nearest mean", () => {
    const x = rows([1, 1], [9, 0], [0, 8], [-1, 0]);
    expect([...modeWeights(cloud(x), modes)]).toEqual([0.5, 0.25, 0.25]);
    expect([...modeWeights(cloud(x, [0.1, 0.6, 0.2, 0.1]), modes)]).toEqual([0.2, 0.6, 0.2]);
    const context = { energy: { modes } as unknown as Energy } as MetricContext;
    expect(metricTable.modeWeightTv.compute(cloud(x), cloud(x), context)).toBe(0);
    expect(metricTable.modeWeightTv.compute(cloud(x, [0.1, 0.6, 0.2, 0.1]), cloud(x), context)).toBeCloseTo(0.35, 14);
  });
});

describe("steinDiscrepancy", () => {
  it("of one row is sqrt(|grad E|^2 + dim / l^2)", () => {
    expect(steinDiscrepancy(rows([1, 2]), Float32Array.of(3, 4), 2)).toBeCloseTo(Math.sqrt(25 + 2 / 4), 14);
  });

  it("matches the Stein operator applied to the kernel by differences", () => {
    // Standard normal in one dimension, rows x and y, l = 1.5; h from finite differences of k.
    const [x, y, l] = [0.3, -0.8, 1.5];
    const k = (a: number, b: number) => 1 / Math.sqrt(1 + ((a - b) / l) ** 2);
    const e = 1e-4;
    const kx = (k(x + e, y) - k(x - e, y)) / (2 * e);
    const ky = (k(x, y + e) - k(x, y - e)) / (2 * e);
    const kxy = (k(x + e, y + e) - k(x + e, y - e) - k(x - e, y + e) + k(x - e, y - e)) / (4 * e * e);
    const h = x * y * k(x, y) - x * ky - y * kx + kxy;
    const diagonal = x * x + y * y + 2 / (l * l);
    const value = steinDiscrepancy(rows([x], [y]), Float32Array.of(x, y), l);
    // Differences err by e^2 and rounding / e^2, the rows by f32 rounding: 1e-6 in all.
    expect(Math.abs(value ** 2 * 4 - (diagonal + 2 * h))).toBeLessThan(1e-6);
  });

  it("reads equal weights as none, and passes on NaN", () => {
    const x = referenceNormals(keyOf(1), 0, 0, 50, 3);
    const plain = steinDiscrepancy(x, x.data, 2);
    expect(steinDiscrepancy(x, x.data, 2, new Float64Array(50).fill(1 / 50))).toBeCloseTo(plain, 12);
    expect(steinDiscrepancy(x, new Float32Array(150).fill(Number.NaN), 2)).toBeNaN();
  });

  it("takes its bandwidth from the median distance", () => {
    expect(medianDistance(rows([0], [1], [3]))).toBe(2);
    expect(medianDistance(rows([5], [5]))).toBe(1);
  });

  it("has a bootstrap floor of the size of sqrt(mean h(x, x) / n)", () => {
    const x = referenceNormals(keyOf(2), 0, 0, 200, 2);
    const floors = steinFloor(x, x.data, 2, 400, keyOf(3));
    const expected = Math.sqrt((x.data.reduce((sum, v) => sum + v * v, 0) / 200 + 2 / 4) / 200);
    const square = floors.reduce((sum, f) => sum + f * f, 0) / 400;
    // The mean square is unbiased for expected^2; a replica's square has relative spread below 1.5.
    expect(Math.abs(square / expected ** 2 - 1)).toBeLessThan((6 * 1.5) / 20);
  });
});

describe("weights", () => {
  it("normalises, counts effectively, keeps zeros", () => {
    const weights = normalisedWeights("t", [1000, 1000 + Math.log(3), -Infinity]);
    expect(weights[0]).toBeCloseTo(0.25, 12);
    expect(weights[1]).toBeCloseTo(0.75, 12);
    expect(weights[2]).toBe(0);
    expect(effectiveSize(weights)).toBeCloseTo(1.6, 12);
  });

  it("refuses NaN, +infinity and all zeros", () => {
    expect(() => normalisedWeights("t", [0, Number.NaN])).toThrow(/row 1/);
    expect(() => normalisedWeights("t", [Infinity])).toThrow(RangeError);
    expect(() => normalisedWeights("t", [-Infinity, -Infinity])).toThrow(BnemError);
  });

  it("resamples each row floor or ceil of its expected count, in order", () => {
    const x = rows([0], [1], [2], [3]);
    for (let seed = 0; seed < 20; seed++) {
      const drawn = [...resampleRows(x, Float64Array.of(0.5, 0, 0.26, 0.24), 100, keyOf(seed)).data];
      const counts = [0, 1, 2, 3].map((v) => drawn.filter((d) => d === v).length);
      expect(counts).toEqual([50, 0, 26, 24]);
      expect(drawn).toEqual([...drawn].sort());
      expect([...resampleRows(x, undefined, 2, keyOf(seed)).data].length).toBe(2);
    }
    expect([...resampleRows(x, undefined, 4, keyOf(1)).data]).toEqual([0, 1, 2, 3]);
  });
});

describe("floor", () => {
  it("is mean, standard error and the Student limit of one more draw", () => {
    const values = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    const floor = floorOf(values, "lower");
    const deviation = Math.sqrt(55 / 6);
    expect(floor.mean).toBeCloseTo(4.5, 14);
    expect(floor.standardError).toBeCloseTo(deviation / Math.sqrt(10), 14);
    // Student, 9 degrees of freedom, 95 %: 1.8331.
    expect(Math.abs((floor.limit - 4.5) / (deviation * Math.sqrt(1.1)) - 1.8331)).toBeLessThan(0.0015);
    expect(floorOf(values, "higher").limit).toBeCloseTo(9 - floor.limit, 12);
  });

  it("is limited on the logarithmic scale where all values are positive, so that a square gets the same verdict", () => {
    const values = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
    const { limit } = floorOf(values, "lower");
    const logarithms = floorOf([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "lower");
    expect(Math.abs(Math.log2(limit) - logarithms.limit)).toBeLessThan(1e-12);
    const squares = floorOf(
      values.map((v) => v * v),
      "lower",
    );
    expect(Math.abs(squares.limit / limit ** 2 - 1)).toBeLessThan(1e-12);
  });

  it("is limited at two standard deviations for absolute differences of averages, 2.09 with twenty pairs", () => {
    const values = Array.from({ length: 20 }, (_, k) => (k & 1 ? 0.01 : 3));
    const { limit } = floorOf(values, "lower", true);
    // Student, 20 degrees of freedom, 97.5 %: 2.0860.
    expect(Math.abs(limit / Math.sqrt((9 + 1e-4) / 2) - 2.086)).toBeLessThan(0.001);
    expect(floorOf(values, "lower").limit).toBeGreaterThan(5 * limit);
  });

  it("judges in the right direction, and never passes NaN", () => {
    const floor = { mean: 1, standardError: 0.1, limit: 2 };
    expect([1, 2, 2.1, Number.NaN].map((v) => isAtFloor(v, floor, "lower"))).toEqual([true, true, false, false]);
    expect([1, 2, 2.1, Number.NaN].map((v) => isAtFloor(v, floor, "higher"))).toEqual([false, true, true, false]);
  });
});

describe("splitDraws", () => {
  it("gives disjoint halves and no row twice", () => {
    const pool = rows(...Array.from({ length: 21 }, (_, i) => [i]));
    const draws = splitDraws([pool], 100, 3, keyOf(1));
    expect(draws.rows).toBe(10);
    expect(draws.references.map((x) => x.n)).toEqual([10, 10]);
    expect(new Set(draws.references.flatMap((x) => [...x.data])).size).toBe(20);
    expect(draws.all).toBe(pool);
    const [a, b] = draws.pair(0, 10) as readonly GivenRows[];
    expect(new Set([...a.x.data, ...b.x.data]).size).toBe(20);
    expect((draws.pair(1, 10)[0] as GivenRows).x.data).not.toEqual(a.x.data);
  });
});
