/** Singular points, refusals, names and the soft core of the energies with kernels; their numbers are test/parity's. */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import type { Batch, Energy } from "../../src/core/types.js";
import { doubleWell } from "../../src/energies/double-well.js";
import { funnel } from "../../src/energies/funnel.js";
import { gmm16 } from "../../src/energies/gmm16.js";
import { lennardJones } from "../../src/energies/lennard-jones.js";
import { ENVELOPE, manyWell, proposalDensity } from "../../src/energies/many-well.js";
import { muellerBrown } from "../../src/energies/mueller-brown.js";
import { energyByName, listEnergies } from "../../src/energies/registry.js";
import { rings } from "../../src/energies/rings.js";
import { twoMoons } from "../../src/energies/two-moons.js";
import type { EnergyExport } from "../../src/kernels/abi.js";
import { blockKernel } from "../../src/kernels/energy-kernel.js";
import { initKernels, kernels } from "../../src/kernels/load.js";

beforeAll(() => initKernels());

function rows(dim: number, ...list: number[][]): Batch {
  return { data: Float32Array.from(list.flat()), n: list.length, dim };
}

/** Two particles r apart along an axis, others far from both. */
function near(target: Energy, r: number, axis = 0): number[] {
  const { count, spatialDim } = target.particles as NonNullable<Energy["particles"]>;
  return Array.from({ length: count * spatialDim }, (_, i) => {
    const particle = Math.floor(i / spatialDim);
    const along = i % spatialDim;
    if (particle === 0) return 0;
    if (particle === 1) return along === axis ? r : 0;
    return along === 0 ? 2 * particle : 0.5 * along;
  });
}

describe("coincident particles", () => {
  test.each([13, 14])("of Lennard-Jones give +inf and a gradient of 0, wherever they are (%i particles)", (count) => {
    const target = lennardJones({ count });
    const place = near(target, 1).slice(0, -3);
    const same = Array.from({ length: count - 1 }, (_, i) => [...place, ...place.slice(3 * i, 3 * i + 3)]);
    const { energy, gradient } = target.energyAndGradient(rows(3 * count, ...same, new Array(3 * count).fill(0)));
    expect(Array.from(energy)).toEqual(new Array(count).fill(Infinity));
    expect(gradient.every((g) => g === 0)).toBe(true);
  });

  test("beside them other rows keep their values", () => {
    const target = lennardJones();
    const sound = near(target, 1);
    const alone = target.energyAndGradient(rows(39, sound));
    const { energy, gradient } = target.energyAndGradient(rows(39, near(target, 0), sound));
    expect(energy[1]).toBe(alone.energy[0]);
    expect(gradient.subarray(39)).toEqual(alone.gradient);
  });

  test.each([0, 1, 2])("from 1e-20 to 1 apart along axis %i: no NaN, the gradient finite, and 0 only above 1e24", (axis) => {
    const target = lennardJones();
    const distances = Array.from({ length: 161 }, (_, i) => 10 ** (-i / 8));
    const { energy, gradient } = target.energyAndGradient(rows(39, ...distances.map((r) => near(target, r, axis))));
    expect(energy.some(Number.isNaN)).toBe(false);
    expect(gradient.every(Number.isFinite)).toBe(true);
    energy.forEach((e, r) => {
      const flat = gradient.subarray(39 * r, 39 * r + 39).every((g) => g === 0);
      expect(flat, `${distances[r]} apart`).toBe(e > 1e24);
    });
  });

  test("draws that land on them have no weight and are not counted as NaN", () => {
    const target = lennardJones();
    const noised = target.noised as NonNullable<Energy["noised"]>;
    const x = rows(39, near(target, 0));
    const common = { x, variance: Float32Array.of(1e-30), mcSamples: 8, mode: "iid", key: keyOf(1) } as const;
    const score = noised({ ...common, quantity: "score" });
    expect([score.energy[0], score.nonFinite]).toEqual([Infinity, 0]);
    expect((score.score as Float32Array).every((s) => s === 0)).toBe(true);
    const mean = noised({ ...common, quantity: "mean" }).mean as Float32Array;
    const center = (axis: number) => mean.filter((_, i) => i % 3 === axis).reduce((a, b) => a + b, 0);
    expect(Math.max(...[0, 1, 2].map((axis) => Math.abs(center(axis))))).toBeLessThan(1e-4);
  });

  test("of double wells have their finite energy, and their pair adds no gradient", () => {
    const target = doubleWell();
    const { energy, gradient } = target.energyAndGradient(rows(8, new Array(8).fill(3), near(target, 0)));
    expect(energy[0]).toBeCloseTo(6 * (0.9 * 256 - 64), 3);
    expect(Array.from(gradient.subarray(0, 8))).toEqual(new Array(8).fill(0));
    expect(gradient.every(Number.isFinite)).toBe(true);
  });

  test("with a soft core have the parabola's energy", () => {
    const soft = lennardJones({ softCore: true, trap: 0 });
    const pairs = soft.pairs as NonNullable<Energy["pairs"]>;
    const { energy, gradient } = soft.energyAndGradient(rows(39, new Array(39).fill(1)));
    expect(energy[0] / (78 * pairs.energy(0))).toBeCloseTo(1, 5);
    expect(gradient.every((g) => g === 0)).toBe(true);
  });
});

describe("far away and at the origin", () => {
  const plane: readonly [string, Energy][] = [
    ["rings", rings()],
    ["two-moons", twoMoons()],
    ["mueller-brown", muellerBrown()],
  ];

  test.each(plane)("%s: +inf with gradient 0 where f32 ends, finite at the origin", (_, target) => {
    const { energy, gradient } = target.energyAndGradient(rows(2, [1e25, -1e25], [-3e30, 3e30], [0, 0], [1e-30, -1e-30]));
    expect(Array.from(energy.subarray(0, 2))).toEqual([Infinity, Infinity]);
    expect(Array.from(gradient.subarray(0, 4))).toEqual([0, 0, 0, 0]);
    expect(energy.subarray(2).every(Number.isFinite)).toBe(true);
    expect(gradient.every(Number.isFinite)).toBe(true);
  });

  test("the funnel ends at -60 below and has no end above", () => {
    const { energy, gradient } = funnel({ dim: 3 }).energyAndGradient(
      rows(3, [-61, 0, 0], [-59, 0, 0], [90, 1, 1], [0, 1e25, 0]),
    );
    expect(Array.from(energy, (e) => e === Infinity)).toEqual([true, false, false, true]);
    expect(Array.from(gradient.subarray(0, 3))).toEqual([0, 0, 0]);
    expect(gradient.every(Number.isFinite)).toBe(true);
  });

  test("many wells and pairs give +inf, never NaN", () => {
    const far = [1e20, -1e20, -1e20, 1e20, 1e25, 0];
    expect(manyWell({ dim: 6 }).energy(rows(6, far))[0]).toBe(Infinity);
    for (const target of [lennardJones({ count: 2 }), doubleWell({ count: 2, spatialDim: 3 })]) {
      const { energy, gradient } = target.energyAndGradient(rows(6, far));
      expect([energy[0], ...gradient]).toEqual([Infinity, 0, 0, 0, 0, 0, 0]);
    }
  });
});

describe("NaN past the guards", () => {
  const kinds: readonly [EnergyExport, number, number[], number[]][] = [
    ["lennardJones", 6, [2, 3], [2, -24, 1, 1, 0, 0, 0]],
    ["softLennardJones", 6, [2, 3], [2, -24, 1, 1, 0.4, -1, 1]],
    ["doubleWell", 6, [3, 2], [1, 2, 0, 4, 0.9, -4, 0]],
    ["manyWell", 6, [6], []],
    ["funnel", 6, [6], [3]],
    ["rings", 2, [1], [4, 2, 1]],
    ["twoMoons", 2, [], [2, 25, 11]],
    ["muellerBrown", 2, [], [0.05]],
  ];

  test.each(kinds)("%s: NaN for a NaN coordinate, in that row only, and counted by the estimator", (name, dim, head, numbers) => {
    const kernel = blockKernel(name, dim, head, numbers);
    const { exports, arena } = kernels("test");
    const sound = Array.from({ length: dim }, (_, d) => 0.7 + 0.31 * d);
    for (let d = 0; d < dim; d++) {
      const bad = sound.map((v, i) => (i === d ? Number.NaN : v));
      const result = arena.lease(new Array(12).fill(8192), (lease) => {
        const block = kernel.put(lease);
        const x = lease.put(Float32Array.from([sound, bad, sound].flat()));
        const [energy, gradient] = [lease.take(12), lease.take(12 * dim)];
        exports[kernel.rows](block, x, 3, energy, gradient, lease.take(exports.rowsScratch(dim)));
        const request = lease.putWords(Int32Array.of(0, 0, 16, 0, 1, 2, 0, 0));
        const h = lease.put(Float32Array.of(1e-4, 1e-4, 1e-4));
        const noised = lease.take(12);
        const count = exports[kernel.noised](block, request, x, h, 3, noised, 0, lease.take(exports.noisedScratch(dim)));
        return { energy: lease.get(energy, 3), gradient: lease.get(gradient, 3 * dim), count, noised: lease.get(noised, 3) };
      });
      expect(Array.from(result.energy, Number.isNaN), `coordinate ${d}`).toEqual([false, true, false]);
      expect(result.gradient.subarray(2 * dim)).toEqual(result.gradient.subarray(0, dim));
      expect(result.count).toBe(16);
      expect(Array.from(result.noised, Number.isFinite)).toEqual([true, false, true]);
    }
  });
});

describe("the soft core", () => {
  const soft = lennardJones({ softCore: 0.65 }).pairs as NonNullable<Energy["pairs"]>;
  const hard = lennardJones().pairs as NonNullable<Energy["pairs"]>;

  test("is the hard pair outside, and goes on with its value, slope and curvature", () => {
    for (const r of [0.65, 0.8, 1, 3]) expect(soft.energy(r)).toBe(hard.energy(r));
    const of = (pair: typeof soft, r: number) => {
      const [a, b, c] = [-1e-4, 0, 1e-4].map((s) => pair.energy(r + s));
      return [b, (c - a) / 2e-4, (a - 2 * b + c) / 1e-8];
    };
    const inside = of(soft, 0.65 - 1e-4);
    const outside = of(hard, 0.65 - 1e-4);
    // The third derivatives differ: over 1e-4 the curvature by 5e-3 of itself, the slope by 1e-6.
    inside.forEach((value, i) => {
      expect(Math.abs(value / outside[i] - 1)).toBeLessThan([1e-7, 1e-5, 1e-2][i]);
    });
  });

  test("is bounded and repels down to 0", () => {
    expect(soft.energy(0)).toBeCloseTo(2 * 4657.45, 1);
    for (let r = 0.64; r > 0; r -= 0.01) expect(soft.energy(r - 0.005)).toBeGreaterThan(soft.energy(r));
  });
});

describe("names and options", () => {
  test("every listed energy is made by its name, knows it, and is made again by its options", () => {
    const free = new Set(["gaussian-mixture", "double-well", "lennard-jones", "many-well"]);
    for (const { name, summary } of listEnergies()) {
      const energy = energyByName(name);
      // Those with options are named for what they are without any.
      if (!free.has(name)) expect(energy.name).toBe(name);
      expect(energyByName(energy.name, energy.options).check).toEqual(energy.check);
      expect(summary.length).toBeGreaterThan(20);
    }
  });

  test("options that make another energy change its name", () => {
    expect([lennardJones({ count: 55 }).name, lennardJones({ count: 38 }).name]).toEqual(["lj55", "lennard-jones"]);
    expect([lennardJones({ softCore: true }).name, lennardJones({ trap: 0 }).name]).toEqual(["lennard-jones", "lennard-jones"]);
    expect([doubleWell({ b: -3 }).name, manyWell({ dim: 4 }).name]).toEqual(["double-well", "many-well"]);
    expect(lennardJones({ softCore: true }).options).toMatchObject({ softCore: 0.65 });
    expect(lennardJones({ softCore: false }).name).toBe("lj13");
    expect(() => energyByName("lj13", { count: 12 })).toThrow(/count is 13 and cannot be 12/);
    expect(() => energyByName("lj")).toThrow(/did you mean "lj13"/);
  });

  const refused: readonly [string, () => unknown, RegExp][] = [
    ["an unknown key", () => lennardJones({ sigma: 1 } as object), /unknown option "sigma"/],
    ["one particle", () => lennardJones({ count: 1 }), /lennardJones: count must be an integer in \[2, 4096\], got 1/],
    ["a line", () => doubleWell({ spatialDim: 1 }), /spatialDim must be an integer in \[2, 3\]/],
    ["a counting that is none", () => lennardJones({ pairCounting: "twice" as never }), /did you mean/],
    ["a negative trap", () => lennardJones({ trap: -1 }), /trap/],
    ["NaN", () => lennardJones({ epsilon: Number.NaN }), /epsilon/],
    ["a soft core over the minimum", () => lennardJones({ softCore: 1 }), /softCore must be in \[0.2, 0.95\]/],
    ["a quartic that opens downwards", () => doubleWell({ a: -1 }), /a must be in/],
    ["an odd dimension", () => manyWell({ dim: 5 }), /dim must be even, got 5; use 4 or 6/],
    ["a funnel of one dimension", () => funnel({ dim: 1 }), /dim must be an integer/],
    ["rings that reach the origin", () => rings({ std: 0.5 }), /std must be in/],
    ["weights for other rings", () => rings({ weights: [1] }), /length of weights must be an integer in \[3, 3\], got 1/],
    ["radii that are no array", () => rings({ radii: 3 as never }), /radii must be an array/],
    ["moons of no width", () => twoMoons({ width: 0 }), /width must be a finite number above 0/],
    ["a scale of text", () => muellerBrown({ scale: "1" as never }), /scale must be a number/],
  ];

  test.each(refused)("%s is refused", (_, call, text) => {
    expect(call).toThrow(text);
  });
});

test("gmm16: every two means are 20 apart", () => {
  const { means } = gmm16().modes as NonNullable<Energy["modes"]>;
  const distances = [];
  for (let k = 0; k < 4; k++) {
    for (let l = 0; l < k; l++) {
      distances.push(Math.hypot(...Array.from({ length: 16 }, (_, d) => means.data[16 * k + d] - means.data[16 * l + d])));
    }
  }
  expect(distances).toHaveLength(6);
  for (const distance of distances) expect(distance).toBeCloseTo(20, 5);
});

test("the envelope of ManyWell's sampler is above the target everywhere, and close", () => {
  const weight = (x: number) => Math.exp(0.5 * x + 6 * x * x - x ** 4);
  const grid = Array.from({ length: 120_001 }, (_, i) => -6 + i / 1e4);
  const integral = grid.reduce((sum, x) => sum + weight(x), 0) / 1e4;
  const largest = grid.reduce((most, x) => Math.max(most, weight(x) / integral / proposalDensity(x)), 0);
  expect(largest).toBeLessThan(ENVELOPE);
  expect(largest).toBeGreaterThan(1.2);
});
