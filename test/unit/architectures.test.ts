/** Networks by name: `architecture` with its sizes and lengths, from plain options to training, checkpoint and samples. */
import { beforeAll, describe, expect, test } from "vitest";
import { doubleWell } from "../../src/energies/double-well.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import type { ArchitectureName } from "../../src/pipeline/architectures.js";
import { configure } from "../../src/pipeline/configure.js";
import { init } from "../../src/pipeline/init.js";
import { loadSampler, train } from "../../src/pipeline/trainer.js";

beforeAll(() => init());

const networkOf = (options: object) =>
  configure("test", doubleWell(), { seed: 1, sigmaMin: 0.05, sigmaMax: 4, ...options }).config.network;

describe("architecture", () => {
  test.each([
    ["mlp", 64, 3],
    ["descriptor", 64, 2],
    ["egnn", 128, 3],
  ] as const)("%s takes its own sizes where none are given", (architecture, width, depth) => {
    expect(networkOf({ architecture })).toMatchObject({ name: architecture, options: { width, depth } });
    expect(networkOf({ architecture, width: 16, depth: 1 }).options).toMatchObject({ width: 16, depth: 1 });
  });

  test("absent: a perceptron, but with a prior of particles what can be added to it", () => {
    const nameOf = (options: object) => configure("test", doubleWell(), { seed: 1, ...options }).config.network.name;
    expect(nameOf({})).toBe("mlp");
    expect(nameOf({ prior: "two-body", method: "posterior" })).toBe("descriptor");
    expect(nameOf({ prior: "two-body", method: "posterior", architecture: "egnn" })).toBe("egnn");
  });

  test("an egnn's time goes from 0 at sigmaMin to 1 at sigmaMax; its length is 1 unless given", () => {
    expect(networkOf({ architecture: "egnn" }).options).toMatchObject({ scale: 1, sigmaFloor: 0.05, sigmaTop: 4, spatialDim: 2 });
    expect(networkOf({ architecture: "egnn", scale: 2 }).options).toMatchObject({ scale: 2, sigmaFloor: 0.025, sigmaTop: 2 });
  });

  test("an additive network's levels lie between the sigmas of training, in units of its length, 1 unless given", () => {
    const options = { architecture: "additive", bumps: 16, baseStd: 0.3 };
    expect(networkOf(options).options).toMatchObject({ scale: 1, bumps: 16, baseStd: 0.3, sigmaMin: 0.05, sigmaMax: 4 });
    expect(networkOf({ ...options, scale: 2 }).options).toMatchObject({ scale: 2, sigmaMin: 0.025, sigmaMax: 2 });
  });

  test("networks of particles are refused for targets without any", () => {
    const target = gaussianMixture({ components: 4, seed: 0 });
    for (const architecture of ["descriptor", "egnn"] satisfies ArchitectureName[])
      expect(() => configure("test", target, { seed: 1, architecture })).toThrow(/without particles/);
  });

  test.each(["nem", "idem", "bnem"] as const)(
    "%s trains an egnn, saves, loads and samples with the same bits",
    async (method) => {
      const target = doubleWell();
      const options = { architecture: "egnn", width: 16, depth: 2, sigmaMin: 0.05, sigmaMax: 4 } as const;
      const loop = { steps: 12, batchSize: 32, bufferEvery: 6, bufferRefill: 32, bufferSteps: 8, warmupSteps: 2 };
      const sampler = await train(target, { method, ...options, ...loop, mcSamples: 16, seed: 3 });
      const again = await loadSampler(await sampler.save(), target);
      const [x, y] = await Promise.all(
        [sampler, again].map((each) => each.sample(16, { seed: 5, correction: "none", steps: 8 })),
      );
      expect(x.x.data).toEqual(y.x.data);
      expect(x.x.data.every(Number.isFinite)).toBe(true);
      for (const each of [sampler, again]) each.dispose();
    },
  );
});
