/** Options, modes, rotations and refusals of the mixtures with a variance per axis; their numbers are test/parity's. */
import { beforeAll, describe, expect, test } from "vitest";
import { belowTarget } from "../../src/core/normal-mixture.js";
import type { Batch, Energy } from "../../src/core/types.js";
import { exactTransition } from "../../src/correction/transitions/exact.js";
import { type AnisotropicMixtureOptions, anisotropicMixture } from "../../src/energies/anisotropic-mixture.js";
import { customEnergy } from "../../src/energies/custom.js";
import { exactDiffusion } from "../../src/energies/exact-diffusion.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { gmm16 } from "../../src/energies/gmm16.js";
import { energyByName } from "../../src/energies/registry.js";
import { drawnRotation } from "../../src/energies/rotation.js";
import { twoModes } from "../../src/energies/two-modes.js";
import { initKernels } from "../../src/kernels/load.js";

beforeAll(() => initKernels());

const turn = [
  [0.6, -0.8],
  [0.8, 0.6],
];
const plane = (options: Partial<AnisotropicMixtureOptions> = {}) =>
  anisotropicMixture({
    means: [
      [0, 0],
      [8, 0],
    ],
    variances: [1, 0.01],
    ...options,
  } as AnisotropicMixtureOptions);

test("with one standard deviation a component it is gaussianMixture", () => {
  const means = [
    [0, 1, 2],
    [3, -1, 0],
  ];
  const variances = [new Array(3).fill(0.49), new Array(3).fill(1.44)];
  const own = anisotropicMixture({ means, weights: [1, 3], variances, rotation: 9 });
  const other = gaussianMixture({ means, weights: [1, 3], std: [0.7, 1.2] });
  const x = other.exact?.sample(50, 1) as Batch;
  const [a, b] = [own.energyAndGradient(x), other.energyAndGradient(x)];
  a.energy.forEach((e, r) => {
    expect(Math.abs(e - b.energy[r])).toBeLessThan(1e-5);
  });
  a.gradient.forEach((g, i) => {
    expect(Math.abs(g - b.gradient[i])).toBeLessThan(2e-5);
  });
  expect(own.modes?.std).toEqual(other.modes?.std);
});

test("axes are the columns of the rotation: by hand", () => {
  const one = anisotropicMixture({ means: [[0, 0]], variances: [4, 0.25], rotation: turn });
  const along = { data: Float32Array.of(0.6 * 2, 0.8 * 2, -0.8 * 0.5, 0.6 * 0.5), n: 2, dim: 2 };
  const c = Math.log(2 * Math.PI) + 0.5 * Math.log(4 * 0.25) + 0.5;
  one.energy(along).forEach((e) => {
    expect(Math.abs(e - c)).toBeLessThan(1e-6);
  });
});

describe("modes", () => {
  test("are there where the nearest mean tells the component, with the largest standard deviation", () => {
    expect(Array.from(plane({ variances: [0.25, 0.01] }).modes?.std as Float32Array)).toEqual([0.5, 0.5]);
    expect(
      plane({
        variances: [
          [0.6, 0.01],
          [0.1, 30],
        ],
      }).modes?.means.n,
    ).toBe(2);
  });

  test("are not where one component reaches past the middle", () => {
    expect(plane().modes).toBeUndefined();
    expect(plane({ variances: [0.25, 1], rotation: turn }).modes).toBeUndefined();
  });

  test("of the hard family of two modes are there from a separation of 1", () => {
    for (const dim of [2, 8, 32])
      expect(twoModes({ dim, conditioning: "hard", rotation: 1 }).modes?.std[0]).toBe(Math.fround(Math.sqrt(0.05)));
  });
});

describe("rotations", () => {
  test("of a seed are orthogonal to rounding, the same again, and others from another seed", () => {
    for (const dim of [1, 2, 7, 64]) {
      const r = drawnRotation(dim, 3);
      expect(drawnRotation(dim, 3)).toEqual(r);
      if (dim > 1) expect(drawnRotation(dim, 4)).not.toEqual(r);
      for (let i = 0; i < dim; i++) {
        for (let j = 0; j <= i; j++) {
          let inner = 0;
          for (let k = 0; k < dim; k++) inner += r[i * dim + k] * r[j * dim + k];
          expect(Math.abs(inner - Number(i === j))).toBeLessThan(1e-14);
        }
      }
    }
  });
});

describe("two modes", () => {
  test("have the variances, weights and means they name", () => {
    const { mixture } = twoModes({ dim: 3, separation: 2, conditioning: "medium" });
    expect(Array.from(mixture.means)).toEqual([-2, -2, -2, 2, 2, 2]);
    [0.005, 0.05 * 10 ** -0.5, 0.05].forEach((v, d) => {
      expect(Math.abs(mixture.variances[d] / v - 1)).toBeLessThan(1e-14);
    });
    expect(Math.abs(mixture.weights[0] - 2 / 3)).toBeLessThan(1e-15);
    expect(Math.abs(twoModes({ dim: 3, conditioning: "hard" }).mixture.variances[0] / 5e-4 - 1)).toBeLessThan(1e-14);
  });

  test.each([{}, { dim: 5, separation: 3 }, { dim: 4, conditioning: "hard", rotation: 7 }] as const)(
    "%j: rebuilt by name",
    (options) => {
      const made = twoModes(options);
      const again = energyByName(made.name, JSON.parse(JSON.stringify(made.options))) as Energy;
      expect(again.check).toEqual(made.check);
      expect(again.options).toEqual(made.options);
    },
  );
});

describe("exact models", () => {
  test("are made of every mixture, and of nothing else", () => {
    for (const target of [gaussianMixture(), gmm16(), plane(), twoModes()]) {
      expect(exactDiffusion(target).dim).toBe(target.dim);
      expect(exactTransition(target).name).toBe("exact");
    }
    const other = customEnergy({ name: "flat", dim: 2, evaluate: () => 0 });
    for (const make of [exactDiffusion, exactTransition]) {
      expect(() => make(other as never)).toThrow(TypeError);
      expect(() => make(undefined as never)).toThrow(/mixture of normals/);
      expect(() => make(gaussianMixture(), { level: 1 } as never)).toThrow(/unknown option "level"/);
    }
  });

  test("refuse a lowest level wider than the mixture, and rows of another dimension", async () => {
    const target = twoModes({ conditioning: "hard" });
    const level = { scale: 1, variance: 6e-4 };
    expect(() => exactDiffusion(target, { target: level })).toThrow(/lower sigmaMin/);
    expect(() => exactTransition(target, { target: level })).toThrow(/exactTransition.*lower sigmaMin/);
    expect(belowTarget("test", target.mixture, undefined)).toBe(target.mixture);
    const x = { data: new Float32Array(3), n: 1, dim: 3 };
    await expect(exactDiffusion(target).score(x, Float32Array.of(1))).rejects.toThrow(/x\.dim must be 2/);
    await expect(exactTransition(target).down({ x } as never)).rejects.toThrow(/x\.dim must be 2/);
  });

  test("give a row of NaN NaN everywhere, and the others their values", async () => {
    const model = exactDiffusion(gaussianMixture());
    const x = { data: Float32Array.of(Number.NaN, 1, 2, 3), n: 2, dim: 2 };
    const h = Float32Array.of(1, 1);
    const { energy, score } = await model.energyAndScore(x, h);
    expect(Array.from(energy, Number.isNaN)).toEqual([true, false]);
    expect(Array.from(score, Number.isNaN)).toEqual([true, true, false, false]);
    expect(Array.from(await model.hessian(x, h), Number.isNaN)).toEqual([true, true, true, true, false, false, false, false]);
    expect(Array.from(await model.hessianProduct(x, h, Float32Array.of(1, 0, 1, 0)), Number.isNaN)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

test.each([
  [{ variances: [1, 1] }, TypeError, /means/],
  [{ means: [[0, 0]] }, TypeError, /variances/],
  [{ means: [[0, 0], [1]], variances: [1, 1] }, RangeError, /means\[1\]/],
  [{ means: [[0, Number.NaN]], variances: [1, 1] }, RangeError, /means\[0\]\[1\]/],
  [{ means: [[0, 0]], variances: [1] }, RangeError, /variances/],
  [{ means: [[0, 0]], variances: [1, 0] }, RangeError, /variances\[0\]\[1\]/],
  [
    {
      means: [[0, 0]],
      variances: [
        [1, 1],
        [1, 1],
      ],
    },
    RangeError,
    /variances/,
  ],
  [{ means: [[0, 0]], variances: [1, 1], weights: [0] }, RangeError, /weights/],
  [{ means: [[0, 0]], variances: [1, 1], weights: [1, 1] }, RangeError, /weights/],
  [{ means: [[0, 0]], variances: [1, 1], rotation: "3" }, TypeError, /rotation/],
  [{ means: [[0, 0]], variances: [1, 1], rotation: -1 }, RangeError, /rotation/],
  [
    {
      means: [[0, 0]],
      variances: [1, 1],
      rotation: [
        [1, 0],
        [0.1, 1],
      ],
    },
    RangeError,
    /orthogonal/,
  ],
  [{ means: [[0, 0]], variances: [1, 1], rotation: [[1, 0]] }, RangeError, /rotation/],
  [{ means: [[0, 0]], variance: [1, 1] }, RangeError, /did you mean "variances"/],
])("refuses %j", (options, kind, text) => {
  const make = () => anisotropicMixture(options as never);
  expect(make).toThrow(kind);
  expect(make).toThrow(text);
});

test.each([
  [{ dim: 0 }, RangeError, /dim/],
  [{ separation: 0 }, RangeError, /separation/],
  [{ conditioning: "harder" }, RangeError, /did you mean "hard"/],
  [{ rotation: 1.5 }, RangeError, /rotation/],
])("two modes refuse %j", (options, kind, text) => {
  expect(() => twoModes(options as never)).toThrow(kind);
  expect(() => twoModes(options as never)).toThrow(text);
});
