/** Priors of pair energies against their definitions in f64. */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import type { Energy, PairPotential, Particles, Prior } from "../../src/core/types.js";
import { doubleWell } from "../../src/energies/double-well.js";
import { lennardJones } from "../../src/energies/lennard-jones.js";
import { initKernels } from "../../src/kernels/load.js";
import { normalRows } from "../../src/kernels/normal.js";
import { gaussianPrior } from "../../src/priors/gaussian.js";
import { moreauPrior } from "../../src/priors/moreau.js";
import { twoBodyPrior } from "../../src/priors/two-body.js";
import { aboutCenter, envelope, noisedPair, pairEnergy, pairSum } from "../reference/priors.js";

/** Unit roundoff of f32. */
const U = 2 ** -24;
/** Without its Gaussian. */
const PURE = { std: 1, fade: 1e9 };

beforeAll(() => initKernels());

const pairsOf = (energy: Energy) => energy.pairs as PairPotential;
const particlesOf = (energy: Energy) => energy.particles as Particles;

/** Energy of one configuration. */
function one(prior: Prior, x: ArrayLike<number>, sigma: number) {
  const { energy, score, slope } = prior.evaluate(
    { data: Float32Array.from(x), n: 1, dim: prior.dim },
    Float32Array.of(sigma * sigma),
  );
  return { energy: energy[0], score, slope: slope[0] };
}

const fourth = (f: (k: number) => number) => Math.abs(f(-2) - 4 * f(-1) + 6 * f(0) - 4 * f(1) + f(2));

/**
 * Error of the table where it is fine: Hermite's cubic is off by at most h^4 f'''' / 384, h^4 f'''' is a fourth difference at steps of the
 * cell (at most r / 64 and 0.132 in log sigma); twice that for the change of f'''' inside the stencil, and the rounding of cubics to f32.
 */
function tableBound(exact: (r: number, sigma: number) => number, r: number, sigma: number): number {
  const value = Math.abs(exact(r, sigma));
  const inR = fourth((k) => exact(r * (1 + k / 64), sigma));
  const inSigma = fourth((k) => exact(r, sigma * Math.exp(0.132 * k)));
  return (2 * (inR + inSigma)) / 384 + 16 * U * (1 + value);
}

describe.each([
  { name: "Lennard-Jones in space", energy: lennardJones({ count: 2, trap: 0 }), spatialDim: 3 as const, unit: 1 },
  {
    name: "Lennard-Jones in the plane",
    energy: lennardJones({ count: 2, spatialDim: 2, trap: 0 }),
    spatialDim: 2 as const,
    unit: 1,
  },
  { name: "double well in the plane", energy: doubleWell({ count: 2 }), spatialDim: 2 as const, unit: 2.5 },
])("a pair alone: $name", ({ energy, spatialDim, unit }) => {
  const distances = [0.3, 0.85, 1.1, 2.5].map((r) => r * unit);

  test.each([0.05, 0.3, 2].map((sigma) => sigma * unit))("the two-body prior is the exact noised energy at sigma %d", (sigma) => {
    const prior = twoBodyPrior(energy, PURE);
    const exact = (r: number, s: number) => noisedPair(pairsOf(energy).energy, spatialDim, r, s, unit);
    for (const r of distances) {
      const x = new Float64Array(2 * spatialDim);
      x[0] = 0.4;
      x[spatialDim] = Math.fround(0.4 + r);
      const there = Math.fround(x[spatialDim]) - Math.fround(0.4);
      const bound = tableBound(exact, there, sigma);
      const value = one(prior, x, sigma).energy;
      expect(Math.abs(value - exact(there, sigma)), `r ${r}: ${value}`).toBeLessThan(bound);
      // The bound is worth something: it refuses the energy without noise, and the noise of one particle instead of two.
      expect(bound).toBeLessThan(2e-3);
    }
    const wrong = distances.map((r) => Math.abs(exact(r, sigma) - exact(r, sigma / Math.SQRT2)));
    expect(Math.max(...wrong)).toBeGreaterThan(0.02);
  });
});

describe.each([
  { name: "4 in the plane", energy: doubleWell() },
  { name: "6 in the plane", energy: lennardJones({ count: 6, spatialDim: 2 }) },
  { name: "13 in space", energy: lennardJones() },
  { name: "14 in space", energy: lennardJones({ count: 14, trap: 0.5 }) },
])("many particles: $name", ({ energy }) => {
  const particles = particlesOf(energy);
  const { count, spatialDim } = particles;
  const dimension = (count - 1) * spatialDim;

  /** A row around the lattice of the energy's check, moved as a whole. */
  const rowOf = (spread: number) => {
    const noise = normalRows(keyOf(7), 0, 0, 1, energy.dim).data;
    return Float32Array.from(energy.check.x, (v, i) => v + spread * noise[i] + 0.3);
  };
  /** A pair at a distance by the prior of two such particles: what the sums are made of. */
  let alone: Prior;
  beforeAll(() => {
    const pairs = { energy: pairsOf(energy).energy, trap: 0 };
    alone = twoBodyPrior({ ...energy, options: null, dim: 2 * spatialDim, particles: { count: 2, spatialDim }, pairs }, PURE);
  });
  const pairAt = (sigma: number) => (r: number) => {
    const x = new Float64Array(2 * spatialDim);
    x[0] = r;
    const { energy: e, score } = one(alone, x, sigma);
    return { energy: e, slope: -score[0] };
  };

  test.each([0.03, 0.15, 0.6])("pairs, trap and Gaussian of the two-body prior add up at sigma %d", (sigma) => {
    const x = rowOf(0.2 + sigma / 2);
    const fade = 0.5;
    const prior = twoBodyPrior(energy, { std: 1.2, fade });
    const { energy: value, score } = one(prior, x, sigma);
    const centered = aboutCenter(x, particles);
    const pairs = pairSum(centered, particles, pairAt(sigma));
    const square = centered.reduce((sum, v) => sum + v * v, 0);
    const h = Math.fround(sigma * sigma);
    const { trap } = pairsOf(energy);
    const share = 1 / (1 + h / fade ** 2);
    const stiffness = (share * trap) / (1 + trap * h) + (1 - share) / (1.44 + h);
    const largest = Math.max(...pairs.gradient.map(Math.abs));
    centered.forEach((v, i) => {
      const expected = -share * pairs.gradient[i] - stiffness * v;
      expect(Math.abs(score[i] - expected)).toBeLessThan(64 * U * (largest + Math.abs(stiffness * v) + 1) * Math.sqrt(count));
    });
    // The Gaussian's zero is a constant: differences between two rows say the same.
    const detailed = pairs.energy + (0.5 * trap * square) / (1 + trap * h) + 0.5 * dimension * Math.log(1 + trap * h);
    const gaussian = one(gaussianPrior(energy, { std: 1.2 }), x, sigma).energy;
    const level = (value - share * detailed) / (1 - share) - gaussian;
    const other = rowOf(0.4);
    const centeredOther = aboutCenter(other, particles);
    const otherSquare = centeredOther.reduce((sum, v) => sum + v * v, 0);
    const otherPairs = pairSum(centeredOther, particles, pairAt(sigma)).energy;
    const otherDetailed = otherPairs + (0.5 * trap * otherSquare) / (1 + trap * h) + 0.5 * dimension * Math.log(1 + trap * h);
    const otherGaussian = one(gaussianPrior(energy, { std: 1.2 }), other, sigma).energy;
    const expected = share * otherDetailed + (1 - share) * (otherGaussian + level);
    const size = Math.abs(otherDetailed) + Math.abs(detailed) + Math.abs(level) + Math.abs(pairs.energy);
    const error = Math.abs(one(prior, other, sigma).energy - expected);
    expect(error).toBeLessThan(64 * U * (size + count * count));
  });

  test("as sigma falls the two-body prior becomes the energy", () => {
    const x = rowOf(0.1);
    const exact = pairEnergy(Float64Array.from(x), particles, pairsOf(energy));
    const prior = twoBodyPrior(energy, { std: 1.2 });
    const u = pairsOf(energy).energy;
    let bound = 0;
    pairSum(aboutCenter(x, particles), particles, (r) => {
      bound += (2 * fourth((k) => u(r * (1 + k / 64)))) / 384 + 32 * U * (1 + Math.abs(u(r)));
      return { energy: 0, slope: 0 };
    });
    expect(bound).toBeLessThan(0.05);
    expect(Math.abs(one(prior, x, 1e-6).energy - exact)).toBeLessThan(bound + 1e-5);
    expect(Math.abs(one(prior, x, 0.1).energy - exact)).toBeGreaterThan(2 * bound + 0.05);
    expect(one(prior, x, 1e-6).slope).toBeCloseTo(0, 3);
  });
});

describe("the envelope", () => {
  const energy = lennardJones({ count: 5 });
  const particles = particlesOf(energy);

  test.each([0.04, 0.08, 0.12])("is the minimum that a plain descent finds at sigma %d", (sigma) => {
    const noise = normalRows(keyOf(8), 0, 0, 1, energy.dim).data;
    const x = Float32Array.from(energy.check.x, (v, i) => v + sigma * noise[i]);
    const h = Math.fround(sigma * sigma);
    const inner = 1 / (1 / (0.36 * h) + 1 / 0.04 ** 2);
    const tether = h - inner;
    const prior = moreauPrior(energy, { ...PURE, cap: 0.04, steps: 300 });
    const two = twoBodyPrior(
      { ...energy, dim: 6, options: null, particles: { count: 2, spatialDim: 3 }, pairs: { ...pairsOf(energy), trap: 0 } },
      PURE,
    );
    const pair = (r: number) => {
      const { energy: e, score } = one(two, [r, 0, 0, 0, 0, 0], Math.sqrt(inner));
      return { energy: e, slope: -score[0] };
    };
    const trap = 1 / (1 + inner);
    const length = 0.3 / (1 / tether + 4 / inner);
    const centered = aboutCenter(x, particles);
    const twin = envelope(centered, particles, pair, { trap, tether, length, steps: 1500 });
    const { energy: value, score } = one(prior, x, sigma);
    // Both end where rounding of f32 forces ends them: the energy is flat there.
    expect(Math.abs(value - (twin.energy + 6 * Math.log(1 + inner)))).toBeLessThan(2e-4);
    const pull = twin.y.map((y, i) => (y - centered[i]) / tether);
    const size = Math.hypot(...pull);
    expect(Math.hypot(...pull.map((v, i) => score[i] - v))).toBeLessThan(2e-3 * size + 1e-2);
    // Without a step y is x: the score would be 0, the energy higher.
    expect(size).toBeGreaterThan(1);
    const start = pairSum(centered, particles, pair).energy + 0.5 * trap * centered.reduce((s, v) => s + v * v, 0);
    expect(twin.energy).toBeLessThan(start - 0.05);
  });
});
