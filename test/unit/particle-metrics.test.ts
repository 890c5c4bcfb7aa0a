/** The parts of the particle metrics on inputs whose answer is known by hand or in closed form. */
import { beforeAll, describe, expect, it } from "vitest";
import { keyOf } from "../../src/core/random.js";
import type { Batch } from "../../src/core/types.js";
import { initKernels } from "../../src/kernels/load.js";
import { alignedDistance } from "../../src/metrics/aligned-distance.js";
import { meanOf, varianceOf } from "../../src/metrics/average.js";
import { centeredRows } from "../../src/metrics/centered-rows.js";
import { contextOf } from "../../src/metrics/context.js";
import { evaluate } from "../../src/metrics/evaluate.js";
import type { Cloud } from "../../src/metrics/metric.js";
import { distanceShares, pairDistances } from "../../src/metrics/pair-distances.js";
import { pairSteinTerms } from "../../src/metrics/pair-ksd.js";
import { radialDistribution } from "../../src/metrics/radial-distribution.js";
import { spreadRows } from "../../src/metrics/spread-rows.js";
import { metricTable } from "../../src/metrics/table.js";
import { virials } from "../../src/metrics/virial.js";
import { referenceNormals } from "../reference/normals.js";
import { trappedParticles } from "../support/trapped-particles.js";

beforeAll(() => initKernels());

const plane3 = { count: 3, spatialDim: 2 };
const cluster = trappedParticles({ count: 4, spatialDim: 3 }, 2);
const drawn = (n: number, seed: number) => cluster.exact?.sample(n, seed) as Batch;
const context = contextOf(cluster, keyOf(1), 1, []);

function rows(...points: readonly (readonly number[])[]): Batch {
  return { data: Float32Array.from(points.flat()), n: points.length, dim: points[0].length };
}
function cloud(x: Batch, weights?: readonly number[]): Cloud {
  return {
    x,
    energies: cluster.dim === x.dim ? cluster.energy(x) : new Float32Array(x.n),
    ...(weights && { weights: Float64Array.from(weights) }),
  };
}

describe("averages", () => {
  it("are mean, variance and their usual standard errors", () => {
    expect(meanOf([1, 2, 6])).toEqual({ value: 3, standardError: Math.sqrt(14 / 2 / 3) });
    const { value, standardError } = varianceOf([1, 2, 6]);
    expect(value).toBeCloseTo(7, 14);
    // (v - 3)^2 = 4, 1, 9 with mean 14/3: squares of deviations sum to 294/9.
    expect(standardError).toBeCloseTo(Math.sqrt(294 / 9 / 2 / 3), 14);
  });

  it("read a weight as so many copies, and a NaN as a NaN", () => {
    expect(meanOf([1, 5], Float64Array.of(0.75, 0.25)).value).toBe(2);
    // sum w (v - 2)^2 = 3, unbiased by 1 / (1 - .75^2 - .25^2).
    expect(varianceOf([1, 5], Float64Array.of(0.75, 0.25)).value).toBeCloseTo(8, 14);
    // (.75 * 1)^2 + (.25 * 3)^2 = 9/8
    expect(meanOf([1, 5], Float64Array.of(0.75, 0.25)).standardError).toBeCloseTo(Math.sqrt(3), 14);
    expect(meanOf([1, Number.NaN]).value).toBeNaN();
  });
});

describe("averages by weight", () => {
  const v = [1, 2, 6, 11];

  it("of equal weights are those without", () => {
    for (const averageOf of [meanOf, varianceOf]) {
      const plain = averageOf(v);
      const weighted = averageOf(v, new Float64Array(4).fill(0.25));
      expect(weighted.value).toBeCloseTo(plain.value, 13);
      expect(weighted.standardError).toBeCloseTo(plain.standardError, 13);
    }
  });

  it("are those of the rows that weigh something; of a single one the spread is not known", () => {
    const { value } = varianceOf([...v, 100], Float64Array.of(0.25, 0.25, 0.25, 0.25, 0));
    expect(value).toBeCloseTo(varianceOf(v).value, 13);
    const single = Float64Array.of(0, 1, 0, 0);
    expect(meanOf(v, single)).toEqual({ value: 2, standardError: Number.NaN });
    expect(varianceOf(v, single).value).toBeNaN();
  });

  it("have a variance that is right on average, whatever the weights", () => {
    // Fixed weights, 20,000 sets of 5 standard normals: each variance is known to about 1.2, their mean to .009.
    const sets = 20_000;
    const z = referenceNormals(keyOf(12), 0, 0, sets, 5).data;
    const weights = Float64Array.of(0.6, 0.2, 0.1, 0.06, 0.04);
    const found = Float64Array.from({ length: sets }, (_, k) => varianceOf(z.subarray(5 * k, 5 * k + 5), weights).value);
    const { value, standardError } = meanOf(found);
    expect(Math.abs(value - 1)).toBeLessThan(6 * standardError);
    // Control: without the factor it is 1 - sum w^2 = .58.
    expect(standardError).toBeLessThan(0.02);
  });
});

describe("pair distances", () => {
  const triangle = rows([0, 0, 3, 0, 0, 4], [0, 0, 1, 0, 0, 1]);

  it("are those of a < b, row by row", () => {
    expect([...pairDistances(triangle, plane3)]).toEqual([3, 4, 5, 1, 1, Math.fround(Math.SQRT2)]);
  });

  it("have shares by weight, and none outside of the range", () => {
    const shares = distanceShares(Float32Array.of(0, 1, 2, 9), 2, [0, 2], 2, Float64Array.of(0.75, 0.25));
    expect([...shares]).toEqual([0.375, 0.5]);
  });

  const at = (...distances: number[]): Cloud => cloud(rows(...distances.map((r) => [0, 0, r, 0])));
  const two = contextOf({ ...cluster, dim: 4, particles: { count: 2, spatialDim: 2 } }, keyOf(1), 1, []);

  it("TV counts what lies outside of the reference's bins as missing", () => {
    const { compute } = metricTable.pairDistanceTv;
    expect(compute(at(1, 2), at(1, 2), two)).toBe(0);
    expect(compute(at(50, 60), at(1, 2), two)).toBe(1);
    expect(compute(at(1, 60), at(1, 2), two)).toBe(0.5);
    expect(compute({ ...at(1, 60), weights: Float64Array.of(0.9, 0.1) }, at(1, 2), two)).toBeCloseTo(0.5, 14);
    expect(compute({ ...at(1, 2), weights: Float64Array.of(0.9, 0.1) }, at(1, 2), two)).toBeCloseTo(0.4, 14);
  });

  it("W2 of a shift is the shift, to the width of its bins", () => {
    const { compute } = metricTable.pairDistanceW2;
    expect(compute(at(1, 2, 4), at(1, 2, 4), two)).toBe(0);
    const shifted = compute(at(2, 3, 5), at(1, 2, 4), two);
    expect(Math.abs(shifted - 1)).toBeLessThan(4 / 65536);
    // Half of the mass moves by 3.
    expect(Math.abs(compute(at(1, 4), at(1, 1), two) - 3 / Math.SQRT2)).toBeLessThan(3 / 65536);
    expect(compute({ ...at(1, 4), weights: Float64Array.of(1, 0) }, at(1, 1), two)).toBe(0);
  });
});

describe("alignedDistance", () => {
  const particles = { count: 4, spatialDim: 3 };

  it("of copies that are turned, reflected and permuted is 0, raw W2 is not", () => {
    const x = drawn(20, 3);
    const copy = { ...x, data: x.data.slice() };
    for (let row = 0; row < x.n; row++) {
      for (let i = 0; i < 4; i++) {
        const [a, b, c] = x.data.subarray(row * 12 + i * 3, row * 12 + i * 3 + 3);
        // A quarter turn around an axis along (1, 1, 1) through the coordinates, a mirror, and particle i in place 3 - i.
        copy.data.set([b, c, -a], row * 12 + (3 - i) * 3);
      }
    }
    expect(alignedDistance(x, copy, particles)).toBeLessThan(1e-6);
    expect(
      metricTable.positionW2.compute(cloud(x), cloud(copy), contextOf(cluster, keyOf(1), 1, ["positionW2"])),
    ).toBeGreaterThan(0.3);
  });

  it("of a swollen copy is the swelling, (s - 1) |x|", () => {
    const x = drawn(1, 4);
    const size = Math.sqrt(x.data.reduce((sum, v) => sum + v * v, 0));
    expect(Math.abs(alignedDistance(x, { ...x, data: x.data.map((v) => 1.5 * v) }, particles) - 0.5 * size)).toBeLessThan(1e-5);
  });

  it("takes evenly spread rows, and states how many", () => {
    expect([...spreadRows(rows([0], [1], [2], [3], [4], [5]), 3).data]).toEqual([0, 2, 4]);
    expect(metricTable.alignedW2.rows(2000, { particles: { count: 55 } } as never)).toBe(32);
    expect(metricTable.alignedW2.rows(2000, cluster)).toBe(128);
    expect(metricTable.alignedW2.rows(50, cluster)).toBe(50);
  });
});

describe("virials", () => {
  it("count from the center of mass", () => {
    // Gradients that sum to 0, as those of particles do: a shift changes nothing.
    const gradient = Float32Array.of(1, 2, -3, -1, 2, -1);
    const x = rows([1, 0, 2, 1, 0, 3]);
    const moved = { ...x, data: x.data.map((v, i) => v + (i & 1 ? 7 : -4)) };
    const energy = { particles: plane3 };
    expect(virials({ x, energies: new Float32Array(1) }, gradient, energy)[0]).toBeCloseTo(1 - 6 - 1 - 3, 12);
    expect(virials({ x: moved, energies: new Float32Array(1) }, gradient, energy)[0]).toBeCloseTo(-9, 12);
  });
});

describe("pairSteinTerms", () => {
  it("is the Stein operator on fields along the pairs: divergence less gradient, by differences", () => {
    const particles = { count: 3, spatialDim: 3 };
    const x = referenceNormals(keyOf(8), 0, 0, 1, 9);
    const gradient = referenceNormals(keyOf(9), 0, 0, 1, 9).data;
    const still = new Float32Array(9);
    const terms = (data: Float32Array, g: Float32Array) => pairSteinTerms({ data, n: 1, dim: 9 }, g, particles, 1.3);
    // T is linear in the gradient: -grad E . f. Its coefficients give the field f_m itself, of which differences give the divergence.
    const base = terms(x.data, still);
    const fieldOf = (data: Float32Array, k: number) => {
      const unit = new Float32Array(9);
      unit[k] = 1;
      const here = terms(data, still);
      return terms(data, unit).map((v, m) => here[m] - v);
    };
    const step = 2 ** -8;
    const divergence = new Float64Array(base.length);
    for (let k = 0; k < 9; k++) {
      const [up, down] = [x.data.slice(), x.data.slice()];
      up[k] += step;
      down[k] -= step;
      const [above, below] = [fieldOf(up, k), fieldOf(down, k)];
      divergence.forEach((_, m) => {
        divergence[m] += (above[m] - below[m]) / (up[k] - down[k]);
      });
    }
    // Cubic splines of step 1/8 have third derivatives of 8^3 at r of order 1: step^2 / 6 * 512 * 9 terms = .01 each.
    divergence.forEach((d, m) => {
      expect(Math.abs(d - base[m]), `spline ${m}`).toBeLessThan(0.05);
    });
    const whole = terms(x.data, gradient);
    for (let m = 0; m < base.length; m++) {
      let against = 0;
      for (let k = 0; k < 9; k++) against += gradient[k] * fieldOf(x.data, k)[m];
      expect(Math.abs(whole[m] - (base[m] - against))).toBeLessThan(1e-9);
    }
    // The splines add up to 1: the sum is the virial's 2 d times the number of pairs, less the sum over pairs.
    expect(base.reduce((sum, v) => sum + v, 0)).toBeCloseTo(6 * 3, 9);
  });
});

describe("the ends of the splines", () => {
  it.each([-4, 2.5])("no field jumps at ln r = %d", (end) => {
    const particles = { count: 2, spatialDim: 2 };
    const slope = Float32Array.of(3, 1, -2, 4);
    const terms = (by: number) =>
      pairSteinTerms({ data: Float32Array.of(0, 0, Math.exp(end + by), 0), n: 1, dim: 4 }, slope, particles, 1);
    // Cubic splines end as u^3 / 6 with a slope of u^2 / (2 step), u = 1e-3; the gradient counts by at most 5 e^2.5.
    const [below, above] = [terms(-1e-3 / 8), terms(1e-3 / 8)];
    below.forEach((value, m) => {
      expect(Math.abs(value - above[m]), `spline ${m}`).toBeLessThan(2e-5);
    });
    // Control: they are seen a step further in.
    const inside = terms(end < 0 ? 1 / 4 : -1 / 4);
    expect(inside.some((value) => Math.abs(value) > 0.1)).toBe(true);
  });
});

describe("radialDistribution", () => {
  it("takes rows from all over a cloud, and their weights", () => {
    const particles = { count: 4, spatialDim: 3 };
    const x = drawn(8000, 17);
    const mixed = { ...x, data: x.data.map((v, i) => (i < x.data.length / 2 ? v : 1.5 * v)) };
    const even = spreadRows(mixed, 4000);
    const shares = Array.from({ length: 8000 }, (_, i) => (i < 4000 ? 1 : 3) / 16_000);
    const evenShares = Array.from({ length: 4000 }, (_, i) => (i < 2000 ? 1 : 3) / 8000);
    const whole = radialDistribution(particles, { sample: cloud(x), weighted: cloud(mixed, shares), reference: cloud(mixed) });
    const half = radialDistribution(particles, { sample: cloud(x), weighted: cloud(even, evenShares), reference: cloud(even) });
    expect(whole.reference).toEqual(half.reference);
    whole.weighted?.g.forEach((g, k) => {
      expect(Math.abs(g - (half.weighted?.g[k] as number))).toBeLessThan(1e-12 * (1 + g));
    });
    // Control: the first rows alone have a narrower curve.
    const first = radialDistribution(particles, {
      sample: cloud(x),
      reference: cloud({ ...mixed, n: 4000, data: mixed.data.slice(0, 48_000) }),
    });
    expect((whole.r.at(-1) as number) / (first.r.at(-1) as number)).toBeGreaterThan(1.2);
  });

  it("integrates to the other particles, count - 1", () => {
    const particles = { count: 4, spatialDim: 3 };
    const x = drawn(500, 5);
    const { r, sample, reference } = radialDistribution(particles, { sample: cloud(x), reference: cloud(x) });
    const width = r[1] - r[0];
    const total = sample.g.reduce(
      (sum, g, k) => sum + (g * 4 * Math.PI * ((r[k] + width / 2) ** 3 - (r[k] - width / 2) ** 3)) / 3,
      0,
    );
    // A thousandth of the distances lies beyond the axis.
    expect(Math.abs(total - 3)).toBeLessThan(0.01);
    expect(reference).toEqual(sample);
  });
});

describe("evaluate on particles", () => {
  it("moves rows to their center of mass first: a shifted sample scores the same", async () => {
    const x = drawn(40, 6);
    const reference = drawn(100, 7);
    const { exact: _, ...target } = cluster;
    const shift = (b: Batch): Batch => ({ ...b, data: b.data.map((v, i) => v + [4, -2, 8][i % 3]) });
    const options = { seed: 2, floorPairs: 10 };
    const here = await evaluate(x, target, { ...options, reference });
    const there = await evaluate(shift(x), target, { ...options, reference: shift(reference) });
    for (const [name, { value }] of Object.entries(here.metrics)) {
      const other = there.metrics[name as keyof typeof there.metrics];
      // Coordinates of 8 are rounded to 5e-7; transport and energies move by some of them.
      expect(Math.abs((other?.value as number) - value), name).toBeLessThan(1e-4 * (1 + value));
    }
    expect(centeredRows(x, { count: 4, spatialDim: 3 })).toBe(x);
  });

  it("has twenty pairs behind a floor, a curve g(r), and words about the reference", async () => {
    const { exact: _, ...target } = cluster;
    const logWeights = new Float64Array(40);
    const result = await evaluate(drawn(40, 8), target, { seed: 3, reference: drawn(90, 9), logWeights });
    expect(result.pairs).toBe(20);
    const { sample, weighted } = result.radialDistribution ?? {};
    // Forty equal weights sum to 1 up to their last bit.
    sample?.g.forEach((g, k) => {
      expect(Math.abs((weighted?.g[k] as number) - g)).toBeLessThan(1e-14 * (1 + g));
    });
    expect(Object.keys(result.metrics)).toEqual([
      "positionW2",
      "alignedW2",
      "energyW2",
      "energyW2Paper",
      "energyW2Trimmed",
      "meanEnergyError",
      "heatCapacityError",
      "pairDistanceTv",
      "pairDistanceW2",
      "virialError",
      "pairKsd",
    ]);
    expect(result.verdict.join("\n")).toMatch(/mean energy, error .* \(.* should be .*, z = .*\): .*reference against itself/);
    expect(result.verdict.at(-1)).toContain("disjoint random parts of the reference");
    expect(result.metrics.virialError?.expected).toEqual({ value: 9, standardError: 0 });
    expect(JSON.parse(JSON.stringify(result.radialDistribution))).toEqual(result.radialDistribution);
  });

  it("without a reference has the label-free checks, and an outlier does not hide in its own standard error", async () => {
    const { exact: _, ...target } = cluster;
    const x = drawn(400, 10);
    const good = await evaluate(x, target, { seed: 4 });
    expect(Object.keys(good.metrics)).toEqual(["virialError", "pairKsd"]);
    expect(good.metrics.virialError?.atFloor).toBe(true);
    expect(good.metrics.pairKsd?.value).toBeLessThan(3 * (good.metrics.pairKsd?.floor as number));
    expect(good.radialDistribution?.reference).toBeUndefined();
    const torn = { ...x, data: x.data.map((v, i) => (i < 12 ? 300 * v : v)) };
    const { virialError } = (await evaluate(torn, target, { seed: 4 })).metrics;
    expect(Math.abs(virialError?.z as number)).toBeLessThan(2);
    expect(virialError?.atFloor).toBe(false);
  });

  it("shares its averages' law with the metric: virial of one cloud", () => {
    const x = drawn(50, 11);
    const { average, compute } = metricTable.virialError;
    const value = average?.(cloud(x), context).value as number;
    expect(compute(cloud(x), cloud(x), context)).toBe(Math.abs(value - 9));
  });
});
