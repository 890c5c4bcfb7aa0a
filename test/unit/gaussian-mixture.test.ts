import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { ModeSet } from "../../src/core/types.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { mersenneTwister } from "../../src/energies/mersenne-twister.js";
import { initKernels } from "../../src/kernels/load.js";

beforeAll(() => initKernels());

/** The first and last of the published means, as f32 prints. */
const FIRST = [
  -0.2994728088378906, 21.457744598388672, -32.92180633544922, -29.43756103515625, -15.406174659729004, 10.72629451751709,
];
const LAST = [7.9605817794799805, -34.78330612182617, 3.6796998977661133, -25.024213790893555];
const SHARED = "../shared/data/gmm40.json";

test("MT19937 gives the published outputs of seed 5489", () => {
  const next = mersenneTwister(5489);
  expect([next(), next(), next()]).toEqual([3499211612, 581869302, 3890346734]);
  for (let i = 3; i < 9999; i++) next();
  expect(next()).toBe(4123659995);
});

describe("GMM-40", () => {
  const target = gaussianMixture({ components: 40, seed: 0 });
  const { means } = target.modes as ModeSet;

  test("has the published means, bit for bit", () => {
    expect(target.name).toBe("gmm40");
    expect([means.n, means.dim]).toEqual([40, 2]);
    expect(Array.from(means.data.subarray(0, 6))).toEqual(FIRST);
    expect(Array.from(means.data.subarray(76))).toEqual(LAST);
  });

  test("has all the means of the shared file, where that file is", () => {
    if (!existsSync(SHARED)) {
      console.info(`${SHARED} is absent: only the means copied into this test were compared`);
      return;
    }
    const published = JSON.parse(readFileSync(SHARED, "utf8")) as { std: number; means: number[][] };
    expect(Array.from(means.data)).toEqual(published.means.flat());
    expect(target.modes?.std[0]).toBe(Math.fround(published.std));
  });

  test("is the default, is rebuilt by its options, and carries a check value", () => {
    const again = gaussianMixture(target.options as object);
    expect(again.check).toEqual(target.check);
    expect(gaussianMixture().check).toEqual(target.check);
    const x = { data: Float32Array.from(target.check.x), n: 1, dim: 2 };
    expect(Math.abs(target.energy(x)[0] - target.check.energy)).toBeLessThan(2e-6);
    expect(gaussianMixture({ seed: 1 }).check.energy).not.toBe(target.check.energy);
  });

  test("far from the origin, where means are rounded to f32, the check value is still what the kernels give", () => {
    // The mean moves by .03 of a standard deviation; a checkpoint takes 1e-4 (1 + |E|) for another energy.
    const far = gaussianMixture({ means: [[1e6 + 0.03, -1e6 - 0.03]], std: 1 });
    const x = { data: Float32Array.from(far.check.x), n: 1, dim: 2 };
    expect(Math.abs(far.energy(x)[0] - far.check.energy)).toBeLessThan(1e-5);
  });

  test("its exact draws are the same from the same seed, and a prefix of longer ones", () => {
    const sample = target.exact?.sample.bind(target.exact) as (n: number, seed: number) => { data: Float32Array };
    expect(sample(100, 3).data).toEqual(sample(1000, 3).data.subarray(0, 200));
    expect(sample(100, 4).data).not.toEqual(sample(100, 3).data);
  });
});

describe("own mixtures", () => {
  test("one standard Gaussian in one dimension: by hand", () => {
    const target = gaussianMixture({ means: [[0]], std: 1 });
    const x = { data: Float32Array.of(0, 1, -2), n: 3, dim: 1 };
    const { energy, gradient } = target.energyAndGradient(x);
    const c = 0.5 * Math.log(2 * Math.PI);
    [c, c + 0.5, c + 2].forEach((e, i) => {
      expect(Math.abs(energy[i] - e)).toBeLessThan(1e-6);
    });
    expect(Array.from(gradient)).toEqual([0, 1, -2]);
    expect(target.name).toBe("gaussian-mixture");
  });

  test("weights are divided by their sum; a weight of 0 removes a component", () => {
    const two = gaussianMixture({
      means: [
        [0, 0, 0],
        [5, 0, 0],
      ],
      weights: [3, 1],
      std: [1, 2],
    });
    expect(Array.from(two.modes?.weights as Float64Array)).toEqual([0.75, 0.25]);
    const one = gaussianMixture({
      means: [
        [0, 0, 0],
        [5, 0, 0],
      ],
      weights: [3, 0],
      std: 1,
    });
    const x = { data: Float32Array.of(4, 1, 0), n: 1, dim: 3 };
    expect(one.energy(x)[0]).toBe(gaussianMixture({ means: [[0, 0, 0]], std: 1 }).energy(x)[0]);
    expect(Number.isFinite(one.check.energy)).toBe(true);
  });

  test("means as a Batch; far away in f32 the energy is +inf, not NaN, and a huge finite one is finite", () => {
    const target = gaussianMixture({ means: { data: Float32Array.of(0, 0, 1, 1), n: 2, dim: 2 }, std: 1 });
    const { energy, gradient } = target.energyAndGradient({ data: Float32Array.of(1e25, 0, 1e15, 0, 0, 0), n: 3, dim: 2 });
    expect(energy[0]).toBe(Infinity);
    expect(Math.abs(energy[1] / 0.5e30 - 1)).toBeLessThan(1e-6);
    expect(Array.from(gradient.subarray(0, 2))).toEqual([0, 0]);
  });

  test("drawn means in another dimension, range and number", () => {
    const target = gaussianMixture({ components: 7, seed: 3, dim: 5, range: 2 });
    const { data, n, dim } = (target.modes as ModeSet).means;
    expect([n, dim]).toEqual([7, 5]);
    expect(data.every((m) => Math.abs(m) <= 2)).toBe(true);
    expect(Math.max(...data)).toBeGreaterThan(1);
    expect(target.options).toEqual({ components: 7, seed: 3, dim: 5, range: 2 });
  });
});

test.each([
  [{ component: 40 }, RangeError, /did you mean "components"/],
  [{ components: 0 }, RangeError, /components/],
  [{ components: "40" }, TypeError, /components/],
  [{ seed: -1 }, RangeError, /seed/],
  [{ std: 0 }, RangeError, /std/],
  [{ std: Number.NaN }, RangeError, /std/],
  [{ std: [1, 2] }, RangeError, /one entry per component/],
  [{ means: [] }, TypeError, /means/],
  [{ means: [[1, 2], [3]] }, RangeError, /means\[1\]/],
  [{ means: [[1, Number.NaN]] }, RangeError, /means\[0\]\[1\]/],
  [{ means: [[1, 2]], seed: 3 }, RangeError, /leave it out/],
  [{ means: [[1], [2]], weights: [1, -1] }, RangeError, /weights\[1\]/],
  [{ means: [[1], [2]], weights: [0, 0] }, RangeError, /weights/],
  [{ means: [[1], [2]], weights: [1] }, RangeError, /weights/],
])("refuses %j", (options, kind, text) => {
  const make = () => gaussianMixture(options as object);
  expect(make).toThrow(kind);
  expect(make).toThrow(text);
});

describe("bad input of the estimator", () => {
  const target = gaussianMixture();
  const good = {
    x: { data: new Float32Array(4), n: 2, dim: 2 },
    variance: Float32Array.of(1, 1),
    mcSamples: 16,
    mode: "iid",
    key: { a: 1, b: 2 },
    quantity: "energy",
  } as const;
  test.each([
    [{ mcSamples: 0 }, /mcSamples/],
    [{ mcSamples: 2.5 }, /mcSamples/],
    [{ mode: "sobol" }, /mode/],
    [{ mode: "lattice", mcSamples: 100 }, /use 64 or 128/],
    [{ mode: "lattice", mcSamples: 2 ** 17 }, /antithetic/],
    [{ quantity: "energies" }, /did you mean "energy"/],
    [{ variance: Float32Array.of(1, 0) }, /row 1/],
    [{ variance: Float32Array.of(1, -1) }, /row 1/],
    [{ variance: Float32Array.of(Number.NaN, 1) }, /row 0/],
    [{ variance: Float32Array.of(1) }, /one entry per row/],
    [{ x: { data: Float32Array.of(0, 0, Number.NaN, 0), n: 2, dim: 2 } }, /row 1, coordinate 0/],
    [{ x: { data: new Float32Array(6), n: 2, dim: 3 } }, /x.dim/],
  ])("%j", (change, text) => {
    const call = () => target.noised?.({ ...good, ...change } as never);
    expect(call).toThrow(RangeError);
    expect(call).toThrow(text);
  });
});
