/** Chains of training: from the energy alone to the target, by plain moves and by tempering, with the same bits on any number of threads. */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { lennardJones } from "../../src/energies/lennard-jones.js";
import { initKernels } from "../../src/kernels/load.js";
import { chainTools, type EquilibrationPlan } from "../../src/pipeline/chains.js";
import { poolOf } from "../support/test-pools.js";

const pool = poolOf(2);
beforeAll(() => initKernels());

const plan: EquilibrationPlan = { move: "hmc", moves: 200, leapfrogs: 5, draws: 1, temperatures: 6, temperatureMax: 40 };
const key = keyOf(4);
/** Two modes of weights .2 and .8, 12 standard deviations apart: 18 kT. */
const apart = gaussianMixture({
  means: [
    [-6, 0],
    [6, 0],
  ],
  weights: [0.2, 0.8],
  std: 1,
});

function shareAbove(data: Float32Array): number {
  let count = 0;
  for (let i = 0; i < data.length; i += 2) if (data[i] > 0) count++;
  return (2 * count) / data.length;
}

describe("equilibrate", () => {
  test("plain moves reach a single mode's moments, and count every energy", async () => {
    const target = gaussianMixture({ means: [[3, -1]], std: 0.5 });
    const n = 2000;
    const { x, stepSize, energyCalls, nonFinite } = await chainTools(target, plan).equilibrate(n, key);
    expect([x.n, x.dim, x.data.length, nonFinite]).toEqual([n, 2, 2 * n, 0]);
    // Energies of the start, to see that they are finite, and again with gradients; then one for each leapfrog.
    expect(energyCalls).toBe(n * (2 + plan.moves * plan.leapfrogs));
    expect(stepSize).toBeGreaterThan(0.1);
    expect(stepSize).toBeLessThan(1);
    let mean = 0;
    let square = 0;
    for (let i = 0; i < n; i++) {
      mean += (x.data[2 * i] - 3) / 0.5 / n;
      square += ((x.data[2 * i + 1] + 1) / 0.5) ** 2 / n;
    }
    expect(Math.abs(mean) * Math.sqrt(n)).toBeLessThan(6);
    expect(Math.abs(square - 1) * Math.sqrt(n / 2)).toBeLessThan(6);
  });

  test("a ladder finds the weights of modes that plain moves do not cross to", async () => {
    const n = 2000;
    const tempered = { ...plan, move: "tempering", moves: 1200, draws: 5 } as const;
    const { x } = await chainTools(apart, tempered).equilibrate(n, key);
    // 400 ladders: their share has a standard error of .02 if the five draws of each were one.
    expect(Math.abs(shareAbove(x.data) - 0.8)).toBeLessThan(6 * 0.02);
    const stuck = await chainTools(apart, { ...plan, moves: 1200 }).equilibrate(n, key);
    expect(Math.abs(shareAbove(stuck.x.data) - 0.8), "control").toBeGreaterThan(6 * 0.02);
  });

  test("n need not be a multiple of the draws; draws of one chain differ", async () => {
    const { x } = await chainTools(apart, { ...plan, draws: 4 }).equilibrate(10, key);
    expect(x.n).toBe(10);
    expect(new Set(x.data).size).toBe(20);
  });

  test.each(["hmc", "tempering"] as const)("%s: the same bits on two threads", async (move) => {
    const cluster = lennardJones({ count: 13 });
    const short = { ...plan, move, moves: 24, draws: 2 };
    const alone = await chainTools(cluster, short).equilibrate(300, key);
    const tools = chainTools(cluster, short, pool);
    expect(await tools.equilibrate(300, key)).toEqual(alone);
    const request = { x: alone.x, key, moves: 4, leapfrogs: 8, stepSize: new Float32Array(300).fill(alone.stepSize) };
    expect(await tools.hamiltonian(request)).toEqual(await chainTools(cluster, short).hamiltonian(request));
    tools.dispose();
  });

  test("an abort ends it with the signal's reason", async () => {
    const reason = new Error("enough");
    await expect(chainTools(apart, plan).equilibrate(10, key, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  test("too few moves for what is to be kept are refused", async () => {
    const few = chainTools(apart, { ...plan, move: "tempering", moves: 20, draws: 10 });
    await expect(few.equilibrate(10, key)).rejects.toThrow(
      /chainMoves must be at least 40 for 10 configurations .*lower chainDraws/,
    );
  });
});
