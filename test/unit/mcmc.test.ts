/** Chains: the same bits on any number of threads, starts, ladders, and what is refused. */
import { beforeAll, describe, expect, test } from "vitest";
import { exp } from "../../src/core/elementary.js";
import { keyOf } from "../../src/core/random.js";
import type { Batch, Energy } from "../../src/core/types.js";
import { customEnergy } from "../../src/energies/custom.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { lennardJones } from "../../src/energies/lennard-jones.js";
import { initKernels } from "../../src/kernels/load.js";
import { hmc } from "../../src/mcmc/hmc.js";
import { equalized, geometricLadder } from "../../src/mcmc/ladder.js";
import { mala } from "../../src/mcmc/mala.js";
import { nuts } from "../../src/mcmc/nuts.js";
import { nutsMoves } from "../../src/mcmc/nuts-moves.js";
import { randomWalk } from "../../src/mcmc/random-walk.js";
import { mergeResults, rowsOfRequest, SharedChains } from "../../src/mcmc/shared-chains.js";
import { latticeStart, pairDistance } from "../../src/mcmc/start.js";
import { swapProbability, tempering } from "../../src/mcmc/tempering.js";
import { type ChainOptions, runChains } from "../../src/worker/run-chains.js";
import { sharedPool } from "../../src/worker/shared-pool.js";
import { discStart, twoDiscs } from "../support/two-discs.js";

const normal = gaussianMixture({ means: [[1, -1]], std: 1.5 });
const gmm40 = gaussianMixture();

beforeAll(() => initKernels());

describe("the same bits", () => {
  test.each([
    ["random walk", randomWalk()],
    ["HMC", hmc({ leapfrogs: 3 })],
    ["NUTS", nuts({ maxDepth: 4 })],
    ["tempering", tempering({ move: mala(), replicas: 3 })],
  ] as const)("%s on one thread, on three, and again", async (_, move) => {
    const options = { move, chains: 60, steps: 6, warmup: 6, thin: 2, seed: 3 };
    const { notice: _one, ...alone } = await runChains(gmm40, { ...options, workers: 1 });
    const { notice: _three, ...shared } = await runChains(gmm40, { ...options, workers: 3 });
    expect(shared).toEqual(alone);
    const { x } = await runChains(gmm40, { ...options, seed: 4, workers: 1 });
    expect(x.data).not.toEqual(alone.x.data);
  });

  test.each(["hamiltonian", "nuts"] as const)("%s of many rows in the workers' own blocks", async (task) => {
    const x = (gmm40.exact as NonNullable<Energy["exact"]>).sample(600, 1);
    const common = { x, key: keyOf(2), moves: 40, stepSize: new Float32Array(600).fill(0.7), firstRow: 5 };
    const request = { ...common, leapfrogs: 5, maxDepth: 3 };
    const one = new SharedChains(sharedPool(1), gmm40);
    const two = new SharedChains(sharedPool(2), gmm40);
    try {
      const first = await one.run(task, request);
      for (let round = 0; round < 3; round++) expect(await two.run(task, request)).toEqual(first);
    } finally {
      one.dispose();
      two.dispose();
    }
  });

  test("NUTS in any blocks and calls", () => {
    const x = (normal.exact as NonNullable<Energy["exact"]>).sample(21, 1);
    const request = { x, key: keyOf(2), moves: 3, stepSize: new Float32Array(21).fill(0.5), maxDepth: 6 };
    const whole = nutsMoves(normal, request);
    const parts = [0, 4, 5, 13].map((from, i, all) => nutsMoves(normal, rowsOfRequest(request, from, all[i + 1] ?? 21)));
    expect(mergeResults(parts)).toEqual(whole);
    const first = nutsMoves(normal, { ...request, moves: 1 });
    const known = { energy: first.energy, gradient: first.gradient };
    const rest = nutsMoves(normal, { ...request, x: first.x, known, step: 1, moves: 2 });
    expect([rest.x, rest.energy]).toEqual([whole.x, whole.energy]);
    expect(first.energyCalls + rest.energyCalls).toBe(whole.energyCalls);
    expect(whole.energy).toEqual(normal.energy(whole.x));
  });
});

describe("NUTS", () => {
  test("turns back: on a harmonic target trees stay far below the greatest depth", () => {
    const still = gaussianMixture({ means: [new Array(20).fill(0)], std: 1 });
    const x = (still.exact as NonNullable<Energy["exact"]>).sample(100, 1);
    for (const size of [0.1, 0.3, 0.9, 1.4]) {
      const request = { x, key: keyOf(2), moves: 3, stepSize: new Float32Array(100).fill(size), maxDepth: 10 };
      const { saturated, divergences, depths } = nutsMoves(still, request);
      expect([saturated, divergences]).toEqual([0, 0]);
      // Half a period is pi: 2^depth steps of this size are at most four times that.
      expect(2 ** (depths / 300)).toBeLessThan((4 * Math.PI) / size + 1);
    }
  });

  test("counts what diverges and is not finite, and stays", () => {
    const x: Batch = { data: new Float32Array(10).fill(1), n: 5, dim: 2 };
    const far = nutsMoves(normal, { x, key: keyOf(1), moves: 2, stepSize: new Float32Array(5).fill(1e30), maxDepth: 4 });
    expect([far.divergences, far.nonFinite, far.x]).toEqual([10, 10, x]);
    expect([...far.acceptance]).toEqual([0, 0, 0, 0, 0]);
  });
});

describe("ladders", () => {
  test("swaps obey detailed balance", () => {
    for (const [betaA, betaB, a, b] of [
      [1, 0.4, -3, 5],
      [1, 0.4, 5, -3],
      [0.7, 0.7, 1, 2],
      [1, 0.1, 0, 0],
    ]) {
      const weight = exp(-betaA * a - betaB * b) * swapProbability(betaA, betaB, a, b);
      const back = exp(-betaA * b - betaB * a) * swapProbability(betaA, betaB, b, a);
      expect(Math.abs(weight / back - 1)).toBeLessThan(1e-12);
    }
    expect(swapProbability(1, 0.5, Number.POSITIVE_INFINITY, 1)).toBe(1);
    expect(swapProbability(1, 0.5, 1, Number.POSITIVE_INFINITY)).toBe(0);
    expect(swapProbability(1, 0.5, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).toBe(0);
  });

  test("are geometric to begin with", () => {
    const ladder = geometricLadder(4, 27);
    [1, 3, 9, 27].forEach((t, i) => {
      expect(Math.abs(ladder[i] / t - 1)).toBeLessThan(1e-14);
    });
  });

  test("move to where refusals are equal, and stay where they are", () => {
    const even = Float64Array.of(1, 2, 4, 8);
    expect(equalized(even, Float64Array.of(0.3, 0.3, 0.3)).every((t, i) => Math.abs(t / even[i] - 1) < 1e-12)).toBe(true);
    // All refusals between 1 and 2: the whole ladder but its end moves there.
    const moved = equalized(even, Float64Array.of(0, 1, 1));
    expect(moved[1]).toBeLessThan(1.4);
    expect(moved[2]).toBeLessThan(2);
    expect([moved[0], moved[3]]).toEqual([1, 8]);
  });

  test("that never swap say so and what to change", async () => {
    const wide = gaussianMixture({ means: [new Array(30).fill(0)], std: 1 });
    const move = tempering({ move: mala(), temperatures: [1, 1e6], adaptLadder: false });
    const { notice, details } = await runChains(wide, { move, chains: 10, steps: 20, warmup: 60, seed: 1 });
    expect(details.swapRates).toEqual([0]);
    expect(notice).toMatch(/temperatures 1.00 and 1.00e\+6 never swapped in 100 attempts.*more replicas, a lower `hottest`/);
  });
});

describe("starts", () => {
  test("a lattice piece has its neighbours at the pair distance, and no overlap", () => {
    const lj = lennardJones({ count: 13 });
    const spacing = pairDistance(lj.pairs);
    expect(Math.abs((lj.pairs?.energy(spacing) ?? 0) - (lj.pairs?.energy(spacing * 1.005) ?? 0))).toBeLessThan(0.01);
    for (const [count, spatialDim] of [
      [13, 3],
      [55, 3],
      [7, 2],
      [5, 1],
      [1, 3],
    ]) {
      const particles = { count, spatialDim };
      const { data, dim } = latticeStart(20, particles, 2, keyOf(1));
      for (let row = 0; row < 20; row++) {
        let least = Infinity;
        for (let i = 0; i < count; i++) {
          for (let j = 0; j < i; j++) {
            let square = 0;
            for (let axis = 0; axis < spatialDim; axis++) {
              square += (data[row * dim + i * spatialDim + axis] - data[row * dim + j * spatialDim + axis]) ** 2;
            }
            least = Math.min(least, Math.sqrt(square));
          }
        }
        // Five standard deviations of the difference of two displacements, 0.05 sqrt(2) x 2, below 2.
        expect(least).toBeGreaterThan(2 - 0.71);
        if (count > 1) expect(least).toBeLessThan(2 + 0.71);
      }
    }
    const x = latticeStart(50, { count: 13, spatialDim: 3 }, spacing, keyOf(2));
    for (const energy of lj.energy(x)) expect(energy).toBeLessThan(60);
  });

  test("exact draws when asked, the user's own otherwise", async () => {
    const options = { move: mala({ stepSize: 1e-6 }), chains: 7, steps: 1, warmup: 0, seed: 3 };
    const { x } = await runChains(normal, { ...options, start: "exact" });
    const exact = (normal.exact as NonNullable<Energy["exact"]>).sample(7, 3);
    x.data.forEach((value, i) => {
      expect(Math.abs(value - exact.data[i])).toBeLessThan(1e-4);
    });
    const own = await runChains(normal, { ...options, chains: undefined, start: exact });
    expect(own.chains).toBe(7);
    expect(exact.data).toEqual((normal.exact as NonNullable<Energy["exact"]>).sample(7, 3).data);
  });
});

describe("results", () => {
  test("rows are draw by draw; progress, thinning and counts fit", async () => {
    const seen: number[] = [];
    const run = await runChains(normal, {
      move: hmc({ leapfrogs: 3, stepSize: 0.4 }),
      chains: 5,
      steps: 21,
      warmup: 4,
      thin: 2,
      seed: 1,
      onProgress: ({ step, total }) => seen.push(step / total),
    });
    expect([run.x.n, run.x.dim, run.draws, run.chains, run.seed]).toEqual([50, 2, 10, 5, 1]);
    expect(run.energy).toEqual(normal.energy(run.x));
    expect(run.stepSize).toBe(0.4);
    expect(seen[seen.length - 1]).toBe(1);
    expect(run.calls).toEqual({ warmup: { plain: 0, gradient: 5 + 4 * 5 * 3 }, sampling: { plain: 0, gradient: 20 * 5 * 3 } });
    expect(run.diagnostics.map(({ name }) => name)).toEqual(["energy", "x0", "x1"]);
    const { data } = (
      await runChains(normal, { move: hmc({ leapfrogs: 3, stepSize: 0.4 }), chains: 5, steps: 4, warmup: 4, seed: 1 })
    ).x;
    expect(data.slice(10, 20)).toEqual(run.x.data.slice(0, 10));
  });

  test("chains that sit in different places are called unfinished", async () => {
    const walls = gaussianMixture({ means: [[-50], [50]], std: 1 });
    const options = { move: mala(), start: "exact" as const, chains: 20, steps: 100, seed: 1 };
    const { notice, diagnostics } = await runChains(walls, options);
    expect(diagnostics[1].splitRhat).toBeGreaterThan(10);
    expect(notice).toMatch(/split R-hat of x0 is .*tempering\(\)/);
    const fine = await runChains(normal, options);
    expect(fine.notice).toBeUndefined();
  });

  test("also where the energy is the same everywhere, and so has no R-hat", async () => {
    const { notice, diagnostics } = await runChains(twoDiscs(), {
      move: randomWalk(),
      start: discStart(64),
      steps: 400,
      seed: 1,
      workers: 1,
    });
    expect(diagnostics[0]).toMatchObject({ name: "energy", std: 0, splitRhat: Number.NaN });
    expect(diagnostics[1].splitRhat).toBeGreaterThan(5);
    expect(diagnostics[2].splitRhat).toBeLessThan(1.1);
    expect(notice).toMatch(/^runChains: the chains disagree \(split R-hat of x0 is/);
  });

  test("too few draws for diagnostics are said", async () => {
    const { notice } = await runChains(normal, { move: mala(), chains: 3, steps: 10, thin: 5, seed: 1, workers: 1 });
    expect(notice).toMatch(/2 configurations a chain say nothing about convergence; lower thin/);
  });

  test("an abort ends with its reason", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const options = {
      move: mala(),
      chains: 50,
      steps: 1e6,
      thin: 1e5,
      signal: stop.signal,
      onProgress: () => stop.abort(reason),
    };
    await expect(runChains(gmm40, options)).rejects.toBe(reason);
  });
});

describe("bad input", () => {
  const nan = { data: new Float32Array(4).fill(Number.NaN), n: 2, dim: 2 };
  const bad: readonly [string, Partial<ChainOptions>, RegExp][] = [
    ["no move", { move: undefined as never }, /move must be a move, such as mala\(\)/],
    ["no steps", { steps: 0 }, /steps must be an integer in \[1,/],
    ["unknown key", { warmUp: 3 } as never, /unknown option "warmUp"; did you mean "warmup"/],
    ["nobody to tune", { warmup: 0 }, /without warmup nobody tunes the step; give mala a stepSize/],
    ["NaN start", { start: nan }, /start: x must be finite, got NaN at row 0/],
    ["start of another dim", { start: { data: new Float32Array(6), n: 2, dim: 3 } }, /x.dim must be 2, got 3/],
    ["rows and chains", { start: { data: new Float32Array(6), n: 3, dim: 2 }, chains: 4 }, /start has 3 rows and chains is 4/],
    ["thin above steps", { steps: 5, thin: 6 }, /thin must be an integer in \[1, 5\]/],
    ["too much to keep", { steps: 1e6, chains: 1000 }, /keep more than 1 GiB; raise thin/],
    ["workers", { workers: 0 }, /workers/],
  ];
  test.each(bad)("%s", async (_, change, message) => {
    await expect(runChains(normal, { move: mala(), steps: 20, seed: 1, ...change })).rejects.toThrow(message);
  });

  test.each([
    ["step size 0", () => mala({ stepSize: 0 }), /mala: stepSize must be a finite number above 0, got 0/],
    ["step size NaN", () => hmc({ stepSize: Number.NaN }), /hmc: stepSize/],
    ["acceptance 1", () => randomWalk({ targetAcceptance: 1 }), /targetAcceptance must be in \[0.01, 0.99\]/],
    ["no leapfrog", () => hmc({ leapfrogs: 0 }), /leapfrogs must be an integer in \[1,/],
    ["depth 0", () => nuts({ maxDepth: 0 }), /maxDepth must be an integer in \[1, 15\]/],
    ["ladder from 2", () => tempering({ temperatures: [2, 3] }), /temperatures must begin with 1, the target's own, got 2/],
    ["ladder not increasing", () => tempering({ temperatures: [1, 3, 2] }), /must increase, but 3 is followed by 2/],
    ["one temperature", () => tempering({ temperatures: [1] }), /two numbers or more/],
    [
      "both ladders",
      () => tempering({ temperatures: [1, 2], replicas: 3 }),
      /give temperatures, or replicas and hottest, not both/,
    ],
    ["hottest 1", () => tempering({ hottest: 1 }), /hottest must be above 1/],
    ["tempered NUTS", () => tempering({ move: nuts() as never }), /one of randomWalk\(\), mala\(\) and hmc\(\)/],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(message);
  });

  test("a start at an energy that is not finite", async () => {
    const half = customEnergy({ name: "half", dim: 1, evaluate: (x) => (x[0] > 0 ? x[0] : Infinity) });
    const start = { data: Float32Array.of(1, -1), n: 2, dim: 1 };
    await expect(runChains(half, { move: mala(), start, seed: 1 })).rejects.toThrow(
      /the start of chain 1 has energy Infinity; begin where the energy is finite/,
    );
  });

  test.each([0, 1])("a step size that collapses: nothing but %d is finite", async (point) => {
    const spike = customEnergy({
      name: "spike",
      dim: 1,
      evaluate: (x, gradient) => {
        gradient[0] = 0;
        return x[0] === point ? 0 : Number.NaN;
      },
    });
    const start = { data: new Float32Array(2).fill(point), n: 2, dim: 1 };
    for (let seed = 0; seed < 5; seed++) {
      const run = runChains(spike, { move: randomWalk(), start, steps: 100, warmup: 100, seed });
      await expect(run).rejects.toMatchObject({ code: "diverged" });
      await expect(run).rejects.toThrow(
        /step size of randomWalk collapsed to .* in warm-up \(acceptance \d.\d+ where 0.234 is aimed at, \d+ energies not finite\); begin where/,
      );
    }
  });

  test("start: exact where there are no exact draws", async () => {
    const { exact: _, ...none } = normal;
    await expect(runChains(none, { move: mala(), start: "exact", seed: 1 })).rejects.toThrow(/has no exact draws to start from/);
  });
});
