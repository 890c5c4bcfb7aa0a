/** Priors: energy, score and slope are derivatives of one another, particles keep their symmetries, and what is wrong is refused. */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import { removeMean } from "../../src/core/subspace.js";
import type { Batch, Energy, Particles, Prior } from "../../src/core/types.js";
import { customEnergy } from "../../src/energies/custom.js";
import { doubleWell } from "../../src/energies/double-well.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { lennardJones } from "../../src/energies/lennard-jones.js";
import { initKernels } from "../../src/kernels/load.js";
import { normalRows } from "../../src/kernels/normal.js";
import { gaussianPrior } from "../../src/priors/gaussian.js";
import { moreauPrior } from "../../src/priors/moreau.js";
import { describePrior } from "../../src/priors/origin.js";
import { priorByName, priorNames } from "../../src/priors/registry.js";
import { twoBodyPrior } from "../../src/priors/two-body.js";
import { rowsOf, sameBits } from "../support/contract.js";
import { type PriorSubject, smoothPriors } from "../support/prior-subjects.js";

/** Unit roundoff of f32. */
const U = 2 ** -24;
const dw4 = doubleWell();
const lj13 = lennardJones();

beforeAll(() => initKernels());

/** Rows around the energy's check configuration, moved off the center. */
function pointsOf({ check, dim }: Energy, spread: number, n = 6): Batch {
  const noise = normalRows(keyOf(5), 0, 0, n, dim).data;
  return { data: noise.map((v, i) => check.x[i % dim] + spread * v + 0.25), n, dim };
}

const filled = (n: number, sigma: number) => new Float32Array(n).fill(sigma * sigma);

/** (f(-2s) - 8 f(-s) + 8 f(s) - f(2s)) / 12 s at steps s and 2 s. */
function slopes(f: (t: number) => number, s: number): { fine: number; coarse: number } {
  const at = (t: number) => (8 * (f(t) - f(-t)) - (f(2 * t) - f(-2 * t))) / (12 * t);
  return { fine: at(s), coarse: at(2 * s) };
}

/**
 * Worst departure of score and slope from differences of the energy, in units of what is allowed: the two difference steps' disagreement,
 * roundings of an energy of `pairs` terms, and 3e-4 of the gradient for the corners that cubics have in their second derivative.
 */
function departures(prior: Prior, x: Batch, sigma: number): { score: number; slope: number } {
  const s = 1 / 64;
  const rounding = (e: number) => (2 * 4 * U * (Math.abs(e) + 2 * x.dim * x.dim)) / s;
  const energyAt = (data: Float32Array, h: Float32Array) => prior.evaluate({ ...x, data }, h).energy;
  const h = filled(x.n, sigma);
  const { energy, score, slope } = prior.evaluate(x, h);
  let worst = 0;
  for (let d = 0; d < x.dim; d += Math.max(1, Math.floor(x.dim / 8))) {
    const shifted = (t: number) =>
      energyAt(
        x.data.map((v, i) => (i % x.dim === d ? v + t : v)),
        h,
      );
    const energies = new Map([-4, -2, -1, 1, 2, 4].map((k) => [k * s, shifted(k * s)]));
    for (let r = 0; r < x.n; r++) {
      const { fine, coarse } = slopes((t) => (energies.get(t) as Float32Array)[r], s);
      const largest = Math.max(...score.subarray(r * x.dim, (r + 1) * x.dim).map(Math.abs));
      const allowed = Math.abs(fine - coarse) + rounding(energy[r]) + 3e-4 * largest;
      worst = Math.max(worst, Math.abs(score[r * x.dim + d] + fine) / allowed);
    }
  }
  const noisier = new Map(
    [-4, -2, -1, 1, 2, 4].map((k) => [
      k * s,
      energyAt(
        x.data,
        h.map((v) => v * Math.exp(2 * k * s)),
      ),
    ]),
  );
  let worstSlope = 0;
  for (let r = 0; r < x.n; r++) {
    const { fine, coarse } = slopes((t) => (noisier.get(t) as Float32Array)[r], s);
    const allowed = Math.abs(fine - coarse) + rounding(energy[r]) + 3e-4 * (Math.abs(slope[r]) + 1);
    worstSlope = Math.max(worstSlope, Math.abs(slope[r] - fine) / allowed);
  }
  return { score: worst, slope: worstSlope };
}

const subjects: readonly PriorSubject[] = [
  ...smoothPriors,
  { name: "converged Moreau, DW-4", energy: dw4, make: () => moreauPrior(dw4, { steps: 300 }), sigmas: [0.05, 0.2] },
  { name: "converged Moreau, LJ-13", energy: lj13, make: () => moreauPrior(lj13, { steps: 300 }), sigmas: [0.03, 0.08] },
];

describe.each(subjects)("$name", ({ energy, make, sigmas }) => {
  let prior: Prior;
  beforeAll(() => {
    prior = make();
  });

  test("score and slope are the derivatives of the energy, and others are not", () => {
    for (const sigma of sigmas) {
      const x = pointsOf(energy, Math.min(sigma, 1.5));
      const { score, slope } = departures(prior, x, sigma);
      expect(score, `score at sigma ${sigma}`).toBeLessThan(1);
      expect(slope, `slope at sigma ${sigma}`).toBeLessThan(1);
    }
    const bent: Prior = {
      ...prior,
      evaluate(x, h) {
        const { energy: e, score, slope } = prior.evaluate(x, h);
        return { energy: e, score: score.map((v) => 1.05 * v), slope: slope.map((v) => 1.05 * v + 0.1) };
      },
    };
    const wrong = departures(bent, pointsOf(energy, sigmas[1]), sigmas[1]);
    expect(Math.min(wrong.score, wrong.slope)).toBeGreaterThan(1);
  });

  test("a row depends on nothing but itself; bits repeat; inputs stay", () => {
    const x = pointsOf(energy, 0.2, 9);
    const h = Float32Array.from({ length: 9 }, (_, r) => (sigmas[r % 2] * [1, 1.5, 0.7][r % 3]) ** 2);
    const kept = { data: x.data.slice(), h: h.slice() };
    const all = prior.evaluate(x, h);
    expect(prior.evaluate(x, h)).toEqual(all);
    expect(sameBits(x.data, kept.data) && sameBits(h, kept.h)).toBe(true);
    for (let r = 0; r < 9; r++) {
      const alone = prior.evaluate(rowsOf(x, r, r + 1), h.slice(r, r + 1));
      expect(alone.energy[0]).toBe(all.energy[r]);
      expect(alone.slope[0]).toBe(all.slope[r]);
      expect(alone.score).toEqual(all.score.slice(r * x.dim, (r + 1) * x.dim));
    }
  });

  test("a row that is not finite comes out so, and harms no other", () => {
    const x = pointsOf(energy, 0.2, 3);
    const h = filled(3, sigmas[0]);
    const { energy: sound } = prior.evaluate(x, h);
    x.data[x.dim + 1] = Number.NaN;
    const { energy: e, score, slope } = prior.evaluate(x, h);
    expect([e[0], e[2]]).toEqual([sound[0], sound[2]]);
    expect([e[1], slope[1], score[x.dim + 1]]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    x.data[x.dim + 1] = 1e30;
    expect(Number.isFinite(prior.evaluate(x, h).energy[1])).toBe(false);
  });

  test("is made again by its name and options, and refuses what it cannot take", () => {
    const again = priorByName(prior.name, JSON.parse(JSON.stringify(prior.options)), energy);
    const x = pointsOf(energy, 0.2);
    const h = filled(x.n, sigmas[0]);
    expect(again.options).toEqual(prior.options);
    expect(again.evaluate(x, h)).toEqual(prior.evaluate(x, h));
    expect(describePrior(prior)?.energy.name).toBe(energy.name);
    expect(() => prior.evaluate({ ...x, dim: x.dim + 1 }, h)).toThrow(RangeError);
    expect(() => prior.evaluate(x, h.slice(1))).toThrow(/variance/);
    expect(() => prior.evaluate(x, filled(x.n, 0))).toThrow(/variance must be finite and above 0/);
  });
});

const particlePriors = subjects.filter(({ energy }) => energy.particles);

describe.each(particlePriors)("symmetries of $name", ({ energy, make, sigmas }) => {
  test("translation, rotation and permutation change nothing; the score has mean 0", () => {
    const prior = make();
    const { count, spatialDim } = energy.particles as Particles;
    const x = pointsOf(energy, 0.2, 4);
    const h = filled(4, sigmas[0]);
    const { energy: e, score } = prior.evaluate(x, h);
    const mean = score.slice();
    removeMean(mean, 4, { count, spatialDim });
    const size = Math.max(...score.map(Math.abs));
    expect(Math.max(...score.map((v, i) => Math.abs(v - mean[i])))).toBeLessThan(8 * U * size);
    const [c, s] = [0.6, 0.8];
    const turned = x.data.map((v, i) => {
      const d = i % spatialDim;
      return d === 0 ? c * v - s * x.data[i + 1] : d === 1 ? s * x.data[i - 1] + c * v : v;
    });
    const moved = x.data.map((v) => v - 0.75);
    const swapped = x.data.slice();
    for (let r = 0; r < 4; r++) {
      for (let i = 0; i < x.dim; i++) swapped[r * x.dim + i] = x.data[r * x.dim + ((i + spatialDim) % x.dim)];
    }
    for (const data of [turned, moved, swapped]) {
      const other = prior.evaluate({ ...x, data }, h).energy;
      // Coordinates of size 3 are rounded: 4 U times the gradient, and the sums themselves.
      for (let r = 0; r < 4; r++)
        expect(Math.abs(other[r] - e[r])).toBeLessThan(64 * U * (Math.abs(e[r]) + size + x.dim * x.dim));
    }
  });
});

describe("shapes of noise", () => {
  test("the Gaussian prior is exact for a normal target", () => {
    const mean0 = gaussianMixture({ means: [[0, 0]], weights: [1], std: [1.7] });
    const x = pointsOf(mean0, 2);
    const h = filled(x.n, 0.9);
    const exact = (mean0.noisedExact as NonNullable<Energy["noisedExact"]>)(x, h);
    const { energy, score } = gaussianPrior(mean0, { std: 1.7 }).evaluate(x, h);
    for (let r = 0; r < x.n; r++) expect(Math.abs(energy[r] - exact.energy[r])).toBeLessThan(8 * U * (1 + Math.abs(energy[r])));
    score.forEach((v, i) => {
      expect(Math.abs(v - exact.score[i])).toBeLessThan(8 * U * (1 + Math.abs(v)));
    });
  });

  test("far above the fade every prior is its Gaussian but for a constant", () => {
    const std = 0.75;
    const x = pointsOf(lj13, 40);
    const h = filled(x.n, 40);
    const { score } = gaussianPrior(lj13, { std }).evaluate(x, h);
    for (const prior of [twoBodyPrior(lj13, { std }), moreauPrior(lj13, { std })]) {
      const { score: own, slope } = prior.evaluate(x, h);
      const size = Math.max(...score.map(Math.abs));
      expect(Math.max(...own.map((v, i) => Math.abs(v - score[i])))).toBeLessThan(0.02 * size);
      expect(slope.every(Number.isFinite)).toBe(true);
    }
  });

  test("the default width is that of the target", () => {
    // sqrt(E |x|^2 / D) of 100,000 rows of HMC: DW-4, LJ-13, LJ-55.
    const width = (energy: Energy) => gaussianPrior(energy).options.std as number;
    const off = (
      [
        [dw4, 2.133],
        [lj13, 0.709],
        [lennardJones({ count: 55 }), 1.007],
      ] as const
    ).map(([energy, std]) => Math.abs(width(energy) / std - 1));
    for (const each of off) expect(each).toBeLessThan(0.08);
    // Control: the bound that the docstrings state is no looser than it must be.
    expect(Math.max(...off)).toBeGreaterThan(0.07);
    expect(width(dw4)).toBe(width(doubleWell()));
  });

  test("particles on top of each other have finite values", () => {
    const x = { data: new Float32Array(2 * 39), n: 2, dim: 39 };
    for (const prior of [twoBodyPrior(lj13), moreauPrior(lj13)]) {
      const { energy, score, slope } = prior.evaluate(x, filled(2, 0.05));
      expect([...energy, ...score, ...slope].every(Number.isFinite)).toBe(true);
    }
  });
});

describe("refusals", () => {
  const lone = customEnergy({ name: "lone", dim: 6, evaluate: (x) => x[0] * x[0], particles: { count: 2, spatialDim: 3 } });

  test.each([
    ["no pairs", () => twoBodyPrior(lone), /energy\.pairs.*"gaussian"/],
    ["no pairs", () => moreauPrior(lone), /energy\.pairs/],
    ["no width", () => gaussianPrior(lone), /std/],
    ["width 0", () => gaussianPrior(dw4, { std: 0 }), /std/],
    ["fade 0", () => twoBodyPrior(dw4, { fade: 0 }), /fade/],
    ["no steps", () => moreauPrior(dw4, { steps: 0 }), /steps/],
    ["unknown option", () => twoBodyPrior(dw4, { fades: 1 } as never), /did you mean "fade"/],
    ["unknown prior", () => priorByName("morau", {}, dw4), /did you mean "moreau"/],
    ["attraction only", () => twoBodyPrior({ ...dw4, pairs: { energy: (r) => -1 / r, trap: 0 } }), /no well and no repulsion/],
  ])("%s", (_what, call, text) => {
    expect(call).toThrow(text);
  });

  test("names are listed; a prior of one's own is known to nobody", () => {
    expect(priorNames).toEqual(["gaussian", "two-body", "moreau"]);
    expect(moreauPrior(dw4).continuous).toBe(false);
    expect(describePrior({ ...twoBodyPrior(dw4) })).toBeUndefined();
    expect(describePrior(gaussianPrior(lone, { std: 1 }))).toBeUndefined();
  });
});
