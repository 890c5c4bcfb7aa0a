/** Products of priors with their Hessians: the derivative of the score along a direction, symmetric, blind to translations. */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import { removeMean } from "../../src/core/subspace.js";
import type { Batch, Energy, Prior } from "../../src/core/types.js";
import { doubleWell } from "../../src/energies/double-well.js";
import { lennardJones } from "../../src/energies/lennard-jones.js";
import { initKernels } from "../../src/kernels/load.js";
import { normalRows } from "../../src/kernels/normal.js";
import { moreauPrior } from "../../src/priors/moreau.js";
import { twoBodyPrior } from "../../src/priors/two-body.js";
import { rowsOf } from "../support/contract.js";
import { smoothPriors } from "../support/prior-subjects.js";

const dw4 = doubleWell();
const lj13 = lennardJones();

beforeAll(() => initKernels());

const n = 6;
const filled = (sigma: number) => new Float32Array(n).fill(sigma * sigma);
const directions = (energy: Energy, seed: number) => normalRows(keyOf(seed), 0, 0, n, energy.dim).data;

/** Rows around the energy's check configuration, moved off the center. */
function pointsOf({ check, dim }: Energy, sigma: number): Batch {
  const noise = normalRows(keyOf(5), 0, 0, n, dim).data;
  return { data: noise.map((v, i) => check.x[i % dim] + Math.min(sigma, 1.5) * v + 0.25), n, dim };
}

const product = (prior: Prior, x: Batch, h: Float32Array, v: Float32Array) =>
  (prior.hessianProduct as NonNullable<Prior["hessianProduct"]>)(x, h, v);

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

/**
 * Worst row's distance from central differences of the score over 2^-8, relative. Coordinates of 50 are rounded to 2e-6 of the score's digits, and in a
 * core that rises 1,000 kT within .1 the step itself is seen: measured 1.1e-3 and 1.3e-3.
 */
function departure(prior: Prior, x: Batch, h: Float32Array, v: Float32Array, found: Float32Array): number {
  const step = 2 ** -8;
  const at = (t: number) => prior.evaluate({ ...x, data: x.data.map((c, i) => c + t * v[i]) }, h).score;
  const [up, down] = [at(step), at(-step)];
  let worst = 0;
  for (let r = 0; r < x.n; r++) {
    const row = found.subarray(r * x.dim, (r + 1) * x.dim);
    const error = row.map((value, i) => value - (up[r * x.dim + i] - down[r * x.dim + i]) / (2 * step));
    worst = Math.max(worst, Math.hypot(...error) / Math.hypot(...row));
  }
  return worst;
}
const BOUND = 3e-3;

describe.each(smoothPriors)("$name", ({ energy, make, sigmas }) => {
  let prior: Prior;
  beforeAll(() => {
    prior = make();
  });

  test("the derivative of the score along a direction, and nothing 1 % off", () => {
    for (const sigma of sigmas) {
      const [x, h, v] = [pointsOf(energy, sigma), filled(sigma), directions(energy, 6)];
      const found = product(prior, x, h, v);
      expect(departure(prior, x, h, v, found), `sigma ${sigma}`).toBeLessThan(BOUND);
      for (const factor of [-1, 1.01]) {
        const wrong = found.map((value) => factor * value);
        expect(departure(prior, x, h, v, wrong), `times ${factor}, sigma ${sigma}`).toBeGreaterThan(BOUND);
      }
    }
  });

  test("symmetric, linear, and for particles blind to translations", () => {
    const [x, h] = [pointsOf(energy, sigmas[1]), filled(sigmas[1])];
    const [u, v] = [directions(energy, 6), directions(energy, 7)];
    const [alongU, alongV] = [product(prior, x, h, u), product(prior, x, h, v)];
    const size = Math.hypot(...alongU) * Math.hypot(...v);
    expect(Math.abs(dot(u, alongV) - dot(v, alongU))).toBeLessThan(1e-6 * size);
    const both = product(
      prior,
      x,
      h,
      u.map((value, i) => value + v[i]),
    );
    const apart = both.map((value, i) => value - alongU[i] - alongV[i]);
    expect(Math.hypot(...apart)).toBeLessThan(1e-6 * Math.hypot(...both));
    const { particles } = energy;
    if (!particles) return;
    const shift = u.map((_, i) => [1, -0.5, 2][i % particles.spatialDim]);
    expect(Math.hypot(...product(prior, x, h, shift))).toBeLessThan(1e-6 * Math.hypot(...alongU));
    const centered = alongU.slice();
    removeMean(centered, n, particles);
    expect(Math.hypot(...centered.map((value, i) => value - alongU[i]))).toBeLessThan(1e-6 * Math.hypot(...alongU));
  });

  test("a row depends on nothing but itself; what has the wrong shape is refused", () => {
    const x = pointsOf(energy, sigmas[0]);
    const h = Float32Array.from({ length: n }, (_, r) => (sigmas[r % 2] * [1, 1.5, 0.7][r % 3]) ** 2);
    const v = directions(energy, 6);
    const together = product(prior, x, h, v);
    for (let r = 0; r < n; r++) {
      const alone = product(prior, rowsOf(x, r, r + 1), h.slice(r, r + 1), v.slice(r * x.dim, (r + 1) * x.dim));
      expect(alone).toEqual(together.slice(r * x.dim, (r + 1) * x.dim));
    }
    expect(() => product(prior, x, h, v.slice(1))).toThrow(/direction must hold/);
    expect(() => product(prior, x, h, [...v] as unknown as Float32Array)).toThrow(TypeError);
    expect(() => product(prior, x, filled(0), v)).toThrow(/variance/);
  });
});

test("particles on top of each other have finite products", () => {
  const x = { data: new Float32Array(n * 39), n, dim: 39 };
  expect(product(twoBodyPrior(lj13), x, filled(0.05), directions(lj13, 6)).every(Number.isFinite)).toBe(true);
});

test("an envelope has none", () => {
  expect(moreauPrior(dw4).hessianProduct).toBeUndefined();
});
