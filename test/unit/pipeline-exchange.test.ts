/** Samples by replica exchange and paths from draws of the target, through the public call. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NeuralSampler, SampleOptions } from "../../src/pipeline/neural-sampler.js";
import { sampleScalars } from "../../src/pipeline/sample-arrays.js";
import { sampleWords } from "../../src/pipeline/sample-words.js";
import { tinyTarget } from "../support/tiny-loop.js";
import { tinySampler as made } from "../support/tiny-sampler.js";

let sampler: NeuralSampler;
beforeAll(async () => {
  sampler = await made();
});
afterAll(() => sampler.dispose());

describe("replica exchange", () => {
  const exchange = { correction: "replica-exchange", steps: 5, seed: 3, chains: 8 } as const;

  test("gives rows of equal weight and says what chains say: no log Z, N_eff over chains", async () => {
    const seen: number[] = [];
    const result = await sampler.sample(20, { ...exchange, onProgress: ({ fraction }) => seen.push(fraction) });
    const { x, energy, correction, verdict } = result;
    expect([x.n, x.dim, result.logWeights, result.logZ]).toEqual([20, 2, undefined, undefined]);
    expect(energy).toEqual(tinyTarget.energy(x));
    expect(correction).toMatchObject({ method: "replica-exchange", essOf: "draws of chains", islands: 8, rows: 20 });
    expect(correction?.effective?.value).toBeGreaterThan(0);
    expect(correction?.exchange?.leastSwap).toBeGreaterThan(0);
    // Fewer than 50 rows cannot be judged, whatever they are.
    expect([verdict?.use, result.ancestors?.length]).toEqual(["no", 20]);
    expect(seen.at(-1)).toBe(1);
    const facts = new Map(sampleWords(result)?.facts);
    expect(facts.get("N_eff")).toMatch(/of 20 .* from the autocorrelation of 8 chains/);
    expect([facts.get("swaps"), facts.has("log Z")]).toEqual([expect.stringMatching(/% accepted/), false]);
    expect(sampleScalars(result)).toMatchObject({ n_eff_n: 20, unique_ancestors: 8 });
    expect(await sampler.sample(20, exchange)).toEqual({ ...result, seconds: expect.any(Number) });
  });

  test("takes any step that has an up and a down, and both processes", async () => {
    for (const more of [
      { integrator: "full" },
      { integrator: "exponential", noising: "preserving" },
      { moves: 2, moveLeapfrogs: 3 },
    ])
      expect((await sampler.sample(8, { ...exchange, ...more } as SampleOptions)).x.data.every(Number.isFinite)).toBe(true);
  });

  test("reads learned energies: a score network has none", async () => {
    const scores = await made({ method: "idem" });
    await expect(scores.sample(8, exchange)).rejects.toMatchObject({ code: "unsupported", message: /replica-exchange/ });
    scores.dispose();
    const tweedie = await made({ method: "me-nem" });
    expect((await tweedie.sample(4, { ...exchange, chains: 2 })).x.data.every(Number.isFinite)).toBe(true);
    tweedie.dispose();
  });

  test("refuses what is for paths", async () => {
    const forwardFrom = tinyTarget.exact?.sample(4, 1);
    await expect(sampler.sample(8, { ...exchange, forwardFrom })).rejects.toThrow(/forwardFrom is run up paths/);
    await expect(sampler.sample(8, { correction: "none", forwardFrom })).rejects.toThrow(RangeError);
  });
});

describe("paths from draws of the target", () => {
  test.each(["path", "smc"] as const)(
    "%s: their figures come with the sample, and their calls are counted",
    async (correction) => {
      const options = { correction, steps: 5, seed: 4 } as const;
      const forwardFrom = tinyTarget.exact?.sample(30, 8);
      const without = await sampler.sample(100, options);
      const result = await sampler.sample(100, { ...options, forwardFrom });
      const forward = result.correction?.forward;
      expect(forward?.ess.n).toBe(30);
      expect(forward?.ess.value).toBeGreaterThan(0);
      expect([forward?.unseen].every((share) => share !== undefined && share >= 0 && share <= 1)).toBe(true);
      expect(sampleScalars(result)).toMatchObject({ forward_ess_n: 30, eubo: forward?.eubo.mean });
      expect(sampleWords(result)?.facts.map(([name]) => name)).toContain("forward ESS");
      expect(sampleWords(without)?.facts.map(([name]) => name)).not.toContain("forward ESS");
      // Five levels up, one energy; the rows themselves are the same.
      expect([result.networkCalls - without.networkCalls, result.energyCalls - without.energyCalls]).toEqual([30 * 5, 30]);
      expect(result.logWeights).toEqual(without.logWeights);
    },
  );

  test("draws of another dimension are refused", async () => {
    const forwardFrom = { data: new Float32Array(3), n: 1, dim: 3 };
    await expect(sampler.sample(8, { forwardFrom })).rejects.toThrow(/forwardFrom/);
  });
});
