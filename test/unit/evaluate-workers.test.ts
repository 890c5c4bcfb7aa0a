/** An evaluation on several threads is the evaluation on one, number for number. */
import { describe, expect, test } from "vitest";
import { customEnergy } from "../../src/energies/custom.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { evaluate } from "../../src/pipeline/evaluate.js";
import { init } from "../../src/pipeline/init.js";

await init();
const energy = gaussianMixture({ components: 40, seed: 0 });
const x = energy.exact?.sample(700, 5) ?? { data: new Float32Array(0), n: 0, dim: 2 };
const logWeights = Float64Array.from({ length: 700 }, (_, i) => Math.sin(i));

describe("evaluate with workers", () => {
  test("the same numbers on 1 and 2 threads, weights and splits of a reference included", async () => {
    const { exact, ...withoutDraws } = energy;
    for (const [target, options] of [
      [energy, { logWeights }],
      [withoutDraws, { reference: exact?.sample(3000, 9) }],
    ] as const) {
      const one = await evaluate(x, target, { seed: 3, workers: 1, ...options });
      const two = await evaluate(x, target, { seed: 3, workers: 2, ...options });
      expect(two).toEqual(one);
    }
  });

  test("an energy of JavaScript functions is evaluated on the calling thread", async () => {
    const bowl = customEnergy({ name: "bowl", dim: 2, evaluate: ([a, b]) => (a * a + b * b) / 2 });
    const options = { seed: 1, reference: x, metrics: ["energyW2", "positionW2"] } as const;
    expect(await evaluate(x, bowl, { ...options, workers: 2 })).toEqual(await evaluate(x, bowl, { ...options, workers: 1 }));
  });

  test("an energy that claims another's name is noticed, and evaluated here", async () => {
    const shifted = {
      ...energy,
      energy: (rows: typeof x) => energy.energy(rows).map((e) => e + 1),
      check: { ...energy.check, energy: 0 },
    };
    const options = { seed: 1, metrics: ["energyW2"] } as const;
    expect(await evaluate(x, shifted, { ...options, workers: 2 })).toEqual(
      await evaluate(x, shifted, { ...options, workers: 1 }),
    );
  });

  test("an abort ends it with the signal's reason", async () => {
    const stop = new AbortController();
    const running = evaluate(x, energy, { seed: 1, workers: 2, signal: stop.signal });
    setTimeout(() => stop.abort(new Error("enough")), 20);
    await expect(running).rejects.toThrow("enough");
  });
});
