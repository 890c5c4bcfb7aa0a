/**
 * Annealed runs of particles: densities, log Z and moves live on the subspace with center of mass 0. The target is a harmonic trap around the center of
 * mass, whose log Z in orthonormal coordinates of that subspace is (count - 1) spatialDim / 2 log(2 pi / k). Counting the whole space instead would
 * put log Z off by half a log(2 pi / k) per axis, tens of standard errors.
 */
import {
  type AnnealedOptions,
  type AnnealedTransition,
  annealed,
  type Batch,
  explodingLevels,
  init,
  keyOf,
  makeTransition,
  type Particles,
  type ScoreModel,
} from "bnem";
import { beforeAll, describe, expect, test } from "vitest";
import { effectiveShare, islandEstimates } from "../support/annealed-cases.js";
import { centered, trappedParticles } from "../support/trapped-particles.js";
import { zOfMean } from "../support/z-scores.js";

beforeAll(() => init());

const STIFFNESS = 4;
const variances = Float64Array.from({ length: 9 }, (_, k) => (0.05 * 40 ** (k / 8)) ** 2);
const levels = explodingLevels(variances);

/** The trap with noise, its score stiffer by a tenth, and pushed along by `push` in every coordinate, which is no force on the subspace. */
function trapModel(particles: Particles, push: number): ScoreModel {
  const dim = particles.count * particles.spatialDim;
  const at = (x: Batch, variance: Float32Array) => {
    const { data } = centered(x, particles);
    const energy = new Float32Array(x.n);
    const score = new Float32Array(data.length);
    data.forEach((value, i) => {
      const row = Math.floor(i / dim);
      const width = 1 / STIFFNESS + variance[row];
      energy[row] += value ** 2 / (2 * width);
      score[i] = push - (1.1 * value) / width;
    });
    return { energy, score };
  };
  return {
    dim,
    score: async (x, variance) => at(x, variance).score,
    energy: async (x, variance) => at(x, variance).energy,
    energyAndScore: async (x, variance) => at(x, variance),
    hessianProduct: async (_, variance, along) =>
      along.map((value, i) => (-1.1 * value) / (1 / STIFFNESS + variance[Math.floor(i / dim)])),
  };
}

/** Normals whose center of mass is moved. */
function shifted(transition: AnnealedTransition, by: number): AnnealedTransition {
  return {
    ...transition,
    down: (request) => {
      const random = { ...request.random, normals: () => request.random.normals().map((value) => value + by) };
      return transition.down({ ...request, random });
    },
  };
}

/** Transitions of which the effective share of rows is at least 5 %: .66 and more, .10 and more. */
const systems: readonly (readonly [string, Particles, readonly string[]])[] = [
  ["4 in the plane", { count: 4, spatialDim: 2 }, ["tuned", "diagonal", "low-rank", "full", "map"]],
  ["13 in space", { count: 13, spatialDim: 3 }, ["tuned"]],
];
const correctors: { readonly [name: string]: Partial<AnnealedOptions> } = {
  path: {},
  "SMC at every level": { resample: { threshold: 1, trust: Infinity } },
  "SMC and MALA": { resample: { trust: Infinity, threshold: 1, method: "residual" }, moves: {} },
};

function run(particles: Particles, transition: AnnealedTransition, more: Partial<AnnealedOptions>, push = 0) {
  const islands = 300;
  const priorVariance = variances[8] + 1 / STIFFNESS;
  const options = { n: 16 * islands, islands, key: keyOf(21), levels, transition, priorVariance, pilotRows: 64, ...more };
  return annealed(trapModel(particles, push), trappedParticles(particles, STIFFNESS), options);
}

describe.each(systems)("%s", (_name, particles, transitions) => {
  const { count, spatialDim } = particles;
  const logZ = (((count - 1) * spatialDim) / 2) * Math.log((2 * Math.PI) / STIFFNESS);

  test.each(Object.keys(correctors).flatMap((name) => transitions.map((transition) => [name, transition] as const)))(
    "%s, %s: mean Z is that of the subspace",
    async (name, transition) => {
      const found = await run(particles, makeTransition(transition), correctors[name]);
      const estimates = islandEstimates({ ...found, logWeights: found.logWeights.map((value) => value - logZ) });
      expect(effectiveShare(estimates, 16)).toBeGreaterThan(0.05);
      expect(Math.abs(zOfMean(estimates, 1))).toBeLessThan(4);
      const still = centered(found.x, particles).data;
      expect(found.x.data.reduce((worst, value, i) => Math.max(worst, Math.abs(value - still[i])), 0)).toBeLessThan(1e-6);
    },
  );

  test("neither a force on the center of mass nor noise in it is seen in the weights", async () => {
    const transition = makeTransition("tuned");
    const more = correctors["SMC and MALA"];
    const still = await run(particles, transition, { ...more, n: 320 });
    const pushed = await run(particles, shifted(transition, 0.5), { ...more, n: 320 }, 3);
    still.logWeights.forEach((value, row) => {
      expect(Math.abs(value - pushed.logWeights[row])).toBeLessThan(1e-3);
    });
  });

  test("negative control: constants of the whole space", async () => {
    const found = await run(particles, makeTransition("tuned"), {});
    const whole = logZ + (spatialDim / 2) * Math.log((2 * Math.PI) / STIFFNESS);
    const estimates = islandEstimates({ ...found, logWeights: found.logWeights.map((value) => value - whole) });
    expect(Math.abs(zOfMean(estimates, 1))).toBeGreaterThan(6);
  });
});
