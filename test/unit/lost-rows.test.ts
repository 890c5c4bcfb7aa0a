/** Rows that come out non-finite: at which level, and what a sample says of them. */
import { beforeAll, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import type { Energy, ScoreModel } from "../../src/core/types.js";
import { annealed } from "../../src/correction/annealed.js";
import { explodingLevels } from "../../src/correction/levels.js";
import { tunedTransition } from "../../src/correction/transitions/tuned.js";
import { exactDiffusion } from "../../src/energies/exact-diffusion.js";
import { initKernels } from "../../src/kernels/load.js";
import { createTrainer } from "../../src/pipeline/trainer.js";
import { edmGrid } from "../../src/samplers/grid.js";
import { tinyOptions, tinyTarget } from "../support/tiny-loop.js";

beforeAll(() => initKernels());

const levels = explodingLevels(edmGrid({ steps: 12, sigmaMin: 0.1, sigmaMax: 8, rho: Infinity }));
const exact = exactDiffusion(tinyTarget);
const path = { n: 640, key: keyOf(1), levels, transition: tunedTransition(), maxNonFinite: 1 };
/** NaN energies where the first coordinate is beyond 2, at one level. */
const broken: ScoreModel = {
  ...exact,
  async energyAndScore(x, h) {
    const both = await exact.energyAndScore(x, h);
    const bad = Math.abs(h[0] / levels[5].variance - 1) < 1e-3;
    return { ...both, energy: both.energy.map((value, row) => (bad && x.data[2 * row] > 2 ? Number.NaN : value)) };
  },
};
/** NaN in a corner. */
const holed: Energy = {
  ...tinyTarget,
  energy: (x) => tinyTarget.energy(x).map((value, row) => (x.data[2 * row] > 3 ? Number.NaN : value)),
};

test("a level with NaN energies is the level that rows are lost at", async () => {
  const { lostAt, nonFinite } = await annealed(broken, tinyTarget, { ...path, resample: { trust: Infinity } });
  expect(nonFinite).toBeGreaterThan(20);
  expect(Array.from(lostAt)).toEqual(Array.from({ length: 13 }, (_, k) => (k === 5 ? nonFinite : 0)));
});

test("an exact energy that is not a number loses rows at level 0", async () => {
  const { lostAt, nonFinite } = await annealed(exact, holed, path);
  expect(nonFinite).toBeGreaterThan(0);
  expect([lostAt.length, lostAt[0]]).toEqual([13, nonFinite]);
});

test("a sample names the level and the narrow reference", async () => {
  const rare: Energy = {
    ...tinyTarget,
    energy: (x) => tinyTarget.energy(x).map((value, row) => (x.data[2 * row] > 0.8 ? Number.NaN : value)),
  };
  const trainer = await createTrainer(rare, { ...tinyOptions, steps: 1, baseStd: 0.05, sigmaMax: 1 });
  const sampler = await trainer.sampler();
  trainer.dispose();
  const { correction, nonFinite } = await sampler.sample(4000, { seed: 1, steps: 6, correction: "path" });
  sampler.dispose();
  const notices = correction?.notices.join("\n");
  expect(notices).toMatch(/^the reference is narrower than the noised target: variance .* where .* is needed/);
  if (nonFinite > 0)
    expect(notices).toMatch(/rows came out non-finite and weigh nothing, \d+ of them where the exact energy is not a number/);
});
