/** The accumulated residual of the pilot: near 0 where the learned energies are right, the size of their error where they are not. */
import { beforeAll, describe, expect, test } from "vitest";
import { derive, keyOf, uniformAt } from "../../src/core/random.js";
import type { ScoreModel } from "../../src/core/types.js";
import { annealed } from "../../src/correction/annealed.js";
import { explodingLevels } from "../../src/correction/levels.js";
import { accumulatedSpread, drawnInSpread, residualsOf } from "../../src/correction/residuals.js";
import { makeTransition } from "../../src/correction/transitions/table.js";
import { exactDiffusion } from "../../src/energies/exact-diffusion.js";
import { gaussianMixture } from "../../src/energies/gaussian-mixture.js";
import { initKernels } from "../../src/kernels/load.js";
import { referenceNormals } from "../reference/normals.js";

beforeAll(() => initKernels());

const K = 32;
const variances = Float64Array.from({ length: K + 1 }, (_, k) => (0.01 * 1000 ** (k / K)) ** 2);

/** Two modes at -1 and 1 of variance .05. */
function mixture(dim: number, weight: number) {
  return gaussianMixture({
    means: [-1, 1].map((value) => new Array<number>(dim).fill(value)),
    weights: [weight, 1 - weight],
    std: Math.sqrt(0.05),
  });
}

async function residual(dim: number, model: ScoreModel, transition: string): Promise<Float64Array> {
  const run = await annealed(model, mixture(dim, 2 / 3), {
    ...{ n: 1, key: keyOf(8), levels: explodingLevels(variances), transition: makeTransition(transition), pilotRows: 256 },
    ...{ priorVariance: 101, resample: {} },
  });
  return run.pilot.residual as Float64Array;
}

/** Spread of an error that is a in a share p of the rows and b in the others. */
const ofTwo = (p: number, a: number, b: number) => Math.abs(a - b) * Math.sqrt(p * (1 - p));

const cases = [2, 8].flatMap((dim) => ["tuned", "full"].map((name) => [dim, name] as const));

describe.each(cases)("d = %d, %s transition", (dim, name) => {
  test("exact model: 0 at level 0, and below .2 kT at all others, mostly noise of the noisiest", async () => {
    const found = await residual(dim, exactDiffusion(mixture(dim, 2 / 3)), name);
    expect(found.length).toBe(K + 1);
    expect(found[0]).toBe(0);
    for (const value of found) expect(value).toBeLessThan(0.2);
    for (const value of found.subarray(0, K / 2)) expect(value).toBeLessThan(0.03);
  });

  // Rows come from the model, so that its weights are their shares.
  test.each([0.3, 0.9])("mode weight %d for 2/3: the spread of the log ratio, from level 1 up", async (weight) => {
    const found = await residual(dim, exactDiffusion(mixture(dim, weight)), name);
    const truth = ofTwo(weight, Math.log(2 / 3 / weight), Math.log(1 / 3 / (1 - weight)));
    for (const value of found.subarray(1)) {
      expect(value).toBeGreaterThan(0.8 * truth);
      expect(value).toBeLessThan(1.2 * truth);
    }
  });

  test("energies of one mode off by up to 2 kT, at each level by another amount: that amount, where modes are apart", async () => {
    const exact = exactDiffusion(mixture(dim, 2 / 3));
    const offset = variances.map((_, k) => 4 * uniformAt(derive(keyOf(77)), k) - 2);
    const wrong = (energy: Float32Array, data: Float32Array, variance: number) => {
      const level = variances.findIndex((h) => Math.abs(h - variance) < 1e-4 * h);
      return energy.map((value, row) => {
        const sum = data.subarray(row * dim, (row + 1) * dim).reduce((a, b) => a + b, 0);
        return sum > 0 ? value + offset[level] : value;
      });
    };
    const model: ScoreModel = {
      dim,
      score: exact.score,
      hessian: exact.hessian,
      energy: async (x, variance) => wrong(await exact.energy(x, variance), x.data, variance[0]),
      energyAndScore: async (x, variance) => {
        const { energy, score } = await exact.energyAndScore(x, variance);
        return { energy: wrong(energy, x.data, variance[0]), score };
      },
    };
    const found = await residual(dim, model, name);
    for (let k = 1; k <= K / 2; k++) expect(Math.abs(found[k] - ofTwo(1 / 3, offset[k], 0))).toBeLessThan(0.15);
  });
});

describe("the estimate", () => {
  const n = 20_000;
  const normals = (step: number) => Float64Array.from(referenceNormals(keyOf(6), step, 0, n, 1).data);

  test("spread of a normal law, of a tail of dead rows, of a small mode", () => {
    const plain = normals(0);
    expect(drawnInSpread(plain)).toBeCloseTo(0.9, 1);
    const dead = plain.map((value, row) => (row % 20 === 0 ? -1e6 : value));
    expect(drawnInSpread(dead)).toBeLessThan(1.05);
    const mode = plain.map((value, row) => 1e-3 * value + (row % 20 === 0 ? 3 : 0));
    expect(drawnInSpread(mode)).toBeCloseTo(ofTwo(0.05, 3, 0), 1);
    expect(drawnInSpread(Float64Array.of(5))).toBe(0);
  });

  test("noise of the draws is taken off: 20 levels of a log ratio of variance .2, 4 draws, and what is left", () => {
    const truth = normals(999);
    const zero = new Float64Array(n);
    const levels = Array.from({ length: 20 }, (_, k) => {
      const logs = [0, 1, 2, 3].map((m) => normals(10 * k + m).map((value) => Math.sqrt(0.2) * value - 0.1));
      return residualsOf(k === 0 ? truth : zero, logs);
    });
    const found = accumulatedSpread([undefined, ...levels], n);
    expect(found[1]).toBeCloseTo(drawnInSpread(truth), 1);
    expect(Math.abs(found[20] - drawnInSpread(truth))).toBeLessThan(0.1);
    // Control: with the noise, sqrt(1 + 20 * .2 / 4) = 1.41 of it.
    const noisy = accumulatedSpread([undefined, ...levels.map((level) => ({ ...level, noise: zero }))], n);
    expect(noisy[20]).toBeGreaterThan(1.3 * found[1]);
    const mean = levels[0].value.reduce((sum, value, row) => sum + value - truth[row], 0) / n;
    expect(Math.abs(mean)).toBeLessThan(0.01);
  });

  test("one draw has no noise to take off; lost rows are left out; with half of them lost nothing is trusted", () => {
    const one = residualsOf(Float64Array.of(1, 2, 3, 4), [Float64Array.of(0, 1, 0, 1)]);
    expect(one).toEqual({ value: Float64Array.of(1, 3, 3, 5), noise: new Float64Array(4) });
    const lost = { value: Float64Array.of(1, Number.NaN, 3, 1), noise: new Float64Array(4) };
    expect(accumulatedSpread([undefined, lost], 4)[1]).toBeCloseTo(ofTwo(1 / 3, 2, 0));
    const gone = { ...lost, value: lost.value.map((value, row) => (row === 0 ? value : -Infinity)) };
    expect(accumulatedSpread([undefined, lost, gone, lost], 4).subarray(2)).toEqual(Float64Array.of(Infinity, Infinity));
    expect(accumulatedSpread([undefined, undefined], 4)).toEqual(Float64Array.of(0, Infinity));
  });
});
