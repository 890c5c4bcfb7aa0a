/** The subspace of particles: projection, dimension, guards, and the parts that keep to it. */
import { beforeAll, describe, expect, test } from "vitest";
import { keyOf } from "../../src/core/random.js";
import { checkParticles, freeDimension, removeMean } from "../../src/core/subspace.js";
import type { Batch, Energy, EstimateRequest, Particles } from "../../src/core/types.js";
import { customEnergy } from "../../src/energies/custom.js";
import { bootstrapped } from "../../src/estimators/bootstrapped.js";
import { tweedie } from "../../src/estimators/tweedie.js";
import { initKernels } from "../../src/kernels/load.js";
import { normalRows } from "../../src/kernels/normal.js";
import { createTrainingRows, noiseLevels } from "../../src/kernels/training-rows.js";
import { memoryEfficientScore } from "../../src/samplers/tweedie-score.js";
import { geometricSchedule } from "../../src/schedules/geometric.js";
import { referenceNormals } from "../reference/normals.js";

beforeAll(() => initKernels());

const particles: Particles = { count: 4, spatialDim: 3 };
const dim = 12;
const batch = (n: number, scale = 3): Batch => {
  const { data } = referenceNormals(keyOf(1), 0, 0, n, dim);
  return { data: data.map((v) => scale * v + 1), n, dim };
};

/** Largest mean over the particles along an axis, any row. */
function largestMean(data: ArrayLike<number>): number {
  let largest = 0;
  for (let row = 0; row < data.length; row += dim) {
    for (let axis = 0; axis < 3; axis++) {
      let sum = 0;
      for (let i = axis; i < dim; i += 3) sum += data[row + i];
      largest = Math.max(largest, Math.abs(sum / 4));
    }
  }
  return largest;
}

describe("projection", () => {
  test("by hand, in place, and only the rows asked for", () => {
    const data = Float32Array.of(1, 10, 3, 20, 5, 60, 9, 9, 9, 9, 9, 9, 7, 7, 7, 7, 7, 8);
    removeMean(data, 2, { count: 3, spatialDim: 2 });
    expect(Array.from(data)).toEqual([-2, -20, 0, -10, 2, 30, 0, 0, 0, 0, 0, 0, 7, 7, 7, 7, 7, 8]);
  });

  test("is idempotent but for a rounding, keeps differences, and takes a row as it takes it alone", () => {
    const { data } = batch(50);
    const whole = data.slice();
    removeMean(whole, 50, particles);
    expect(largestMean(whole)).toBeLessThan(1e-6);
    const again = whole.slice();
    removeMean(again, 50, particles);
    for (let i = 0; i < whole.length; i++) {
      expect(Math.abs(again[i] - whole[i])).toBeLessThan(1e-6);
      const other = i % dim < 3 ? i + 3 : i - 3;
      expect(Math.abs(whole[i] - whole[other] - (data[i] - data[other]))).toBeLessThan(5e-6);
    }
    const alone = data.slice(7 * dim, 8 * dim);
    removeMean(alone, 1, particles);
    expect(alone).toEqual(whole.slice(7 * dim, 8 * dim));
  });

  test("free dimension", () => {
    expect(freeDimension({ dim, particles })).toBe(9);
    expect(freeDimension({ dim: 8, particles: { count: 4, spatialDim: 2 } })).toBe(6);
    expect(freeDimension({ dim: 5 })).toBe(5);
  });

  test.each([
    [null, TypeError, /^here: particles must be \{ count, spatialDim \}/],
    [{ count: 12, spatialDim: 4 }, RangeError, /spatialDim/],
    [{ count: 1, spatialDim: 12 }, RangeError, /count/],
    [{ count: 4, spatialDim: 2 }, RangeError, /must be dim = 12, got 8/],
    [{ count: "4", spatialDim: 3 }, TypeError, /count/],
  ])("refuses %j", (given, kind, text) => {
    expect(() => checkParticles("here", given as never, dim)).toThrow(kind);
    expect(() => checkParticles("here", given as never, dim)).toThrow(text);
  });
});

describe("training rows", () => {
  const schedule = geometricSchedule({ sigmaMin: 0.1, sigmaMax: 4 });
  const make = (given?: Particles) =>
    createTrainingRows({
      key: keyOf(3),
      dim,
      particles: given,
      capacity: 20,
      batchSize: 40,
      priorFraction: 0.5,
      priorWidth: 7,
      varianceFloor: 0.01,
      levels: noiseLevels(schedule.variance),
    });

  test("the buffer and every row of a step have center of mass 0; any range has the bits it has in the whole", async () => {
    const rows = await make(particles);
    rows.push(batch(30));
    expect(largestMean(rows.state().data)).toBeLessThan(1e-6);
    const whole = rows.rows(5);
    expect(largestMean(whole.x.data)).toBeLessThan(1e-6);
    for (const [first, count] of [
      [0, 1],
      [13, 20],
    ]) {
      expect(rows.rows(5, first, count).x.data).toEqual(whole.x.data.subarray(first * dim, (first + count) * dim));
    }
    // Control: without particles the rows keep their centers, and are otherwise the same.
    const free = await make();
    const pushed = batch(30);
    removeMean(pushed.data, 30, particles);
    free.push(pushed);
    const { x, variance } = free.rows(5);
    expect(largestMean(x.data)).toBeGreaterThan(1);
    expect(variance).toEqual(whole.variance);
    removeMean(x.data, 40, particles);
    expect(x).toEqual(whole.x);
  });

  test("refuses particles of another dimension", async () => {
    await expect(make({ count: 5, spatialDim: 3 })).rejects.toThrow(/^createTrainingRows: particles/);
  });
});

describe("estimators and scores", () => {
  /** k / 2 sum |x_i - com|^2, by differences. */
  const trap = customEnergy({
    name: "trap",
    dim,
    particles,
    evaluate: (x) => {
      let energy = 0;
      for (let axis = 0; axis < 3; axis++) {
        const mean = (x[axis] + x[axis + 3] + x[axis + 6] + x[axis + 9]) / 4;
        for (let i = axis; i < dim; i += 3) energy += (x[i] - mean) ** 2;
      }
      return energy;
    },
  });
  const x = batch(6, 1);
  removeMean(x.data, 6, particles);
  const schedule = geometricSchedule({ sigmaMin: 0.1, sigmaMax: 4 });
  const request = (energy: Energy, teacher?: EstimateRequest["teacher"]): EstimateRequest => ({
    energy,
    schedule,
    x,
    variance: new Float32Array(6).fill(4),
    key: keyOf(8),
    exact: true,
    progress: 0.9,
    memory: new Map(),
    teacher,
  });

  test("Tweedie targets are on the subspace; control: those of an energy that names no particles are not", async () => {
    const estimator = tweedie({ mcSamples: 8 });
    const { target } = await estimator.estimate(request(trap));
    expect(largestMean(target)).toBeLessThan(1e-6);
    const free = await estimator.estimate(request({ ...trap, energy: trap.energy, particles: undefined }));
    expect(largestMean(free.target)).toBeGreaterThan(1e-2);
  });

  test("a bootstrapping teacher is asked on the subspace only", async () => {
    const asked: number[] = [];
    const teacher = {
      dim,
      score: async () => new Float32Array(6 * dim),
      energy: async ({ data, n }: Batch) => {
        asked.push(largestMean(data));
        return new Float32Array(n);
      },
    };
    const estimator = bootstrapped({ mcSamples: 8, bootstrapFrom: 0, rejection: "none" });
    await estimator.estimate(request(trap, teacher));
    await estimator.estimate(request({ ...trap, energy: trap.energy, particles: undefined }, teacher));
    expect(asked[0]).toBeLessThan(1e-6);
    expect(asked[1]).toBeGreaterThan(0.1);
  });

  test("the memory-efficient score asks for energies on the subspace, and is there", async () => {
    const asked: number[] = [];
    const model = {
      dim,
      score: async () => new Float32Array(0),
      energy: async (y: Batch) => {
        asked.push(largestMean(y.data));
        return trap.energy(y);
      },
    };
    const options = { mcSamples: 64, key: keyOf(2), draws: normalRows, minVariance: 0.01 };
    const variance = new Float32Array(6).fill(0.5);
    const score = await memoryEfficientScore(model, { ...options, particles }).score(x, variance);
    expect([largestMean(score) < 1e-6, asked[0] < 1e-6]).toEqual([true, true]);
    expect(largestMean(await memoryEfficientScore(model, options).score(x, variance))).toBeGreaterThan(1e-2);
    expect(() => memoryEfficientScore(model, { ...options, particles: { count: 5, spatialDim: 3 } })).toThrow(RangeError);
  });
});
