/** Exact diffusion models and transitions of mixtures against dense f64 twins. */
import { beforeAll, describe, expect, test } from "vitest";
import type { HasMixture } from "../../src/core/normal-mixture.js";
import { keyOf } from "../../src/core/random.js";
import type { Batch, Energy } from "../../src/core/types.js";
import { LevelModel } from "../../src/correction/level-model.js";
import { explodingLevels, intervalOf, type Level, preservingLevels } from "../../src/correction/levels.js";
import { bridgeTransition } from "../../src/correction/transitions/bridge.js";
import { exactTransition } from "../../src/correction/transitions/exact.js";
import { anisotropicMixture } from "../../src/energies/anisotropic-mixture.js";
import { exactDiffusion } from "../../src/energies/exact-diffusion.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { twoModes } from "../../src/energies/two-modes.js";
import { initKernels } from "../../src/kernels/load.js";
import { componentsOf, densityAt, logPosterior, noisedComponents } from "../reference/normal-mixture.js";
import { referenceNormals } from "../reference/normals.js";
import { drawsAt, mixtureCases, stepRandom } from "../support/mixture-cases.js";

beforeAll(() => initKernels());

const from = { anisotropicMixture, gaussianMixture, twoModes };
const rowOf = ({ data, dim }: Batch, r: number) => Array.from(data.subarray(r * dim, (r + 1) * dim));

describe.each(mixtureCases)("%s", (_name, make) => {
  const variances = [0, 0.01, 0.3, 7];
  const n = 12;
  let target: Energy & HasMixture;
  beforeAll(() => {
    target = make(from);
  });

  test.each(variances)("energy and score at h = %f are the twin's", async (h) => {
    const x = drawsAt(target, { scale: 1, variance: h + 0.01 }, n, 3);
    const variance = new Float32Array(n).fill(h);
    // At h as the model gets it, in f32.
    const twin = noisedComponents(componentsOf(target.mixture), 1, variance[0]);
    const { energy, score } = await exactDiffusion(target).energyAndScore(x, variance);
    const alone = await exactDiffusion(target).energy(x, variance);
    expect(alone).toEqual(energy);
    expect(await exactDiffusion(target).score(x, variance)).toEqual(score);
    for (let r = 0; r < n; r++) {
      const { log, score: slope } = densityAt(twin, rowOf(x, r));
      // One rounding to f32; f64 sums of hundreds of terms, each rounded at 1e-16 of itself.
      expect(Math.abs(energy[r] + log)).toBeLessThan(1e-7 * (1 + Math.abs(log)));
      const size = Math.max(...slope.map(Math.abs));
      slope.forEach((s, d) => {
        expect(Math.abs(score[r * target.dim + d] - s)).toBeLessThan(1e-7 * (1 + size));
      });
    }
  });

  test.each(variances)("the Hessian at h = %f is the twin's score by differences, and products are its", async (h) => {
    const x = drawsAt(target, { scale: 1, variance: h + 0.01 }, 4, 5);
    const { dim } = target;
    const variance = new Float32Array(4).fill(h);
    const model = exactDiffusion(target);
    const whole = await model.hessian(x, variance);
    const direction = referenceNormals(keyOf(8), 0, 0, 4, dim).data;
    const product = await model.hessianProduct(x, variance, direction);
    const twin = noisedComponents(componentsOf(target.mixture), 1, variance[0]);
    const step = 1e-5;
    for (let r = 0; r < 4; r++) {
      const block = whole.subarray(r * dim * dim, (r + 1) * dim * dim);
      const size = 1 + block.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      const along = Array.from({ length: dim }, (_, a) => {
        const moved = (by: number) =>
          densityAt(
            twin,
            rowOf(x, r).map((v, d) => (d === a ? v + by : v)),
          ).score;
        const [up, down] = [moved(step), moved(-step)];
        return up.map((value, d) => (value - down[d]) / (2 * step));
      });
      for (let a = 0; a < dim; a++) {
        for (let b = 0; b < dim; b++) {
          // Truncation step^2 / 6 times third derivatives, below size^1.5 each; rounding 1e-15 of a score over the step.
          expect(Math.abs(block[a * dim + b] - along[a][b])).toBeLessThan(1e-10 * size ** 2 + 1e-8 * size);
          expect(block[a * dim + b]).toBe(block[b * dim + a]);
        }
        let sum = 0;
        for (let b = 0; b < dim; b++) sum += block[a * dim + b] * direction[r * dim + b];
        expect(Math.abs(product[r * dim + a] - sum)).toBeLessThan(1e-6 * size * Math.sqrt(dim));
      }
    }
  });

  test("the energy itself, its gradient and its noised closed form say the same", () => {
    const x = drawsAt(target, { scale: 1, variance: 0.001 }, n, 9);
    const h = new Float32Array(n).fill(0.2);
    const noised = target.noisedExact?.(x, h) as { energy: Float32Array };
    const { energy, gradient } = target.energyAndGradient(x);
    const twin = componentsOf(target.mixture);
    for (let r = 0; r < n; r++) {
      const at = densityAt(twin, rowOf(x, r));
      expect(Math.abs(energy[r] + at.log)).toBeLessThan(2e-5 * (1 + Math.abs(at.log)));
      const size = Math.max(...at.score.map(Math.abs));
      at.score.forEach((s, d) => {
        expect(Math.abs(gradient[r * target.dim + d] + s)).toBeLessThan(1e-4 * (1 + size));
      });
      const log = densityAt(noisedComponents(twin, 1, h[r]), rowOf(x, r)).log;
      expect(Math.abs(noised.energy[r] + log)).toBeLessThan(1e-7 * (1 + Math.abs(log)));
    }
  });

  test("LevelModel turns it into the density of a path that preserves the variance", async () => {
    for (const level of preservingLevels(Float64Array.of(1e-4, 0.05, 2, 30), 1.5)) {
      const model = new LevelModel(exactDiffusion(target), level, undefined, { scores: 0, products: 0 });
      const x = drawsAt(target, level, n, 11);
      const { energy, score } = await model.evaluate(x, true);
      const twin = noisedComponents(componentsOf(target.mixture), level.scale, level.variance);
      for (let r = 0; r < n; r++) {
        const at = densityAt(twin, rowOf(x, r));
        const size = Math.max(...at.score.map(Math.abs));
        // Coordinates over the scale are rounded to f32: 2^-24 |x| of a slope each.
        const rounding = 2 ** -23 * rowOf(x, r).reduce((sum, v, d) => sum + Math.abs(v * at.score[d]), 0);
        expect(Math.abs((energy as Float64Array)[r] + at.log)).toBeLessThan(
          rounding + 1e-6 * (1 + Math.abs(at.log) + target.dim),
        );
        at.score.forEach((s, d) => {
          expect(Math.abs(score[r * target.dim + d] - s)).toBeLessThan(1e-4 * (1 + size));
        });
      }
    }
  });
});

/** Geometric in sigma. */
const grid = (levels: number) => Float64Array.from({ length: levels + 1 }, (_, k) => (0.01 * (10 / 0.01) ** (k / levels)) ** 2);
const paths: readonly (readonly [string, Level[]])[] = [
  ["VE", explodingLevels(grid(16))],
  ["VP", preservingLevels(grid(16), 1.05)],
];

/** log p_0(x_0) - log p_K(x_K) + sum log F - log B of every row on the way down, which the exact kernels make 0. */
async function excess(
  target: Energy & HasMixture,
  levels: Level[],
  step: (k: number, x: Batch) => Promise<{ x: Batch; logRatio: Float64Array }>,
  energyOf: (k: number, x: Batch) => Promise<Float64Array>,
): Promise<number[]> {
  const last = levels.length - 1;
  let x = drawsAt(target, levels[last], 64, 21);
  const sum = await energyOf(last, x);
  for (let k = last; k > 0; k--) {
    const moved = await step(k, x);
    moved.logRatio.forEach((value, r) => {
      sum[r] += value;
    });
    x = moved.x;
  }
  const end = await energyOf(0, x);
  return Array.from(sum, (value, r) => value - end[r]);
}

describe.each(paths)("exact transitions on a %s path", (_path, levels) => {
  describe.each(mixtureCases)("%s", (_name, make) => {
    const run = async (options: { target?: Level }, transition = "exact") => {
      const target = make(from);
      const diffusion = exactDiffusion(target, options);
      const count = { scores: 0, products: 0 };
      const models = levels.map((level) => new LevelModel(diffusion, level, undefined, count));
      const rule = transition === "exact" ? exactTransition(target, options) : bridgeTransition();
      return excess(
        target,
        levels,
        (k, x) =>
          rule.down({
            interval: intervalOf(levels[k], levels[k - 1]),
            x,
            random: stepRandom(2, k, x.n, x.dim),
            model: models[k],
          }),
        async (k, x) =>
          k === 0 && options.target
            ? Float64Array.from(target.energy(x))
            : ((await models[k].evaluate(x, true)).energy as Float64Array),
      );
    };
    const deviation = (values: number[]) => {
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      return Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
    };

    test("every path has the same weight, to the smoothed target", async () => {
      const values = await run({});
      expect(deviation(values)).toBeLessThan(1e-4);
      expect(Math.max(...values.map(Math.abs))).toBeLessThan(5e-4);
    });

    test("and to the target itself where it stands at level 0", async () => {
      const values = await run({ target: levels[0] });
      expect(deviation(values)).toBeLessThan(1e-4);
      expect(Math.max(...values.map(Math.abs))).toBeLessThan(5e-4);
    });

    test("negative control: the DDPM step's have not", async () => {
      expect(deviation(await run({ target: levels[0] }, "bridge"))).toBeGreaterThan(0.05);
    });
  });
});

describe("log F - log B, with B's own components in full", () => {
  test.each(mixtureCases)("%s: down and up", async (_name, make) => {
    const target = make(from);
    const { dim } = target;
    const level = preservingLevels(Float64Array.of(1e-4, 0.04, 0.35), 1);
    const interval = intervalOf(level[2], level[1]);
    const model = new LevelModel(exactDiffusion(target), level[2], undefined, { scores: 0, products: 0 });
    const twin = noisedComponents(componentsOf(target.mixture), level[1].scale, level[1].variance);
    const ratio = (from: number[], to: number[]) => {
      const square = from.reduce((sum, v, d) => sum + (v - interval.pull * to[d]) ** 2, 0);
      const forward = -square / (2 * interval.noise) - 0.5 * dim * Math.log(2 * Math.PI * interval.noise);
      return forward - logPosterior(twin, interval, to, from);
    };
    const rule = exactTransition(target);
    const x = drawsAt(target, level[2], 8, 31);
    const y = drawsAt(target, level[1], 8, 32);
    const down = await rule.down({ interval, x, model, random: stepRandom(3, 0, 8, dim) });
    const up = await rule.up({ interval, x: y, model, random: stepRandom(4, 0, 8, dim) });
    for (let r = 0; r < 8; r++) {
      // f64 on both sides; the twin's solves of covariances conditioned up to 100 lose up to 1e-13 of exponents up to 1e3.
      expect(Math.abs(down.logRatio[r] - ratio(rowOf(x, r), rowOf(down.x, r)))).toBeLessThan(1e-8);
      expect(Math.abs(up.logRatio[r] + ratio(rowOf(up.x, r), rowOf(y, r)))).toBeLessThan(1e-8);
    }
  });
});
