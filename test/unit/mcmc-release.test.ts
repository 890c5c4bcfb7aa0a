/** Short steps of warm-up: when they come, and the chain they are for. */
import { beforeAll, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import { removeMean } from "../../src/core/subspace.js";
import { lennardJones } from "../../src/energies/lennard-jones.js";
import { initKernels } from "../../src/kernels/load.js";
import { hmc } from "../../src/mcmc/hmc.js";
import { stepShare } from "../../src/mcmc/release.js";
import { defaultStart } from "../../src/mcmc/start.js";
import { runChains } from "../../src/worker/run-chains.js";

beforeAll(() => initKernels());

test("every fourth step of the first half is short, by turns", () => {
  const shares = Array.from({ length: 64 }, (_, t) => stepShare(t, 64));
  expect(shares.slice(0, 16)).toEqual([1, 1, 1, 1 / 4, 1, 1, 1, 1 / 16, 1, 1, 1, 1 / 64, 1, 1, 1, 1 / 256]);
  expect(shares.slice(32).every((share) => share === 1)).toBe(true);
});

test("a chain that begins with two particles at 0.7 of their best distance comes down", async () => {
  const energy = lennardJones();
  const start = defaultStart(energy, 16, keyOf(1));
  for (let k = 0; k < 3; k++) start.data[3 + k] = start.data[k] + (k === 0 ? 0.7 : 0);
  removeMean(start.data, start.n, { count: 13, spatialDim: 3 });
  const options = { start, steps: 20, seed: 3, workers: 1 };
  const { energy: energies } = await runChains(energy, { ...options, warmup: 200, move: hmc({ leapfrogs: 10 }) });
  const first = Array.from({ length: 20 }, (_, draw) => energies[16 * draw]);
  expect(new Set(first).size).toBeGreaterThan(5);
  expect(Math.max(...first)).toBeLessThan(0);
  // Without them, with the step that the others tuned, it stays where it is.
  const { stepSize } = await runChains(energy, { ...options, warmup: 200, move: hmc({ leapfrogs: 10 }) });
  const held = await runChains(energy, { ...options, warmup: 0, move: hmc({ leapfrogs: 10, stepSize }) });
  expect(new Set(Array.from({ length: 20 }, (_, draw) => held.energy[16 * draw])).size).toBe(1);
});
